"""The trigger that follows a cron expression.

Source: Kestra 1.3's `Schedule`; golden area `flows/schedule`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, ClassVar, Self

from pydantic import Field, field_validator, model_validator

from tiercel.plugin import (
    AnyCondition,
    Condition,
    ConditionContext,
    Duration,
    EvaluationError,
    Example,
    Flag,
    Output,
    ScheduledTrigger,
    Text,
    old_value,
    zone_of,
)
from tiercel_triggers.cron import Cron

__all__ = ["Schedule"]


class ScheduleOutput(Output):
    """What expressions find under `trigger`."""

    date: datetime | None = None
    """The date that the execution is for."""
    next: datetime | None = None
    """The date after it."""
    previous: datetime | None = None
    """The date before it."""


class Schedule(ScheduledTrigger):
    """Start an execution whenever a cron expression says so.

    An execution sees the date as `trigger.date`, and the dates before and after it as
    `trigger.previous` and `trigger.next`.
    """

    output_type: ClassVar[type[Output] | None] = ScheduleOutput
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Run every 15 minutes",
            """
            id: often
            namespace: company.team

            tasks:
              - id: hello
                type: io.kestra.plugin.core.log.Log
                message: "It is {{ trigger.date ?? execution.startDate }}"

            triggers:
              - id: every_15_minutes
                type: io.kestra.plugin.core.trigger.Schedule
                cron: "*/15 * * * *"
            """,
        ),
        Example(
            "Run every morning in Paris, until a run fails",
            """
            id: every_morning
            namespace: company.team

            tasks:
              - id: hello
                type: io.kestra.plugin.core.log.Log
                message: Good morning

            triggers:
              - id: morning
                type: io.kestra.plugin.core.trigger.Schedule
                cron: "30 6 * * *"
                timezone: Europe/Paris
                stopAfter: [FAILED]
            """,
        ),
        Example(
            "Run on the first Monday of the month",
            """
            id: monthly
            namespace: company.team

            tasks:
              - id: hello
                type: io.kestra.plugin.core.log.Log
                message: Hello

            triggers:
              - id: first_mondays
                type: io.kestra.plugin.core.trigger.Schedule
                cron: "0 11 * * 1"
                conditions:
                  - type: io.kestra.plugin.core.condition.DayWeekInMonth
                    dayOfWeek: MONDAY
                    dayInMonth: FIRST
            """,
        ),
    )

    cron: Text
    """Five fields: minute, hour, day of month, month, day of week; or `@hourly`, `@daily`, …"""
    with_seconds: Flag = False
    """Whether a sixth field, in front of the others, gives the seconds."""
    timezone: Text = "UTC"
    """Where the clock hangs that the expression is about, such as `Europe/Paris`."""
    late_maximum_delay: Duration | None = None
    """How late an execution may start; a date that is later than that is let go."""
    schedule_conditions: list[AnyCondition] | None = Field(
        default=None, deprecated="write `conditions`"
    )
    """An older name of `conditions`; both must hold."""
    backfill: dict[str, Any] | None = Field(default=None, deprecated="start backfills from outside")
    """Accepted for compatibility; backfills are started from outside."""

    @field_validator("timezone")
    @classmethod
    def _zone_is_known(cls, name: str) -> str:
        try:
            zone_of(name)
        except EvaluationError:
            raise ValueError(f"timezone '({name})' is not a valid time-zone ID") from None
        return name

    @model_validator(mode="after")
    def _cron_is_readable(self) -> Self:
        try:
            _read(self.cron, self.with_seconds)
        except ValueError as error:
            raise ValueError(f"invalid cron expression '{self.cron}': {error}") from None
        return self

    def all_conditions(self) -> tuple[Condition, ...]:
        """Return the conditions under either name."""
        return (*super().all_conditions(), *(old_value(self, "schedule_conditions") or ()))

    def maximum_delay(self) -> timedelta | None:
        """Return `lateMaximumDelay`."""
        return self.late_maximum_delay

    def next_date(self, after: datetime, context: ConditionContext) -> datetime | None:
        """Return the first date of the cron expression after `after`."""
        return _read(self.cron, self.with_seconds).next(after, zone_of(self.timezone))

    def previous_date(self, before: datetime, context: ConditionContext) -> datetime | None:
        """Return the last date of the cron expression before `before`."""
        return _read(self.cron, self.with_seconds).previous(before, zone_of(self.timezone))


@lru_cache(maxsize=4096)
def _read(cron: str, with_seconds: bool) -> Cron:
    return Cron.parse(cron, with_seconds=with_seconds)
