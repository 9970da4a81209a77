"""The trigger that follows a list of dates.

Source: Kestra 1.3's `ScheduleOnDates`; golden case `schedule/schedule_on_dates`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

from tiercel.plugin import ConditionContext, Example, Property, ScheduledTrigger, zone_of
from tiercel_triggers.moments import Moment

__all__ = ["ScheduleOnDates"]


class ScheduleOnDates(ScheduledTrigger):
    """Start an execution on each of some dates, which an execution sees as `trigger.date`."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Run on two days",
            """
            id: report
            namespace: company.team

            tasks:
              - id: hello
                type: io.kestra.plugin.core.log.Log
                message: "Report of {{ trigger.date }}"

            triggers:
              - id: some_days
                type: io.kestra.plugin.core.trigger.ScheduleOnDates
                timezone: Europe/Paris
                dates:
                  - "2030-01-01T10:00:00+01:00"
                  - "2030-03-31T12:00:00+02:00"
            """,
        ),
    )

    dates: Property[list[Moment]]
    """The dates, in any order, in ISO 8601 with an offset; what is below a second is cut off."""
    timezone: Property[str] = Property.of("UTC")
    """The zone in which executions see their date."""

    def next_date(self, after: datetime, context: ConditionContext) -> datetime | None:
        """Return the first of the dates after `after`, or None when all have passed."""
        later = [date for date in self._dates(context) if _moment(date) > after]
        return min(later, default=None, key=_moment)

    def previous_date(self, before: datetime, context: ConditionContext) -> datetime | None:
        """Return the last of the dates before `before`, or None when none has passed."""
        earlier = [date for date in self._dates(context) if _moment(date) < before]
        return max(earlier, default=None, key=_moment)

    def date_variables(
        self, date: datetime, previous: datetime | None, following: datetime | None
    ) -> Mapping[str, Any]:
        """Return the date alone, as Kestra does: an execution sees no `trigger.next`."""
        return {"date": date}

    def _dates(self, context: ConditionContext) -> list[datetime]:
        dates = context.render(self.dates)
        zone = zone_of(context.render(self.timezone))
        return [date.astimezone(zone).replace(microsecond=0) for date in dates]


def _moment(date: datetime) -> datetime:
    # Datetimes of one zone compare by the wall clock, which is not monotonous.
    return date.astimezone(UTC)
