"""Types of what is declared: pydantic models, inputs, outputs of flows, data written out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from tiercel.check.types import (
    ANY,
    BOOLEAN,
    NULL,
    NUMBER,
    SECRET,
    TEXT,
    ListOf,
    MapOf,
    Member,
    Origin,
    Path,
    Type,
    join,
)

__all__ = [
    "INPUT_KINDS",
    "data_type",
    "has_tag",
    "input_members",
    "model_type",
    "typed_value",
    "value_type",
]

INPUT_KINDS: dict[str, Type] = {
    **dict.fromkeys(("STRING", "SELECT", "ENUM", "EMAIL", "FILE", "URI"), TEXT),
    # Executions keep them as ISO-8601 text.
    **dict.fromkeys(("DATE", "DATETIME", "TIME"), TEXT),
    **dict.fromkeys(("INT", "FLOAT"), NUMBER),
    # A number of seconds.
    "DURATION": NUMBER,
    **dict.fromkeys(("BOOL", "BOOLEAN"), BOOLEAN),
    "SECRET": SECRET,
    **dict.fromkeys(("JSON", "YAML"), ANY),
}
"""Type of an input, or of a flow's output → what its values are."""

# What outputs become on their way into the database: see `engine.plain`.
_PLAIN: tuple[tuple[type | tuple[type, ...], Type], ...] = (
    (bool, BOOLEAN),
    ((int, float, Decimal), NUMBER),
    ((str, bytes, datetime, date, time, timedelta), TEXT),
)
_DEEPEST = 12


def has_tag(value: Any) -> bool:
    """Return whether a value is a text that holds a template's tag."""
    return isinstance(value, str) and ("{{" in value or "{%" in value or "{#" in value)


@lru_cache(maxsize=4096)
def model_type(model: type[BaseModel], depth: int = 0) -> MapOf:
    """Return the type of what a model of outputs becomes in expressions."""
    members = {}
    for name, field in model.model_fields.items():
        if field.exclude:
            continue
        members[field.serialization_alias or field.alias or name] = Member(
            value_type(field.annotation, depth + 1),
            field.is_required(),
            Origin("output", None, model, name),
        )
    rest = ANY if model.model_config.get("extra") == "allow" else None
    return MapOf(members, rest, code="TC103", what="The output", noun="member")


def value_type(annotation: Any, depth: int = 0) -> Type:
    """Return the type of the values that an annotation allows, null left out."""
    if depth > _DEEPEST:
        return ANY
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return value_type(arguments[0], depth)
    if origin in (Union, UnionType):
        return join(value_type(each, depth) for each in arguments if each is not NoneType)
    if origin is Literal:
        return join(typed_value(each) for each in arguments)
    plain = origin or annotation
    if not isinstance(plain, type):
        return ANY
    if issubclass(plain, BaseModel):
        return model_type(plain, depth)
    if issubclass(plain, Enum):
        return join(typed_value(each.value) for each in plain)
    for types, found in _PLAIN:
        if issubclass(plain, types):
            return found
    if issubclass(plain, Mapping):
        return MapOf({}, value_type(arguments[1], depth + 1) if len(arguments) == 2 else ANY)
    if issubclass(plain, Sequence | AbstractSet):
        items = [each for each in arguments if each is not Ellipsis]
        return ListOf(join(value_type(each, depth + 1) for each in items))
    return ANY


def typed_value(value: Any) -> Type:
    """Return the type of one plain value."""
    if value is None:
        return NULL
    if isinstance(value, bool):
        return BOOLEAN
    if isinstance(value, int | float | Decimal):
        return NUMBER
    return TEXT if isinstance(value, str) else ANY


def data_type(value: Any, path: Path, *, rendered: bool, kind: str = "variable") -> Type:
    """Return the type of data that are written in a flow.

    Args:
        value: the data.
        path: where they are.
        rendered: whether each text is rendered to a text; otherwise texts stay as written.
        kind: what the members are, for telling about them.
    """
    if isinstance(value, dict):
        members = {}
        for key, item in value.items():
            inner = data_type(item, (*path, key), rendered=rendered, kind=kind)
            if not (rendered and item is None):
                members[str(key)] = Member(inner, True, Origin(kind, (*path, key)))
        computed = rendered and any(map(has_tag, value))
        return MapOf(members, ANY if computed else None)
    if isinstance(value, list):
        items = (
            data_type(item, (*path, index), rendered=rendered, kind=kind)
            for index, item in enumerate(value)
        )
        return ListOf(join(items))
    return typed_value(value)


def input_members(inputs: Any, path: Path) -> dict[str, Member]:
    """Return the members of `inputs`, by the ids that a flow's data declare; dots nest.

    Args:
        inputs: what stands under `inputs`: anything, if the flow is not valid.
        path: where that is.
    """
    members: dict[str, Member] = {}
    for index, entry in enumerate(inputs if isinstance(inputs, list) else ()):
        if isinstance(entry, dict):
            name = entry.get("id", entry.get("name"))
            if isinstance(name, str | int | float) and not isinstance(name, bool):
                _put(members, str(name).split("."), _input_member(entry, (*path, index)))
    return members


def _input_member(entry: dict[str, Any], path: Path) -> Member:
    kind = entry.get("type")
    origin = Origin("input", path, doc=str(entry.get("description") or ""))
    if kind == "FORM":
        inner = input_members(entry.get("inputs"), (*path, "inputs"))
        return Member(
            MapOf(inner, code="TC104", what=f"The form {entry.get('id')!r}", noun="input"),
            True,
            origin,
        )
    return Member(_input_type(entry, kind), _is_given(entry), origin)


def _input_type(entry: dict[str, Any], kind: Any) -> Type:
    if kind == "MULTISELECT":
        return ListOf(INPUT_KINDS.get(str(entry.get("itemType", "STRING")), ANY))
    if kind == "ARRAY":
        return ListOf(INPUT_KINDS.get(str(entry.get("itemType")), ANY))
    return INPUT_KINDS.get(str(kind), ANY)


def _is_given(entry: dict[str, Any]) -> bool:
    """Return whether every execution has a value of the input."""
    depends = entry.get("dependsOn")
    if isinstance(depends, dict) and "condition" in depends:
        return False
    required = entry.get("required", True)
    return required not in (False, "false") or entry.get("defaults") is not None


def _put(members: dict[str, Member], names: list[str], member: Member) -> None:
    name, *rest = names
    if not rest:
        members[name] = member
        return
    known = members.get(name)
    inner: dict[str, Member] = {}
    if known is not None and isinstance(known.type, MapOf):
        inner = dict(known.type.members)
    _put(inner, rest, member)
    group = MapOf(inner, code="TC104", what=f"The group {name!r}", noun="input")
    members[name] = Member(group, _any_sure(inner.values()), member.origin)


def _any_sure(members: Iterable[Member]) -> bool:
    return any(member.sure for member in members)
