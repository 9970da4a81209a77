"""`i18n`: texts of a namespace in the language of the installation.

Pebble reads them from Java's resource bundles; here a bundle is a file `{bundle}.properties` of the
flow's namespace, with `{bundle}_en.properties` and `{bundle}_en_US.properties` before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from tiercel.engine.expressions.functions import TABLE, namespace_of, services_of
from tiercel.errors import EvaluationError, StoredFileNotFoundError
from tiercel.expression.decimal_format import compile_pattern
from tiercel.expression.printing import java_text
from tiercel.expression.runtime import EvaluationContext

__all__ = ["i18n"]

_ENTRY = re.compile(r"((?:\\.|[^\\=: \t])*)[ \t]*[=: \t]?[ \t]*(.*)", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "f": "\f"}
_PLACE = re.compile(r"''|'([^']*)'?|\{(\d+)[^{}]*\}")


@TABLE.add("i18n", "bundle", "key", "params", needs_context=True)
def i18n(context: EvaluationContext, bundle: Any, key: Any, params: Any = None) -> str:
    """Return a text of a bundle, with values in the place of `{0}`, `{1}`, ….

    Args:
        context: the rendering under way.
        bundle: the name of the namespace files that hold the texts, without `.properties`.
        key: the text's name.
        params: a value, or a list of them; without any the text stays as it is.

    Raises:
        EvaluationError: there is no such bundle, or no such text in it.
    """
    name, wanted = java_text(bundle), java_text(key)
    texts = list(_texts(context, name))
    if not texts:
        raise EvaluationError(f"Can't find bundle for base name {name}, locale {context.locale}")
    for entries in texts:
        if wanted in entries:
            return entries[wanted] if params is None else _filled(context, entries[wanted], params)
    raise EvaluationError(f"Can't find resource for bundle {name}, key {wanted}")


def _texts(context: EvaluationContext, bundle: str) -> Iterator[dict[str, str]]:
    """Yield the texts of a bundle's files, those of the most special locale first."""
    services, namespace = services_of(context, "i18n"), namespace_of(context, "i18n")
    parts = context.locale.split("_")
    for length in range(len(parts), -1, -1):
        path = "_".join([bundle, *parts[:length]]) + ".properties"
        with (
            suppress(StoredFileNotFoundError),
            services.open(services.namespace_file_uri(namespace, path)) as stream,
        ):
            yield dict(_entries(stream.read().decode("utf-8", "replace")))


def _entries(text: str) -> Iterator[tuple[str, str]]:
    # A line that ends in an odd number of backslashes goes on in the next one.
    joined = re.sub(r"(?<!\\)((?:\\\\)*)\\\r?\n[ \t]*", r"\1", text)
    for line in joined.splitlines():
        line = line.lstrip()
        match = _ENTRY.fullmatch(line)
        if line and line[0] not in "#!" and match:
            yield _unescaped(match[1]), _unescaped(match[2])


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(
        lambda match: chr(int(match[1], 16)) if match[1] else _ESCAPED.get(match[2], match[2]), text
    )


def _filled(context: EvaluationContext, text: str, params: Any) -> str:
    """Return a text as `java.text.MessageFormat` fills it: `''` is a quote, `'{'` a brace."""
    values = params if isinstance(params, list | tuple) else [params]

    def fill(match: re.Match[str]) -> str:
        if match[2] is None:
            return match[1] or "'"
        index = int(match[2])
        return _shown(context, values[index]) if index < len(values) else match[0]

    return _PLACE.sub(fill, text)


def _shown(context: EvaluationContext, value: Any) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return compile_pattern("#,##0.###", context.locale).write(value)
    return java_text(value)
