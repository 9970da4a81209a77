"""What the properties of a class hold: expressions, tasks, models with properties of their own.

Read from the annotations, once for each class. Flows are looked at as plain data beside it, so that
a flow that does not load for one reason is still checked for all others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from functools import lru_cache
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from tiercel._record import record
from tiercel.check.types import KINDS
from tiercel.model.base import Dynamic, Model
from tiercel.model.input_base import InputBase
from tiercel.model.task import TaskBase
from tiercel.model.trigger import ConditionBase, TriggerBase
from tiercel.plugin.property import Property
from tiercel.plugin.runner import TaskRunner

__all__ = ["KIND_BASES", "Slot", "layout", "taken_kinds", "takes_text"]

KIND_BASES: dict[str, type[Model]] = {
    "task": TaskBase,
    "trigger": TriggerBase,
    "condition": ConditionBase,
    "task runner": TaskRunner,
    "input": InputBase,
}
"""What the registry calls a kind → the base of its classes."""

_RENDERED = {TaskBase: frozenset({"runIf", "timeout"})}
"""Properties of the core that hold expressions, though nothing in their annotation says so."""


@record
class Slot:
    """What one property of a class holds.

    Attributes:
        name: the field's name in Python.
        kind: `rendered`, one of `KIND_BASES`, `model`, or empty for data that nobody renders.
        target: the annotation that a rendered value is validated as.
        checked: whether a rendered value that is no `target` fails.
        models: classes of the mappings in it, when it holds models.
    """

    name: str
    kind: str = ""
    target: Any = Any
    checked: bool = False
    models: tuple[type[Model], ...] = ()


@lru_cache(maxsize=4096)
def layout(cls: Any) -> Mapping[str, Slot]:
    """Return what each property of a class holds, by every name that it may be written under."""
    slots: dict[str, Slot] = {}
    for name, field in cls.model_fields.items():
        alias = field.alias or name
        slot = _slot(name, field.annotation, field.metadata)
        if any(issubclass(cls, base) and alias in names for base, names in _RENDERED.items()):
            slot = Slot(name, "rendered", str)
        for written in (alias, name, *_other_names(field)):
            slots.setdefault(written, slot)
    return slots


def _other_names(field: Any) -> list[str]:
    alias = field.validation_alias
    choices = getattr(alias, "choices", [alias] if alias else [])
    return [choice for choice in choices if isinstance(choice, str)]


def _slot(name: str, annotation: Any, metadata: list[Any]) -> Slot:
    if any(each is Dynamic or isinstance(each, Dynamic) for each in metadata):
        return Slot(name, "rendered", annotation)
    models: list[type[Model]] = []
    for part, marked in _parts(annotation):
        if get_origin(part) is Property:
            return Slot(name, "rendered", get_args(part)[0], checked=True)
        if part is Property or marked:
            return Slot(name, "rendered", part)
        if isinstance(part, type) and issubclass(part, Model):
            for kind, base in KIND_BASES.items():
                if issubclass(part, base):
                    return Slot(name, kind)
            if _holds_tasks(part):
                return Slot(name, "task")
            models.append(part)
    return Slot(name, "model", models=tuple(models)) if models else Slot(name)


def _holds_tasks(model: type[Model]) -> bool:
    """Return whether a model is the entry of a task, as a Dag has it: the task and more."""
    return any(
        isinstance(part, type) and issubclass(part, TaskBase)
        for field in model.model_fields.values()
        for part, _ in _parts(field.annotation)
    )


def _parts(annotation: Any, marked: bool = False) -> Iterator[tuple[Any, bool]]:
    """Yield what an annotation is made of, and whether it is marked `Dynamic`."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        inside = marked or any(each is Dynamic or isinstance(each, Dynamic) for each in arguments)
        yield from _parts(arguments[0], inside)
    elif origin is Property or origin is None or origin is Literal:
        yield annotation, marked
    else:
        for argument in arguments:
            yield from _parts(argument, marked)


@lru_cache(maxsize=1024)
def takes_text(target: Any) -> bool:
    """Return whether a property takes any text: it is rendered to one, whatever it gives."""
    origin, arguments = get_origin(target), get_args(target)
    if origin in (Union, UnionType):
        return any(map(takes_text, arguments))
    return target is str or (origin is Annotated and arguments[0] is str)


_SCALARS = frozenset({"text", "number", "boolean", "moment", "null"})


@lru_cache(maxsize=1024)
def taken_kinds(target: Any) -> frozenset[str]:
    """Return the kinds of value that a property of a type does not always refuse.

    A text may hold anything: JSON of a list or map, digits, a date.
    """
    origin, arguments = get_origin(target), get_args(target)
    if origin is Annotated:
        return taken_kinds(arguments[0])
    if origin in (Union, UnionType):
        return frozenset().union(*map(taken_kinds, arguments))
    plain = origin or target
    if plain is Literal or plain is type(None):
        return _SCALARS
    if not isinstance(plain, type):
        return KINDS
    if issubclass(plain, BaseModel | Mapping):
        return frozenset({"map", "text", "null"})
    if issubclass(plain, list | tuple | set | frozenset):
        return frozenset({"list", "text", "null"})
    if issubclass(plain, str | int | float | Enum):
        return _SCALARS
    return KINDS
