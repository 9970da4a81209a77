"""Dates and times as text, by patterns of Java's `DateTimeFormatter`."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, tzinfo
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tiercel.plugin import RunContext, TaskError

if TYPE_CHECKING:
    from typing import Any

__all__ = ["DateStyle", "zone_of"]

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


def zone_of(name: str) -> tzinfo:
    """Return a time zone by its name.

    Raises:
        TaskError: there is none of that name.
    """
    try:
        return UTC if name in ("UTC", "Z") else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise TaskError(f"Unknown time zone {name!r}", retryable=False) from error
