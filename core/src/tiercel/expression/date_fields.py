"""What the fields of a date pattern are worth at a moment, by name.

Names are those of the nodes in `date_pattern`. Weeks follow the locale's rules (`local_`, `week_`)
or ISO-8601 (`iso_`); the arithmetic is that of `java.time.temporal.WeekFields`.

This module knows nothing of templates.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from tiercel.expression.moment import Moment, epoch_day, is_leap

__all__ = ["FIELDS", "ISO_WEEKS", "WeekRules", "week_and_year", "week_of_month", "week_start"]

_MODIFIED_JULIAN_EPOCH = 40_587


class WeekRules(Protocol):
    """How a locale counts weeks; `Names` is one."""

    @property
    def first_weekday(self) -> int:
        """The day a week starts with, Monday 1 to Sunday 7."""

    @property
    def minimal_days(self) -> int:
        """How many days of the year its first week must have."""


class _IsoWeeks:
    first_weekday = 1
    minimal_days = 4


ISO_WEEKS: WeekRules = _IsoWeeks()


def _local_day_of_week(moment: Moment, rules: WeekRules) -> int:
    return (moment.weekday - rules.first_weekday) % 7 + 1


def week_start(day: int, weekday: int, rules: WeekRules) -> int:
    """Return how many days before day 1 its first week starts; negative when after.

    Args:
        day: a day counted from 1.
        weekday: the local day of the week that it falls on.
        rules: where weeks start, and which is the first.
    """
    start = (day - weekday) % 7
    return 7 - start if start + 1 > rules.minimal_days else -start


def week_of_month(moment: Moment, rules: WeekRules) -> int:
    """Return the week of the month, from 0."""
    start = week_start(moment.day, _local_day_of_week(moment, rules), rules)
    return (7 + start + moment.day - 1) // 7


def week_and_year(moment: Moment, rules: WeekRules) -> tuple[int, int]:
    """Return the week-based year and the week in it."""
    year, day = moment.year, moment.day_of_year
    start = week_start(day, _local_day_of_week(moment, rules), rules)
    week = (7 + start + day - 1) // 7
    length = 366 if is_leap(year) else 365
    last = (7 + start + length + rules.minimal_days - 1) // 7
    if week == 0:
        # The days belong to the last week of the year before.
        december = epoch_day(year, 1, 1) - 1
        return week_and_year(Moment.of_local(december, 0, 0, moment.zone), rules)
    if week >= last:
        return year + 1, week - last + 1
    return year, week


Field = Callable[[Moment, WeekRules], int]

FIELDS: dict[str, Field] = {
    "era": lambda moment, rules: int(moment.year > 0),
    "year": lambda moment, rules: moment.year,
    "year_of_era": lambda moment, rules: moment.year if moment.year > 0 else 1 - moment.year,
    "quarter": lambda moment, rules: (moment.month + 2) // 3,
    "month": lambda moment, rules: moment.month,
    "day": lambda moment, rules: moment.day,
    "day_of_year": lambda moment, rules: moment.day_of_year,
    "day_of_week": lambda moment, rules: moment.weekday,
    "local_day_of_week": _local_day_of_week,
    "week_of_month_aligned": lambda moment, rules: (moment.day - 1) // 7 + 1,
    "week_of_month": week_of_month,
    "week": lambda moment, rules: week_and_year(moment, rules)[1],
    "week_year": lambda moment, rules: week_and_year(moment, rules)[0],
    "iso_week": lambda moment, rules: week_and_year(moment, ISO_WEEKS)[1],
    "iso_week_year": lambda moment, rules: week_and_year(moment, ISO_WEEKS)[0],
    "julian_day": lambda moment, rules: moment.epoch_day + _MODIFIED_JULIAN_EPOCH,
    "am_pm": lambda moment, rules: moment.hour // 12,
    "hour": lambda moment, rules: moment.hour,
    "clock_hour": lambda moment, rules: moment.hour or 24,
    "hour_of_half": lambda moment, rules: moment.hour % 12,
    "clock_hour_of_half": lambda moment, rules: moment.hour % 12 or 12,
    "minute": lambda moment, rules: moment.minute,
    "second": lambda moment, rules: moment.second,
    "nano": lambda moment, rules: moment.nano,
    "milli_of_day": lambda moment, rules: moment.second_of_day * 1000 + moment.nano // 1_000_000,
    "nano_of_day": lambda moment, rules: moment.second_of_day * 1_000_000_000 + moment.nano,
}
"""Field name → value at a moment under a locale's week rules."""
