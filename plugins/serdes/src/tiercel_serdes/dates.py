"""Dates and times as text, and texts as dates, by patterns of Java's `DateTimeFormatter`."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, tzinfo
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tiercel.plugin import ExpressionError, RunContext, TaskError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["DateReader", "DateStyle", "iso_text", "zone_of"]

_DATE = "yyyy-MM-dd"
_TIME = "HH:mm:ss[XXX]"
_DATE_TIME = "yyyy-MM-dd'T'HH:mm:ss.SSS[XXX]"


class DateStyle:
    """How dates are written. The default patterns are quick; others are the `date` filter's work.

    Args:
        ctx: renders.
        date: pattern of dates.
        time: pattern of times.
        date_time: pattern of timestamps.
        zone: the time zone that timestamps are written in.
    """

    def __init__(self, ctx: RunContext, *, date: str, time: str, date_time: str, zone: str) -> None:
        self._ctx = ctx
        self._date = date
        self._time = time
        self._date_time = date_time
        self._zone_name = zone
        self._zone = zone_of(zone)

    def date(self, value: date) -> str:
        """Return a date as text."""
        if self._date == _DATE:
            return value.isoformat()
        return self._formatted(value.isoformat(), self._date)

    def time(self, value: time) -> str:
        """Return a time of day as text."""
        if self._time == _TIME:
            return value.replace(microsecond=0).isoformat().replace("+00:00", "Z")
        moment = datetime.combine(date(1970, 1, 1), value, value.tzinfo or UTC)
        return self._formatted(moment, self._time)

    def moment(self, value: datetime) -> str:
        """Return a timestamp as text; one without a time zone is taken for UTC."""
        value = (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(self._zone)
        if self._date_time == _DATE_TIME:
            return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return self._formatted(value, self._date_time, self._zone_name)

    def _formatted(self, value: Any, pattern: str, zone: str = "UTC") -> str:
        variables = {"value": value, "pattern": pattern, "zone": zone}
        return self._ctx.render_text("{{ value | date(pattern, timeZone=zone) }}", variables)


class DateReader:
    """Reads dates and times. The default patterns are quick; others are the `date` filter's work.

    Args:
        ctx: renders.
        date: pattern of dates.
        time: pattern of times.
        date_time: pattern of timestamps.
        zone: the time zone of timestamps that have none.
    """

    DATE = "yyyy-MM-dd[XXX]"
    TIME = "HH:mm[:ss][.SSSSSS][XXX]"
    DATE_TIME = "yyyy-MM-dd'T'HH:mm[:ss][.SSSSSS][XXX]"

    def __init__(self, ctx: RunContext, *, date: str, time: str, date_time: str, zone: str) -> None:
        self._ctx = ctx
        self._zone_name = zone
        self.zone = zone_of(zone)
        # A column has the same texts again and again.
        self.date = lru_cache(4096)(_iso_date if date == self.DATE else self._date(date))
        self.time = lru_cache(4096)(_iso_time if time == self.TIME else self._time(time))
        quick = date_time == self.DATE_TIME
        self.moment = lru_cache(4096)(self._iso_moment if quick else self._moment(date_time))

    def _iso_moment(self, text: str) -> datetime:
        if not _ISO_MOMENT.fullmatch(text):
            raise ValueError(f"{text!r} is no {self.DATE_TIME}")
        moment = datetime.fromisoformat(text)
        return moment if moment.tzinfo else moment.replace(tzinfo=self.zone)

    def _date(self, pattern: str) -> Callable[[str], date]:
        return lambda text: self._read(text, pattern).date()

    def _time(self, pattern: str) -> Callable[[str], time]:
        # The filter wants a date.
        return lambda text: self._read(f"1970-01-01 {text}", f"yyyy-MM-dd {pattern}", "UTC").time()

    def _moment(self, pattern: str) -> Callable[[str], datetime]:
        return lambda text: self._read(text, pattern)

    def _read(self, text: str, pattern: str, zone: str = "") -> datetime:
        variables = {"text": text, "pattern": pattern, "zone": zone or self._zone_name}
        try:
            iso = self._ctx.render_text(_TO_ISO, variables)
        except ExpressionError as error:
            raise ValueError(f"{text!r} is no {pattern}") from error
        return datetime.fromisoformat(iso)


_TO_ISO = (
    """{{ text | date("yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX", """
    """existingFormat=pattern, timeZone=zone) }}"""
)
_OFFSET = r"(?:Z|[+-]\d\d:\d\d)?"
_CLOCK = r"\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?"
_ISO_DATE = re.compile(r"(\d{4}-\d\d-\d\d)" + _OFFSET, re.ASCII)
_ISO_TIME = re.compile(f"({_CLOCK}){_OFFSET}", re.ASCII)
_ISO_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT" + _CLOCK + _OFFSET, re.ASCII)


def _iso_date(text: str) -> date:
    match = _ISO_DATE.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no {DateReader.DATE}")
    return date.fromisoformat(match[1])


def _iso_time(text: str) -> time:
    match = _ISO_TIME.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no {DateReader.TIME}")
    return time.fromisoformat(match[1])


def iso_text(value: date | time, zone: tzinfo) -> str:
    """Return a date, time or timestamp in ISO 8601, with milliseconds or microseconds as needed.

    Args:
        value: a timestamp without a time zone stays without.
        zone: the time zone that other timestamps are written in.
    """
    if not isinstance(value, datetime | time):
        return value.isoformat()
    fine = "microseconds" if value.microsecond % 1000 else "milliseconds"
    if isinstance(value, time) or value.tzinfo is None:
        return value.isoformat(timespec=fine if value.microsecond else "seconds")
    return value.astimezone(zone).isoformat(timespec=fine).replace("+00:00", "Z")


def zone_of(name: str) -> tzinfo:
    """Return a time zone by its name.

    Raises:
        TaskError: there is none of that name.
    """
    try:
        return UTC if name in ("UTC", "Z") else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise TaskError(f"Unknown time zone {name!r}", retryable=False) from error
