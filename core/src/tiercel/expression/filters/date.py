"""Dates: `date`, `dateAdd` and the four `timestamp` filters.

All of them read the same values: a text in ISO-8601 or in `existingFormat`, a long counting
seconds or milliseconds from 1970, and the kinds of date that Kestra knows. Integers of 32 bits,
offset dates, times and durations are refused, as Kestra refuses them.
"""

from __future__ import annotations

from datetime import date, datetime, tzinfo
from functools import lru_cache
from typing import Any

from tiercel.errors import EvaluationError
from tiercel.expression.date_parse import parse_date
from tiercel.expression.datetime_format import formatter, iso_text
from tiercel.expression.iso_date import parse_iso
from tiercel.expression.moment import NANOS_PER_SECOND, Moment, epoch_day
from tiercel.expression.printing import java_text
from tiercel.expression.runtime import EvaluationContext
from tiercel.expression.table import FILTERS
from tiercel.expression.temporal import (
    Instant,
    JavaDate,
    OffsetDateTime,
    ZonedDateTime,
    nanosecond_of,
)
from tiercel.expression.values import (
    LONG_MAX,
    LONG_MIN,
    Long,
    class_name,
    is_long,
    is_text,
    wrap64,
)
from tiercel.expression.zones import zone_of

__all__ = [
    "UNSET",
    "date_add",
    "format_date",
    "timestamp",
    "timestamp_micro",
    "timestamp_milli",
    "timestamp_nano",
]

_NOON = 43_200
_MILLISECOND_DIGITS = 13
_LONG_TEXT_DIGITS = 19
_MOMENTS = frozenset({Instant, JavaDate, ZonedDateTime})
UNSET: Any = object()
"""Stands for an argument that was not given, where null would be a different thing."""


@lru_cache(maxsize=2048)
def _from_text(text: str, zone: str, existing: str | None, locale: str) -> Moment:
    """Read a text; `zone` is that of a text without one."""
    if existing is None:
        return parse_iso(text, zone_of(zone))
    return parse_date(text, existing, locale, zone_of(zone))


@lru_cache(maxsize=2048)
def _text_in_zone(text: str, zone: str) -> tuple[Moment, str]:
    """An ISO text as a moment in `zone`, and its own ISO text for formats made of pieces."""
    moment = _from_text(text, zone, None, "").in_zone(zone_of(zone))
    return moment, iso_text(moment)


def _moment(value: Any, zone: str, existing: str | None, locale: str) -> Moment:
    """Return the moment that a value stands for, in its own zone or else in `zone`."""
    if is_text(value):
        return _from_text(value, zone, existing, locale)
    if is_long(value):
        return _from_number(int(value), zone_of(zone))
    if isinstance(value, datetime) and not isinstance(value, OffsetDateTime):
        return _from_datetime(value, zone_of(zone))
    if isinstance(value, date) and not isinstance(value, datetime):
        day = epoch_day(value.year, value.month, value.day)
        return Moment.of_local(day, _NOON, 0, zone_of(zone))
    raise EvaluationError(
        f"A date must be a text, a long or a date, not {java_text(value)[:40]!r} "
        f"of {class_name(value)}"
    )


def _from_number(value: int, zone: tzinfo) -> Moment:
    """Read a long by how many characters it has: seconds, milliseconds, or nanoseconds."""
    text = str(value)
    if len(text) == _MILLISECOND_DIGITS:
        seconds, milli = divmod(value, 1000)
        return Moment.of_epoch(seconds, milli * 1_000_000, zone)
    if len(text) != _LONG_TEXT_DIGITS:
        return Moment.of_epoch(value, 0, zone)
    if value < 0 and not text.endswith("000"):
        raise EvaluationError(f"The long {value} is no date")
    seconds, nano = divmod(value, NANOS_PER_SECOND)
    # Without zeros at its end, the last six digits count as microseconds of their second.
    return Moment.of_epoch(seconds, nano if text.endswith("000") else value % 10**6 * 1000, zone)


