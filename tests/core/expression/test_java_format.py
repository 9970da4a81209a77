"""Java's `String.format`."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tiercel.errors import EvaluationError, LimitError
from tiercel.expression.java_format import java_format
from tiercel.expression.values import Character, Long


@pytest.mark.parametrize(
    ("pattern", "values", "result"),
    [
        ("%s and %s", ("a", [1, 2]), "a and [1, 2]"),
        ("%2$s%1$s", ("a", "b"), "ba"),
        ("%s%<s", ("a",), "aa"),
        ("%5s|%-5s|", ("a", "b"), "    a|b    |"),
        ("%.2s", ("abc",), "ab"),
        ("%S", ("abc",), "ABC"),
        ("%d %,d %05d %+d %(d", (1, 1234567, 42, 5, -7), "1 1,234,567 00042 +5 (7)"),
        ("%x %X %o %#x", (255, 255, 8, 255), "ff FF 10 0xff"),
        ("%.2f %,.1f %f", (2.675, 1234.56, 0.5), "2.68 1,234.6 0.500000"),
        ("%.1f", (Decimal("0.25"),), "0.3"),
        ("%e", (12345.678,), "1.234568e+04"),
        ("%b %c %%%n", (None, Character("x")), "false x %\n"),
        ("%d %.2f", (None, None), "null nu"),
        ("%g %g %g", (0.2, 1234567.0, 0.00001), "0.200000 1.23457e+06 1.00000e-05"),
        ("%e %e", (-0.0, 5e-324), "-0.000000e+00 4.900000e-324"),
        ("%.1f %.1f", (-0.0, Decimal("-0.0")), "-0.0 0.0"),
        ("%#.0f", (2.5,), "3."),
        ("%x %x", (-1, Long(-1)), "ffffffff ffffffffffffffff"),
        ("no values", (1, 2), "no values"),
    ],
)
def test_formats_follow_java(pattern: str, values: tuple[Any, ...], result: str) -> None:
    assert java_format(pattern, values) == result


@pytest.mark.parametrize(
    ("pattern", "values"),
    [
        ("%s %s", ("a",)),
        ("%d", ("x",)),
        ("%d", (1.5,)),
        ("%f", (1,)),
        ("%c", ("a",)),
        ("%c", (Long(65),)),
        ("%.2d", (1,)),
        ("%-s", ("a",)),
        ("%<s", ("a",)),
        ("%y", (1,)),
        ("100 %", ()),
    ],
)
def test_what_does_not_fit_is_refused(pattern: str, values: tuple[Any, ...]) -> None:
    with pytest.raises(EvaluationError):
        java_format(pattern, values)


@pytest.mark.parametrize("pattern", ["%99999s", "%.99999f"])
def test_absurd_widths_are_refused(pattern: str) -> None:
    with pytest.raises(LimitError):
        java_format(pattern, (1.0,))
