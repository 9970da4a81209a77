"""Dates, times of day and moments as `java.time` reads them, with its words for what is wrong.

`LocalDate.parse`, `LocalTime.parse` and `Instant.parse`, which Kestra reads inputs with. Golden
cases: `flows/inputs/bad_datetime`, `bad_time`.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta

__all__ = ["date_text", "instant_text", "parse_date", "parse_instant", "parse_time", "time_text"]

_Part = tuple[str, str]

_YEAR: _Part = ("year", r"\d{4}")
_DATE: tuple[_Part, ...] = (
    _YEAR,
    ("", "-"),
    ("MonthOfYear", r"\d\d"),
    ("", "-"),
    ("DayOfMonth", r"\d\d"),
)
_CLOCK: tuple[_Part, ...] = (("HourOfDay", r"\d\d"), ("", ":"), ("MinuteOfHour", r"\d\d"))
_SECONDS: tuple[_Part, ...] = (
    ("", ":"),
    ("SecondOfMinute", r"\d\d"),
    ("fraction", r"(?:\.\d{1,9})?"),
)
_OFFSET: tuple[_Part, ...] = (("offset", r"[Zz]|[+-]\d\d(?::\d\d(?::\d\d)?)?"),)
_INSTANT = (*_DATE, ("", "[Tt]"), *_CLOCK, *_SECONDS, *_OFFSET)

_RANGES = {
    "MonthOfYear": (1, 12, "1 - 12"),
    "DayOfMonth": (1, 31, "1 - 28/31"),
    "HourOfDay": (0, 23, "0 - 23"),
    "MinuteOfHour": (0, 59, "0 - 59"),
    "SecondOfMinute": (0, 59, "0 - 59"),
}
_MONTHS = (
    "JANUARY",
    "FEBRUARY",
    "MARCH",
    "APRIL",
    "MAY",
    "JUNE",
    "JULY",
    "AUGUST",
    "SEPTEMBER",
    "OCTOBER",
    "NOVEMBER",
    "DECEMBER",
)


def parse_date(text: str) -> date:
    """Read `2024-01-31`; raise `ValueError` otherwise."""
    return _date(text, _read(text, _DATE))


def parse_time(text: str) -> time:
    """Read `03:04`, `03:04:05` or `03:04:05.123456789`; raise `ValueError` otherwise.

    Digits beyond the microsecond are cut off.
    """
    seconds = _SECONDS if len(text) > 5 and text[5:6] == ":" else ()
    return _time(_read(text, (*_CLOCK, *seconds)))


def parse_instant(text: str) -> datetime:
    """Read `2024-01-31T03:04:05Z`, or with an offset, as a moment in UTC.

    Raises:
        ValueError: it is none, or lies outside the years 1 to 9999.
    """
    fields = _read(text, _INSTANT)
    moment = datetime.combine(_date(text, fields), _time(fields), UTC)
    try:
        return moment - _offset(fields["offset"])
    except OverflowError:
        raise ValueError(f"Text '{text}' could not be parsed: out of range") from None


def date_text(value: date) -> str:
    """Print a date: `2024-01-31`."""
    return value.isoformat()


def time_text(value: time, *, short: bool = False) -> str:
    """Print a time of day: `03:04:05.12`; `short` leaves out zero seconds, as Java does."""
    if short and not value.second and not value.microsecond:
        return value.strftime("%H:%M")
    text = value.strftime("%H:%M:%S")
    return f"{text}.{value.microsecond:06d}".rstrip("0") if value.microsecond else text


def instant_text(value: datetime) -> str:
    """Print a moment as executions keep it, in UTC: `2024-01-31T03:04:05.000000Z`."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ").rjust(27, "0")


def _read(text: str, parts: tuple[_Part, ...]) -> dict[str, str]:
    at = 0
    fields: dict[str, str] = {}
    for name, pattern in parts:
        match = re.compile(pattern, re.ASCII).match(text, at)
        if match is None:
            raise ValueError(f"Text '{text}' could not be parsed at index {at}")
        fields[name] = match[0]
        at = match.end()
    if at < len(text):
        raise ValueError(f"Text '{text}' could not be parsed, unparsed text found at index {at}")
    for name, (low, high, shown) in _RANGES.items():
        value = int(fields.get(name, low))
        if not low <= value <= high:
            raise ValueError(
                f"Text '{text}' could not be parsed: "
                f"Invalid value for {name} (valid values {shown}): {value}"
            )
    return fields


def _date(text: str, fields: dict[str, str]) -> date:
    month, day = int(fields["MonthOfYear"]), int(fields["DayOfMonth"])
    try:
        return date(int(fields["year"]), month, day)
    except ValueError:
        raise ValueError(
            f"Text '{text}' could not be parsed: Invalid date '{_MONTHS[month - 1]} {day}'"
        ) from None


def _time(fields: dict[str, str]) -> time:
    fraction = fields.get("fraction", "")[1:7].ljust(6, "0")
    return time(
        int(fields["HourOfDay"]),
        int(fields["MinuteOfHour"]),
        int(fields.get("SecondOfMinute", 0)),
        int(fraction),
    )


def _offset(text: str) -> timedelta:
    if text in "Zz":
        return timedelta()
    hours, minutes, seconds = (int(part) for part in f"{text[1:]}:00:00".split(":")[:3])
    offset = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    return -offset if text[0] == "-" else offset
