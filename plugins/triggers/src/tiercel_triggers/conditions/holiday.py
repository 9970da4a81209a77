"""The condition on public holidays, which come from the library `holidays`."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, ClassVar

from tiercel.plugin import ConditionContext, Example, Property, TaskError
from tiercel_triggers.conditions.dates import DateCondition

if TYPE_CHECKING:
    from holidays import HolidayBase

__all__ = ["PublicHoliday"]

_LOCALE = ("LC_ALL", "LC_CTYPE", "LANG")


class PublicHoliday(DateCondition):
    """Holds on public holidays of a country, or of a part of it.

    Needs the library `holidays`, which `pip install tiercel` brings; by itself:
    `pip install tiercel-triggers[holidays]`.
    """

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Run on work days in France",
            """
            id: work_days
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
                  - type: io.kestra.plugin.core.condition.Not
                    conditions:
                      - type: io.kestra.plugin.core.condition.PublicHoliday
                        country: FR
                      - type: io.kestra.plugin.core.condition.Weekend
            """,
        ),
    )

    country: Property[str] | None = None
    """The country's code in ISO 3166-1, such as `FR`; that of the server's locale by default."""
    sub_division: Property[str] | None = None
    """The code of a part of the country in ISO 3166-2, such as `BY` for Bavaria."""

    def holds(self, context: ConditionContext) -> bool:
        """Look the day up in the country's calendar."""
        country = context.render(self.country).upper() if self.country else _own_country()
        part = context.render(self.sub_division).upper() if self.sub_division else None
        day = self.day(context)
        return day in _calendar(country, part, day.year)


def _own_country() -> str:
    """Return the country of the locale that the process was started with."""
    locale = next((os.environ[name] for name in _LOCALE if os.environ.get(name)), "")
    found = re.match(r"[a-z]{2,3}_([A-Z]{2})\b", locale)
    if found is None:
        raise TaskError(
            f"PublicHoliday needs a country, such as 'FR': the locale {locale!r} has none",
            retryable=False,
        )
    return found[1]


def _calendar(country: str, part: str | None, year: int) -> HolidayBase:
    try:
        import holidays
    except ImportError as error:
        raise TaskError(
            "PublicHoliday needs the library 'holidays': pip install tiercel-triggers[holidays]",
            retryable=False,
        ) from error
    try:
        return holidays.country_holidays(country, subdiv=part, years=year)
    except NotImplementedError as error:
        raise TaskError(f"No calendar of public holidays: {error}", retryable=False) from error
