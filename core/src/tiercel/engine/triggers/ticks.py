"""When a scheduled trigger is due: pure, like `reduce`.

A trigger says on which dates it *could* start an execution; here its conditions, dates that were
missed while nothing ran, delays and backfills are taken into account. What is decided is told, not
done: the scheduler writes it, together with the execution, in one transaction.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tiercel._record import record
from tiercel.errors import TiercelError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tiercel.plugin.trigger import ConditionContext, ScheduledTrigger

__all__ = ["ON_TIME", "Dates", "Due", "due"]

ON_TIME = timedelta(seconds=10)
"""A date that is noticed later than this was missed, and `recoverMissedSchedules` applies."""

_FARTHEST_YEARS = 10
"""How far to look for a date on which the conditions hold (Kestra's own limit)."""
_MOST_DATES = 10_000
"""How many dates to look at; the last of them is then looked at when it comes."""
_MOMENT = timedelta(microseconds=1)


@record
class Due:
    """What becomes of a date that has come.

    Attributes:
        date: the date to start an execution for; None to start none.
        following: when the trigger is due next; None when it never is.
    """

    date: datetime | None
    following: datetime | None


class Dates:
    """The dates of a trigger on which its conditions hold, as far as the dates decide that.

    Args:
        trigger: says which dates there are.
        context: date → what the trigger and its conditions may look at.
    """

    def __init__(
        self, trigger: ScheduledTrigger, context: Callable[[datetime], ConditionContext]
    ) -> None:
        self._trigger = trigger
        self._context = context
        self._conditions = [each for each in trigger.all_conditions() if each.is_about_dates()]

    def after(self, moment: datetime) -> datetime | None:
        """Return the first such date strictly after a moment, or None."""
        return self._search(moment, self._trigger.next_date)

    def before(self, moment: datetime) -> datetime | None:
        """Return the last such date strictly before a moment, or None."""
        return self._search(moment, self._trigger.previous_date)

    def _search(
        self,
        begin: datetime,
        step: Callable[[datetime, ConditionContext], datetime | None],
    ) -> datetime | None:
        date = step(begin, self._context(begin))
        for _ in range(_MOST_DATES if self._conditions else 0):
            if date is None or abs(date.year - begin.year) > _FARTHEST_YEARS:
                return None
            context = self._context(date)
            try:
                if all(condition.holds(context) for condition in self._conditions):
                    break
            except TiercelError:  # told when the date comes, by an execution that fails
                break
            date = step(date, context)
        return date


def due(trigger: ScheduledTrigger, dates: Dates, planned: datetime, now: datetime) -> Due:
    """Return what becomes of a date that was planned, and has come or passed.

    Args:
        trigger: its policies count.
        dates: its dates.
        planned: when it was due: not after `now`.
        now: the time.
    """
    date: datetime | None = planned
    if now - planned > ON_TIME:
        date = _recovered(trigger, dates, planned, now)
    delay = trigger.maximum_delay()
    if date is not None and delay is not None and now - date > delay:
        date = dates.after(now - delay - _MOMENT)
    if date is None or date > now:
        return Due(None, dates.after(now) if date is None else date)
    return Due(date, dates.after(date))


def _recovered(
    trigger: ScheduledTrigger, dates: Dates, planned: datetime, now: datetime
) -> datetime | None:
    """Return which of the missed dates comes next, or None to let them all go."""
    match trigger.recover_missed_schedules:
        case "NONE":
            return None
        case "LAST":
            last = dates.before(now + _MOMENT)
            return planned if last is None else max(last, planned)
    return planned
