from __future__ import annotations

from datetime import UTC, date, datetime, time

import pytest

from tiercel.model.moments import (
    instant_text,
    parse_date,
    parse_instant,
    parse_time,
    time_text,
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("2024-01-02T03:04:05Z", "2024-01-02T03:04:05.000000Z"),
        ("2024-01-02t03:04:05.1z", "2024-01-02T03:04:05.100000Z"),
        ("2024-01-02T03:04:05.123456789Z", "2024-01-02T03:04:05.123456Z"),
        ("2024-01-02T03:04:05+02:00", "2024-01-02T01:04:05.000000Z"),
        ("2024-01-01T00:00:00-05:30", "2024-01-01T05:30:00.000000Z"),
        ("0099-01-01T00:00:00Z", "0099-01-01T00:00:00.000000Z"),
    ],
)
def test_moments_are_kept_in_utc_with_microseconds(text: str, shown: str) -> None:
    assert instant_text(parse_instant(text)) == shown


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("2024-01-01 10:00", "could not be parsed at index 10"),
        ("2024-1-1T00:00:00Z", "could not be parsed at index 5"),
        ("2024-01-01T10:00Z", "could not be parsed at index 16"),
        ("2024-01-01T10:00:00", "could not be parsed at index 19"),
        ("2024-01-01T10:00:00Zx", "could not be parsed, unparsed text found at index 20"),
        ("2024-13-01T10:00:00Z", "Invalid value for MonthOfYear (valid values 1 - 12): 13"),
        ("2024-02-30T10:00:00Z", "Invalid date 'FEBRUARY 30'"),
        ("0001-01-01T00:00:00+01:00", "out of range"),
        ("٢٠٢٤-01-01T10:00:00Z", "could not be parsed at index 0"),
    ],
)
def test_what_is_no_moment_is_told_as_java_tells_it(text: str, reason: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse_instant(text)
    assert str(caught.value).startswith(f"Text '{text}' could not be parsed")
    assert str(caught.value).endswith(reason)


def test_times_of_day_may_leave_out_seconds() -> None:
    assert parse_time("03:04") == time(3, 4)
    assert parse_time("03:04:05.5") == time(3, 4, 5, 500_000)


@pytest.mark.parametrize("text", ["3:04", "03", "03:04:", "03:04:05Z", "24:00"])
def test_other_times_of_day_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="could not be parsed"):
        parse_time(text)


def test_an_hour_out_of_range_names_its_field() -> None:
    with pytest.raises(ValueError, match=r"HourOfDay \(valid values 0 - 23\): 25"):
        parse_time("25:00:00")


def test_dates_are_read() -> None:
    assert parse_date("2024-02-29") == date(2024, 2, 29)


@pytest.mark.parametrize(
    ("value", "long", "short"),
    [
        (time(9), "09:00:00", "09:00"),
        (time(9, 0, 1), "09:00:01", "09:00:01"),
        (time(9, 0, 0, 120_000), "09:00:00.12", "09:00:00.12"),
    ],
)
def test_times_of_day_are_printed(value: time, long: str, short: str) -> None:
    assert (time_text(value), time_text(value, short=True)) == (long, short)


def test_a_moment_with_an_offset_is_printed_in_utc() -> None:
    assert instant_text(datetime(2024, 1, 1, tzinfo=UTC)) == "2024-01-01T00:00:00.000000Z"
