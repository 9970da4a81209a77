"""Avro schemas: read from JSON, or inferred from rows.

An inferred schema is Kestra's: records are named after their fields, every plain value may be null,
decimals are texts, timestamps are local and in milliseconds.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from tiercel.plugin import TaskError
from tiercel_serdes.library import library

__all__ = ["Schema", "infer", "parse", "with_unique_names"]

Schema = Any
"""A schema as JSON has it: the name of a type, a list of types, or a mapping."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# What a type must have beside its name.
_NEEDED = {
    "record": ("fields",),
    "array": ("items",),
    "map": ("values",),
    "enum": ("symbols",),
    "fixed": ("size",),
    "decimal": ("precision",),
}
_NAMESPACE = "io.kestra.plugin.serdes.avro"


def parse(text: str) -> Schema:
    """Read a schema.

    Raises:
        TaskError: it is no Avro schema of a record.
    """
    fastavro = library("fastavro", "avro")
    schema_errors = library("fastavro.schema", "avro")
    try:
        schema = json.loads(text)
        _check(schema)
        parsed = fastavro.parse_schema(schema)
    except (
        ValueError,
        schema_errors.SchemaParseException,
        schema_errors.UnknownType,
    ) as error:
        raise TaskError(f"Invalid Avro schema: {error}", retryable=False) from error
    if not isinstance(parsed, Mapping) or parsed.get("type") != "record":
        raise TaskError("Invalid Avro schema: its type must be `record`", retryable=False)
    return parsed


def _check(schema: Schema) -> None:
    """Look for what fastavro does not look for.

    Raises:
        TaskError: a name is none, or a type lacks what belongs to it.
    """
    if isinstance(schema, list):
        for each in schema:
            _check(each)
    if not isinstance(schema, Mapping):
        return
    kind = schema.get("type")
    if not isinstance(kind, str):
        if kind is None:
            raise TaskError(f"Invalid Avro schema: {schema!r} lacks `type`", retryable=False)
        _check(kind)
        return
    needed = _NEEDED["decimal"] if schema.get("logicalType") == "decimal" else ()
    for key in (*needed, *_NEEDED.get(kind, ())):
        if key not in schema:
            raise TaskError(f"Invalid Avro schema: {kind} lacks `{key}`", retryable=False)
    for key in ("items", "values"):
        _check(schema.get(key))
    for field in schema.get("fields", ()):
        if not _NAME.fullmatch(str(field.get("name"))):
            raise TaskError(
                f"Invalid Avro schema: {field.get('name')!r} is no name: letters, digits and `_`",
                retryable=False,
            )
        _check({"type": field.get("type")})


def infer(rows: Iterable[Any]) -> Schema:
    """Return the schema that fits all of some rows.

    Raises:
        TaskError: there are no rows, or no schema fits them all.
    """
    merged: Schema = None
    for row in rows:
        found = _record("root", row) if isinstance(row, Mapping) else _wrapped(row)
        merged = found if merged is None else _merged(merged, found)
    if merged is None:
        raise TaskError(
            "Cannot infer Avro schema from ION input: the file appears to be empty or contains "
            "no valid records.",
            retryable=False,
        )
    return merged


def with_unique_names(schema: Schema) -> Schema:
    """Return an inferred schema in which no two records have the same name."""
    return _renamed(schema, set())


