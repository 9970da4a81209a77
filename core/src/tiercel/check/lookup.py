"""Reading a member, an item or a method of a value whose type is known.

What can be read of texts, numbers and lists without being written there (`length`, `first`) is
asked of `expression.access` itself, with a sample in place of the value.
"""

from __future__ import annotations

from typing import Any

from tiercel._record import record
from tiercel.check.declared import typed_value
from tiercel.check.types import (
    ANY,
    Either,
    ListOf,
    MapOf,
    Member,
    Scalar,
    Type,
    described,
    join,
)
from tiercel.errors import EvaluationError, UndefinedError
from tiercel.expression import access
from tiercel.model.problems import nearest

__all__ = ["Miss", "member", "method_exists"]

_SAMPLES: dict[str, Any] = {"text": "a", "number": 1, "boolean": True}


@record
class Miss:
    """A name that is not there.

    Attributes:
        code: what is reported.
        message: what is wrong.
        suggestion: the name that was most likely meant.
        certain: whether reading it fails in any case.
        type: what it may still be.
    """

    code: str
    message: str
    suggestion: str | None = None
    certain: bool = True
    type: Type = ANY


def member(base: Type, name: str) -> Member | Miss:
    """Return what `base.name` is, or that it is not there."""
    if isinstance(base, MapOf):
        return _of_map(base, name)
    if isinstance(base, Either):
        return _of_any(base, name)
    if isinstance(base, ListOf):
        return Member(base.item, False) if name.isdecimal() else _of_sample(base, [None], name)
    sample = _SAMPLES.get(base.kind)
    if sample is not None:
        return _of_sample(base, sample, name)
    if base.kind == "null":
        return Miss("TC105", f"{name!r} cannot be read from null")
    return Member(ANY)


def _of_any(base: Either, name: str) -> Member | Miss:
    found = [member(choice, name) for choice in base.choices]
    there = [each for each in found if isinstance(each, Member)]
    if not there:
        return found[0]
    return Member(join(each.type for each in there), all(each.sure for each in there))


def _of_map(base: MapOf, name: str) -> Member | Miss:
    known = base.members.get(name)
    if known is not None:
        return known
    if base.loop:
        wrong = _without_value(base, name)
        if wrong is not None:
            return wrong
    if base.rest is not None and not base.loose:
        return Member(base.rest, False)
    names = list(base.members)
    message = f"{base.what} has no {base.noun} {name!r}"
    if not names:
        message = f"{base.what} has no {base.noun}s, and so no {name!r}"
    elif len(names) <= _MOST_LISTED:
        message += f"; it has {', '.join(names)}"
    hint = nearest(name, names)
    return Miss(base.code, message, hint, base.rest is None, base.rest or ANY)


_MOST_LISTED = 12


def _without_value(base: MapOf, name: str) -> Miss | None:
    """Return that an output is read where the value of a loop should be, if it looks like that."""
    inner = base.rest if base.rest is not None else next(iter(base.members.values())).type
    while isinstance(inner, MapOf) and inner.loop and inner.rest is not None:
        inner = inner.rest
    if isinstance(inner, MapOf) and name in inner.members:
        message = (
            f"{name!r} is below the values of the loop {base.loop!r}: "
            f"write `[taskrun.value].{name}` inside the loop, `['a value'].{name}` after it"
        )
        return Miss("TC204", message, None, base.rest is None, inner.members[name].type)
    return None


def _of_sample(base: Scalar | ListOf, sample: Any, name: str) -> Member | Miss:
    try:
        value = access.attribute(sample, name)
    except UndefinedError:
        return Miss("TC105", f"{described(base).capitalize()} has no member {name!r}")
    if isinstance(base, ListOf) and value is None:
        return Member(base.item, False)
    return Member(typed_value(value))


def method_exists(base: Type, name: str) -> bool:
    """Return whether a value of a type could have a method."""
    if isinstance(base, Either):
        return any(method_exists(choice, name) for choice in base.choices)
    sample: Any = [None] if isinstance(base, ListOf) else {"a": 1}
    if isinstance(base, Scalar):
        if base.kind not in _SAMPLES:
            return base.kind != "null"
        sample = _SAMPLES[base.kind]
    try:
        access.method(sample, name)
    except UndefinedError:
        return False
    except EvaluationError:
        return True  # it wants arguments
    return True
