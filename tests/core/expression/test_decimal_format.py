"""Numbers by `DecimalFormat` patterns, against what JDK 17 prints."""

from __future__ import annotations

import math
from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiercel.errors import EvaluationError
from tiercel.expression.decimal_format import compile_pattern


@pytest.mark.parametrize(
    ("value", "pattern", "text"),
    [
        (1234567.891, None, "1,234,567.891"),
        (1234567.891, "#,##0.00", "1,234,567.89"),
        (1234567.891, "#", "1234568"),
        (1234567.891, "", "1,234,567.891"),
        (0.5, "#.##", "0.5"),
        (0.5, "#.00", ".50"),
        (0.5, "#", "0"),
        (0, "#", "0"),
        (0, "#.##", "0"),
        (0.123, "0.0%", "12.3%"),
        (0.123, "0‰", "123‰"),
        (12, "0000", "0012"),
        (7, "#.0", "7.0"),
        (12, "#.", "12."),
        (-5, "'#'0", "-#5"),
        (5, "$#,##0", "$5"),
        (5, "¤0.00", "$5.00"),
        (5, "¤¤ 0", "USD 5"),
        (5, "0 'kg'", "5 kg"),
        (5, "0 ''", "5 '"),
        (5, "0 kg", "5 kg"),
        (1234567, "#,####", "123,4567"),
        (1234567, "#,##,###0", "123,4567"),
        (-1234.5, "#,##0.0;(#,##0.0)", "(1,234.5)"),
        (-5, "0;", "-5"),
        (-5, "0;0", "-5"),
        (-5, "0;neg 0.00 x", "neg 5 x"),
        (1234.5, "0b0", "1234b"),
    ],
)
def test_a_number_is_written_in_its_pattern(value: float, pattern: str | None, text: str) -> None:
    assert compile_pattern(pattern).write(value) == text


@pytest.mark.parametrize(
    ("value", "pattern", "text"),
    [
        (12345, "0.###E0", "1.234E4"),
        (12345.0, "0.00E00", "1.23E04"),
        (0.00012, "0.###E0", "1.2E-4"),
        (12345, "##0.#####E0", "12.345E3"),
        (123456, "##0.##E0", "123.46E3"),
        (0.0123, "##0.###E0", "12.3E-3"),
        (0, "0.0E0", "0.0E0"),
        (0.0, "##0.0E0", "0.0E0"),
    ],
)
def test_exponents_step_as_in_java(value: float, pattern: str, text: str) -> None:
    assert compile_pattern(pattern).write(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.125, "0.12"),
        (0.135, "0.14"),
        (0.255, "0.26"),
        (1.005, "1.00"),
        (2.675, "2.67"),
        (99.995, "100.00"),
        (Decimal("0.125"), "0.12"),
        (Decimal("0.135"), "0.14"),
        (Decimal("2.5"), "2.50"),
    ],
)
def test_halves_go_to_the_even_digit_by_the_exact_value(value: float, text: str) -> None:
    assert compile_pattern("0.00").write(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (math.nan, "NaN"),
        (math.inf, "∞"),
        (-math.inf, "-∞"),
        (-0.0, "-0"),
        (-1e-7, "-0"),
        (1e100, "1" + "0" * 100),
        (10**30, "1" + "0" * 30),
        (Decimal("-0.0001"), "-0"),
    ],
)
def test_strange_numbers_have_a_text_too(value: float, text: str) -> None:
    assert compile_pattern("0.##").write(value) == text


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("bad;bad;bad", "';'"),
        ("0;0;0", "';'"),
        ("0.0.0", "Multiple decimal"),
        ("0#0", "Unexpected '0'"),
        ("0#", "Malformed"),
        ("0,", "Malformed"),
        ("0E", "exponent"),
        ("0%%", "percent"),
        ("'0", "quote"),
    ],
)
def test_a_wrong_pattern_is_refused(pattern: str, reason: str) -> None:
    with pytest.raises(EvaluationError, match=f"Invalid number pattern.*{reason}"):
        compile_pattern(pattern)


def test_separators_follow_the_locale() -> None:
    assert compile_pattern("#,##0.00", "de_DE").write(1234.5) == "1.234,50"
    assert compile_pattern("#,##0.00", "xx").write(1234.5) == "1,234.50"


def test_a_number_of_endless_digits_is_refused() -> None:
    with pytest.raises(EvaluationError, match="digits"):
        compile_pattern("0").write(Decimal("1E+999999"))
    with pytest.raises(EvaluationError, match="longer than"):
        compile_pattern("0" * 20_000)
    assert compile_pattern("0E0").write(Decimal("1E+999999")) == "1E999999"


@given(st.integers(-(10**20), 10**20))
def test_a_grouped_integer_is_that_of_python(value: int) -> None:
    assert compile_pattern("#,##0").write(value) == f"{value:,}"


@given(st.decimals(-1000, 1000, places=5))
def test_a_decimal_rounds_as_python_rounds(value: Decimal) -> None:
    rounded = f"{abs(value):.2f}"
    assert compile_pattern("0.00").write(value) == ("-" if value < 0 else "") + rounded


@given(
    st.text(alphabet="#0,.E%;'-a", max_size=8),
    st.floats() | st.integers() | st.decimals(-(10**9), 10**9),
)
def test_any_pattern_writes_or_is_refused(pattern: str, value: float) -> None:
    with suppress(EvaluationError):
        assert isinstance(compile_pattern(pattern).write(value), str)