def _from_datetime(value: datetime, zone: tzinfo) -> Moment:
    if value.tzinfo is not None:
        return Moment.of_datetime(value, nanosecond_of(value))
    day = epoch_day(value.year, value.month, value.day)
    second = value.hour * 3600 + value.minute * 60 + value.second
    return Moment.of_local(day, second, value.microsecond * 1000 + nanosecond_of(value), zone)


def _text_argument(name: str, value: Any) -> str:
    if not is_text(value):
        raise EvaluationError(f"Argument {name!r} must be a text, not {java_text(value)}")
    return value  # type: ignore[no-any-return]  # a str, as was just tested


def _zone_argument(value: Any, context: EvaluationContext) -> str:
    return context.zone if value is None else _text_argument("timeZone", value)


def _existing_argument(value: Any) -> str | None:
    return None if value is None else _text_argument("existingFormat", value)


def _locale_argument(value: Any, context: EvaluationContext) -> str:
    return context.locale if value is UNSET else _text_argument("locale", value)


def _is_moment(value: Any) -> bool:
    """Whether a value is a point in time that Kestra takes for a date."""
    kind = value.__class__
    return (kind is datetime or kind in _MOMENTS) and value.tzinfo is not None


def write_date(
    value: Any, format_: Any, zone: str, existing: str | None, locale: str, default_locale: str
) -> str:
    """Return a date in a format; see `format_date` for the arguments."""
    writer = formatter(_text_argument("format", format_), locale)
    if value.__class__ is str and existing is None:
        moment, iso = _text_in_zone(value, zone)
        return writer.from_iso(iso) if writer.from_iso and iso else writer.write(moment)
    if writer.from_iso and _is_moment(value):
        try:
            local = value.astimezone(zone_of(zone))
            return writer.from_iso(local.isoformat(" ", "microseconds"))
        except OverflowError:  # just outside the years of `datetime` in that zone
            pass
    moment = value if value.__class__ is Moment else _moment(value, zone, existing, default_locale)
    return writer.write(moment.in_zone(zone_of(zone)))


@FILTERS.add("date", "format", "timeZone", "existingFormat", "locale", needs_context=True)
def format_date(
    context: EvaluationContext,
    value: Any,
    format_: Any = "iso",
    time_zone: Any = None,
    existing_format: Any = None,
    locale: Any = UNSET,
) -> str | None:
    """Return a date as text; null stays null.

    Args:
        context: gives the default time zone and locale.
        value: a text, a long, or a date.
        format_: a `DateTimeFormatter` pattern, `short`, `medium`, `long`, `full`, or a name such
            as `iso`, `iso_sec`, `sql`, `iso_local_date`, `rfc_1123_date_time`.
        time_zone: the zone to show it in, and the zone of a text that has none.
        existing_format: the pattern or name of the text's format.
        locale: the language of names, such as `fr` or `fr_FR`.

    Raises:
        EvaluationError: the value is no date, or an argument is invalid.
    """
    if value is None:
        return None
    zone = context.zone if time_zone is None else _text_argument("timeZone", time_zone)
    shown = context.locale if locale is UNSET else _text_argument("locale", locale)
    existing = _existing_argument(existing_format)
    return write_date(value, format_, zone, existing, shown, context.locale)


