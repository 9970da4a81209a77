"""ISO-8601 durations as flow properties (`timeout: PT5M`)."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

from tiercel import _duration

__all__ = ["Duration"]


def _parse(value: Any) -> Any:
    return _duration.parse(value) if isinstance(value, str) else value


Duration = Annotated[
    timedelta,
    BeforeValidator(_parse),
    PlainSerializer(_duration.format, return_type=str),
    WithJsonSchema({"type": "string", "format": "duration"}),
]
"""A length of time, written as `java.time.Duration` reads it: `PT1.5S`, `PT1H30M`, `P2D`."""
