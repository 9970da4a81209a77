"""What the fields read from a text mean together, in Java's `SMART` or `STRICT` resolver style.

The day of a month may be 31 in any month and is taken as the last one; 24:00 is the next midnight;
everything else must exist. Fields that say the same thing twice must agree: a Monday has to be one.
A text without a full time of day still gives a date, at the start of the day.

This module knows nothing of templates.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import tzinfo

from tiercel.errors import EvaluationError
from tiercel.expression.date_fields import FIELDS, ISO_WEEKS, WeekRules, week_of_month, week_start
from tiercel.expression.moment import (
    NANOS_PER_SECOND,
    Moment,
    civil,
    days_in_month,
    epoch_day,
    is_leap,
)
from tiercel.expression.zones import MAX_OFFSET, REGION_UTC, fixed_offset

__all__ = ["Parsed", "resolve"]

Fields = dict[str, int]

_RANGES = {
    "era": (0, 1),
    "year": (-999_999_999, 999_999_999),
    "year_of_era": (1, 1_000_000_000),
    "week_year": (-999_999_999, 999_999_999),
    "quarter": (1, 4),
    "month": (1, 12),
    "day": (1, 31),
    "day_of_year": (1, 366),
    "day_of_week": (1, 7),
    "local_day_of_week": (1, 7),
    "week_of_month_aligned": (1, 5),
    "week_of_month": (0, 6),
    "week": (1, 53),
    "iso_week": (1, 53),
    "am_pm": (0, 1),
    "hour": (0, 24),
    "clock_hour": (0, 24),
    "hour_of_half": (0, 11),
    "clock_hour_of_half": (0, 12),
    "minute": (0, 59),
    "second": (0, 59),
    "nano": (0, NANOS_PER_SECOND - 1),
    "milli_of_day": (0, 86_400_000 - 1),
    "nano_of_day": (0, 86_400 * NANOS_PER_SECOND - 1),
}
_TIME_FIELDS = frozenset(
    {
        *("am_pm", "hour", "clock_hour", "hour_of_half", "clock_hour_of_half"),
        *("minute", "second", "nano", "milli_of_day", "nano_of_day"),
    }
)


@dataclass(slots=True)
class Parsed:
    """What a text says.

    Attributes:
        fields: field name → value, names as in `date_fields`, and `offset` in seconds.
        zone: the zone that it names, or None.
        instant: the instant that it gives as a whole, or None.
    """

    fields: Fields = field(default_factory=dict)
    zone: tzinfo | None = None
    instant: Moment | None = None

    def copy(self) -> Parsed:
        """Return an independent copy."""
        return replace(self, fields=dict(self.fields))


def resolve(
    parsed: Parsed, text: str, rules: WeekRules, zone: tzinfo, *, strict: bool = False
) -> Moment:
    """Return the moment that the fields give; `zone` is used when they name none.

    With `strict`, a day that its month does not have and the time 24:00 are refused.

    Raises:
        EvaluationError: they contradict each other, are out of range, or make no date.
    """
    if parsed.instant is not None:
        # Java reads an instant, but gets no zone from it to make a date of.
        raise EvaluationError(
            f"Text {text[:80]!r} is an instant without a zone, which makes no date"
        )
    fields = dict(parsed.fields)
    _check_ranges(fields, text)
    if strict and not _exists(fields):
        raise EvaluationError(f"Text {text[:80]!r} is no date: there is no such day or time")
    offset = fields.pop("offset", None)
    day = _day(fields, rules)
    if day is None:
        raise EvaluationError(f"Text {text[:80]!r} has no complete date in this format")
    time = _time(fields)
    if time is not None and time[0] == 86_400:
        day, time = day + 1, (0, 0)
    _cross_check(fields, day, time, rules, text)
    if time is None:
        return Moment.of_local(day, 0, 0, zone)
    second, nano = time
    if offset is not None:
        if abs(offset) > MAX_OFFSET:
            raise EvaluationError(f"Text {text[:80]!r} is no date: its offset exceeds 18 hours")
        target = parsed.zone or fixed_offset(offset)
        return Moment.of_epoch(day * 86_400 + second - offset, nano, target)
    return Moment.of_local(day, second, nano, parsed.zone or zone)


def _check_ranges(fields: Fields, text: str) -> None:
    for name, value in fields.items():
        low, high = _RANGES.get(name, (value, value))
        if not low <= value <= high:
            raise EvaluationError(
                f"Text {text[:80]!r} is no date: {name.replace('_', ' ')} {value} "
                f"is not between {low} and {high}"
            )


def _exists(fields: Fields) -> bool:
    if fields.get("hour") == 24:
        return False
    year, month, day = (fields.get(name) for name in ("year", "month", "day"))
    if year is None or month is None or day is None:
        return True
    return day <= days_in_month(year, month)


def _conflict(name: str) -> EvaluationError:
    return EvaluationError(f"The date says two different things about its {name}")


def _add(fields: Fields, name: str, value: int) -> None:
    if fields.setdefault(name, value) != value:
        raise _conflict(name)


def _day(fields: Fields, rules: WeekRules) -> int | None:
    """The epoch day, taking the fields that give it out of `fields`; None when too few."""
    _resolve_year(fields)
    if "local_day_of_week" in fields:
        local = fields.pop("local_day_of_week")
        _add(fields, "day_of_week", (local - 1 + rules.first_weekday - 1) % 7 + 1)
    if "julian_day" in fields:
        return fields.pop("julian_day") - 40_587
    if "year" in fields:
        found = _day_of_year(fields, rules)
        if found is not None:
            return found
    for prefix, week_rules in (("", rules), ("iso_", ISO_WEEKS)):
        names = (f"{prefix}week_year", f"{prefix}week", "day_of_week")
        if all(name in fields for name in names):
            year, week, weekday = (fields.pop(name) for name in names)
            return _day_of_week(year, week, weekday, week_rules)
    return None


def _resolve_year(fields: Fields) -> None:
    of_era = fields.pop("year_of_era", None)
    if of_era is None:
        return
    era = fields.pop("era", None)
    if era is None:
        known = fields.get("year")
        era = int(known is None or known > 0)
    _add(fields, "year", of_era if era else 1 - of_era)


def _day_of_year(fields: Fields, rules: WeekRules) -> int | None:
    year = fields["year"]
    if "month" in fields and "day" in fields:
        month, day = fields.pop("month"), fields.pop("day")
        return epoch_day(fields.pop("year"), month, min(day, days_in_month(year, month)))
    if "month" in fields and "day_of_week" in fields:
        for name in ("week_of_month", "week_of_month_aligned"):
            if name in fields:
                return _day_of_month_week(fields, name, rules)
    if "day_of_year" in fields:
        day = fields.pop("day_of_year")
        if day == 366 and not is_leap(year):
            raise EvaluationError(f"Year {year} has no day 366")
        return epoch_day(fields.pop("year"), 1, 1) + day - 1
    return None


def _day_of_month_week(fields: Fields, name: str, rules: WeekRules) -> int:
    """The day of a month's n-th week, by the locale's weeks or counted from the first day."""
    week, weekday = fields.pop(name), fields.pop("day_of_week")
    first = epoch_day(fields.pop("year"), fields.pop("month"), 1)
    start = Moment.of_local(first, 0, 0, REGION_UTC)
    if name == "week_of_month_aligned":
        return first + (weekday - start.weekday) % 7 + (week - 1) * 7
    weeks = week - week_of_month(start, rules)
    local = (weekday - rules.first_weekday) % 7 - (start.weekday - rules.first_weekday) % 7
    return first + weeks * 7 + local


def _day_of_week(year: int, week: int, weekday: int, rules: WeekRules) -> int:
    """The day of a week-based year; a 53rd week that it lacks is taken as its last."""
    first = epoch_day(year, 1, 1)
    before = week_start(1, ((first + 3) % 7 + 1 - rules.first_weekday) % 7 + 1, rules)
    length = 366 if is_leap(year) else 365
    last = (7 + before + length + rules.minimal_days - 1) // 7 - 1
    return first - before + (min(week, last) - 1) * 7 + (weekday - rules.first_weekday) % 7


def _time(fields: Fields) -> tuple[int, int] | None:
    """Second of the day and nanosecond; None when the hour, or a part between, is missing."""
    _resolve_hours(fields)
    if "nano_of_day" in fields:
        return divmod(fields.pop("nano_of_day"), NANOS_PER_SECOND)
    if "milli_of_day" in fields:
        second, milli = divmod(fields.pop("milli_of_day"), 1000)
        nano = fields.pop("nano", milli * 1_000_000)
        if nano // 1_000_000 != milli:
            raise _conflict("milliseconds")
        return second, nano
    if "hour" not in fields:
        return _middle_of_half(fields)
    return _time_of_hour(fields)


def _time_of_hour(fields: Fields) -> tuple[int, int] | None:
    hour, minute = fields["hour"], fields.get("minute")
    second, nano = fields.get("second"), fields.get("nano")
    if (minute is None and (second is not None or nano is not None)) or (
        second is None and nano is not None
    ):
        return None
    for name in ("hour", "minute", "second", "nano"):
        fields.pop(name, None)
    total = hour * 3600 + (minute or 0) * 60 + (second or 0)
    if hour == 24 and (total > 86_400 or nano):
        raise EvaluationError("There is no time of day after 24:00")
    return total, nano or 0


def _middle_of_half(fields: Fields) -> tuple[int, int] | None:
    """The time that AM or PM alone stands for, 6 or 18 o'clock."""
    if "am_pm" not in fields or fields.keys() & {"minute", "second", "nano", "hour_of_half"}:
        return None
    return (fields.pop("am_pm") * 12 + 6) * 3600, 0


def _resolve_hours(fields: Fields) -> None:
    if "clock_hour" in fields:
        _add(fields, "hour", fields.pop("clock_hour") % 24)
    if "clock_hour_of_half" in fields:
        _add(fields, "hour_of_half", fields.pop("clock_hour_of_half") % 12)
    if "am_pm" in fields and "hour_of_half" in fields:
        _add(fields, "hour", fields.pop("am_pm") * 12 + fields.pop("hour_of_half"))


def _cross_check(
    fields: Fields, day: int, time: tuple[int, int] | None, rules: WeekRules, text: str
) -> None:
    """Whether fields that were not needed agree with the date and time the others gave."""
    second, nano = time or (0, 0)
    moment = Moment(*civil(day), second, nano, 0, REGION_UTC)
    for name, value in fields.items():
        if name not in FIELDS or (name in _TIME_FIELDS and time is None):
            continue
        actual = FIELDS[name](moment, rules)
        if actual != value:
            raise EvaluationError(
                f"Text {text[:80]!r} contradicts itself: its {name.replace('_', ' ')} is {value}, "
                f"but that of its date is {actual}"
            )
