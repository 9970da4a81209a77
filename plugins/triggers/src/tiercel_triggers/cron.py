"""When a cron expression fires: its dates in a time zone, onwards and backwards.

A time that a spring night leaves out does not fire. One that an autumn night has twice fires on
both passes where minutes step (`*/30 * * * *`), once for a fixed hour (`30 2 * * *`). Which dates
follow each other is for `cron_clock` to say; `previous` finds what `next` does, with the help of
`cronsim` on the calendar.

Source of behaviour: cron-utils 9.2.1 as Kestra 1.3 sets it up; golden data `schedule/dates.jsonl`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from cronsim import CronSim, CronSimError

from tiercel_triggers import cron_syntax
from tiercel_triggers.cron_clock import following

__all__ = ["Cron"]

_SECOND = timedelta(seconds=1)
_HOUR = timedelta(hours=1)
_NIGHT = timedelta(hours=6)
"""A change of the clock disturbs no date that is further away from it."""


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
        found = [following(each, after.astimezone(UTC), zone) for each in self.expressions]
        return min((each.astimezone(zone) for each in found if each), default=None, key=_moment)

    def previous(self, before: datetime, zone: tzinfo) -> datetime | None:
        """Return the last date strictly before a moment, in `zone`; None when there is none."""
        found = [_preceding(each, before.astimezone(UTC), zone) for each in self.expressions]
        return max((each.astimezone(zone) for each in found if each), default=None, key=_moment)


def _moment(date: datetime) -> datetime:
    # Datetimes of one zone compare by the wall clock, which is not monotonous.
    return date.astimezone(UTC)


def _preceding(expression: str, moment: datetime, zone: tzinfo) -> datetime | None:
    """Return the last date before a moment in UTC."""
    try:
        found = _matching_before(expression, moment, zone)
        if found is None or not _changes(found - _NIGHT, moment, zone):
            return found
        # On such a night not all that matches fires, so the dates are asked for onwards.
        start = _matching_before(expression, found - _NIGHT, zone) or found - _NIGHT
        date, found = following(expression, start - _SECOND, zone), None
        while date is not None and date < moment:
            date, found = following(expression, date, zone), date
    except OverflowError:  # before the year 1
        return None
    return found


def _matching_before(expression: str, moment: datetime, zone: tzinfo) -> datetime | None:
    """Return a moment before another at which the clock matches; on most nights the last one."""
    local = moment.astimezone(zone)
    wall = local.replace(tzinfo=None, fold=0) + _SECOND - timedelta.resolution
    try:
        found = next(CronSim(expression, wall.replace(microsecond=0), reverse=True), None)
    except CronSimError:  # a day that no month has, such as 31 February
        return None
    if found is None:
        return None
    same = found.replace(tzinfo=zone, fold=local.fold).astimezone(UTC)
    return same if same < moment else _matching_before(expression, moment - _HOUR, zone)


def _changes(begin: datetime, end: datetime, zone: tzinfo) -> bool:
    """Whether the clock is changed between two moments less than a few days apart."""
    if end - begin > timedelta(days=2):
        return True
    return begin.astimezone(zone).utcoffset() != end.astimezone(zone).utcoffset()
