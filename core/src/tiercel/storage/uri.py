"""`kestra:///…` URIs: building them, reading them, and the storage keys they stand for.

A URI holds a *path*, percent-encoded; a path is checked here, once, so that no backend ever sees
one that could leave its root. A storage key is a path below the tenant's name. The layout of
paths is Kestra's (`StorageContext`); flow, task and trigger ids are slugs in it, the rest is as
written:

    {namespace as path}/{flow}/executions/{id}/tasks/{task}/{task run}/{file}
    {namespace as path}/{flow}/executions/{id}/inputs/{input}/{file}
    {namespace as path}/{flow}/executions/{id}/trigger/{trigger}/{file}
    {namespace as path}/_files/{file}
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple
from urllib.parse import quote, unquote

from tiercel.errors import StorageUriError

__all__ = [
    "PARTIAL_PREFIX",
    "SCHEME",
    "Owner",
    "cache_folder",
    "check_path",
    "execution_folder",
    "flow_folder",
    "format_uri",
    "input_path",
    "is_uri",
    "namespace_files",
    "namespace_folder",
    "outputs_folder",
    "owner",
    "parse_uri",
    "safe_name",
    "slug",
    "storage_key",
    "task_folder",
    "trigger_folder",
]

SCHEME = "kestra"
_PREFIX = f"{SCHEME}:///"

PARTIAL_PREFIX = ".tiercel-part-"
"""How names begin that a backend may give to files being written; no path may use them."""

# What file systems (255 bytes a name) and object stores (1,024 bytes a key) can hold.
_LONGEST_SEGMENT = 255
_LONGEST_PATH = 900
# Sub-delimiters that mean nothing inside a path segment (RFC 3986, 3.3).
_PLAIN = "!$&'()*+,;=:@~"
_DRIVE = re.compile(r"[A-Za-z]:")
_UNSAFE = re.compile(r"[/\\\x00-\x1f\x7f-\x9f]")
_MOST_DECODINGS = 8


def is_uri(text: str) -> bool:
    """Return whether a text names a file in internal storage, rather than anything else."""
    return text.startswith(_PREFIX)


def parse_uri(uri: str) -> str:
    """Return the path that a `kestra:///` URI holds, decoded and checked.

    Raises:
        StorageUriError: it is not such a URI, or its path is not allowed (`check_path`).
    """
    if not is_uri(uri):
        raise StorageUriError(f"Not a storage URI: {uri!r}; it must begin with '{_PREFIX}'")
    if "?" in uri or "#" in uri:
        raise StorageUriError(f"A storage URI has no query and no fragment: {uri!r}")
    try:
        path = unquote(uri.removeprefix(_PREFIX), errors="strict")
    except UnicodeDecodeError as error:
        raise StorageUriError(f"The storage URI {uri!r} is not UTF-8") from error
    return check_path(path)


def format_uri(path: str) -> str:
    """Return the URI of a path.

    Raises:
        StorageUriError: the path is not allowed.
    """
    return _PREFIX + quote(check_path(path), safe="/" + _PLAIN)


def storage_key(tenant: str, path: str) -> str:
    """Return the backend's key of a tenant's path.

    Raises:
        StorageUriError: the path or the tenant's name is not allowed.
    """
    _check_segment(tenant, tenant)
    if "/" in tenant:
        raise StorageUriError(f"Tenant {tenant!r} holds a slash")
    return f"{tenant}/{check_path(path)}"


def check_path(path: str) -> str:
    """Return the path as it is when every backend can hold it, and none is led out of its root.

    Refused, in any percent-encoding and any compatible Unicode form: `.` and `..`, empty
    segments (a leading or trailing slash too), backslashes, control characters, drive letters;
    and what is too long.

    Raises:
        StorageUriError: it is refused; the message says why.
    """
    if _encoded_length(path, path) > _LONGEST_PATH:
        raise StorageUriError(f"Storage path {path[:60]!r}… is longer than {_LONGEST_PATH} bytes")
    for segment in path.split("/"):
        _check_segment(segment, path)
    return path


def _check_segment(segment: str, path: str) -> None:
    if _encoded_length(segment, path) > _LONGEST_SEGMENT:
        raise StorageUriError(
            f"A segment of storage path {path!r} is longer than {_LONGEST_SEGMENT} bytes"
        )
    _check_form(segment, path)
    if segment.isascii() and "%" not in segment:
        return
    # Whatever reads the key next might decode or normalise it once more.
    form = segment
    for _ in range(_MOST_DECODINGS):
        decoded = unicodedata.normalize("NFKC", unquote(form))
        if decoded == form:
            return
        form = decoded
        if "/" in form:
            raise StorageUriError(f"Storage path {path!r} hides a slash")
        _check_form(form, path)
    raise StorageUriError(f"Storage path {path!r} is encoded too many times")


def _check_form(segment: str, path: str) -> None:
    if not segment.strip(". "):
        what = f"the segment {segment!r}" if segment else "an empty segment"
        raise StorageUriError(f"Storage path {path!r} has {what}; it could leave its folder")
    if _UNSAFE.search(segment):
        raise StorageUriError(f"Storage path {path!r} holds a backslash or a control character")
    if _DRIVE.match(segment):
        raise StorageUriError(f"Storage path {path!r} holds a drive letter")
    if segment.startswith(PARTIAL_PREFIX):
        raise StorageUriError(f"Names in storage cannot begin with {PARTIAL_PREFIX!r}: {path!r}")


def _encoded_length(text: str, path: str) -> int:
    try:
        return len(text.encode())
    except UnicodeEncodeError as error:
        raise StorageUriError(f"Storage path {path!r} is not Unicode text") from error


def safe_name(name: str) -> str:
    """Return a file name, made by anybody, as one segment that `check_path` allows.

    A name that is fine stays; of another one the unsafe characters become `_`, and a name that is
    too long loses the end of its stem, so that the extension stays.
    """
    try:
        _check_segment(name, name)
    except StorageUriError:
        pass
    else:
        if "/" not in name:
            return name
    text = unicodedata.normalize("NFKC", name.encode(errors="replace").decode())
    text = re.sub(r"[/\\:%\x00-\x1f\x7f-\x9f]", "_", text).strip() or "_"
    if not text.strip(". ") or text.startswith(PARTIAL_PREFIX):
        text = "_" + text
    return _shortened(text)


def _shortened(name: str) -> str:
    if len(name.encode()) <= _LONGEST_SEGMENT:
        return name
    stem, dot, extension = name.rpartition(".")
    tail = dot + extension if stem and len(extension.encode()) <= 32 else ""
    room = _LONGEST_SEGMENT - len(tail.encode())
    return name.removesuffix(tail).encode()[:room].decode(errors="ignore") + tail


def slug(text: str) -> str:
    """Return an id as it stands in paths: ASCII letters, digits and single hyphens, lower case.

    Kestra: `Slugify.of`.
    """
    hyphenated = re.sub(r"\s", "-", text, flags=re.ASCII)
    plain = re.sub(r"[^\w-]", "", unicodedata.normalize("NFD", hyphenated), flags=re.ASCII).replace(
        "_", "-"
    )
    single = re.sub("-{2,}", "-", plain)
    return single.removeprefix("-").removesuffix("-").lower()


def namespace_folder(namespace: str) -> str:
    """Return the folder of a namespace: `company.team` is `company/team`."""
    return check_path(namespace.replace(".", "/"))


def namespace_files(namespace: str) -> str:
    """Return the folder of a namespace's files."""
    return f"{namespace_folder(namespace)}/_files"


