"""Cells of a result as values that ION and JSON can hold."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic import ConfigDict, TypeAdapter

from tiercel.plugin import Duration

__all__ = ["Row", "json_like", "row_maker"]

Row = dict[str, Any]

# Their Python values need no conversion; everything else is looked at cell by cell.
_PLAIN = {
    *("BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "BIGNUM"),
    *("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"),
    *("FLOAT", "DOUBLE", "VARCHAR", "DATE", "TIME", "BLOB", "BIT"),
}
_DURATION: TypeAdapter[timedelta] = TypeAdapter(Duration, config=ConfigDict(defer_build=True))


def row_maker(
    description: Sequence[Sequence[Any]], zone: tzinfo
) -> Callable[[tuple[Any, ...]], Row]:
    """Return a function from a result's tuples to rows by column name.

    Args:
        description: the columns as DB-API describes them.
        zone: the time zone of timestamps that have none.
    """
    names = [column[0] for column in description]
    types = [str(column[1]) for column in description]
    converters = [
        (name, _json if kind == "JSON" else lambda value: _value(value, zone))
        for name, kind in zip(names, types, strict=True)
        if kind not in _PLAIN and not kind.startswith("DECIMAL")
    ]

    def make(cells: tuple[Any, ...]) -> Row:
        row = dict(zip(names, cells, strict=True))
        for name, convert in converters:
            row[name] = convert(row[name])
        return row

    return make


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


def _value(value: Any, zone: tzinfo) -> Any:
    match value:
        case datetime():
            return value.replace(tzinfo=zone) if value.tzinfo is None else value.astimezone(UTC)
        case timedelta():
            return _DURATION.dump_python(value)
        case UUID():
            return str(value)
        case list() | tuple():
            return [_value(item, zone) for item in value]
        case dict():
            return {str(key): _value(item, zone) for key, item in value.items()}
    return value


def _json(value: Any) -> Any:
    return None if value is None else json.loads(value)
