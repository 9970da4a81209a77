"""Fields of a date, above all the weeks of different countries."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiercel.expression.date_fields import FIELDS, ISO_WEEKS, week_and_year, week_of_month
from tiercel.expression.iso_date import parse_iso
from tiercel.expression.locale_names import names_of
from tiercel.expression.moment import Moment
from tiercel.expression.zones import REGION_UTC


def at(text: str) -> Moment:
    return parse_iso(text, REGION_UTC)


@given(st.dates(date(2, 1, 1), date(9998, 12, 31)))
def test_iso_weeks_agree_with_python(day: date) -> None:
    year, week, weekday = day.isocalendar()
    moment = at(day.isoformat())
    assert week_and_year(moment, ISO_WEEKS) == (year, week)
    assert moment.weekday == weekday


@pytest.mark.parametrize(
    ("day", "american", "german"),
    [
        ("2024-12-30", (2025, 1), (2025, 1)),
        ("2023-01-01", (2023, 1), (2022, 52)),
        ("2024-03-05", (2024, 10), (2024, 10)),
        ("2021-01-03", (2021, 2), (2020, 53)),
        ("2022-12-31", (2022, 53), (2022, 52)),
    ],
)
def test_weeks_depend_on_the_country(
    day: str, american: tuple[int, int], german: tuple[int, int]
) -> None:
    assert week_and_year(at(day), names_of("en_US")) == american
    assert week_and_year(at(day), names_of("de_DE")) == german


def test_the_week_of_the_month_starts_before_its_first_full_week() -> None:
    days = [f"2024-03-{day:02d}" for day in (1, 2, 3, 9, 10, 31)]
    weeks = [week_of_month(at(day), names_of("en_US")) for day in days]
    assert weeks == [1, 1, 2, 2, 3, 6]
    assert week_of_month(at("2024-03-01"), names_of("de_DE")) == 0


@given(st.dates(date(1800, 1, 1), date(2200, 1, 1)))
def test_a_week_later_is_another_week(day: date) -> None:
    rules = names_of("en_US")
    later = day + timedelta(days=7)
    assert week_and_year(at(day.isoformat()), rules) != week_and_year(at(later.isoformat()), rules)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("era", 1),
        ("quarter", 1),
        ("day_of_year", 65),
        ("week_of_month_aligned", 1),
        ("julian_day", 60374),
        ("am_pm", 0),
        ("clock_hour", 24),
        ("hour_of_half", 0),
        ("clock_hour_of_half", 12),
        ("milli_of_day", 489_123),
        ("nano_of_day", 489_123_456_789),
    ],
)
def test_fields_have_the_values_of_java(field: str, value: int) -> None:
    moment = at("2024-03-05T00:08:09.123456789Z")
    assert FIELDS[field](moment, names_of("en_US")) == value


def test_years_before_christ_are_counted_backwards() -> None:
    moment = at("-0001-01-01")
    rules = names_of("en_US")
    assert [FIELDS[name](moment, rules) for name in ("year", "year_of_era", "era")] == [-1, 2, 0]
