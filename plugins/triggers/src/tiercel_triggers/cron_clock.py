"""The date that follows another across a change of the clock, found as Kestra's library finds it.

The clock of the zone is set forward from a moment until every field matches: month and day by the
calendar, then hours, minutes and seconds as they pass. So an hour of which the clock leaves out a
part (Lord Howe's change is half an hour) fires only when the hours that pass happen to end in it.

Source of behaviour: cron-utils 9.2.1; golden data `schedule/dates.jsonl`.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import MAXYEAR, UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Any, NamedTuple

__all__ = ["following"]

_SECOND = timedelta(seconds=1)
_HOUR = timedelta(hours=1)
_YEARS = 100
"""How far to look for a date; 29 February on a given day of the week is never rarer."""


class _Fields(NamedTuple):
    """The values of a plain expression's fields, in order; None for days that are not limited."""

    seconds: tuple[int, ...]
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...] | None
    months: tuple[int, ...]
    weekdays: tuple[int, ...] | None

    def days_of(self, year: int, month: int) -> list[int]:
        """Return the days of a month; days of the month and of the week are or-ed."""
        first, length = monthrange(year, month)
        every = range(1, length + 1)
        if self.weekdays is None:
            return [day for day in every if self.days is None or day in self.days]
        # `monthrange` calls Monday 0, cron calls Sunday 0.
        weekdays = [day for day in every if (first + day) % 7 in self.weekdays]
        return weekdays if self.days is None else sorted({*weekdays, *self.days} & {*every})


@lru_cache(maxsize=1024)
def _fields(expression: str) -> _Fields:
    values = [
        None if field == "*" else tuple(map(int, field.split(","))) for field in expression.split()
    ]
    seconds, minutes, hours, days, months, weekdays = values
    sixty = tuple(range(60))
    return _Fields(
        seconds or sixty,
        minutes or sixty,
        hours or tuple(range(24)),
        days,
        months or tuple(range(1, 13)),
        weekdays,
    )


class _Clock(NamedTuple):
    """What the clock of a zone shows at a moment.

    Attributes:
        wall: the time it shows.
        offset: by how much it is ahead of UTC.
        zone: the zone.
    """

    wall: datetime
    offset: timedelta
    zone: tzinfo

    @classmethod
    def at(cls, moment: datetime, zone: tzinfo) -> _Clock:
        """Return the clock at a moment in UTC."""
        local = moment.replace(tzinfo=UTC).astimezone(zone)
        return cls(local.replace(tzinfo=None, fold=0), local.utcoffset() or timedelta(), zone)

    def moment(self) -> datetime:
        """Return the moment in UTC."""
        return (self.wall - self.offset).replace(tzinfo=UTC)

    def later(self, time: timedelta) -> _Clock:
        """Return the clock after some time has passed."""
        return _Clock.at(self.moment() + time, self.zone)

    def shows(self, wall: datetime) -> _Clock:
        """Set the clock: of a time that comes twice the one with its offset is meant.

        A time that is left out becomes the one as much later as the clock is set forward.
        """
        first = wall.replace(tzinfo=self.zone).utcoffset() or timedelta()
        second = wall.replace(tzinfo=self.zone, fold=1).utcoffset() or timedelta()
        if first < second:
            return _Clock(wall + second - first, second, self.zone)
        return _Clock(wall, second if self.offset == second else first, self.zone)


def following(expression: str, moment: datetime, zone: tzinfo) -> datetime | None:
    """Return the first date after a moment, both in UTC; None when there is none.

    Args:
        expression: a plain expression, as `cron_syntax.parse` gives them.
        moment: where to begin, exclusive.
        zone: whose clock counts.
    """
    fields, start = _fields(expression), _Clock.at(moment, zone)
    try:
        found = _closest(fields, start)
        if found is not None and found.moment() == moment:
            found = _closest(fields, start.later(_SECOND))
            if found is not None and _is_second_pass(fields, start, found):
                found = _closest(fields, start.later(_SECOND + _HOUR))
    except OverflowError:  # after the year 9999
        return None
    return found.moment() if found else None


