"""Inputs whose values are days, times, moments or lengths of time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, WithJsonSchema

from tiercel.model import moments
from tiercel.model.duration import Duration
from tiercel.model.input_base import InputBase

__all__ = ["DateInput", "DatetimeInput", "DurationInput", "TimeInput"]


def _moment(parse: Callable[[str], Any]) -> BeforeValidator:
    return BeforeValidator(lambda value: parse(value) if isinstance(value, str) else value)


Day = Annotated[date, _moment(moments.parse_date)]
"""A date, `2024-01-31`."""
TimeOfDay = Annotated[
    time,
    _moment(moments.parse_time),
    # JSON Schema's own `time` asks for a zone.
    WithJsonSchema({"type": "string", "format": "partial-time"}),
]
"""A time of day without a zone, `03:04:05`."""
Instant = Annotated[datetime, _moment(moments.parse_instant)]
"""A moment, `2024-01-31T03:04:05Z`."""


class DateInput(InputBase):
    """A day."""

    type: Literal["DATE"]
    value_schema: ClassVar[dict[str, Any]] = {"type": "string", "format": "date"}
    after: Day | None = None
    before: Day | None = None


class TimeInput(InputBase):
    """A time of day, without a zone."""

    type: Literal["TIME"]
    value_schema: ClassVar[dict[str, Any]] = {"type": "string", "format": "partial-time"}
    after: TimeOfDay | None = None
    before: TimeOfDay | None = None


class DatetimeInput(InputBase):
    """A moment."""

    type: Literal["DATETIME"]
    value_schema: ClassVar[dict[str, Any]] = {"type": "string", "format": "date-time"}
    after: Instant | None = None
    before: Instant | None = None


class DurationInput(InputBase):
    """A length of time, ISO-8601."""

    type: Literal["DURATION"]
    value_schema: ClassVar[dict[str, Any]] = {"type": "string", "format": "duration"}
    min: Duration | None = None
    max: Duration | None = None
