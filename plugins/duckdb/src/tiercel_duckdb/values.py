"""Cells of a result as values that ION can hold."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from uuid import UUID

from tiercel_jdbc.values import Row, iso_duration

__all__ = ["row_maker"]

# Their Python values need no conversion; everything else is looked at cell by cell.
_PLAIN = {
    *("BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "BIGNUM"),
    *("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"),
    *("FLOAT", "DOUBLE", "VARCHAR", "DATE", "TIME", "BLOB", "BIT"),
}


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


def _value(value: Any, zone: tzinfo) -> Any:
    match value:
        case datetime():
            return value.replace(tzinfo=zone) if value.tzinfo is None else value.astimezone(UTC)
        case timedelta():
            return iso_duration(value)
        case UUID():
            return str(value)
        case list() | tuple():
            return [_value(item, zone) for item in value]
        case dict():
            return {str(key): _value(item, zone) for key, item in value.items()}
    return value


def _json(value: Any) -> Any:
    return None if value is None else json.loads(value)
