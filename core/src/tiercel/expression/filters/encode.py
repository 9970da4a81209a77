"""Base64, URL encoding, and escaping of quotes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote_plus, unquote_plus

from tiercel.errors import EvaluationError
from tiercel.expression import java_base64
from tiercel.expression.bounded import check_tree
from tiercel.expression.printing import java_text
from tiercel.expression.table import FILTERS
from tiercel.expression.values import is_text

__all__ = ["base64decode", "base64encode", "escape_char", "urldecode", "urlencode"]

_BROKEN_ESCAPE = re.compile("%(?![0-9a-fA-F]{2})")


@FILTERS.add("base64encode")
def base64encode(value: Any) -> str | None:
    """Return the Base64 text of what the value shows as; null stays null."""
    if value is None:
        return None
    return java_base64.encode(java_text(value).encode("utf-8", "replace"))


@FILTERS.add("base64decode")
def base64decode(value: Any) -> str | None:
    """Return the text that a Base64 text holds; null stays null.

    Raises:
        EvaluationError: the value is no text, or no Base64.
    """
    if value is None:
        return None
    if not is_text(value):
        raise EvaluationError(f"The 'base64decode' filter needs a text, not {_kind(value)}")
    try:
        return java_base64.decode(value).decode("utf-8", "replace")
    except ValueError as error:
        raise EvaluationError(
            f"The 'base64decode' filter cannot read {value[:40]!r}: {error}"
        ) from None


@FILTERS.add("urlencode")
def urlencode(value: Any) -> str | None:
    """Return a text percent-encoded for a form or a query (a blank becomes `+`)."""
    if value is None:
        return None
    if not is_text(value):
        raise EvaluationError(f"The 'urlencode' filter needs a text, not {_kind(value)}")
    # Python keeps a tilde, which Java's encoder does not.
    return quote_plus(value, safe="*-._", errors="replace").replace("~", "%7E")


@FILTERS.add("urldecode")
def urldecode(value: Any) -> str | None:
    """Undo `urlencode`.

    Raises:
        EvaluationError: the value is no text, or a `%` is not followed by two digits.
    """
    if value is None:
        return None
    if not is_text(value):
        raise EvaluationError(f"The 'urldecode' filter needs a text, not {_kind(value)}")
    if broken := _BROKEN_ESCAPE.search(value):
        escape = value[broken.start() : broken.start() + 3]
        raise EvaluationError(f"The 'urldecode' filter found the broken escape {escape!r}")
    return unquote_plus(value, errors="replace")


_STYLES: dict[str, Callable[[str], str]] = {
    "single": lambda text: text.replace("'", "\\'"),
    "double": lambda text: text.replace('"', '\\"'),
    "shell": lambda text: text.replace("'", "'\\''"),
}


@FILTERS.add("escapeChar", "type")
def escape_char(value: Any, style: Any = None) -> Any:
    """Escape quotes in a text, or in all values of a map or list, which become texts.

    Args:
        value: null stays null.
        style: `single`, `double` or `shell`; case does not matter, nor does any of it where
            there is no text to escape.

    Raises:
        EvaluationError: there is no such style, or a list or map holds null.
    """
    if value is None:
        return None
    return _escaped(check_tree(value), style)


def _escaped(value: Any, style: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _escaped(item, style) for key, item in value.items()}
    if type(value) is list:
        return [_escaped(item, style) for item in value]
    if value is None:
        raise EvaluationError("The 'escapeChar' filter cannot escape null")
    escape = _STYLES.get(style.lower()) if is_text(style) else None
    if escape is None:
        raise EvaluationError(
            "The 'escapeChar' filter expects 'type' to be 'single', 'double' or 'shell', "
            f"not {style!r}"
        )
    return escape(java_text(value))


def _kind(value: Any) -> str:
    return type(value).__name__