def _is_second_pass(fields: _Fields, start: _Clock, found: _Clock) -> bool:
    """Whether a date follows another only because the clock was set back between them."""
    if found.offset >= start.offset:
        return False
    after = _closest(fields, found.later(_SECOND))
    return after is not None and after.moment() - found.moment() >= 2 * _HOUR


def _closest(fields: _Fields, clock: _Clock) -> _Clock | None:
    """Return the first clock from this one on whose fields all match; None when none does."""
    last_year = clock.wall.year + _YEARS
    following: _Clock | None = clock
    while following is not None and following.wall.year <= last_year:
        clock = following
        wall = clock.wall
        if wall.month not in fields.months:
            following = _at_month(fields, clock)
        elif wall.day not in (days := fields.days_of(wall.year, wall.month)):
            following = _at_day(fields, clock, days)
        elif wall.hour not in fields.hours:
            following = _passed(clock, fields.hours, "hour")
        elif wall.minute not in fields.minutes:
            following = _passed(clock, fields.minutes, "minute")
        elif wall.second not in fields.seconds:
            following = _passed(clock, fields.seconds, "second")
        else:
            return clock
    return None


def _at_month(fields: _Fields, clock: _Clock) -> _Clock:
    """Set the clock to the first date of the next month that matches."""
    wall = clock.wall
    month = next((month for month in fields.months if month > wall.month), None)
    if month is None:
        if wall.year == MAXYEAR:
            raise OverflowError("There is no date after the year 9999")
        clock = _midnight(clock)
        return clock.shows(clock.wall.replace(month=1, day=1)).shows(datetime(wall.year + 1, 1, 1))
    days = fields.days_of(wall.year, month)
    if not days:
        return _next_month(clock)
    last = monthrange(wall.year, month)[1]
    clock = clock.shows(wall.replace(month=month, day=min(wall.day, last), microsecond=0))
    return _first_time(fields, clock.shows(clock.wall.replace(day=days[0])))


def _at_day(fields: _Fields, clock: _Clock, days: list[int]) -> _Clock:
    """Set the clock to the first time of the next day that matches, or to the next month."""
    if not days:
        return _next_month(clock)
    day = next((day for day in days if day > clock.wall.day), None)
    if day is None:
        clock = _midnight(clock)
        return _next_month(clock.shows(clock.wall.replace(day=1)))
    return _first_time(fields, clock.shows(clock.wall.replace(day=day, microsecond=0)))


def _first_time(fields: _Fields, clock: _Clock) -> _Clock:
    hour, minute, second = fields.hours[0], fields.minutes[0], fields.seconds[0]
    return clock.shows(clock.wall.replace(hour=hour, minute=minute, second=second))


def _midnight(clock: _Clock) -> _Clock:
    return clock.shows(clock.wall.replace(hour=0, minute=0, second=0, microsecond=0))


def _next_month(clock: _Clock) -> _Clock:
    clock = _midnight(clock)
    first = clock.wall.replace(day=1)
    return clock.shows((first + timedelta(days=31)).replace(day=1))


_UNITS: dict[str, tuple[timedelta, int, dict[str, Any]]] = {
    "hour": (_HOUR, 24, {"minute": 0, "second": 0, "microsecond": 0}),
    "minute": (timedelta(minutes=1), 60, {"second": 0, "microsecond": 0}),
    "second": (_SECOND, 60, {"microsecond": 0}),
}


def _passed(clock: _Clock, values: tuple[int, ...], unit: str) -> _Clock | None:
    """Let hours, minutes or seconds pass until they match; cut off what is smaller."""
    length, size, cut = _UNITS[unit]
    now = getattr(clock.wall, unit)
    steps = min((value - now) % size for value in values)
    found = clock.later(steps * length)
    if found.offset != clock.offset:
        for steps in range(1, 2 * size):
            found = clock.later(steps * length)
            if getattr(found.wall, unit) in values:
                break
        else:
            return None
    return found.shows(found.wall.replace(**cut))
