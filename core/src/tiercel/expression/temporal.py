"""Dates and times as values of expressions, each kind printed as Java's `toString` prints it.

Plain Python values will do: a `date` is a `LocalDate`, a `datetime` with a zone a `ZonedDateTime`
and one without a `LocalDateTime`, a `time` a `LocalTime`, a `timedelta` a `Duration`. The classes
here are the same with their Java name, tell the other kinds apart (`Instant`, `OffsetDateTime`,
`java.util.Date`), and carry the nanoseconds that Python drops.

This module knows nothing of templates.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any, ClassVar, Self

from tiercel import _duration
from tiercel.errors import EvaluationError
from tiercel.expression.iso_date import parse_iso
from tiercel.expression.moment import NANOS_PER_SECOND, is_leap
from tiercel.expression.values import Long
from tiercel.expression.zones import is_offset, offset_id, zone_id

__all__ = [
    "Duration",
    "Instant",
    "JavaDate",
    "LocalDate",
    "LocalDateTime",
    "LocalTime",
    "OffsetDateTime",
    "PreciseDateTime",
    "ZonedDateTime",
    "from_tag",
    "is_temporal",
    "iso_text",
    "nanosecond_of",
    "to_json",
    "to_text",
    "total_nanoseconds",
]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TIME = re.compile(r"(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{0,9}))?)?", re.ASCII)


_WEEKDAYS = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"]
_MONTHS = (
    *("JANUARY", "FEBRUARY", "MARCH", "APRIL", "MAY", "JUNE", "JULY", "AUGUST"),
    *("SEPTEMBER", "OCTOBER", "NOVEMBER", "DECEMBER"),
)
Members = Mapping[str, Callable[[Any], Any]]
"""What a template may read of a value with a dot: name → how to get it."""

_DATE_MEMBERS: Members = {
    "year": lambda value: value.year,
    "month": lambda value: _MONTHS[value.month - 1],
    "monthValue": lambda value: value.month,
    "dayOfMonth": lambda value: value.day,
    "dayOfWeek": lambda value: _WEEKDAYS[value.weekday()],
    "dayOfYear": lambda value: value.timetuple().tm_yday,
}
_TIME_MEMBERS: Members = {
    "hour": lambda value: value.hour,
    "minute": lambda value: value.minute,
    "second": lambda value: value.second,
    "nano": lambda value: _nano(value),
}


class PreciseDateTime(datetime):
    """A `datetime` with nanoseconds, the base of those that Java tells apart.

    Attributes:
        nanosecond: 0 to 999, what lies beyond the microsecond; lost by arithmetic.
    """

    nanosecond: int = 0

    @classmethod
    def of(cls, moment: datetime, nanosecond: int = 0) -> Self:
        """Return a value of this class from any `datetime`."""
        value = cls(
            *(moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second),
            moment.microsecond,
            tzinfo=moment.tzinfo,
            fold=moment.fold,
        )
        value.nanosecond = nanosecond
        return value

    def __eq__(self, other: object) -> bool:
        """Equal in Java's sense: the same kind of value with the same text."""
        return type(self) is type(other) and to_text(self) == to_text(other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(to_text(self))

    def __reduce_ex__(self, protocol: object) -> Any:
        return _restore, (type(self), datetime.combine(self, self.timetz()), self.nanosecond)


class ZonedDateTime(PreciseDateTime):
    """A `java.time.ZonedDateTime`: a local date and time in a zone."""

    java_class = "java.time.ZonedDateTime"
    expression_members: ClassVar[Members] = {
        **_DATE_MEMBERS,
        **_TIME_MEMBERS,
        "zone": lambda value: zone_id(value.tzinfo),
    }


class LocalDateTime(PreciseDateTime):
    """A `java.time.LocalDateTime`: a date and time without a zone."""

    java_class = "java.time.LocalDateTime"
    expression_members: ClassVar[Members] = {**_DATE_MEMBERS, **_TIME_MEMBERS}


class OffsetDateTime(PreciseDateTime):
    """A `java.time.OffsetDateTime`: a local date and time with its offset from UTC."""

    java_class = "java.time.OffsetDateTime"
    expression_members: ClassVar[Members] = {**_DATE_MEMBERS, **_TIME_MEMBERS}


class Instant(PreciseDateTime):
    """A `java.time.Instant`: a point in time without a zone, held in UTC."""

    java_class = "java.time.Instant"
    expression_members: ClassVar[Members] = {
        "epochSecond": lambda value: Long((value - _EPOCH) // timedelta(seconds=1)),
        "nano": lambda value: _nano(value),
    }


class JavaDate(PreciseDateTime):
    """A `java.util.Date`: a point in time to the millisecond, held in UTC."""

    java_class = "java.util.Date"


class LocalDate(date):
    """A `java.time.LocalDate`: a date; a plain `date` is one too."""

    java_class = "java.time.LocalDate"
    expression_members: ClassVar[Members] = {
        **_DATE_MEMBERS,
        "leapYear": lambda value: is_leap(value.year),
    }


class LocalTime(time):
    """A `java.time.LocalTime`: a time of day; a plain `time` is one too.

    Attributes:
        nanosecond: 0 to 999, what lies beyond the microsecond.
    """

    java_class = "java.time.LocalTime"
    expression_members: ClassVar[Members] = _TIME_MEMBERS
    nanosecond: int = 0


class Duration(timedelta):
    """A `java.time.Duration`: a length of time; a plain `timedelta` is one too.

    Attributes:
        nanosecond: 0 to 999, to be added to the microseconds.
    """

    java_class = "java.time.Duration"
    expression_members: ClassVar[Members] = {
        "seconds": lambda value: Long(total_nanoseconds(value) // NANOS_PER_SECOND),
        "nano": lambda value: total_nanoseconds(value) % NANOS_PER_SECOND,
    }
    nanosecond: int = 0


def _restore(cls: type[PreciseDateTime], moment: datetime, nanosecond: int) -> PreciseDateTime:
    return cls.of(moment, nanosecond)


def is_temporal(value: object) -> bool:
    """Whether `value` is a date, a time, or a length of time."""
    return isinstance(value, date | time | timedelta)


def nanosecond_of(value: object) -> int:
    """Return the nanoseconds beyond the microsecond, 0 for plain Python values."""
    return getattr(value, "nanosecond", 0)


def total_nanoseconds(value: timedelta) -> int:
    """Return a length of time in nanoseconds."""
    micros = (value.days * 86_400 + value.seconds) * 1_000_000 + value.microseconds
    return micros * 1000 + nanosecond_of(value)


def _fraction(nanos: int) -> str:
    """A fraction of a second in groups of three digits, with its point; empty when zero."""
    if not nanos:
        return ""
    if nanos % 1_000_000 == 0:
        return f".{nanos // 1_000_000:03d}"
    return f".{nanos // 1000:06d}" if nanos % 1000 == 0 else f".{nanos:09d}"


def _nano(value: datetime | time) -> int:
    return value.microsecond * 1000 + nanosecond_of(value)


def _time_text(value: datetime | time) -> str:
    nano = _nano(value)
    text = f"{value.hour:02d}:{value.minute:02d}"
    return f"{text}:{value.second:02d}{_fraction(nano)}" if value.second or nano else text


def _date_text(value: date) -> str:
    return f"{value.year:04d}-{value.month:02d}-{value.day:02d}"


def _datetime_text(value: datetime) -> str:
    local = f"{_date_text(value)}T{_time_text(value)}"
    delta = value.utcoffset()
    if delta is None or value.tzinfo is None:
        return local
    offset = offset_id(int(delta.total_seconds()))
    if isinstance(value, OffsetDateTime) or is_offset(value.tzinfo):
        return local + offset
    return f"{local}{offset}[{zone_id(value.tzinfo)}]"


def _instant_text(value: datetime) -> str:
    return f"{_date_text(value)}T{value:%H:%M:%S}{_fraction(_nano(value))}Z"


def _java_date_text(value: datetime) -> str:
    weekday, month = _WEEKDAYS[value.weekday()], _MONTHS[value.month - 1]
    names = f"{weekday[:3].title()} {month[:3].title()}"
    return f"{names} {value.day:02d} {value:%H:%M:%S} UTC {value.year}"


_TEXTS: dict[type, Callable[[Any], str]] = {
    Instant: _instant_text,
    JavaDate: _java_date_text,
    datetime: _datetime_text,
    date: _date_text,
    time: _time_text,
}


def to_text(value: date | time | timedelta) -> str:
    """Return the value as its Java counterpart's `toString` prints it."""
    if isinstance(value, timedelta):
        return _duration.format_nanos(total_nanoseconds(value))
    for cls, text in _TEXTS.items():
        if isinstance(value, cls):
            return text(value)
    raise TypeError(f"{type(value).__name__} is no date or time")


def iso_text(value: datetime | time) -> str:
    """Return the value as Java's ISO formatters print it, the zone's name left out.

    The seconds are always there, and a fraction of them has no zeros at its end.
    """
    if isinstance(value, Instant):
        return _instant_text(value)
    fraction = f".{_nano(value):09d}".rstrip("0") if _nano(value) else ""
    clock = f"{value.hour:02d}:{value.minute:02d}:{value.second:02d}{fraction}"
    if isinstance(value, time):
        return clock
    delta = value.utcoffset()
    offset = "" if delta is None else offset_id(int(delta.total_seconds()))
    return f"{_date_text(value)}T{clock}{offset}"


def _datetime_from(text: str, zone: tzinfo = UTC) -> tuple[datetime, int]:
    moment = parse_iso(text, zone)
    clock = datetime(
        *(moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second),
        moment.nano // 1000,
        tzinfo=moment.zone,
    )
    if clock.utcoffset() != timedelta(seconds=moment.offset):
        clock = clock.replace(fold=1)
    return clock, moment.nano % 1000


def _instant(cls: type[PreciseDateTime], text: str) -> Any:
    clock, nanosecond = _datetime_from(text)
    return cls.of(clock.astimezone(UTC), nanosecond)


def _local_datetime(text: str) -> LocalDateTime:
    clock, nanosecond = _datetime_from(text)
    return LocalDateTime.of(clock.replace(tzinfo=None), nanosecond)


def _local_time(text: str) -> LocalTime:
    match = _TIME.fullmatch(text)
    if match is None:
        raise EvaluationError(f"Text {text!r} is no time of day; write it like '07:08:09'")
    nano = int((match[4] or "").ljust(9, "0"))
    value = LocalTime(int(match[1]), int(match[2]), int(match[3] or 0), nano // 1000)
    value.nanosecond = nano % 1000
    return value


def _duration_value(text: str) -> Duration:
    nanos = _duration.parse_nanos(text)
    seconds, rest = divmod(nanos, NANOS_PER_SECOND)
    value = Duration(seconds=seconds, microseconds=rest // 1000)
    value.nanosecond = rest % 1000
    return value


_TAGS: dict[str, Callable[[str], Any]] = {
    "instant": lambda text: _instant(Instant, text),
    "date": lambda text: _instant(JavaDate, text),
    "zoned": lambda text: ZonedDateTime.of(*_datetime_from(text)),
    "offset": lambda text: OffsetDateTime.of(*_datetime_from(text)),
    "localDateTime": _local_datetime,
    "localDate": lambda text: LocalDate.fromisoformat(text),
    "localTime": _local_time,
    "duration": _duration_value,
}


def to_json(value: date | time | timedelta) -> str | float:
    """Return the value as it stands in JSON: a duration in seconds, a moment in UTC, else text."""
    if isinstance(value, timedelta):
        return total_nanoseconds(value) / NANOS_PER_SECOND
    if not isinstance(value, datetime | time):
        return to_text(value)
    if isinstance(value, JavaDate):
        return f"{value:%Y-%m-%dT%H:%M:%S}.{value.microsecond // 1000:03d}+00:00"
    if isinstance(value, (time, Instant)) or value.tzinfo is None:
        return iso_text(value)
    return iso_text(PreciseDateTime.of(value.astimezone(UTC), nanosecond_of(value)))


def from_tag(tag: str, text: str) -> Any:
    """Return the value that a tag of the conformance corpus stands for.

    Args:
        tag: `instant`, `zoned`, `offset`, `localDateTime`, `localDate`, `localTime`,
            `duration` or `date`; a dollar sign before it is ignored.
        text: the value as Java prints it.

    Raises:
        KeyError: no such tag.
        EvaluationError, ValueError: the text is no such value.
    """
    return _TAGS[tag.removeprefix("$")](text)
