"""Two ways to describe a type, read to one form: the golden data's and our JSON Schema.

A type is `{property: Facts}`. What is compared of a property is its shape (`string`, `list<map>`,
`object`), what an editor checks (required, default, enum, bounds, …), and, for each kind of object
that it may hold, that object's own properties.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Facts", "differences", "golden_members", "our_members"]

_SAID = (
    "required",
    "dynamic",
    "default",
    "enum",
    "format",
    "pattern",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "minItems",
    "deprecated",
    "core",
)
_BOUNDS = ("enum", "format", "pattern", "minimum", "maximum", "minLength", "maxLength", "minItems")
_EXPRESSION = r"\{[{%]"
_KINDS = {
    "task": "Task",
    "trigger": "Trigger",
    "condition": "Condition",
    "taskRunner": "TaskRunner",
}
"""Our name of a definition that lists all types of a kind → the golden data's word for it."""


@dataclass
class Facts:
    """What is said of one property.

    Attributes:
        shapes: the forms that its value may have; `object` for one with properties of its own.
        said: everything else, without what is false or absent.
        objects: the objects that it may hold or contain, by their `type` where they have one.
    """

    shapes: set[str] = field(default_factory=set)
    said: dict[str, Any] = field(default_factory=dict)
    objects: dict[str, dict[str, Any]] = field(default_factory=dict)


def differences(golden: Mapping[str, Any], ours: Mapping[str, Any]) -> Iterator[str]:
    """Yield what differs between two types, as `path: what`; recursive types are read once."""
    yield from _members("", golden, ours, ())


def _members(
    path: str, golden: Mapping[str, Any], ours: Mapping[str, Any], seen: tuple[int, ...]
) -> Iterator[str]:
    # A `type` that picks a class is not compared as a property: see the aliases, and `objects`.
    for name in sorted((golden.keys() | ours.keys()) - {"type"}):
        here = f"{path}.{name}" if path else name
        if name not in ours:
            yield f"{here}: missing"
        elif name not in golden:
            yield f"{here}: extra"
        else:
            yield from _facts(here, golden[name](), ours[name](), seen)


def _facts(path: str, golden: Facts, ours: Facts, seen: tuple[int, ...]) -> Iterator[str]:
    if golden.shapes != ours.shapes:
        yield f"{path}: type {_shown(golden.shapes)}, not {_shown(ours.shapes)}"
    for key in _SAID:
        wanted, got = golden.said.get(key), ours.said.get(key)
        if wanted != got:
            yield f"{path}: {key} {wanted!r}, not {got!r}"
    for kind in sorted(golden.objects.keys() | ours.objects.keys()):
        where = f"{path}[{kind}]" if kind else path
        if kind not in ours.objects or kind not in golden.objects:
            yield f"{where}: {'missing' if kind in golden.objects else 'extra'}"
        elif id(golden.objects[kind]) not in seen:
            inner = golden.objects[kind]
            yield from _members(where, inner, ours.objects[kind], (*seen, id(inner)))


def _shown(shapes: set[str]) -> str:
    return "|".join(sorted(shapes))


# --- the golden data ------------------------------------------------------------------------


