"""ION values as an Avro schema wants them.

A schema is compiled to functions once; each takes a value and gives it back as its type has it, or
raises `CellError`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tiercel_serdes.avro_cells import (
    CellError,
    Convert,
    Decimals,
    Moments,
    Primitives,
    ValueRules,
    shown,
)
from tiercel_serdes.avro_schema import Schema

__all__ = ["compiled"]

_PRIMITIVE = {"null", "boolean", "int", "long", "float", "double", "bytes", "string"}


def compiled(schema: Schema, rules: ValueRules) -> Convert:
    """Return the function that makes a row of a record's schema of an ION value.

    Args:
        schema: of a record, as `avro_schema.parse` gives it.
        rules: how texts are read.
    """
    compiler = _Compiler(rules)
    convert = compiler.compile(schema)
    names = [field["name"] for field in schema["fields"]]
    alone = len(names) == 1 and _kind(schema["fields"][0]["type"]) == "array"

    def row(value: Any) -> Any:
        if isinstance(value, list):
            return convert({names[0]: value} if alone else _by_name(names, value, rules))
        if not isinstance(value, Mapping):
            raise CellError(f"A row must be a struct or a list, got {type(value).__name__}")
        if value and "col0" in value and not any(key in names for key in value):
            # Columns by position, from a file without a header.
            return convert(_by_name(names, list(value.values()), rules))
        return convert(value)

    return row


def _by_name(names: Sequence[str], values: Sequence[Any], rules: ValueRules) -> dict[str, Any]:
    if rules.strict and len(values) > len(names):
        raise CellError(f"The row has {len(values)} values, the schema {len(names)} fields")
    return dict(zip(names, values, strict=False))


def _kind(schema: Schema) -> str:
    kind = schema["type"] if isinstance(schema, Mapping) else schema
    return kind if isinstance(kind, str) else "union"


def _may_be_null(schema: Schema) -> bool:
    return (
        any(_kind(each) == "null" for each in schema)
        if isinstance(schema, list)
        else (_kind(schema) == "null")
    )


class _Compiler:
    def __init__(self, rules: ValueRules) -> None:
        self._rules = rules
        self._named: dict[str, Convert] = {}
        self._complex: dict[str, Callable[[Mapping[str, Any]], Convert]] = {
            "record": self._record,
            "error": self._record,
            "array": self._array,
            "map": self._map,
            "enum": self._enum,
            "fixed": self._fixed,
        }

    def compile(self, schema: Schema) -> Convert:
        if isinstance(schema, list):
            return self._union(schema)
        if isinstance(schema, str):
            return self._simple(schema)
        logical = self._logical(schema)
        if logical is not None:
            return logical
        kind = schema["type"]
        if isinstance(kind, str) and kind in self._complex:
            return self._complex[kind](schema)
        return self.compile(kind)

    def _simple(self, name: str) -> Convert:
        if name in _PRIMITIVE:
            return Primitives(self._rules).of(name)
        # A type that was named before, or that contains itself.
        return lambda value: self._named[name](value)

    def _logical(self, schema: Mapping[str, Any]) -> Convert | None:
        match schema.get("logicalType"):
            case "decimal":
                return Decimals(self._rules, schema["precision"], schema.get("scale", 0))
            case str(name) if name in Moments.NAMES:
                return Moments(self._rules).of(name)
        return None

    def _record(self, schema: Mapping[str, Any]) -> Convert:
        rules = self._rules
        fields: list[_Field] = []

        def convert(value: Any) -> dict[str, Any]:
            if not isinstance(value, Mapping):
                raise CellError(f"{shown(value)} is no struct")
            if rules.strict and len(value) > len(fields):
                unknown = sorted(set(value) - {name for each in fields for name in each.names})
                reason = f"The schema has no field {', '.join(map(repr, unknown))}"
                if rules.report is None:
                    raise CellError(reason)
                rules.report(reason)
            return {field.name: field.of(value) for field in fields}

        self._named[schema["name"]] = convert
        fields += [_Field(field, self.compile(field["type"]), rules) for field in schema["fields"]]
        return convert

    def _array(self, schema: Mapping[str, Any]) -> Convert:
        item = self.compile(schema["items"])

        def convert(value: Any) -> list[Any]:
            if not isinstance(value, list):
                raise CellError(f"{shown(value)} is no list")
            return [item(each) for each in value]

        return convert

    def _map(self, schema: Mapping[str, Any]) -> Convert:
        item = self.compile(schema["values"])

        def convert(value: Any) -> dict[str, Any]:
            if not isinstance(value, Mapping):
                raise CellError(f"{shown(value)} is no struct")
            return {str(key): item(each) for key, each in value.items()}

        return convert

    def _enum(self, schema: Mapping[str, Any]) -> Convert:
        symbols = schema["symbols"]

        def convert(value: Any) -> str:
            if value not in symbols:
                raise CellError(f"{shown(value)} is none of {', '.join(symbols)}")
            return str(value)

        self._named[schema["name"]] = convert
        return convert

    def _fixed(self, schema: Mapping[str, Any]) -> Convert:
        size = schema["size"]
        to_bytes = Primitives(self._rules).of("bytes")

        def convert(value: Any) -> bytes:
            data: bytes = to_bytes(value)
            if len(data) != size:
                raise CellError(f"{shown(value)} has {len(data)} bytes instead of {size}")
            return data

        self._named[schema["name"]] = convert
        return convert

    def _union(self, schemas: Sequence[Schema]) -> Convert:
        names = [_kind(schema) for schema in schemas]
        members = [self.compile(schema) for schema in schemas]
        # Almost anything can be a text, so what is none tries the other types first.
        texts = [kind in ("string", "bytes") for kind in names]
        patient = [
            member
            for _, member in sorted(zip(texts, members, strict=True), key=lambda each: each[0])
        ]
        optional = _may_be_null(list(schemas))
        null = self._rules.null if self._rules.infer_all and optional else ()
        alone = len(members) - optional == 1

        def convert(value: Any) -> Any:
            if (value is None and optional) or (
                null and isinstance(value, str) and value.lower() in null
            ):
                return None
            *first, last = members if isinstance(value, str) else patient
            for member in first:
                try:
                    return member(value)
                except CellError:
                    continue
            try:
                return last(value)
            except CellError:
                if alone:
                    raise
            raise CellError(f"{shown(value)} fits none of the types {', '.join(names)}")

        return convert


class _Field:
    """One field of a record."""

    def __init__(self, field: Mapping[str, Any], convert: Convert, rules: ValueRules) -> None:
        self.name: str = field["name"]
        self.names = (self.name, *field.get("aliases", ()))
        self._convert = convert
        self._report = rules.report
        self._optional = _may_be_null(field["type"])

    def of(self, row: Mapping[str, Any]) -> Any:
        """Return the field's value in a row."""
        value = row.get(self.name)
        if value is None and len(self.names) > 1:
            values = (row.get(name) for name in self.names)
            value = next((each for each in values if each is not None), None)
        try:
            return self._convert(value)
        except CellError as error:
            # Held in a name, the error would hold itself by its own traceback: garbage in each row.
            if self._report is None or not self._optional:
                raise error.below(self.name) from None
            self._report(str(error.below(self.name)))
        return None
