"""Avro schemas and rows as Arrow has them, and back: for Parquet.

A union of numbers becomes the widest of them. A union of other types becomes a struct with a field
for each type (`member0`, …), as Parquet's own Avro binding has it; reading makes one value of it
again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from tiercel_serdes.avro_schema import Schema
from tiercel_serdes.library import library

__all__ = ["arrow_schema", "cell_writer", "plain_rows"]

_NUMBERS = ("int", "long", "float", "double")
_LOGICAL: Mapping[str, Callable[[Any], Any]] = {
    "date": lambda pa: pa.date32(),
    "time-millis": lambda pa: pa.time32("ms"),
    "time-micros": lambda pa: pa.time64("us"),
    "timestamp-millis": lambda pa: pa.timestamp("ms", tz="UTC"),
    "timestamp-micros": lambda pa: pa.timestamp("us", tz="UTC"),
    "local-timestamp-millis": lambda pa: pa.timestamp("ms"),
    "local-timestamp-micros": lambda pa: pa.timestamp("us"),
    "uuid": lambda pa: pa.string(),
}
_PRIMITIVE: Mapping[str, Callable[[Any], Any]] = {
    "null": lambda pa: pa.null(),
    "boolean": lambda pa: pa.bool_(),
    "int": lambda pa: pa.int32(),
    "long": lambda pa: pa.int64(),
    "float": lambda pa: pa.float32(),
    "double": lambda pa: pa.float64(),
    "bytes": lambda pa: pa.binary(),
    "string": lambda pa: pa.string(),
    "enum": lambda pa: pa.string(),
}


def arrow_schema(schema: Schema) -> Any:
    """Return a record's Avro schema as Arrow schema.

    Raises:
        ValueError: a type contains itself, which Parquet cannot hold.
    """
    pa = library("pyarrow", "parquet")
    return pa.schema(_fields(pa, schema, {}))


def _fields(pa: Any, record: Mapping[str, Any], named: dict[str, Schema]) -> list[Any]:
    return [
        pa.field(field["name"], _type(pa, field["type"], named), nullable=_optional(field["type"]))
        for field in record["fields"]
    ]


def _optional(schema: Schema) -> bool:
    return "null" in schema if isinstance(schema, list) else schema == "null"


def _type(pa: Any, schema: Schema, named: dict[str, Schema]) -> Any:
    if isinstance(schema, list):
        return _union(pa, schema, named)
    if isinstance(schema, str):
        if schema in _PRIMITIVE:
            return _PRIMITIVE[schema](pa)
        if named.get(schema) is None:
            raise ValueError(f"type {schema!r} contains itself")
        return _type(pa, named[schema], named)
    logical = schema.get("logicalType")
    if logical == "decimal":
        return pa.decimal128(schema["precision"], schema.get("scale", 0))
    if logical in _LOGICAL:
        return _LOGICAL[logical](pa)
    return _complex(pa, schema, named)


def _complex(pa: Any, schema: Mapping[str, Any], named: dict[str, Schema]) -> Any:
    match schema["type"]:
        case "record":
            # Not known before its fields are: a type that contains itself has no end.
            named[schema["name"]] = None
            made = pa.struct(_fields(pa, schema, named))
        case "array":
            return pa.list_(_type(pa, schema["items"], named))
        case "map":
            return pa.map_(pa.string(), _type(pa, schema["values"], named))
        case "fixed":
            made = pa.binary(schema["size"])
        case "enum":
            made = pa.string()
        case other:
            return _type(pa, other, named)
    named[schema["name"]] = schema
    return made


def _union(pa: Any, schemas: Sequence[Schema], named: dict[str, Schema]) -> Any:
    members = [each for each in schemas if each != "null"]
    if not members:
        return pa.null()
    if len(members) == 1:
        return _type(pa, members[0], named)
    if all(each in _NUMBERS for each in members):
        return _PRIMITIVE[max(members, key=_NUMBERS.index)](pa)
    return pa.struct(
        [pa.field(f"member{i}", _type(pa, each, named)) for i, each in enumerate(members)]
    )


def cell_writer(field: Any) -> Callable[[Any], Any] | None:
    """Return what makes a converted cell fit its Arrow field; None when it fits as it is."""
    pa = library("pyarrow", "parquet")
    kind = field.type
    if pa.types.is_map(kind):
        item = cell_writer(kind.item_field)
        return lambda value: (
            None
            if value is None
            else [(key, item(each) if item else each) for key, each in value.items()]
        )
    if pa.types.is_list(kind):
        item = cell_writer(kind.value_field)
        return item and (lambda value: None if value is None else [*map(item, value)])
    if pa.types.is_floating(kind):
        return lambda value: value if value is None else float(value)
    if pa.types.is_struct(kind):
        return _member_writer(pa, kind) if _is_union(kind) else _struct_writer(kind)
    return None


def _struct_writer(kind: Any) -> Callable[[Any], Any] | None:
    writers = {field.name: writer for field in kind if (writer := cell_writer(field))}

    def write(value: Any) -> Any:
        if value is None:
            return None
        return {
            name: writers[name](each) if name in writers else each for name, each in value.items()
        }

    return write if writers else None


def _is_union(kind: Any) -> bool:
    names = [field.name for field in kind]
    return len(names) > 1 and names == [f"member{index}" for index in range(len(names))]


def _member_writer(pa: Any, kind: Any) -> Callable[[Any], Any]:
    """Return what puts a value under the first member whose type it has."""
    writers = [(field.name, field.type, cell_writer(field)) for field in kind]

    def write(value: Any) -> Any:
        if value is None:
            return None
        for name, each, writer in writers:
            made = writer(value) if writer and _could_be(pa, each, value) else value
            if _could_be(pa, each, value):
                return {name: made}
        raise ValueError(f"{value!r} fits none of {kind}")

    return write


def _could_be(pa: Any, kind: Any, value: Any) -> bool:
    types = pa.types
    match value:
        case bool():
            return bool(types.is_boolean(kind))
        case int():
            return bool(types.is_integer(kind))
        case float():
            return bool(types.is_floating(kind))
        case str():
            return bool(types.is_string(kind))
        case bytes():
            return bool(types.is_binary(kind) or types.is_fixed_size_binary(kind))
        case list():
            return bool(types.is_list(kind))
        case dict():
            return bool(types.is_struct(kind) or types.is_map(kind))
        case Decimal():
            return bool(types.is_decimal(kind))
        case datetime():
            return bool(types.is_timestamp(kind)) and (kind.tz is None) == (value.tzinfo is None)
    # A date or a time.
    return bool(types.is_date(kind) if hasattr(value, "year") else types.is_time(kind))


def plain_rows(batch: Any) -> list[dict[str, Any]]:
    """Return the rows of an Arrow record batch as ION can hold them."""
    pa = library("pyarrow", "parquet")
    columns = []
    for field, column in zip(batch.schema, batch.columns, strict=True):
        fine = _without_nanos(pa, field.type)
        values = (column if fine == field.type else column.cast(fine, safe=False)).to_pylist()
        reader = _cell_reader(pa, fine)
        columns.append([*map(reader, values)] if reader else values)
    names = batch.schema.names
    return [dict(zip(names, cells, strict=True)) for cells in zip(*columns, strict=True)]


def _without_nanos(pa: Any, kind: Any) -> Any:
    """Return the type with microseconds for nanoseconds, which Python has not."""
    types = pa.types
    if types.is_timestamp(kind) and kind.unit == "ns":
        return pa.timestamp("us", tz=kind.tz)
    if types.is_time64(kind) and kind.unit == "ns":
        return pa.time64("us")
    if types.is_duration(kind) and kind.unit == "ns":
        return pa.duration("us")
    if types.is_list(kind):
        return pa.list_(_without_nanos(pa, kind.value_type))
    if types.is_struct(kind):
        return pa.struct([field.with_type(_without_nanos(pa, field.type)) for field in kind])
    if types.is_map(kind):
        return pa.map_(kind.key_type, _without_nanos(pa, kind.item_type))
    return kind


def _cell_reader(pa: Any, kind: Any) -> Callable[[Any], Any] | None:
    types = pa.types
    if types.is_map(kind):
        item = _cell_reader(pa, kind.item_type)
        return lambda value: (
            None
            if value is None
            else {str(key): item(each) if item else each for key, each in value}
        )
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        item = _cell_reader(pa, kind.value_type)
        return item and (lambda value: None if value is None else [*map(item, value)])
    if types.is_struct(kind):
        return _struct_reader(pa, kind)
    if types.is_timestamp(kind) and kind.tz is not None:
        return lambda value: value if value is None else value.astimezone(UTC)
    return _iso_duration if types.is_duration(kind) else None


def _struct_reader(pa: Any, kind: Any) -> Callable[[Any], Any] | None:
    readers = {field.name: reader for field in kind if (reader := _cell_reader(pa, field.type))}
    union = _is_union(kind)

    def read(value: Any) -> Any:
        if value is None:
            return None
        made = {
            name: readers[name](each) if name in readers else each for name, each in value.items()
        }
        return next((each for each in made.values() if each is not None), None) if union else made

    return read if readers or union else None


def _iso_duration(value: timedelta | None) -> str | None:
    if value is None:
        return None
    micros = value // timedelta(microseconds=1)
    seconds = Decimal(micros).scaleb(-6).normalize()
    return f"PT{seconds:f}S"
