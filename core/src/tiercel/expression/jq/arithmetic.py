"""The operators of jq, each `apply(left, right, budget)`."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from tiercel.expression.jq.scalars import (
    JqError,
    compare,
    equal,
    is_integer,
    is_number,
    normal,
    show,
    to_double,
    to_long,
    truthy,
    type_name,
)
from tiercel.expression.values import wrap64

if TYPE_CHECKING:
    from tiercel.expression.jq.engine import Budget

__all__ = ["OPERATORS", "split_text"]

Operator: TypeAlias = Callable[[Any, Any, "Budget"], Any]


def _add(left: Any, right: Any, budget: Budget) -> Any:
    if is_integer(left) and is_integer(right):
        return wrap64(to_long(left) + to_long(right))
    if is_number(left) and is_number(right):
        return normal(to_double(left) + to_double(right))
    if left is None:
        return right
    if right is None:
        return left
    if isinstance(left, dict) and isinstance(right, dict):
        budget.check_size(len(left) + len(right))
        return {**left, **right}
    if type_name(left) == type_name(right) and isinstance(left, str | list):
        budget.check_size(len(left) + len(right))
        return left + right
    raise JqError(f"{show(left)} and {show(right)} cannot be added")


def _subtract(left: Any, right: Any, budget: Budget) -> Any:
    if is_integer(left) and is_integer(right):
        return wrap64(to_long(left) - to_long(right))
    if is_number(left) and is_number(right):
        return normal(to_double(left) - to_double(right))
    if isinstance(left, list) and isinstance(right, list):
        return _without(left, right, budget)
    raise JqError(f"{show(left)} and {show(right)} cannot be subtracted")


def _without(items: list[Any], unwanted: list[Any], budget: Budget) -> list[Any]:
    scalars = {_identity(item) for item in unwanted}
    if _MIXED not in scalars:
        return [item for item in items if _identity(item) not in scalars]
    return [item for item in items if not _holds(unwanted, item, budget)]


_MIXED = ("array",)


def _identity(value: Any) -> tuple[Any, ...]:
    """What two equal scalars share; `_MIXED` for an array or object, which may equal others."""
    if isinstance(value, list | dict):
        return _MIXED
    kind = type_name(value)
    if kind != "number":
        return kind, value
    number = to_double(value)
    # Numbers compare as doubles: -0.0 is less than 0, and NaN equals nothing.
    return kind, number, math.copysign(1.0, number), id(value) if math.isnan(number) else 0


def _holds(items: list[Any], wanted: Any, budget: Budget) -> bool:
    budget.tick()
    return any(equal(item, wanted, budget.tick) for item in items)


def _multiply(left: Any, right: Any, budget: Budget) -> Any:
    if is_integer(left) and is_integer(right):
        return wrap64(to_long(left) * to_long(right))
    if is_number(left) and is_number(right):
        return normal(to_double(left) * to_double(right))
    if isinstance(left, str) and is_number(right):
        return _repeat(left, to_double(right), budget)
    if is_number(left) and isinstance(right, str):
        return _repeat(right, to_double(left), budget)
    if isinstance(left, dict) and isinstance(right, dict):
        return _merge(left, right, budget)
    raise JqError(f"{show(left)} and {show(right)} cannot be multiplied")


def _repeat(text: str, count: float, budget: Budget) -> str | None:
    if count <= 0:
        return None
    if not count >= 2:
        return text
    budget.check_size(len(text) * int(min(count, 2**31)))
    return text * int(count)


def _merge(left: dict[str, Any], right: dict[str, Any], budget: Budget) -> dict[str, Any]:
    budget.tick()
    merged = dict(left)
    for key, value in right.items():
        old = merged.get(key)
        if isinstance(old, dict) and isinstance(value, dict):
            merged[key] = _merge(old, value, budget)
        else:
            merged[key] = value
    return merged


def _divide(left: Any, right: Any, budget: Budget) -> Any:
    if is_number(left) and is_number(right):
        divisor = to_double(right)
        if divisor == 0:
            raise JqError(
                f"{show(left)} and {show(right)} cannot be divided because the divisor is zero"
            )
        return normal(to_double(left) / divisor)
    if isinstance(left, str) and isinstance(right, str):
        return split_text(left, right)
    raise JqError(f"{show(left)} and {show(right)} cannot be divided")


def split_text(text: str, separator: str) -> list[str]:
    """Split at a literal separator, or into letters; an empty text has no parts."""
    if not separator:
        return list(text)
    return text.split(separator) if text else []


def _modulo(left: Any, right: Any, budget: Budget) -> Any:
    if not (is_number(left) and is_number(right)):
        raise JqError(f"{show(left)} and {show(right)} cannot be divided (remainder)")
    dividend, divisor = to_long(left), to_long(right)
    if math.isnan(to_double(right)):
        return dividend
    if divisor == 0:
        raise JqError(
            f"{show(left)} and {show(right)} cannot be divided (remainder) "
            "because the divisor is zero"
        )
    # The remainder has the dividend's sign, as in Java.
    rest = abs(dividend) % abs(divisor)
    return -rest if dividend < 0 else rest


def _comparison(test: Callable[[int], bool]) -> Operator:
    return lambda left, right, budget: test(compare(left, right, budget.tick))


OPERATORS: dict[str, Operator] = {
    "+": _add,
    "-": _subtract,
    "*": _multiply,
    "/": _divide,
    "%": _modulo,
    "//": lambda left, right, budget: left if truthy(left) else right,
    "==": _comparison(lambda order: order == 0),
    "!=": _comparison(lambda order: order != 0),
    "<": _comparison(lambda order: order < 0),
    "<=": _comparison(lambda order: order <= 0),
    ">": _comparison(lambda order: order > 0),
    ">=": _comparison(lambda order: order >= 0),
}
