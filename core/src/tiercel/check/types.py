"""The types that the checker tells values apart by.

They are coarse on purpose: what a filter or an operator refuses is decided by the kind of a value
(`text`, `number`, `boolean`, `list`, `map`, `moment`, `null`), and an error is only reported where
every kind that a value could be of is refused. `ANY` could be of all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from tiercel._record import record

__all__ = [
    "ANY",
    "BOOLEAN",
    "KINDS",
    "MOMENT",
    "NULL",
    "NUMBER",
    "SECRET",
    "TEXT",
    "Either",
    "ListOf",
    "MapOf",
    "Member",
    "Origin",
    "Path",
    "Scalar",
    "Type",
    "could_be",
    "described",
    "join",
    "kinds",
    "without_null",
]

Path: TypeAlias = tuple[str | int, ...]
"""Keys and indexes that lead to a place in a flow's data."""

KINDS = frozenset({"text", "number", "boolean", "list", "map", "moment", "null"})
"""All kinds of value."""


@record
class Scalar:
    """A value without parts.

    Attributes:
        kind: one of `KINDS`, or `any`.
        secret: whether it must not be shown.
    """

    kind: str
    secret: bool = False


@record
class ListOf:
    """A list of values of one type."""

    item: Type


@record
class Origin:
    """Where a member comes from, for going there and for telling about it.

    Attributes:
        kind: `task`, `output`, `input`, `variable`, `trigger`, …
        path: the place in the flow where it is defined; None when it is in no flow.
        owner: the class that declares it.
        field: its name there, in Python.
        doc: what is said about it, where no class does.
    """

    kind: str
    path: Path | None = None
    owner: type | None = None
    field: str = ""
    doc: str = ""


@record
class Member:
    """One member of a map.

    Attributes:
        type: its type.
        sure: whether it is there in every execution.
        origin: where it comes from.
    """

    type: Type
    sure: bool = True
    origin: Origin | None = None


@record
class MapOf:
    """A map.

    Attributes:
        members: those that are known.
        rest: the type of all others; None when there are no others.
        loose: whether a name that is not among `members` is more likely a mistake than not.
        code: what is reported for a name that is not there.
        what: the map in messages, which begin with it: `The flow`.
        noun: what its members are in messages: `input`.
        loop: the id of the loop whose values are the names, for outputs of tasks inside it.
    """

    members: Mapping[str, Member]
    rest: Type | None = None
    loose: bool = False
    code: str = "TC105"
    what: str = "This map"
    noun: str = "member"
    loop: str = ""


@record
class Either:
    """A value of one of several types."""

    choices: tuple[Type, ...]


Type: TypeAlias = Scalar | ListOf | MapOf | Either

ANY = Scalar("any")
TEXT = Scalar("text")
NUMBER = Scalar("number")
BOOLEAN = Scalar("boolean")
MOMENT = Scalar("moment")
NULL = Scalar("null")
SECRET = Scalar("text", secret=True)


def join(types: Iterable[Type]) -> Type:
    """Return the type of a value that is of one of `types`; `ANY` of none."""
    choices: list[Type] = []
    for each in types:
        for choice in each.choices if isinstance(each, Either) else (each,):
            if choice == ANY:
                return ANY
            if not any(choice is known or choice == known for known in choices):
                choices.append(choice)
    if not choices:
        return ANY
    return choices[0] if len(choices) == 1 else Either(tuple(choices))


def kinds(value: Type) -> frozenset[str]:
    """Return the kinds that a value of a type could be of."""
    if isinstance(value, Scalar):
        return KINDS if value.kind == "any" else frozenset({value.kind})
    if isinstance(value, ListOf):
        return frozenset({"list"})
    if isinstance(value, MapOf):
        return frozenset({"map"})
    return frozenset().union(*map(kinds, value.choices))


def could_be(value: Type, wanted: Iterable[str]) -> bool:
    """Return whether a value of a type could be of one of the kinds."""
    return not kinds(value).isdisjoint(wanted)


def without_null(value: Type) -> Type:
    """Return the type of what is left of a value when null is replaced."""
    if isinstance(value, Either):
        return join(choice for choice in value.choices if choice != NULL)
    return value


_WORDS = {
    "any": "anything",
    "text": "text",
    "number": "a number",
    "boolean": "a boolean",
    "moment": "a date",
    "null": "null",
}


def described(value: Type, depth: int = 2) -> str:
    """Return a type as people read it: `text`, `a list of text`, `a map with a and b`."""
    if isinstance(value, Scalar):
        return "a secret text" if value.secret else _WORDS[value.kind]
    if isinstance(value, ListOf):
        if value.item == ANY or not depth:
            return "a list"
        return f"a list of {_plural(described(value.item, depth - 1))}"
    if isinstance(value, MapOf):
        return _described_map(value)
    return " or ".join(described(choice, depth) for choice in value.choices)


def _described_map(value: MapOf) -> str:
    names = list(value.members)
    if not names:
        return "a map" if value.rest is not None else "an empty map"
    shown = ", ".join(names[:6]) + (", …" if len(names) > 6 else "")
    return f"a map with {shown}"


def _plural(text: str) -> str:
    word = text.removeprefix("a ")
    return f"{word}s" if word in ("number", "boolean", "date", "list") else word
