"""Cells of results as ION holds them, and rows as JSON does."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tiercel.plugin import TaskError

__all__ = ["Row", "iso_duration", "json_like", "zone_of"]

Row = dict[str, Any]
"""A row by column name."""


def json_like(value: Any) -> Any:
    """Return a row's value as JSON can hold it, written as Kestra writes it."""
    match value:
        case dict():
            return {str(key): json_like(item) for key, item in value.items()}
        case list():
            return [json_like(item) for item in value]
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
        case date() | time():
            return value.isoformat()
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case float() if not math.isfinite(value):
            return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


def iso_duration(value: timedelta) -> str:
    """Return a length of time in ISO 8601, as Java writes it: `PT1H30M`."""
    micros = value // timedelta(microseconds=1)
    sign = "-" if micros < 0 else ""
    seconds, fraction = divmod(abs(micros), 10**6)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    exact = f"{seconds}.{fraction:06d}".rstrip("0").rstrip(".")
    parts = [(hours, "H"), (minutes, "M")]
    text = "".join(f"{sign}{number}{unit}" for number, unit in parts if number)
    return f"PT{text}{sign}{exact}S" if exact != "0" or not text else f"PT{text}"


def zone_of(name: str | None) -> tzinfo:
    """Return a time zone by its name; UTC for none.

    Raises:
        TaskError: there is none of that name.
    """
    try:
        return UTC if name in (None, "UTC", "Z") else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise TaskError(f"Unknown time zone {name!r}", retryable=False) from error
