"""Rows of a result as values that ION and JSON can hold, written as Kestra writes them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from google.cloud.bigquery import SchemaField

__all__ = ["Row", "json_like", "row_maker"]

Row = dict[str, Any]

_POINT = re.compile(r"POINT\(([-0-9.]+) ([-0-9.]+)\)")


def row_maker(schema: Sequence[SchemaField]) -> Callable[[Sequence[Any]], Row]:
    """Return a function from the values of a result's rows to rows by column name."""

    def make(values: Sequence[Any]) -> Row:
        return {
            field.name: _value(field, value) for field, value in zip(schema, values, strict=True)
        }

    return make


def json_like(value: Any) -> Any:
    """Return a row's value as JSON can hold it."""
    match value:
        case dict():
            return {name: json_like(item) for name, item in value.items()}
        case list():
            return [json_like(item) for item in value]
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
        case date() | time():
            return value.isoformat()
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
    return value


def _value(field: SchemaField, value: Any) -> Any:
    if value is None:
        return None
    if field.mode == "REPEATED":
        return [_single(field, item) for item in value]
    return _single(field, value)


def _single(field: SchemaField, value: Any) -> Any:
    match field.field_type:
        case "RECORD" | "STRUCT":
            return {each.name: _value(each, value.get(each.name)) for each in field.fields}
        case "DATETIME":
            return f"{value.isoformat()}Z"
        case "NUMERIC":
            return float(value)
        case "GEOGRAPHY":
            point = _POINT.fullmatch(value)
            return [float(point[1]), float(point[2])] if point else value
        case "INTERVAL":
            return _interval(value)
    return value


def _interval(value: Any) -> str:
    """Return an interval as BigQuery writes it: `[sign]Y-M [sign]D [sign]H:M:S[.F]`."""
    months = value.years * 12 + value.months
    micros = ((value.hours * 60 + value.minutes) * 60 + value.seconds) * 1_000_000
    micros += value.microseconds
    seconds, fraction = divmod(abs(micros), 1_000_000)
    time_text = f"{seconds // 3600}:{seconds // 60 % 60}:{seconds % 60}"
    if fraction:
        time_text += f".{fraction:06}".rstrip("0")
    years = f"{abs(months) // 12}-{abs(months) % 12}"
    return f"{'-' * (months < 0)}{years} {value.days} {'-' * (micros < 0)}{time_text}"