def flow_folder(namespace: str, flow_id: str) -> str:
    """Return the folder of a flow."""
    return check_path(f"{namespace_folder(namespace)}/{slug(flow_id)}")


def execution_folder(namespace: str, flow_id: str, execution_id: str) -> str:
    """Return the folder of all files of an execution."""
    return check_path(f"{flow_folder(namespace, flow_id)}/executions/{execution_id}")


def task_folder(execution: str, task_id: str, task_run_id: str) -> str:
    """Return the folder of a task run's files; `execution` is its execution's folder."""
    return check_path(f"{execution}/tasks/{slug(task_id)}/{task_run_id}")


def outputs_folder(execution: str) -> str:
    """Return the folder of the outputs of an execution that are too big for the database."""
    return f"{execution}/outputs"


def cache_folder(namespace: str, flow_id: str, task_id: str) -> str:
    """Return the folder of what a task keeps for later executions of its flow."""
    return check_path(f"{flow_folder(namespace, flow_id)}/{slug(task_id)}/cache")


def trigger_folder(execution: str, trigger_id: str) -> str:
    """Return the folder of the files of the trigger that began the execution."""
    return check_path(f"{execution}/trigger/{slug(trigger_id)}")


def input_path(execution: str, input_id: str, name: str) -> str:
    """Return the path of the file of a FILE input; `name` is the file's own."""
    return check_path(f"{execution}/inputs/{safe_name(input_id)}/{safe_name(name)}")


class Owner(NamedTuple):
    """What a path belongs to: a namespace; a flow and an execution, unless a namespace file.

    Attributes:
        namespace: with dots.
        flow: the flow id's slug; None for a namespace file.
        execution_id: None for a namespace file.
    """

    namespace: str
    flow: str | None = None
    execution_id: str | None = None


# The leftmost match counts: a task can name its files, so what stands further right is not to be
# believed.
_OWNER = re.compile(
    r"(?P<namespace>.+?)/(?:_files/|(?P<flow>[^/]+)/executions/(?P<execution>[^/]+)/"
    r"(?:tasks|inputs|trigger|outputs)/).+",
    re.DOTALL,
)


def owner(path: str) -> Owner | None:
    """Return what a checked path belongs to; None when it lies in no place of the layout."""
    match = _OWNER.fullmatch(path)
    if not match:
        return None
    return Owner(match["namespace"].replace("/", "."), match["flow"], match["execution"])
