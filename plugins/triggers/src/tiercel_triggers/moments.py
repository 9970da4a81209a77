"""Dates and times as flows write them and expressions print them: ISO 8601, or Java's own form.

Source: `ZonedDateTime.parse` and `OffsetTime.parse`, which Kestra reads these properties with.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Annotated, Any

from pydantic import BeforeValidator

__all__ = ["Moment", "OffsetTime", "parse_day", "parse_moment"]


def parse_moment(text: str) -> datetime:
    """Read a date with a time, and an offset: `2024-01-31T08:00:00+01:00`.

    A zone after it is passed over, since the offset says it all: `2024-01-31T08:00Z[UTC]`. Without
    an offset it is UTC, and without a time midnight.

    Raises:
        ValueError: it is none.
    """
    moment = _read(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def parse_day(text: str) -> date:
    """Read the day of a date with or without a time: the day at the place of its offset.

    Raises:
        ValueError: it is none.
    """
    return _read(text).date()


def _read(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text.strip().partition("[")[0])
    except ValueError:
        raise ValueError(
            f"Text {text[:80]!r} is no date; write it like '2024-01-31T08:00:00+01:00'"
        ) from None


def _moment(value: Any) -> Any:
    return parse_moment(value) if isinstance(value, str) else value


def _time(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        found = time.fromisoformat(value.strip())
    except ValueError:
        found = time()
    if found.tzinfo is None:
        raise ValueError(
            f"Text {value[:80]!r} is no time of day with an offset; write it like '16:00:00+02:00'"
        )
    return found


Moment = Annotated[datetime, BeforeValidator(_moment)]
"""A moment, written in ISO 8601 with an offset."""

OffsetTime = Annotated[time, BeforeValidator(_time)]
"""A time of day, written in ISO 8601 with an offset."""
