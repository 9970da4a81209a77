"""ION text of the language's own kinds of value, and back.

The classes of `java.time` that ION lacks are texts annotated with the class, as Kestra writes them;
an `Instant` is a timestamp in milliseconds.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from tiercel import _ion
from tiercel.expression import temporal
from tiercel.expression.printing import json_text
from tiercel.expression.values import Entry

__all__ = ["read_ion", "write_ion"]


def write_ion(value: Any) -> str:
    """Return a value as ION text.

    Raises:
        IonTextError: it is no plain data, or nested too deep.
    """
    return _ion.dumps(value, _special)


def read_ion(text: str) -> Iterator[Any]:
    """Yield the values that an ION text holds.

    Raises:
        IonTextError: the text is no ION.
    """
    return map(_known, _ion.loads(text))


def _special(value: Any) -> str | None:
    if isinstance(value, Entry):
        return write_ion({value.key: value.value})
    if isinstance(value, temporal.Instant | temporal.JavaDate):
        return f"{value:%Y-%m-%dT%H:%M:%S}.{value.microsecond // 1000:03d}Z"
    if isinstance(value, timedelta):
        return json_text(value)
    if isinstance(value, datetime | time):
        return f'{_class_of(value)}::"{_iso_text(value)}"'
    return None


def _class_of(value: datetime | time) -> str:
    if isinstance(value, temporal.OffsetDateTime):
        return "OffsetDateTime"
    if isinstance(value, time):
        return "LocalTime"
    return "LocalDateTime" if value.tzinfo is None else "ZonedDateTime"


def _iso_text(value: datetime | time) -> str:
    zone = temporal.to_text(value).partition("[")
    return temporal.iso_text(value) + zone[1] + zone[2]


def _known(value: Any) -> Any:
    """Make the language's values of what the ION reader gives."""
    if isinstance(value, dict):
        return {key: _known(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_known(item) for item in value]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, datetime):
        return _moment(value)
    if isinstance(value, time):
        return temporal.LocalTime(value.hour, value.minute, value.second, value.microsecond)
    return value


def _moment(value: datetime) -> date:
    if value.tzinfo is not UTC:
        moment: date = temporal.PreciseDateTime.of(value)
        return moment
    # Kestra takes midnight in UTC for a day.
    if value.time() == time.min:
        return value.date()
    instant: date = temporal.Instant.of(value)
    return instant