def golden_members(properties: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    """Return name → a function that gives the property's `Facts`."""
    return _Golden(definitions).members(properties)


class _Golden:
    def __init__(self, definitions: Mapping[str, Any]) -> None:
        self._definitions = definitions
        self._made: dict[str, dict[str, Any]] = {}

    def members(self, properties: Mapping[str, Any]) -> dict[str, Any]:
        return {name: (lambda prop=prop: self._facts(prop)) for name, prop in properties.items()}

    def _facts(self, prop: Mapping[str, Any]) -> Facts:
        facts = Facts()
        if "const" in prop:
            facts.shapes.add("string")
            facts.said["enum"] = [prop["const"]]
        else:
            facts.shapes = set(self._shapes(str(prop["type"]), facts))
        for key in _SAID:
            if prop.get(key) not in (None, False, {}):
                facts.said[key] = _plain(key, prop[key])
        if "enum" in prop and facts.shapes == {"any"}:
            facts.shapes = {"string"}
        return facts

    def _shapes(self, text: str, facts: Facts) -> Iterator[str]:
        for part in _alternatives(text):
            outer = re.fullmatch(r"(list|map)<(.*)>", part)
            definition = self._definitions.get(part)
            if outer:
                inner = "|".join(sorted(set(self._shapes(outer[2], facts))))
                yield f"{outer[1]}<{inner}>" if inner != "any" else outer[1]
            elif definition is None:
                yield "object" if "." in part else part
            elif isinstance(definition.get("type"), str):
                yield from self._shapes(definition["type"], facts)
            else:
                yield "object"
                if part not in self._made:
                    self._made[part] = self.members(definition)
                kind = definition.get("type", {}).get("const", "")
                facts.objects.setdefault(kind, self._made[part])


def _alternatives(text: str) -> Iterator[str]:
    depth = start = 0
    for index, character in enumerate(text):
        depth += {"<": 1, ">": -1}.get(character, 0)
        if character == "|" and not depth:
            yield text[start:index]
            start = index + 1
    yield text[start:]


def _plain(key: str, value: Any) -> Any:
    if key == "pattern":
        return value.removesuffix("$")
    if key == "enum":
        return sorted(value)
    if key == "default" and isinstance(value, str) and value.startswith('{"'):
        value = json.loads(value)
    return _as_text(value) if isinstance(value, dict) else value


def _as_text(value: Any) -> Any:
    """Return a default with its scalars as text, as Kestra writes those inside an object."""
    if isinstance(value, dict):
        return {key: _as_text(each) for key, each in value.items()}
    return str(value).lower() if isinstance(value, bool) else str(value)


# --- our JSON Schema ------------------------------------------------------------------------


def our_members(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    """Return name → a function that gives the property's `Facts`, for a schema of an object."""
    return _Ours(definitions).members(schema)


class _Ours:
    def __init__(self, definitions: Mapping[str, Any]) -> None:
        self._definitions = definitions
        self._made: dict[int, dict[str, Any]] = {}

    def members(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        required = schema.get("required", ())
        return {
            name: (lambda prop=prop, name=name: self._facts(prop, name in required))
            for name, prop in schema.get("properties", {}).items()
        }

    def _facts(self, prop: Mapping[str, Any], required: bool) -> Facts:
        facts = Facts()
        facts.shapes = set(self._shapes(prop, facts))
        if required:
            facts.said["required"] = True
        if prop.get("$dynamic"):
            facts.said["dynamic"] = True
        if prop.get("deprecated"):
            facts.said["deprecated"] = True
        if prop.get("$group") == "core":
            facts.said["core"] = True
        if prop.get("default") not in (None, False, {}):
            facts.said["default"] = _plain("default", prop["default"])
        return facts

    def _shapes(self, schema: Mapping[str, Any], facts: Facts) -> Iterator[str]:
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            if name in _KINDS:
                yield _KINDS[name]
                return
            schema = self._definitions[name]
        alternatives = schema.get("anyOf") or schema.get("oneOf")
        if alternatives:
            for each in alternatives:
                if each != {"type": "null"} and each.get("pattern") != _EXPRESSION:
                    yield from self._shapes(each, facts)
            return
        for key in _BOUNDS:
            if key in schema:
                facts.said[key] = _plain(key, schema[key])
        if "const" in schema:
            facts.said["enum"] = [schema["const"]]
        kinds = schema.get("type", "any")
        for kind in kinds if isinstance(kinds, list) else [kinds]:
            yield from self._shape(kind, schema, facts)

    def _shape(self, kind: str, schema: Mapping[str, Any], facts: Facts) -> Iterator[str]:
        if kind == "array":
            yield _holding("list", self._shapes(schema.get("items", {}), facts))
        elif kind == "object" and "properties" in schema:
            yield "object"
            if id(schema) not in self._made:
                self._made[id(schema)] = self.members(schema)
            const = schema["properties"].get("type", {}).get("const", "")
            facts.objects.setdefault(const, self._made[id(schema)])
        elif kind == "object":
            values = schema.get("additionalProperties")
            yield _holding("map", self._shapes(values if isinstance(values, dict) else {}, facts))
        else:
            yield kind


def _holding(outer: str, shapes: Iterator[str]) -> str:
    inner = "|".join(sorted(set(shapes)))
    return f"{outer}<{inner}>" if inner != "any" else outer
