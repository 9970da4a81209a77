"""When a cron expression fires: its dates in a time zone, onwards and backwards.

A date is a moment at which the zone's wall clock matches. So a time that a spring night leaves out
does not fire, and what an autumn night has twice would fire twice: true for a stepping minute
field (`*/30 * * * *`), but not for a fixed hour (`30 2 * * *`). Kestra leaves out the second pass
when it comes within an hour and the next date is two hours away or more; so does this. Which dates
fire depends on nothing but the expression and the zone, so `previous` finds what `next` does.

`cronsim` does the calendar, on wall clock times without a zone.
Source of behaviour: cron-utils 9.2.1 as Kestra 1.3 sets it up; golden data `schedule/dates.jsonl`.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from cronsim import CronSim, CronSimError

from tiercel_triggers import cron_syntax

__all__ = ["Cron"]

_SECOND = timedelta(seconds=1)
_HOUR = timedelta(hours=1)
# No zone changes its offset twice within it, and no change is larger.
_WINDOW = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Cron:
    """A cron expression that has been read.

    Attributes:
        expressions: plain expressions, as `cron_syntax.parse` gives them; each fires by itself.
    """

    expressions: tuple[str, ...]

    @classmethod
    def parse(cls, text: str, *, with_seconds: bool = False) -> Cron:
        """Read an expression of five fields or, `with_seconds`, of six; or a nickname.

        Raises:
            ValueError: Kestra refuses it; says why.
        """
        return cls(cron_syntax.parse(text, with_seconds=with_seconds))

    def next(self, after: datetime, zone: tzinfo) -> datetime | None:
        """Return the first date strictly after a moment, in `zone`; None when there is none."""
        found = [_fires(each, after.astimezone(UTC), zone, _SECOND) for each in self.expressions]
        return min((each.astimezone(zone) for each in found if each), default=None, key=_moment)

    def previous(self, before: datetime, zone: tzinfo) -> datetime | None:
        """Return the last date strictly before a moment, in `zone`; None when there is none."""
        found = [_fires(each, before.astimezone(UTC), zone, -_SECOND) for each in self.expressions]
        return max((each.astimezone(zone) for each in found if each), default=None, key=_moment)


def _moment(date: datetime) -> datetime:
    # Datetimes of one zone compare by the wall clock, which is not monotonous.
    return date.astimezone(UTC)


def _fires(expression: str, moment: datetime, zone: tzinfo, step: timedelta) -> datetime | None:
    """Return the next date from a moment in UTC, exclusive, in the direction of `step`."""
    try:
        found = _match(expression, moment, zone, step)
        while found is not None and _is_second_pass(expression, found, zone):
            found = _match(expression, found, zone, step)
    except OverflowError:  # before the year 1, after the year 9999
        return None
    return found


def _is_second_pass(expression: str, found: datetime, zone: tzinfo) -> bool:
    """Whether a match only repeats one before the clock was set back."""
    if _offset(found - _HOUR, zone) <= _offset(found, zone):
        return False
    first = _match(expression, found, zone, -_SECOND)
    following = _match(expression, found, zone, _SECOND)
    return (
        first is not None
        and found - first <= _HOUR
        and _offset(first, zone) > _offset(found, zone)
        and (following is None or following - found >= 2 * _HOUR)
    )


def _match(expression: str, moment: datetime, zone: tzinfo, step: timedelta) -> datetime | None:
    """Return the next moment at which the zone's clock matches, in the direction of `step`.

    While the zone's offset stays the same the wall clock runs evenly, so the calendar can be asked;
    at a change of the offset it is asked anew.
    """
    forward = step > timedelta()
    begin = moment.replace(microsecond=0)
    if forward or not moment.microsecond:
        begin += step
    while True:
        offset = _offset(begin, zone)
        wall = _wall_match(expression, begin.replace(tzinfo=None) + offset, step)
        if wall is None:
            return None
        found = (wall - offset).replace(tzinfo=UTC)
        near = min(found, begin + _WINDOW) if forward else max(found, begin - _WINDOW)
        change = _change(begin, near, zone)
        if change is not None:
            begin = change
        elif near == found:
            return found
        else:
            # However the offset changed on the way, nothing matched but what is near `found`.
            begin = max(near, found - _WINDOW) if forward else min(near, found + _WINDOW)


def _wall_match(expression: str, begin: datetime, step: timedelta) -> datetime | None:
    """Return the next matching time of a clock without a zone from `begin` on, inclusive."""
    try:
        return next(CronSim(expression, begin - step, reverse=step < timedelta()), None)
    except CronSimError:  # a day that no month has, such as 31 February
        return None


def _change(begin: datetime, end: datetime, zone: tzinfo) -> datetime | None:
    """Return the moment nearest to `begin`, up to `end`, whose offset is another one, or None."""
    offset = _offset(begin, zone)
    if _offset(end, zone) == offset:
        return None
    seconds = int((end - begin).total_seconds())
    direction = 1 if seconds > 0 else -1

    def changed(after: int) -> bool:
        return _offset(begin + timedelta(seconds=direction * after), zone) != offset

    nearest = bisect_left(range(abs(seconds) + 1), True, key=changed)
    return begin + timedelta(seconds=direction * nearest)


def _offset(moment: datetime, zone: tzinfo) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta()
