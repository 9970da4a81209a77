from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest

from tiercel_serdes.excel_formats import shown


@pytest.mark.parametrize(
    ("value", "number_format", "text"),
    [
        (5, "General", "5"),
        (1.5, "General", "1.5"),
        (0.1 + 0.2, "General", "0.3"),
        (1e20, "General", "1E+20"),
        ("x", "@", "x"),
        (True, "General", "TRUE"),
        (7, "000", "007"),
        (2.345, "0.00", "2.35"),
        (-2.345, "0.00", "-2.35"),
        (2.5, "0.##", "2.5"),
        (2, "0.0#", "2.0"),
        (0.5, "#.0", ".5"),
        (1234567.891, "#,##0", "1,234,568"),
        (1234567.891, "#,##0.00", "1,234,567.89"),
        (1234567, "0,", "1235"),
        (0.256, "0%", "26%"),
        (0.256, "0.0%", "25.6%"),
        (12345, "0.00E+00", "1.23E+04"),
        (0.00012, "0.0E-0", "1.2E-4"),
        (9.5, '"$"0.00', "$9.50"),
        (9.5, "[$€-407] 0.00", "€ 9.50"),
        (9.5, "0.00\\ kg", "9.50 kg"),
        (-9.5, "0.00;[Red](0.00)", "(9.50)"),
        (0, '0.00;-0.00;"none"', "none"),
        (9.5, "_(* 0.00_)", "9.50"),
        (0.5, "# ?/?", "0.5"),
    ],
)
def test_numbers(value: Any, number_format: str, text: str) -> None:
    assert shown(value, number_format) == text


@pytest.mark.parametrize(
    ("value", "number_format", "text"),
    [
        (date(2024, 1, 31), "yyyy-mm-dd", "2024-01-31"),
        (date(2024, 1, 31), "d/m/yy", "31/1/24"),
        (date(2024, 1, 31), "mmm d, yyyy", "Jan 31, 2024"),
        (date(2024, 1, 31), "dddd, mmmm d", "Wednesday, January 31"),
        (date(2024, 1, 31), "ddd mmmmm", "Wed J"),
        (datetime(2024, 1, 31, 15, 4, 5), "yyyy-mm-dd hh:mm:ss", "2024-01-31 15:04:05"),
        (datetime(2024, 1, 31, 15, 4, 5), "m/d/yy h:mm AM/PM", "1/31/24 3:04 PM"),
        (datetime(2024, 1, 31, 0, 4, 5, 600000), "h:m:s.00", "0:4:5.60"),
        (datetime(2024, 1, 31, 15, 4, 5), "mm:ss", "04:05"),
        (datetime(2024, 1, 31, 15, 4), 'yyyy"year"\\T', "2024yearT"),
        (time(15, 4), "hh:mm", "15:04"),
        (timedelta(hours=30, minutes=5), "[h]:mm", "30:05"),
        (date(2024, 1, 31), "[$-409]d-mmm;@", "31-Jan"),
    ],
)
def test_dates(value: Any, number_format: str, text: str) -> None:
    assert shown(value, number_format) == text