def _renamed(schema: Schema, taken: set[str]) -> Schema:
    if isinstance(schema, list):
        return [_renamed(each, taken) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if schema["type"] == "array":
        return {**schema, "items": _renamed(schema["items"], taken)}
    if schema["type"] != "record":
        return schema
    name = next(each for each in _numbered(schema["name"]) if each not in taken)
    taken.add(name)
    fields = [{**field, "type": _renamed(field["type"], taken)} for field in schema["fields"]]
    return {**schema, "name": name, "fields": fields}


def _numbered(name: str) -> Iterator[str]:
    yield name
    number = 2
    while True:
        yield f"{name}_{number}"
        number += 1


def _wrapped(row: Any) -> Schema:
    """Avro wants a record at the top: a list becomes its only field."""
    if not isinstance(row, list):
        kind = type(row).__name__
        raise TaskError(f"A row must be a struct or a list, got {kind}", retryable=False)
    items = _items("root", row)
    fields = [{"name": "value", "type": {"type": "array", "items": items}, "doc": ""}]
    return {"type": "record", "name": "root", "namespace": _NAMESPACE, "fields": fields}


def _record(name: str, members: Mapping[str, Any]) -> Schema:
    fields = []
    for key, value in members.items():
        kind = _type(key, value)
        optional = isinstance(kind, list) and kind[0] == "null"
        fields.append(
            {"name": key, "type": kind, **({"doc": "", "default": None} if optional else {})}
        )
    return {"type": "record", "name": name, "namespace": _NAMESPACE, "fields": fields}


def _items(name: str, items: list[Any]) -> Schema:
    kind: Schema = None
    for item in items:
        found = _type(f"{name}_items", item)
        kind = found if kind is None else _merged(kind, found)
    return "string" if kind is None else kind


def _type(name: str, value: Any) -> Schema:
    match value:
        case None:
            return "null"
        case Mapping():
            return [_record(name, value), "null"]
        case list():
            return [{"type": "array", "items": _items(name, value)}, "null"]
    return ["null", _plain(value)]


def _plain(value: Any) -> Schema:
    match value:
        case bool():
            return "boolean"
        case int():
            # Beyond 64 bits, only a text holds all of it.
            size = (value if value >= 0 else ~value).bit_length()
            return "int" if size < 32 else "long" if size < 64 else "string"
        case float():
            return "double"
        case datetime():
            return {"type": "long", "logicalType": "local-timestamp-millis"}
        case date():
            return {"type": "int", "logicalType": "date"}
        case time():
            return {"type": "int", "logicalType": "time-millis"}
        case bytes():
            return "bytes"
        case str() | Decimal():
            return "string"
    kind = type(value).__name__
    raise TaskError(f"No Avro type is known for a value of type {kind}", retryable=False)


def _merged(first: Schema, second: Schema) -> Schema:
    """Return the schema of values that are one or the other."""
    if first == second:
        return first
    if _is(first, "record") and _is(second, "record"):
        return _merged_records(first, second)
    if _is(first, "array") and _is(second, "array"):
        return {"type": "array", "items": _merged(first["items"], second["items"])}
    members: list[Schema] = []
    for each in [*_members(first), *_members(second)]:
        _add(members, each)
    return members


def _members(schema: Schema) -> list[Schema]:
    return schema if isinstance(schema, list) else [schema]


def _add(members: list[Schema], schema: Schema) -> None:
    """Add a type to a union, which has no two records, arrays or equal types."""
    for index, member in enumerate(members):
        if any(_is(member, kind) and _is(schema, kind) for kind in ("record", "array")):
            members[index] = _merged(member, schema)
            return
    if schema not in members:
        members.append(schema)


def _merged_records(first: Schema, second: Schema) -> Schema:
    fields = {field["name"]: field for field in first["fields"]}
    for field in second["fields"]:
        known = fields.get(field["name"])
        kind = field["type"] if known is None else _merged(known["type"], field["type"])
        fields[field["name"]] = {**(known or field), "type": kind}
    missing = {f["name"] for f in first["fields"]} ^ {f["name"] for f in second["fields"]}
    for name in missing:
        # Some rows lack it.
        kind = _merged(fields[name]["type"], "null")
        fields[name] = {**fields[name], "type": kind}
    for field in fields.values():
        if _members(field["type"])[0] != "null":
            field.pop("default", None)
    return {**first, "fields": list(fields.values())}


def _is(schema: Schema, kind: str) -> bool:
    return isinstance(schema, dict) and schema["type"] == kind
