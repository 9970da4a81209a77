"""Conditions on a date, which is the trigger's own if not said otherwise.

Source: the classes of the same names in Kestra 1.3; golden area `flows/condition`.
"""

from __future__ import annotations

import calendar
from collections.abc import Callable
from datetime import date as Day
from datetime import datetime
from typing import Any, ClassVar, Literal, TypeVar

from tiercel.plugin import Condition, ConditionContext, Example, Property, TaskError
from tiercel_triggers.conditions.forecast import decided_by_date
from tiercel_triggers.moments import Moment, OffsetTime, parse_day, parse_moment

__all__ = [
    "DateCondition",
    "DateTimeBetween",
    "DayWeek",
    "DayWeekInMonth",
    "TimeBetween",
    "Weekend",
]

T = TypeVar("T")

DayOfWeek = Literal["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"]
_DAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
_WEEKS = ("FIRST", "SECOND", "THIRD", "FOURTH")


class DateCondition(Condition):
    """A condition on a date."""

    date: Property[str] = Property("{{ trigger.date }}", str)
    """The date, in ISO 8601; may be an expression."""

    def moment(self, context: ConditionContext) -> datetime:
        """Return the date with its time and offset."""
        return self._read(context, parse_moment)

    def day(self, context: ConditionContext) -> Day:
        """Return the day of the date, at the place of its offset."""
        return self._read(context, parse_day)

    def is_about_dates(self) -> bool:
        """Return whether the date is the trigger's, as it is if not said otherwise."""
        return decided_by_date(self)

    def _read(self, context: ConditionContext, parse: Callable[[str], T]) -> T:
        try:
            return parse(context.render(self.date))
        except ValueError as error:
            raise TaskError(f"Invalid date of the condition: {error}", retryable=False) from error


class DateTimeBetween(DateCondition):
    """Holds when the date is after one moment, before another, or between the two."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Run every day of January 2030",
            """
            id: january
            namespace: company.team

            tasks:
              - id: hello
                type: io.kestra.plugin.core.log.Log
                message: Hello

            triggers:
              - id: daily
                type: io.kestra.plugin.core.trigger.Schedule
                cron: "@daily"
                conditions:
                  - type: io.kestra.plugin.core.condition.DateTimeBetween
                    after: "2029-12-31T23:59:59Z"
                    before: "2030-02-01T00:00:00Z"
            """,
        ),
    )

    after: Property[Moment] | None = None
    """The date must be after this moment, in ISO 8601 with an offset."""
    before: Property[Moment] | None = None
    """The date must be before this moment, in ISO 8601 with an offset."""

    def holds(self, context: ConditionContext) -> bool:
        """Compare the moments."""
        return _is_between(self.moment(context), self.after, self.before, context)


class TimeBetween(DateCondition):
    """Holds when the time of day is after one time, before another, or between the two."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Run every five minutes of the afternoon",
            """
            id: afternoon
            namespace: company.team

            tasks:
              - id: hello
                type: io.kestra.plugin.core.log.Log
                message: Hello

            triggers:
              - id: often
                type: io.kestra.plugin.core.trigger.Schedule
                cron: "*/5 * * * *"
                conditions:
                  - type: io.kestra.plugin.core.condition.TimeBetween
                    after: "16:00:00+02:00"
                    before: "20:00:00+02:00"
            """,
        ),
    )

    after: Property[OffsetTime] | None = None
    """The time must be after this one, in ISO 8601 with an offset."""
    before: Property[OffsetTime] | None = None
    """The time must be before this one, in ISO 8601 with an offset."""

    def holds(self, context: ConditionContext) -> bool:
        """Compare the times of day, each less its offset; a day does not wrap."""
        return _is_between(self.moment(context).timetz(), self.after, self.before, context)


class DayWeek(DateCondition):
    """Holds on one day of the week."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Run on Mondays",
            """
            id: mondays
            namespace: company.team

            tasks:
              - id: hello
                type: io.kestra.plugin.core.log.Log
                message: Hello

            triggers:
              - id: daily
                type: io.kestra.plugin.core.trigger.Schedule
                cron: "0 11 * * *"
                conditions:
                  - type: io.kestra.plugin.core.condition.DayWeek
                    dayOfWeek: MONDAY
            """,
        ),
    )

    day_of_week: Property[DayOfWeek]
    """The day of the week."""

    def holds(self, context: ConditionContext) -> bool:
        """Look at the date's day of the week."""
        return _DAYS[self.day(context).weekday()] == context.render(self.day_of_week)


class DayWeekInMonth(DateCondition):
    """Holds on, say, the first Monday or the last Friday of a month."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Run on the first Monday of the month",
            """
            id: first_mondays
            namespace: company.team

            tasks:
              - id: hello
                type: io.kestra.plugin.core.log.Log
                message: Hello

            triggers:
              - id: daily
                type: io.kestra.plugin.core.trigger.Schedule
                cron: "0 11 * * *"
                conditions:
                  - type: io.kestra.plugin.core.condition.DayWeekInMonth
                    dayOfWeek: MONDAY
                    dayInMonth: FIRST
            """,
        ),
    )

    day_of_week: Property[DayOfWeek]
    """The day of the week."""
    day_in_month: Property[Literal["FIRST", "LAST", "SECOND", "THIRD", "FOURTH"]]
    """Which of these days of the month."""

    def holds(self, context: ConditionContext) -> bool:
        """Look at the date's day of the week, and count the weeks."""
        day = self.day(context)
        if _DAYS[day.weekday()] != context.render(self.day_of_week):
            return False
        wanted = context.render(self.day_in_month)
        if wanted == "LAST":
            return day.day + 7 > calendar.monthrange(day.year, day.month)[1]
        return (day.day - 1) // 7 == _WEEKS.index(wanted)


class Weekend(DateCondition):
    """Holds on Saturdays and Sundays."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Run on Saturdays and Sundays",
            """
            id: weekends
            namespace: company.team

            tasks:
              - id: hello
                type: io.kestra.plugin.core.log.Log
                message: Hello

            triggers:
              - id: daily
                type: io.kestra.plugin.core.trigger.Schedule
                cron: "0 11 * * *"
                conditions:
                  - type: io.kestra.plugin.core.condition.Weekend
            """,
        ),
    )

    def holds(self, context: ConditionContext) -> bool:
        """Look at the date's day of the week."""
        return self.day(context).weekday() >= 5


def _is_between(
    value: Any,
    after: Property[Any] | None,
    before: Property[Any] | None,
    context: ConditionContext,
) -> bool:
    if after is None and before is None:
        raise TaskError("Invalid condition with no before nor after", retryable=False)
    return (after is None or value > context.render(after)) and (
        before is None or value < context.render(before)
    )
