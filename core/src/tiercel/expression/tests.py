"""The tests: `value is defined`, `is empty`, `is even` …"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tiercel.errors import EvaluationError
from tiercel.expression.json_reader import JsonTextError, read_json
from tiercel.expression.printing import java_text
from tiercel.expression.table import TESTS
from tiercel.expression.values import INT_MAX, INT_MIN, Array, is_long, is_text

__all__: list[str] = []

_BLANKS = "".join(map(chr, range(33)))


@TESTS.add("defined", forgiving=True)
def defined(value: Any) -> bool:
    """Whether a variable, member or item exists and is not null."""
    return value is not None


@TESTS.add("null")
def null(value: Any) -> bool:
    """Whether a value is null."""
    return value is None


@TESTS.add("empty")
def empty(value: Any) -> bool:
    """Whether a value is null, a blank text, or a list or map without items."""
    if value is None:
        return True
    if is_text(value):
        return not value.strip(_BLANKS)
    return isinstance(value, (list, Mapping)) and not isinstance(value, Array) and not value


@TESTS.add("even")
def even(value: Any) -> bool:
    """Whether an integer is even."""
    return _integer(value, "even") % 2 == 0


@TESTS.add("odd")
def odd(value: Any) -> bool:
    """Whether an integer is odd."""
    return _integer(value, "odd") % 2 != 0


def _integer(value: Any, test: str) -> int:
    if is_long(value) or (value.__class__ is int and INT_MIN <= value <= INT_MAX):
        return int(value)
    raise EvaluationError(f"The test {test!r} takes an integer, not {java_text(value)}")


@TESTS.add("iterable")
def iterable(value: Any) -> bool:
    """Whether a `for` walks over a value item by item: lists, not maps."""
    return isinstance(value, list)


@TESTS.add("map")
def is_map(value: Any) -> bool:
    """Whether a value is a map."""
    return isinstance(value, Mapping)


@TESTS.add("json")
def is_json(value: Any) -> bool:
    """Whether a text begins with JSON; the empty text passes."""
    if not is_text(value):
        raise EvaluationError(f"The test 'json' takes a text, not {java_text(value)}")
    try:
        read_json(value if value.strip(" \t\r\n") else "null")
    except JsonTextError:
        return False
    return True
