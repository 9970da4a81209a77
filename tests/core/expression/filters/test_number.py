"""The number filters as templates call them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiercel.errors import EvaluationError
from tiercel.expression.environment import Environment
from tiercel.expression.filters.number import absolute, number
from tiercel.expression.values import BigInteger, Float32, Long

ENVIRONMENT = Environment()


def render(template: str, value: Any = None) -> str:
    return ENVIRONMENT.render("{{ " + template + " }}", {"x": value})


@pytest.mark.parametrize(
    ("text", "value", "kind"),
    [
        ("42", 42, int),
        ("-7", -7, int),
        ("+7", 7, int),
        ("010", 8, int),
        ("0", 0, int),
        ("0x1F", 31, int),
        ("-0x1f", -31, int),
        ("#ff", 255, int),
        ("9999999999", 9999999999, Long),
        ("12L", 12, Long),
        ("99999999999999999999", 99999999999999999999, BigInteger),
        ("99999999999999999999L", 99999999999999999999, BigInteger),
        ("3.14", Float32(3.14), Float32),
        ("1.50", 1.5, Float32),
        ("1e3", 1000.0, Float32),
        ("1.", 1.0, Float32),
        (".5", 0.5, Float32),
        ("0.0", 0.0, Float32),
        ("3.14159265358979", 3.14159265358979, float),
        ("1.5d", 1.5, float),
        ("1.5f", 1.5, Float32),
        ("1e300", 1e300, float),
        ("1e400", Decimal("1E+400"), Decimal),
        ("0.12345678901234567890", Decimal("0.12345678901234567890"), Decimal),
        ("1e-400", Decimal("1E-400"), Decimal),
    ],
)
def test_number_chooses_the_smallest_type_that_holds_the_text(
    text: str, value: Any, kind: type
) -> None:
    assert (number(text), type(number(text))) == (value, kind)


@pytest.mark.parametrize(
    ("type_", "text", "value", "kind"),
    [
        ("INT", "42", 42, int),
        ("INT", "0x10", 16, int),
        ("LONG", "42", 42, Long),
        ("FLOAT", "3.14", Float32(3.14), Float32),
        ("FLOAT", " 1e3 ", 1000.0, Float32),
        ("DOUBLE", "1E3", 1000.0, float),
        ("DOUBLE", "0x1p3", 8.0, float),
        ("DOUBLE", "Infinity", float("inf"), float),
        ("BIGDECIMAL", "3.140", Decimal("3.140"), Decimal),
        ("BIGINTEGER", "42", 42, BigInteger),
        ("int", "42", 42, int),
    ],
)
def test_a_type_can_be_asked_for(type_: str, text: str, value: Any, kind: type) -> None:
    assert (number(text, type_), type(number(text, type_))) == (value, kind)


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "abc", " 5 ", "1,000", "NaN", "Infinity", "1_000", "0x", "08", "--1", "1e", "e"),
        *("0x1G", "1.5L", "12x", "1.2.3", "inf", "५L"),
    ],
)
def test_other_texts_are_no_numbers(text: str) -> None:
    with pytest.raises(EvaluationError):
        number(text)


@pytest.mark.parametrize(
    ("type_", "text"),
    [
        ("INT", "2147483648"),
        ("INT", "3.14"),
        ("LONG", "9223372036854775808"),
        ("FLOAT", "1_0"),
        ("DOUBLE", "inf"),
        ("BIGDECIMAL", " 1"),
        ("BIGDECIMAL", "1e99999999999"),
        ("BIGINTEGER", "1.5"),
    ],
)
def test_a_text_that_is_not_of_the_type_is_named(type_: str, text: str) -> None:
    with pytest.raises(EvaluationError, match=text):
        number(text, type_)


@pytest.mark.parametrize("value", [7, 2.5, True, [], {}, Decimal(1)])
def test_number_reads_texts_only(value: Any) -> None:
    with pytest.raises(EvaluationError, match="'number' filter"):
        number(value)


def test_null_is_no_number_and_no_error() -> None:
    assert number(None) is None
    assert render("x | numberFormat") == ""


@pytest.mark.timeout(5)
@pytest.mark.parametrize("type_", ["", "INT", "DOUBLE", "BIGDECIMAL"])
@pytest.mark.parametrize("tail", ["x", "e", ".x", "d."])
def test_a_long_text_is_refused_in_no_time(type_: str, tail: str) -> None:
    with pytest.raises(EvaluationError):
        number("1" * 200_000 + tail, type_)


@given(st.integers())
def test_every_integer_reads_back(value: int) -> None:
    assert number(str(value)) == value


@given(st.text(alphabet="0123456789.eExXpL+-#fFdD ", max_size=10))
def test_any_text_is_a_number_or_an_evaluation_error(text: str) -> None:
    try:
        value = number(text)
    except EvaluationError:
        return
    assert isinstance(value, int | float | Decimal)


@pytest.mark.parametrize(
    ("template", "value", "text"),
    [
        ("x | numberFormat", 1234567.891, "1,234,567.891"),
        ("x | numberFormat('#,##0.00')", 1234567.891, "1,234,567.89"),
        ("x | numberFormat(format='0.0%')", 0.75, "75.0%"),
        ("x | numberFormat(null)", 1000, "1,000"),
        ("x | numberFormat('0.000')", Decimal("12.50"), "12.500"),
        ("x | numberFormat('#,###')", BigInteger(10**18), "1,000,000,000,000,000,000"),
        ("x | numberFormat('0.00')", Float32(0.1), "0.10"),
    ],
)
def test_number_format_writes_numbers(template: str, value: Any, text: str) -> None:
    assert render(template, value) == text


@pytest.mark.parametrize("value", ["42", True, [], {}])
def test_number_format_takes_numbers_only(value: Any) -> None:
    with pytest.raises(EvaluationError, match="NumberFormat"):
        render("x | numberFormat('0')", value)


def test_a_wrong_number_pattern_is_an_error() -> None:
    with pytest.raises(EvaluationError, match="Invalid number pattern"):
        render("1 | numberFormat('bad;bad;bad')")
    with pytest.raises(EvaluationError, match="format"):
        render("1 | numberFormat(7)")


@pytest.mark.parametrize(
    ("value", "result"),
    [
        (-3, 3),
        (Long(-42), Long(42)),
        (-2.5, 2.5),
        (Float32(-1.5), Float32(1.5)),
        (Decimal("-12.50"), Decimal("12.50")),
        (BigInteger(-(2**70)), BigInteger(2**70)),
        (-(2**31), -(2**31)),
        (-(2**63), Long(-(2**63))),
    ],
)
def test_abs_keeps_the_type(value: Any, result: Any) -> None:
    assert (absolute(value), type(absolute(value))) == (result, type(result))


@pytest.mark.parametrize("value", [None, "5", True, [], {}])
def test_abs_takes_numbers_only(value: Any) -> None:
    with pytest.raises(EvaluationError, match="'abs' filter"):
        absolute(value)
