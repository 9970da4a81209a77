"""Durations in ISO-8601, as `java.time.Duration` reads and prints them; standard library only.

Kestra's durations are Java's: days, hours, minutes and seconds, each with its own sign, letters in
either case, a fraction on the seconds alone. `PT-5M` and `-pt5m` are durations; `P1W`, `P1M`,
`PT1.5H` and `5m` are not. Nothing larger than an hour is ever printed: two days are `PT48H`.
"""

from __future__ import annotations

import re
from datetime import timedelta

__all__ = ["format", "format_nanos", "parse", "parse_nanos"]

_SECOND = 1_000_000_000
_SYNTAX = re.compile(
    r"([-+]?)P(?:([-+]?[0-9]+)D)?"
    r"(T(?:([-+]?[0-9]+)H)?(?:([-+]?[0-9]+)M)?(?:([-+]?[0-9]+)(?:[.,]([0-9]{0,9}))?S)?)?",
    re.IGNORECASE | re.ASCII,
)
# What a Java `Duration` holds: 64 bits of seconds.
_MAX_SECONDS = 2**63


def parse(text: str) -> timedelta:
    """Read a duration such as `PT1H30M`.

    Digits beyond the microsecond are cut off.

    Raises:
        ValueError: `text` is not one, or too long for a `timedelta`.
    """
    nanos = parse_nanos(text)
    micros = abs(nanos) // 1000
    try:
        return timedelta(microseconds=-micros if nanos < 0 else micros)
    except OverflowError:
        raise ValueError(f"Duration {text!r} is too long") from None


def parse_nanos(text: str) -> int:
    """Read a duration as a number of nanoseconds; raise `ValueError` like `parse`."""
    match = _SYNTAX.fullmatch(text)
    # Java takes `P1Dt`, with nothing after a small `t`, but not `P1DT`.
    if match is None or match[3] == "T" or not (match[2] or len(match[3] or "") > 1):
        raise ValueError(
            f"Not an ISO-8601 duration: {text!r}; write days, hours, minutes and seconds "
            "like 'P2D' or 'PT1H30M'"
        )
    sign, days, _, hours, minutes, seconds, fraction = match.groups(default="")
    nanos = int(fraction.ljust(9, "0")) if fraction else 0
    total = (
        (int(days or 0) * 86400 + int(hours or 0) * 3600 + int(minutes or 0) * 60) * _SECOND
        + int(seconds or 0) * _SECOND
        + (-nanos if seconds.startswith("-") else nanos)
    )
    total = -total if sign == "-" else total
    if not -_MAX_SECONDS <= total // _SECOND < _MAX_SECONDS:
        raise ValueError(f"Duration {text!r} is too long")
    return total


def format(duration: timedelta) -> str:
    """Print a duration as Java does: `PT1H30M`, `PT-0.5S`, `PT0S`."""
    micros = (duration.days * 86400 + duration.seconds) * 1_000_000 + duration.microseconds
    return format_nanos(micros * 1000)


def format_nanos(nanos: int) -> str:
    """Print a number of nanoseconds as a duration."""
    sign = "-" if nanos < 0 else ""
    total, fraction = divmod(abs(nanos), _SECOND)
    minutes, seconds = divmod(total, 60)
    hours, minutes = divmod(minutes, 60)
    text = "PT"
    if hours:
        text += f"{sign}{hours}H"
    if minutes:
        text += f"{sign}{minutes}M"
    if fraction:
        return f"{text}{sign}{seconds}.{fraction:09d}".rstrip("0") + "S"
    return f"{text}{sign}{seconds}S" if seconds or text == "PT" else text
