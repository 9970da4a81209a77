"""Numbers as text, against what JDK 21 prints."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiercel.expression.number_text import decimal_text, double_text, float_text, to_float32


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0.0"),
        (-0.0, "-0.0"),
        (4.0, "4.0"),
        (0.1, "0.1"),
        (0.001, "0.001"),
        (0.00099, "9.9E-4"),
        (9999999.0, "9999999.0"),
        (1e7, "1.0E7"),
        (12345678.9, "1.23456789E7"),
        (9007199254740992.0, "9.007199254740992E15"),
        (1e16, "1.0E16"),
        (1e21, "1.0E21"),
        (1e-100, "1.0E-100"),
        (-1e-7, "-1.0E-7"),
        (1.7976931348623157e308, "1.7976931348623157E308"),
        (math.inf, "Infinity"),
        (-math.inf, "-Infinity"),
        (math.nan, "NaN"),
    ],
)
def test_a_double_prints_as_in_java(value: float, text: str) -> None:
    assert double_text(value) == text


def test_a_subnormal_double_prints_the_closest_two_digits() -> None:
    assert double_text(5e-324) == "4.9E-324"
    assert double_text(2e-323) == "2.0E-323"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.1, "0.1"),
        (1 / 3, "0.33333334"),
        (123456.789, "123456.79"),
        (1e10, "1.0E10"),
        (16777216.0, "1.6777216E7"),
        (9999999.5, "1.0E7"),
        (1.4e-45, "1.4E-45"),
        (3.4028235e38, "3.4028235E38"),
        (1e39, "Infinity"),
        (0.00099, "9.9E-4"),
        (100.0, "100.0"),
        (-0.0, "-0.0"),
    ],
)
def test_a_float_prints_as_in_java(value: float, text: str) -> None:
    assert float_text(value) == text


def test_a_power_of_two_takes_the_shorter_neighbour() -> None:
    assert float_text(2.0**-20) == "9.536743E-7"


@pytest.mark.parametrize(
    "text", ["0", "-5.00", "1E+3", "1E-7", "0.000001", "12.50", "0E-10", "0E+3", "-1.5E+10"]
)
def test_a_big_decimal_keeps_its_scale(text: str) -> None:
    assert decimal_text(Decimal(text)) == text


def test_a_big_decimal_has_no_negative_zero() -> None:
    assert decimal_text(Decimal("-0.00")) == "0.00"


@given(st.floats(allow_nan=False))
def test_a_printed_double_reads_back(value: float) -> None:
    assert float(double_text(value)) == value


@given(st.floats(width=32, allow_nan=False))
def test_a_printed_float_reads_back_to_the_same_float(value: float) -> None:
    assert to_float32(float(float_text(value))) == value


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_a_float_never_prints_more_digits_than_nine(value: float) -> None:
    mantissa = float_text(value).lstrip("-").partition("E")[0]
    assert len(mantissa.replace(".", "").strip("0")) <= 9
