"""A point in time in a zone, to the nanosecond and over Java's range of years.

Python's `datetime` ends at microseconds and at the years 1 and 9999; Kestra's dates do not. All
date filters compute with a `Moment`: the fields of Java's `ZonedDateTime`, its rules for local
times that a clock change skips or repeats, and its arithmetic (months clamp the day, days keep the
local time, hours do not).

This module knows nothing of templates.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone, tzinfo

from tiercel._record import record
from tiercel.errors import EvaluationError

__all__ = [
    "NANOS_PER_DAY",
    "NANOS_PER_SECOND",
    "Moment",
    "civil",
    "days_in_month",
    "epoch_day",
    "is_leap",
]

NANOS_PER_SECOND = 1_000_000_000
NANOS_PER_DAY = 86_400 * NANOS_PER_SECOND
MAX_YEAR = 999_999_999
_EPOCH = datetime(1970, 1, 1)
_CYCLE = 146_097  # days in 400 years, after which the calendar repeats
# Years that `datetime` holds, with one to spare on either side for offsets.
_FIRST_DAY = -719_162 + 366
_LAST_DAY = 2_932_896 - 366

_MONTH_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)

_EXACT_UNITS = {
    "NANOS": 1,
    "MICROS": 1_000,
    "MILLIS": 1_000_000,
    "SECONDS": NANOS_PER_SECOND,
    "MINUTES": 60 * NANOS_PER_SECOND,
    "HOURS": 3_600 * NANOS_PER_SECOND,
}
_DAY_UNITS = {"DAYS": 1, "WEEKS": 7}
_MONTH_UNITS = {"MONTHS": 1, "YEARS": 12, "DECADES": 120, "CENTURIES": 1_200, "MILLENNIA": 12_000}
UNITS = (*_EXACT_UNITS, "HALF_DAYS", *_DAY_UNITS, *_MONTH_UNITS, "ERAS", "FOREVER")


def is_leap(year: int) -> bool:
    """Whether the proleptic ISO year has a 29 February."""
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def days_in_month(year: int, month: int) -> int:
    """Return the length of a month in days."""
    return 29 if month == 2 and is_leap(year) else _MONTH_DAYS[month - 1]


def epoch_day(year: int, month: int, day: int) -> int:
    """Return the days from 1970-01-01 to a date of the proleptic ISO calendar."""
    # Years are counted from March, so that the leap day comes last.
    year -= month <= 2
    cycle, year_of_cycle = divmod(year, 400)
    day_of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    day_of_cycle = year_of_cycle * 365 + year_of_cycle // 4 - year_of_cycle // 100 + day_of_year
    return cycle * _CYCLE + day_of_cycle - 719_468


def civil(days: int) -> tuple[int, int, int]:
    """Return year, month and day of a count of days from 1970-01-01."""
    cycle, day = divmod(days + 719_468, _CYCLE)
    year = (day - day // 1_460 + day // 36_524 - day // 146_096) // 365
    day_of_year = day - (365 * year + year // 4 - year // 100)
    shifted = (5 * day_of_year + 2) // 153
    month = shifted + 3 if shifted < 10 else shifted - 9
    return (
        cycle * 400 + year + (month <= 2),
        month,
        day_of_year - (153 * shifted + 2) // 5 + 1,
    )


def _representable(local: int) -> datetime:
    """A `datetime` at which zone rules are the same as at `local` seconds from the epoch."""
    day, second = divmod(local, 86_400)
    if day < _FIRST_DAY:
        day = _FIRST_DAY  # long before any rule
    elif day > _LAST_DAY:
        day = (day - _LAST_DAY) % _CYCLE + _LAST_DAY - _CYCLE
    return _EPOCH + timedelta(days=day, seconds=second)


def _offset(zone: tzinfo, local: datetime) -> int:
    delta = zone.utcoffset(local)
    if delta is None:
        raise EvaluationError(f"Time zone {zone!r} has no offset")
    return int(delta.total_seconds())


def offset_at(zone: tzinfo, epoch_second: int) -> int:
    """Return the zone's offset in seconds at an instant."""
    if isinstance(zone, timezone):
        return _offset(zone, _EPOCH)
    utc = _representable(epoch_second).replace(tzinfo=UTC)
    return int((utc.astimezone(zone).utcoffset() or timedelta()).total_seconds())


def resolve_local(local: int, zone: tzinfo, preferred: int | None = None) -> tuple[int, int]:
    """Place local seconds in a zone: return them, moved out of a gap, with their offset.

    Of a repeated hour the first is meant, unless `preferred` is the offset of the second.
    """
    if isinstance(zone, timezone):
        return local, _offset(zone, _EPOCH)
    wall = _representable(local)
    before, after = _offset(zone, wall), _offset(zone, wall.replace(fold=1))
    if before < after:
        return local + after - before, after
    return local, after if preferred == after else before


