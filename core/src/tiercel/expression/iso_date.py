"""Dates in ISO-8601, read as the `parse` methods of `java.time` read them.

One text may be a `ZonedDateTime`, a `LocalDateTime` or a `LocalDate`; Kestra tries them in this
order. Java's grammar is narrower than Python's: no blanks, no basic form, a colon in the offset.

This module knows nothing of templates.
"""

from __future__ import annotations

import re
from datetime import tzinfo

from tiercel.errors import EvaluationError
from tiercel.expression.moment import Moment, days_in_month, epoch_day
from tiercel.expression.zones import fixed_offset, parse_offset, zone_in_text

__all__ = ["parse_iso"]

_ISO = re.compile(
    r"([+-]?)(\d{4,10})-(\d\d)-(\d\d)"
    r"(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{0,9}))?)?"
    r"(?:(Z|[+-]\d\d(?::\d\d(?::\d\d)?)?)(?:\[([^\]]+)\])?)?)?",
    re.ASCII | re.IGNORECASE,
)


def parse_iso(text: str, zone: tzinfo) -> Moment:
    """Read a date, a local date and time, or one with offset and zone, in ISO-8601 as Java does.

    Args:
        text: `2024-03-05`, `2024-03-05T07:08`, `2024-03-05T07:08:09+02:00[Europe/Athens]` …
        zone: the zone of a text that has none.

    Raises:
        EvaluationError: Java's parsers refuse the text.
    """
    match = _ISO.fullmatch(text)
    if match is None:
        raise _unreadable(text)
    sign, digits, month, day, hour, minute, second, fraction, offset, region = match.groups()
    days = _days(text, sign, digits, int(month), int(day))
    if hour is None:
        return Moment.of_local(days, 0, 0, zone)
    seconds = _second_of_day(text, int(hour), int(minute), int(second or 0))
    nano = int((fraction or "").ljust(9, "0"))
    if offset is None:
        return Moment.of_local(days, seconds, nano, zone)
    shift = parse_offset(offset.upper())
    target = zone_in_text(region) if region else fixed_offset(shift)
    return Moment.of_epoch(days * 86_400 + seconds - shift, nano, target)


def _unreadable(text: str) -> EvaluationError:
    return EvaluationError(
        f"Text {text[:80]!r} is no date; write it like '2024-03-05' or '2024-03-05T07:08:09Z', "
        "or give its pattern as existingFormat"
    )


def _days(text: str, sign: str, digits: str, month: int, day: int) -> int:
    year = int(sign + digits)
    # Java wants a plus sign from the fifth digit on, and nowhere else; and no year -0000.
    signed = (sign == "+") == (len(digits) > 4) or sign == "-"
    if not signed or (sign == "-" and not year) or abs(year) > 999_999_999:
        raise _unreadable(text)
    if not 1 <= month <= 12 or not 1 <= day <= days_in_month(year, month):
        raise EvaluationError(
            f"Text {text[:80]!r} is no date: there is no such day in the calendar"
        )
    return epoch_day(year, month, day)


def _second_of_day(text: str, hour: int, minute: int, second: int) -> int:
    if hour > 23 or minute > 59 or second > 59:
        raise EvaluationError(f"Text {text[:80]!r} is no date: there is no such time of day")
    return hour * 3600 + minute * 60 + second
