"""JSON text → values, as strictly as Kestra's reader (Jackson) takes it, and bounded.

Numbers with a point or an exponent are doubles, other numbers are exact. `NaN`, comments, single
quotes and trailing commas are errors. What follows the first value may be ignored, which is how
Kestra's `fromJson` and `jq` read.
"""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

__all__ = ["DEEPEST", "JsonTextError", "read_json"]

# How deep arrays and objects may be nested.
DEEPEST = 200
_LONGEST_NUMBER = 1000
_BLANK = " \t\n\r"
_SURROGATES = re.compile("[\ud800-\udfff]")
_ESCAPED_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_TEXT_OR_BRACKET = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)
_NUMBER_END = re.compile(r"[ \t\r\n]|\Z")
_WORD_END = re.compile(r"(?!\w)")


class JsonTextError(ValueError):
    """The text is no JSON, or is nested too deep; the message says where."""


def _refuse_constant(name: str) -> NoReturn:
    raise JsonTextError(f"Non-standard token {name!r} in JSON")


def _integer(digits: str) -> int:
    if len(digits) > _LONGEST_NUMBER:
        raise JsonTextError(f"A number of {len(digits)} digits in JSON; at most {_LONGEST_NUMBER}")
    return int(digits)


_decoder = json.JSONDecoder(parse_constant=_refuse_constant, parse_int=_integer)


def read_json(text: str) -> Any:
    """Read the first JSON value of `text`.

    Args:
        text: JSON; blanks around it do not matter.

    Raises:
        JsonTextError: there is no value, it is broken, or it is nested deeper than `DEEPEST`.
    """
    start = len(text) - len(text.lstrip(_BLANK))
    if start == len(text):
        raise JsonTextError("No content to map due to end-of-input")
    _check_depth(text)
    try:
        value, end = _decoder.raw_decode(text, start)
    except json.JSONDecodeError as error:
        raise JsonTextError(f"{error.msg} at line {error.lineno}, column {error.colno}") from None
    ending = _WORD_END if text[start] in "tfn" else _NUMBER_END
    if text[start] not in '{["' and not ending.match(text, end):
        raise JsonTextError(f"Unexpected character {text[end]!r} behind {text[start:end][:40]!r}")
    return _joined(value) if _ESCAPED_SURROGATE.search(text) else value


def _check_depth(text: str) -> None:
    if text.count("[") + text.count("{") <= DEEPEST:
        return
    depth = 0
    for match in _TEXT_OR_BRACKET.finditer(text):
        mark = match.group()
        if mark in ("[", "{"):
            depth += 1
            if depth > DEEPEST:
                raise JsonTextError(f"JSON is nested deeper than {DEEPEST} levels")
        elif mark in ("]", "}"):
            depth -= 1


def _join_surrogates(text: str) -> str:
    """Join pairs of surrogates, and replace lone ones: such a text could not be written out."""
    if not _SURROGATES.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _joined(value: Any) -> Any:
    if isinstance(value, str):
        return _join_surrogates(value)
    if isinstance(value, list):
        return [_joined(item) for item in value]
    if isinstance(value, dict):
        return {_join_surrogates(key): _joined(item) for key, item in value.items()}
    return value