@record
class Moment:
    """The fields of a `java.time.ZonedDateTime`.

    Attributes:
        year: proleptic ISO year; 0 is 1 BC.
        month: 1 to 12.
        day: 1 to 31.
        second_of_day: 0 to 86,399.
        nano: nanoseconds of the second.
        offset: seconds east of UTC.
        zone: the zone that gave the offset.
    """

    year: int
    month: int
    day: int
    second_of_day: int
    nano: int
    offset: int
    zone: tzinfo

    @classmethod
    def of_epoch(cls, second: int, nano: int, zone: tzinfo) -> Moment:
        """Return the moment `second` seconds after 1970-01-01T00:00Z."""
        offset = offset_at(zone, second)
        day, rest = divmod(second + offset, 86_400)
        year, month, day = civil(day)
        if not -MAX_YEAR <= year <= MAX_YEAR:
            raise EvaluationError(f"Year {year} is out of range")
        return cls(year, month, day, rest, nano, offset, zone)

    @classmethod
    def of_local(
        cls, day: int, second: int, nano: int, zone: tzinfo, preferred: int | None = None
    ) -> Moment:
        """Return the moment when clocks in `zone` show this epoch day and second of the day."""
        local, offset = resolve_local(day * 86_400 + second, zone, preferred)
        days, rest = divmod(local, 86_400)
        return cls(*civil(days), rest, nano, offset, zone)

    @classmethod
    def of_datetime(cls, value: datetime, nanosecond: int = 0) -> Moment:
        """Return an aware `datetime` as a moment; `nanosecond` adds what it cannot hold."""
        zone = value.tzinfo or UTC
        offset = _offset(zone, value.replace(tzinfo=None))
        second = value.hour * 3600 + value.minute * 60 + value.second
        nano = value.microsecond * 1000 + nanosecond
        return cls(value.year, value.month, value.day, second, nano, offset, zone)

    @property
    def hour(self) -> int:
        """Hour of the day."""
        return self.second_of_day // 3600

    @property
    def minute(self) -> int:
        """Minute of the hour."""
        return self.second_of_day // 60 % 60

    @property
    def second(self) -> int:
        """Second of the minute."""
        return self.second_of_day % 60

    @property
    def epoch_day(self) -> int:
        """Days from 1970-01-01 to the local date."""
        return epoch_day(self.year, self.month, self.day)

    @property
    def epoch_second(self) -> int:
        """Seconds from 1970-01-01T00:00Z."""
        return self.epoch_day * 86_400 + self.second_of_day - self.offset

    @property
    def weekday(self) -> int:
        """Day of the week, Monday 1 to Sunday 7."""
        return (self.epoch_day + 3) % 7 + 1

    @property
    def day_of_year(self) -> int:
        """Day of the year, from 1."""
        return self.epoch_day - epoch_day(self.year, 1, 1) + 1

    def in_zone(self, zone: tzinfo) -> Moment:
        """Return the same instant in another zone."""
        if zone is self.zone:
            return self
        return Moment.of_epoch(self.epoch_second, self.nano, zone)

    def plus(self, amount: int, unit: str) -> Moment:
        """Return the moment `amount` units later, as `ZonedDateTime.plus` counts them.

        Raises:
            EvaluationError: Java's `ChronoUnit` has no such unit, or the result is out of range.
        """
        if unit in _EXACT_UNITS:
            total = self.nano + amount * _EXACT_UNITS[unit]
            seconds, nano = divmod(total, NANOS_PER_SECOND)
            return Moment.of_epoch(self.epoch_second + seconds, nano, self.zone)
        if unit == "HALF_DAYS":
            # Java takes 256 of them for one day, and only what is left for half days.
            days, left = divmod(abs(amount), 256)
            hours = (days * 24 + left * 12) * (-1 if amount < 0 else 1)
            return self.plus(hours, "HOURS")
        if unit in _DAY_UNITS:
            return self._at_day(self.epoch_day + amount * _DAY_UNITS[unit])
        if unit in _MONTH_UNITS:
            return self._plus_months(amount * _MONTH_UNITS[unit])
        if unit == "ERAS":
            return self._plus_eras(amount)
        raise EvaluationError(
            f"Unit {unit!r} cannot be added to a date; write one of {', '.join(UNITS[:-1])}"
        )

    def _at_day(self, day: int) -> Moment:
        if not abs(day) <= MAX_YEAR * 366:
            raise EvaluationError(f"A date {day} days from 1970 is out of range")
        return Moment.of_local(day, self.second_of_day, self.nano, self.zone, self.offset)

    def _plus_months(self, months: int) -> Moment:
        year, month = divmod(self.year * 12 + self.month - 1 + months, 12)
        return self._at_month(year, month + 1)

    def _at_month(self, year: int, month: int) -> Moment:
        if not -MAX_YEAR <= year <= MAX_YEAR:
            raise EvaluationError(f"Year {year} is out of range")
        day = min(self.day, days_in_month(year, month))
        return self._at_day(epoch_day(year, month, day))

    def _plus_eras(self, amount: int) -> Moment:
        era = int(self.year > 0)
        if not 0 <= era + amount <= 1:
            raise EvaluationError(f"{amount} eras from {'AD' if era else 'BC'} there is none")
        return self if not amount else self._at_month(1 - self.year, self.month)
