"""Operators on the kinds of number, on texts, lists and maps."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import pytest

from tiercel.errors import EvaluationError, LimitError
from tiercel.expression import operators
from tiercel.expression.values import BigInteger, Float32, Long, ValueSet


@pytest.mark.parametrize(
    ("operation", "left", "right", "result"),
    [
        (operators.add, 1, 2, Long(3)),
        (operators.add, 2**63 - 1, Long(1), -(2**63)),
        (operators.subtract, Long(1), 2.5, -1.5),
        (operators.multiply, "5", Long(2), Long(10)),
        (operators.multiply, Float32("1.5"), 7, Float32("10.5")),
        (operators.divide, -7, 2, Long(-3)),
        (operators.modulo, -7, 3, Long(-1)),
        (operators.divide, Decimal("12.50"), 2, Decimal("6.25")),
        (operators.multiply, Decimal("12.50"), 2, Decimal("25.00")),
        (operators.multiply, BigInteger(2**64 + 1), 2, Long(2)),
        (operators.add, "a", None, "anull"),
        (operators.add, [1], 2, [1, 2]),
        (operators.subtract, [1, 2], [2], [1]),
    ],
)
def test_the_wider_kind_wins(operation: Any, left: Any, right: Any, result: Any) -> None:
    value = operation(left, right)
    assert value == result
    assert type(value) is type(result)


def test_doubles_divide_by_zero_as_java_does() -> None:
    assert operators.divide(1.0, 0) == math.inf
    assert operators.divide(-1.0, 0) == -math.inf
    assert math.isnan(operators.divide(0.0, 0))
    assert math.isnan(operators.modulo(1.0, 0))


@pytest.mark.parametrize("zero", [0, Long(0), Decimal(0)])
def test_exact_numbers_do_not_divide_by_zero(zero: Any) -> None:
    with pytest.raises(EvaluationError, match="zero"):
        operators.divide(Decimal(1) if isinstance(zero, Decimal) else 1, zero)


@pytest.mark.parametrize(
    "value", [None, True, [1], {"a": 1}, "a", "1_0", "٣", "99999999999999999999"]
)
def test_what_is_no_number_is_refused(value: Any) -> None:
    with pytest.raises(EvaluationError):
        operators.multiply(2, value)


def test_the_smallest_int_stays_itself_when_negated() -> None:
    assert operators.negative(-(2**31)) == -(2**31)
    assert operators.negative(-(2**31) - 1) == 2**31 + 1


@pytest.mark.parametrize(
    ("left", "right", "result"),
    [
        (1, 1.0, True),
        (Long(1), 1, True),
        (Decimal("1.0"), 1, True),
        ("1", 1, False),
        (True, 1, False),
        ([1], [1], True),
        ([1], [Long(1)], False),
        ({"a": [1]}, {"a": [1]}, True),
        ({"a": 1}, {"b": 1}, False),
        ([1], ValueSet([1]), False),
        (None, None, True),
        (math.nan, math.nan, False),
    ],
)
def test_numbers_are_equal_by_value_and_members_by_kind_too(
    left: Any, right: Any, result: bool
) -> None:
    assert operators.equal(left, right) is result


@pytest.mark.parametrize(
    ("symbol", "left", "right", "result"),
    [
        ("<", 1, 2.5, True),
        ("<=", 2, Long(2), True),
        (">", Decimal("2.5"), 2, True),
        (">=", 1, 2, False),
        ("<", None, 1, False),
        (">", 1, None, False),
        ("<", math.nan, 1, False),
    ],
)
def test_numbers_compare_whatever_their_kind(
    symbol: str, left: Any, right: Any, result: bool
) -> None:
    assert operators.compare(symbol, left, right) is result


@pytest.mark.parametrize(("left", "right"), [("a", "b"), (True, False), ([1], 2)])
def test_nothing_else_compares(left: Any, right: Any) -> None:
    with pytest.raises(EvaluationError, match="LESS_THAN"):
        operators.compare("<", left, right)


@pytest.mark.parametrize(
    ("value", "result"),
    [(True, True), (0, False), (0.5, True), ("", False), ("false", True), (Decimal(0), False)],
)
def test_booleans_numbers_and_texts_are_conditions(value: Any, result: bool) -> None:
    assert operators.truth(value) is result


@pytest.mark.parametrize("value", [None, [], {}, [1], object])
def test_nothing_else_is_a_condition(value: Any) -> None:
    with pytest.raises(EvaluationError):
        operators.truth(value)


@pytest.mark.parametrize(
    ("container", "item", "result"),
    [
        ([3, 1], Long(3), True),
        ([3, 1], "3", False),
        ([3, 1], [3, 1], True),
        ([3, 1], [3, 9], False),
        ([True], 1, False),
        ({"a": 1}, "a", True),
        ("hello", "ell", True),
        ("42", 4, True),
        (None, 1, False),
    ],
)
def test_containers_contain_by_value(container: Any, item: Any, result: bool) -> None:
    assert operators.contains(container, item) is result


def test_is_in_compares_as_text() -> None:
    assert operators.is_in(3, ["3"])
    assert operators.is_in("v", {"k": "v"})
    assert not operators.is_in(None, [None])
    assert not operators.is_in("a", "abc")


@pytest.mark.parametrize(
    ("arguments", "result"),
    [
        ((1, 3), [1, 2, 3]),
        ((3, 1), []),
        ((5, 1, -2), [5, 3, 1]),
        (("a", "e", 2), ["a", "c", "e"]),
        ((1.5, 3), [1, 2, 3]),
    ],
)
def test_a_range_has_both_ends(arguments: Any, result: Any) -> None:
    assert operators.range_of(*arguments) == result


@pytest.mark.parametrize(
    "arguments", [(1, "3"), (None, 1), ("ab", "c"), (1, 3, 0), (1, 3, "x"), (True, 3)]
)
def test_a_range_of_anything_else_is_refused(arguments: Any) -> None:
    with pytest.raises(EvaluationError):
        operators.range_of(*arguments)


def test_a_range_may_be_only_so_long() -> None:
    with pytest.raises(LimitError):
        operators.range_of(1, 10, 1, 9)