@FILTERS.add(
    "dateAdd",
    *("amount", "unit", "format", "timeZone", "existingFormat", "locale"),
    needs_context=True,
)
def date_add(  # noqa: PLR0913  # the argument list is Kestra's
    context: EvaluationContext,
    value: Any,
    amount: Any = None,
    unit: Any = None,
    format_: Any = "iso",
    time_zone: Any = None,
    existing_format: Any = None,
    locale: Any = UNSET,
) -> str | None:
    """Return the date some units later, as text; null stays null.

    Args:
        context: gives the default time zone and locale.
        value: as for `date`.
        amount: how many, negative for earlier; a number is cut to a whole one.
        unit: `DAYS`, `HOURS` or another constant of Java's `ChronoUnit`.
        format_: as for `date`.
        time_zone: as for `date`.
        existing_format: as for `date`.
        locale: as for `date`.

    Raises:
        EvaluationError: as for `date`, or the amount or unit is invalid.
    """
    if value is None:
        return None
    zone = _zone_argument(time_zone, context)
    count, step = _amount(amount), _text_argument("unit", unit)
    moment = _moment(value, zone, _existing_argument(existing_format), context.locale)
    shown = _locale_argument(locale, context)
    return write_date(moment.plus(count, step), format_, zone, None, shown, context.locale)


def _amount(value: Any) -> int:
    if isinstance(value, bool) or value is None:
        raise EvaluationError(f"Argument 'amount' must be a number, not {java_text(value)}")
    if is_text(value):
        digits = value[1:] if value[:1] in ("+", "-") else value
        if digits.isdecimal() and len(digits) <= _LONG_TEXT_DIGITS:
            return int(value)
    elif isinstance(value, int | float) or hasattr(value, "as_integer_ratio"):
        try:
            return wrap64(int(value))
        except (OverflowError, ValueError):
            pass
    raise EvaluationError(f"Argument 'amount' must be a whole number, not {java_text(value)!r}")


def _instant(
    context: EvaluationContext, value: Any, time_zone: Any, existing_format: Any
) -> tuple[int, int]:
    """Seconds and nanoseconds of the value from 1970."""
    zone = _zone_argument(time_zone, context)
    moment = _moment(value, zone, _existing_argument(existing_format), context.locale)
    return moment.epoch_second, moment.nano


@FILTERS.add("timestamp", "timeZone", "existingFormat", needs_context=True)
def timestamp(
    context: EvaluationContext, value: Any, time_zone: Any = None, existing_format: Any = None
) -> int | None:
    """Return the seconds from 1970 to a date; arguments are those of `date`."""
    if value is None:
        return None
    return Long(_instant(context, value, time_zone, existing_format)[0])


@FILTERS.add("timestampMilli", "timeZone", "existingFormat", needs_context=True)
def timestamp_milli(
    context: EvaluationContext, value: Any, time_zone: Any = None, existing_format: Any = None
) -> int | None:
    """Return the milliseconds from 1970 to a date; arguments are those of `date`."""
    if value is None:
        return None
    second, nano = _instant(context, value, time_zone, existing_format)
    milli = second * 1000 + nano // 1_000_000
    if milli != _clamped(milli):
        raise EvaluationError("The date is too far from 1970 for milliseconds in 64 bits")
    return Long(milli)


@FILTERS.add("timestampMicro", "timeZone", "existingFormat", needs_context=True)
def timestamp_micro(
    context: EvaluationContext, value: Any, time_zone: Any = None, existing_format: Any = None
) -> str | None:
    """Return the microseconds from 1970 to a date, as text; arguments are those of `date`."""
    if value is None:
        return None
    second, nano = _instant(context, value, time_zone, existing_format)
    return str(wrap64(_clamped(second * 1_000_000) + nano // 1000))


@FILTERS.add("timestampNano", "timeZone", "existingFormat", needs_context=True)
def timestamp_nano(
    context: EvaluationContext, value: Any, time_zone: Any = None, existing_format: Any = None
) -> str | None:
    """Return the nanoseconds from 1970 to a date, as text; arguments are those of `date`."""
    if value is None:
        return None
    second, nano = _instant(context, value, time_zone, existing_format)
    return str(wrap64(_clamped(second * 1_000_000_000) + nano))


def _clamped(number: int) -> int:
    """Java's `TimeUnit` stops at the ends of the 64 bits."""
    return max(min(number, LONG_MAX), LONG_MIN)
