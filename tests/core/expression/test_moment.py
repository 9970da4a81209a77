"""Points in time: the calendar, clock changes, and adding units."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiercel.errors import EvaluationError
from tiercel.expression.iso_date import parse_iso
from tiercel.expression.moment import Moment, civil, days_in_month, epoch_day
from tiercel.expression.zones import REGION_UTC, offset_id, zone_of


def shown(moment: Moment) -> str:
    """The moment's local time and offset, short enough to compare."""
    date_part = f"{moment.year}-{moment.month:02d}-{moment.day:02d}"
    clock = f"{moment.hour:02d}:{moment.minute:02d}:{moment.second:02d}"
    return f"{date_part} {clock} {offset_id(moment.offset)}"


def at(text: str, zone: str = "UTC") -> Moment:
    return parse_iso(text, zone_of(zone))


@given(st.dates())
def test_the_calendar_agrees_with_python(day: date) -> None:
    number = epoch_day(day.year, day.month, day.day)
    assert date(1970, 1, 1) + timedelta(days=number) == day
    assert civil(number) == (day.year, day.month, day.day)


@given(st.integers(-(10**11), 10**11))
def test_the_calendar_holds_far_beyond_python(day: int) -> None:
    assert epoch_day(*civil(day)) == day


@given(st.integers(-(10**11), 10**12), st.sampled_from(["UTC", "Europe/Paris", "Asia/Kolkata"]))
def test_an_instant_keeps_its_seconds_in_every_zone(second: int, zone: str) -> None:
    assert Moment.of_epoch(second, 0, zone_of(zone)).epoch_second == second


def test_leap_years_have_a_longer_february() -> None:
    assert [days_in_month(year, 2) for year in (2000, 1900, 2024, 2023, 0, -4)] == [
        *(29, 28, 29, 28, 29, 29),
    ]


def test_a_skipped_hour_moves_forward() -> None:
    assert shown(at("2024-03-31T02:30:00", "Europe/Paris")) == "2024-03-31 03:30:00 +02:00"


def test_a_repeated_hour_is_the_first_of_the_two() -> None:
    assert shown(at("2024-10-27T02:30:00", "Europe/Paris")) == "2024-10-27 02:30:00 +02:00"


def test_the_second_of_two_hours_stays_it_when_days_are_added() -> None:
    second = at("2024-10-27T02:30:00+01:00[Europe/Paris]")
    assert shown(second.plus(0, "DAYS")) == "2024-10-27 02:30:00 +01:00"


def test_days_keep_the_local_time_and_hours_do_not() -> None:
    noon = at("2024-03-30T12:00:00+01:00[Europe/Paris]")
    assert shown(noon.plus(1, "DAYS")) == "2024-03-31 12:00:00 +02:00"
    assert shown(noon.plus(24, "HOURS")) == "2024-03-31 13:00:00 +02:00"


@pytest.mark.parametrize(
    ("start", "amount", "unit", "end"),
    [
        ("2024-01-31T00:00:00Z", 1, "MONTHS", "2024-02-29 00:00:00 Z"),
        ("2024-02-29T00:00:00Z", -1, "YEARS", "2023-02-28 00:00:00 Z"),
        ("2024-03-05T00:00:00Z", 1, "DECADES", "2034-03-05 00:00:00 Z"),
        ("2024-03-05T00:00:00Z", 1, "CENTURIES", "2124-03-05 00:00:00 Z"),
        ("2024-03-05T00:00:00Z", -3, "MILLENNIA", "-976-03-05 00:00:00 Z"),
        ("2024-03-05T00:00:00Z", 2, "WEEKS", "2024-03-19 00:00:00 Z"),
        ("2024-03-05T00:00:00Z", 3, "HALF_DAYS", "2024-03-06 12:00:00 Z"),
        ("2024-03-05T00:00:00Z", -1, "MINUTES", "2024-03-04 23:59:00 Z"),
        ("2024-03-05T00:00:00Z", -1, "ERAS", "-2023-03-05 00:00:00 Z"),
    ],
)
def test_units_are_added_as_in_java(start: str, amount: int, unit: str, end: str) -> None:
    assert shown(at(start).plus(amount, unit)) == end


def test_small_units_carry_into_the_second() -> None:
    start = at("2024-03-05T07:08:09.999999999Z")
    assert (start.plus(1, "NANOS").second, start.plus(1, "NANOS").nano) == (10, 0)
    assert start.plus(-1, "MILLIS").nano == 998_999_999


@pytest.mark.parametrize("unit", ["FOREVER", "days", "DAY", "NOPE", ""])
def test_an_unknown_unit_is_refused(unit: str) -> None:
    with pytest.raises(EvaluationError, match="DAYS"):
        at("2024-03-05").plus(1, unit)


@pytest.mark.parametrize("unit", ["YEARS", "DAYS", "SECONDS", "MILLENNIA"])
def test_leaving_the_range_of_years_is_an_error(unit: str) -> None:
    with pytest.raises(EvaluationError, match="out of range"):
        at("2024-03-05").plus(10**18, unit)


def test_there_are_two_eras_only() -> None:
    with pytest.raises(EvaluationError, match="eras"):
        at("2024-03-05").plus(1, "ERAS")


def test_rules_of_a_zone_hold_beyond_the_years_of_python() -> None:
    assert shown(at("+12024-07-01T12:00:00", "Europe/Paris")) == "12024-07-01 12:00:00 +02:00"
    assert at("-0044-03-15T12:00:00", "Europe/Paris").offset == 561


def test_another_zone_shows_the_same_instant() -> None:
    moment = at("2024-03-05T23:30:00Z").in_zone(zone_of("Asia/Tokyo"))
    assert shown(moment) == "2024-03-06 08:30:00 +09:00"
    assert moment.in_zone(REGION_UTC).epoch_second == moment.epoch_second


def test_weekdays_and_days_of_the_year_are_counted_from_one() -> None:
    assert (at("2024-03-05").weekday, at("2024-03-05").day_of_year) == (2, 65)
    assert (at("2023-12-31").weekday, at("2023-12-31").day_of_year) == (7, 365)
