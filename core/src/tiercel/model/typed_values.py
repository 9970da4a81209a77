"""Values read by type: from text or something native to what an input or output of that type is.

Wording and rules are Kestra's, golden area `flows/inputs`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NoReturn

from tiercel import _duration
from tiercel.errors import FlowSyntaxError
from tiercel.model import moments, yaml
from tiercel.model.base import scalar_text
from tiercel.model.input_base import DataType
from tiercel.model.java_uri import has_scheme, uri_problem

__all__ = ["TEXT_TYPES", "java_text", "read_typed", "stored"]

TEXT_TYPES = frozenset({"STRING", "SELECT", "ENUM", "EMAIL", "SECRET"})
"""Types whose values are any text, also the empty one."""


def java_text(value: Any) -> str:
    """Return a value as Java prints it: `[a, b]`, `{a=1}`, `true`."""
    if isinstance(value, Mapping):
        entries = (f"{java_text(key)}={java_text(each)}" for key, each in value.items())
        return "{" + ", ".join(entries) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(java_text(each) for each in value) + "]"
    if value is None:
        return "null"
    text = scalar_text(value)
    return text if isinstance(text, str) else str(text)


def _wrapped(error: object) -> NoReturn:
    # The fence is part of Kestra's message; editors and its UI show it as a block.
    raise ValueError(f"errors:\n```\n{error}\n```") from None


def _read_int(value: Any) -> int:
    text = java_text(value)
    if re.fullmatch(r"[-+]?[0-9]{1,12}", text) and -(2**31) <= int(text) < 2**31:
        return int(text)
    raise ValueError(f'For input string: "{text}"')


_FLOAT = r"[-+]?(?:NaN|Infinity|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?[fFdD]?)"


def _read_float(value: Any) -> float:
    text = java_text(value).strip()
    if not text:
        raise ValueError("empty String")
    if not re.fullmatch(_FLOAT, text):
        raise ValueError(f'For input string: "{text}"')
    return float(text if text.endswith(("NaN", "Infinity")) else text.rstrip("fFdD"))


def _read_bool(value: Any) -> bool:
    return value if isinstance(value, bool) else java_text(value).lower() == "true"


def _read_instant(value: Any) -> datetime:
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value
    try:
        return moments.parse_instant(java_text(value))
    except ValueError as error:
        _wrapped(error)


def _reader(parse: Callable[[str], Any]) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        try:
            return parse(java_text(value))
        except ValueError as error:
            _wrapped(error)

    return read


def _read_duration(value: Any) -> Any:
    try:
        return _duration.parse(java_text(value))
    except ValueError:
        _wrapped("Text cannot be parsed to a Duration")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _json(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        _wrapped(error)


def _read_json(value: Any) -> Any:
    if isinstance(value, str):
        return _json(value)
    return value


def _read_yaml(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return yaml.parse(value)
    except FlowSyntaxError as error:
        _wrapped(error)


def _read_uri(value: Any) -> str:
    text = java_text(value)
    problem = uri_problem(text)
    if problem is None and not has_scheme(text):
        problem = "Invalid URI format."
    if problem is not None:
        raise ValueError(problem)
    return text


def _read_file(value: Any) -> str:
    text = java_text(value)
    problem = uri_problem(text)
    if problem is not None:
        raise ValueError(problem)
    return text


def _read_list(value: Any, item_type: DataType | None) -> list[Any]:
    items = _json(value) if isinstance(value, str) else value
    if not isinstance(items, list | tuple):
        _wrapped(f"Expected a list, not {java_text(value)}")
    if item_type is None:
        return list(items)
    return [_read_item(item, item_type) for item in items]


def _read_item(item: Any, item_type: DataType) -> Any:
    try:
        if item is None:
            raise ValueError("null")
        return read_typed(item_type, item, None)
    except ValueError as error:
        raise ValueError(
            f"Unable to parse array element as `{item_type}` on `{java_text(item)}`"
        ) from error


_READERS: dict[str, Callable[[Any], Any]] = {
    **dict.fromkeys(TEXT_TYPES, java_text),
    "INT": _read_int,
    "FLOAT": _read_float,
    "BOOL": _read_bool,
    "BOOLEAN": _read_bool,
    "DATETIME": _read_instant,
    "DATE": _reader(moments.parse_date),
    "TIME": _reader(moments.parse_time),
    "DURATION": _read_duration,
    "FILE": _read_file,
    "URI": _read_uri,
    "JSON": _read_json,
    "YAML": _read_yaml,
    "FORM": _read_json,
}


def read_typed(kind: str, value: Any, item_type: DataType | None) -> Any:
    """Return a value as its type has it, dates and times still as Python's own.

    Raises:
        ValueError: it is no such value; the text says why.
    """
    if kind in ("ARRAY", "MULTISELECT"):
        return _read_list(value, item_type)
    return _READERS[kind](value)


def stored(value: Any) -> Any:
    """Return a typed value as executions keep it."""
    if isinstance(value, list):
        return [stored(each) for each in value]
    if isinstance(value, datetime):
        return moments.instant_text(value)
    if hasattr(value, "total_seconds"):
        return value.total_seconds()
    if hasattr(value, "isoformat"):
        return moments.time_text(value) if hasattr(value, "hour") else moments.date_text(value)
    return value
