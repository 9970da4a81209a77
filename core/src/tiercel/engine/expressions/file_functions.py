"""`read` and its like: stored files and namespace files in expressions."""

from __future__ import annotations

import re
from typing import Any

from tiercel.engine.expressions.functions import (
    TABLE,
    Services,
    member_of,
    namespace_of,
    services_of,
)
from tiercel.errors import EvaluationError, LimitError, StorageError, StoredFileNotFoundError
from tiercel.expression.printing import java_text
from tiercel.expression.runtime import EvaluationContext
from tiercel.expression.values import Long

__all__ = ["file_exists", "file_size", "file_uri", "is_file_empty", "read"]

_SCHEME = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*):")
_NAMESPACE_FILE = re.compile(r"nsfile:(?://([^/]*))?/*(.*)", re.DOTALL)
_EXECUTION_FILE = re.compile(r"kestra:///.+/.+/executions/.+/(?:tasks|inputs|trigger)/.+/.+")


@TABLE.add("read", "path", "namespace", "version", needs_context=True)
def read(context: EvaluationContext, path: Any, namespace: Any = None, version: Any = None) -> str:
    """Return the text of a stored file or a namespace file.

    Args:
        context: the rendering under way.
        path: a `kestra:///` URI, an `nsfile://` URI, or a path among the namespace files.
        namespace: whose namespace file; the flow's own when left out.
        version: of the namespace file; only the latest one is kept.

    Raises:
        EvaluationError: there is no such file, or it cannot be read from here.
        LimitError: it is larger than a rendering's result may be.
    """
    uri = _located(context, "read", path, namespace)
    _latest(uri, version)
    services = services_of(context, "read")
    try:
        if services.size(uri) > context.limits.output:
            raise LimitError(f"The file {uri} is larger than {context.limits.output} bytes")
        with services.open(uri) as stream:
            return stream.read().decode("utf-8", "replace")
    except StorageError as error:
        raise EvaluationError(str(error)) from error


@TABLE.add("fileSize", "path", "namespace", needs_context=True)
def file_size(context: EvaluationContext, path: Any, namespace: Any = None) -> int:
    """Return the size of a file in bytes; arguments as in `read`."""
    return Long(_size(context, "fileSize", path, namespace))


@TABLE.add("isFileEmpty", "path", "namespace", needs_context=True)
def is_file_empty(context: EvaluationContext, path: Any, namespace: Any = None) -> bool:
    """Return whether a file has no content; arguments as in `read`."""
    return _size(context, "isFileEmpty", path, namespace) == 0


def _size(context: EvaluationContext, function: str, path: Any, namespace: Any) -> int:
    uri = _located(context, function, path, namespace)
    try:
        return services_of(context, function).size(uri)
    except StorageError as error:
        raise EvaluationError(str(error)) from error


@TABLE.add("fileExists", "path", "namespace", needs_context=True)
def file_exists(context: EvaluationContext, path: Any, namespace: Any = None) -> bool:
    """Return whether there is such a file; arguments as in `read`."""
    uri = _located(context, "fileExists", path, namespace)
    try:
        services_of(context, "fileExists").size(uri)
    except StoredFileNotFoundError:
        return False
    except StorageError as error:
        raise EvaluationError(str(error)) from error
    return True


@TABLE.add("fileURI", "path", "namespace", "version", needs_context=True)
def file_uri(
    context: EvaluationContext, path: Any, namespace: Any = None, version: Any = None
) -> str:
    """Return the storage URI of a namespace file, whether it exists or not."""
    uri = _located(context, "fileURI", path, namespace)
    _latest(uri, version)
    return uri


def _latest(uri: str, version: Any) -> None:
    if version is not None and "/_files/" in uri:
        raise EvaluationError(
            f"There is no version {java_text(version)} of a namespace file: only the latest is kept"
        )


def _located(context: EvaluationContext, function: str, path: Any, namespace: Any) -> str:
    """Return the storage URI that a function's path stands for."""
    if not isinstance(path, str):
        raise EvaluationError(f"The '{function}' function is unable to read the file {path!r}")
    scheme = _SCHEME.match(path)
    kind = scheme[1].lower() if scheme else ""
    if kind == "kestra":
        return _execution_file(context, function, path)
    owner = namespace_of(context, function, namespace)
    if kind == "nsfile":
        return _namespace_uri(context, function, path, namespace)
    if kind == "file":
        raise EvaluationError(
            f"Expressions cannot read the local file {path!r}: no local folder is allowed"
        )
    if kind:
        raise EvaluationError(f"Cannot process the URI {path}: scheme not supported.")
    return _named(services_of(context, function), owner, path)


def _named(services: Services, namespace: str, path: str) -> str:
    try:
        return services.namespace_file_uri(namespace, path)
    except StorageError as error:
        raise EvaluationError(str(error)) from error


def _namespace_uri(context: EvaluationContext, function: str, uri: str, namespace: Any) -> str:
    match = _NAMESPACE_FILE.fullmatch(uri)
    authority, path = match.groups() if match else (None, uri)
    if namespace is not None and authority:
        raise EvaluationError(
            f"The '{function}' function got two namespaces: {namespace!r}, and one inside {uri!r}"
        )
    owner = namespace_of(context, function, authority or namespace)
    return _named(services_of(context, function), owner, path)


def _execution_file(context: EvaluationContext, function: str, uri: str) -> str:
    """Let pass a file of an execution, or a namespace file of the flow's own namespace."""
    own = member_of(context, function, "flow", "namespace").replace(".", "/")
    if uri.startswith(f"kestra:///{own}/_files/") or _EXECUTION_FILE.fullmatch(uri):
        return uri
    raise EvaluationError(f"Unable to read the file '{uri}' as it is not an execution file")
