"""jq values: plain Python data, with jackson-jq's rules for numbers, order and JSON text.

Whole numbers are `int` and stay exact; adding, subtracting and multiplying them wraps at 64 bits,
as Java's `long` does. A result that is computed as a double and happens to be whole becomes an
`int` again. Everything else (JSON, texts, lists, objects) is what Python's `json` would give.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, TypeAlias

from tiercel.expression.number_text import decimal_text, double_text
from tiercel.expression.values import INT_MAX, INT_MIN, LONG_MAX, LONG_MIN, Float32, wrap32, wrap64

__all__ = [
    "NOTHING",
    "JqError",
    "Tick",
    "compare",
    "equal",
    "is_integer",
    "is_number",
    "json_text",
    "node_text",
    "normal",
    "show",
    "to_double",
    "to_index",
    "to_long",
    "truthy",
    "type_name",
]

Tick: TypeAlias = Callable[[], None]

_SHOWN = 14
_TYPE_ORDER = {"null": 0, "boolean": 1, "number": 2, "string": 3, "array": 4, "object": 5}
_CONTROL = re.compile("[\x00-\x1f]")
_quote = json.encoder.encode_basestring


class _Nothing:
    """The input when there is none; not quite null, which may be indexed."""

    def __bool__(self) -> bool:
        return False


NOTHING = _Nothing()


class JqError(Exception):
    """A program failed, in a way that `try` can catch; `value` is what `catch` gets."""

    def __init__(self, value: Any) -> None:
        self.value = value
        super().__init__(value if isinstance(value, str) else json_text(value))


def type_name(value: Any) -> str:
    """Return jq's name of the value's type."""
    if value is None or value is NOTHING:
        return "null"
    if value is True or value is False:
        return "boolean"
    if isinstance(value, str):
        return "string"
    if isinstance(value, int | float | Decimal):
        return "number"
    return "object" if isinstance(value, dict) else "array"


def truthy(value: Any) -> bool:
    """All values but null and false are true."""
    return value is not None and value is not False and value is not NOTHING


def is_number(value: Any) -> bool:
    """Whether the value is a number of any kind."""
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def is_integer(value: Any) -> bool:
    """Whether the value is kept as a whole number."""
    return isinstance(value, int) and not isinstance(value, bool)


def to_double(value: Any) -> float:
    """A number as a double; one too large is infinite."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def to_long(value: Any) -> int:
    """A number as a 64-bit integer, the way Java casts it."""
    if isinstance(value, int):
        return wrap64(int(value))
    number = to_double(value)
    if math.isnan(number):
        return 0
    return int(min(max(number, LONG_MIN), LONG_MAX)) if math.isfinite(number) else _edge(number)


def _edge(number: float) -> int:
    return LONG_MAX if number > 0 else LONG_MIN


def to_index(value: Any) -> int:
    """A number as a 32-bit integer, the way Java casts it."""
    if isinstance(value, int):
        return wrap32(int(value))
    return min(max(to_long(value), INT_MIN), INT_MAX)


def normal(number: float) -> int | float:
    """A computed double: whole ones become integers."""
    if math.isfinite(number) and number == (whole := min(int(number), LONG_MAX)):
        return whole if whole >= LONG_MIN else number
    return number


# --- order ----------------------------------------------------------------------------------


def equal(left: Any, right: Any, tick: Tick) -> bool:
    """Whether two values are the same to jq."""
    return compare(left, right, tick) == 0


def compare(left: Any, right: Any, tick: Tick) -> int:
    """Order two values: null < false < true < numbers < texts < arrays < objects."""
    kind = type_name(left)
    other = type_name(right)
    if kind != other:
        return _TYPE_ORDER[kind] - _TYPE_ORDER[other]
    match kind:
        case "number":
            return _compare_numbers(to_double(left), to_double(right))
        case "string":
            return _compare_texts(left, right)
        case "array":
            tick()
            return _compare_arrays(left, right, tick)
        case "object":
            tick()
            return _compare_objects(left, right, tick)
    return int(bool(left)) - int(bool(right))


def _compare_numbers(left: float, right: float) -> int:
    if left < right or math.isnan(left):
        return -1
    if left > right or math.isnan(right):
        return 1
    if left == 0:
        return int(math.copysign(1, left) - math.copysign(1, right))
    return 0


def _compare_texts(left: str, right: str) -> int:
    if left == right:
        return 0
    # Java compares UTF-16 units, in which characters beyond the basic plane are surrogates.
    if max(left, default="") > "\ud7ff" or max(right, default="") > "\ud7ff":
        return -1 if _utf16(left) < _utf16(right) else 1
    return -1 if left < right else 1


def _utf16(text: str) -> bytes:
    return text.encode("utf-16-be", "surrogatepass")


def _compare_arrays(left: list[Any], right: list[Any], tick: Tick) -> int:
    for mine, theirs in zip(left, right, strict=False):
        if result := compare(mine, theirs, tick):
            return result
    return len(left) - len(right)


def _compare_objects(left: dict[str, Any], right: dict[str, Any], tick: Tick) -> int:
    names = sorted(left, key=_utf16)
    if result := _compare_arrays(names, sorted(right, key=_utf16), tick):
        return result
    for name in names:
        if result := compare(left[name], right[name], tick):
            return result
    return 0


# --- text -----------------------------------------------------------------------------------


def json_text(value: Any, tick: Tick | None = None) -> str:
    """JSON as `tojson`, `tostring` and the formats write it: whole doubles without `.0`."""
    return _write(value, _plain_double, tick)


def node_text(value: Any, tick: Tick | None = None) -> str:
    """Text as an interpolation shows it: Java's, so `3.0` stays `3.0`."""
    return value if isinstance(value, str) else _write(value, double_text, tick)


def show(value: Any) -> str:
    """Type and beginning of a value, for messages."""
    text = json_text(value if not isinstance(value, str) else value[: 2 * _SHOWN])
    short = text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."
    return f"{type_name(value)} ({short})"


def _write(value: Any, double: Callable[[float], str], tick: Tick | None) -> str:
    if isinstance(value, str):
        return _quoted(value)
    if value is None or value is NOTHING:
        return "null"
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, float):
        return double(value)
    if isinstance(value, Decimal):
        return decimal_text(value)
    if tick:
        tick()
    if isinstance(value, dict):
        members = (f"{_quoted(key)}:{_write(item, double, tick)}" for key, item in value.items())
        return "{" + ",".join(members) + "}"
    return "[" + ",".join(_write(item, double, tick) for item in value) + "]"


def _quoted(text: str) -> str:
    quoted = _quote(text)
    if _CONTROL.search(text):
        quoted = re.sub(
            r"(?<!\\)((?:\\\\)*)\\u00([01][0-9a-f])",
            lambda match: f"{match[1]}\\u00{match[2].upper()}",
            quoted,
        )
    return quoted


def _plain_double(number: float) -> str:
    if math.isnan(number):
        return "null"
    if math.isinf(number):
        number = math.copysign(1.7976931348623157e308, number)
    if isinstance(number, Float32):
        number = float(number)
    if number == int(number) and LONG_MIN <= number <= LONG_MAX:
        return str(min(int(number), LONG_MAX))
    text = double_text(number)
    return text.replace("E", "e" if "E-" in text else "e+")
