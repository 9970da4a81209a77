"""Which texts of a flow are templates, what each of them sees, and what becomes of its value."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tiercel._record import record
from tiercel.check.declared import has_tag
from tiercel.check.layout import Slot, layout
from tiercel.check.scope import FlowScope, Scope
from tiercel.check.tree import Task
from tiercel.check.types import Path
from tiercel.model.input_base import InputBase, input_class

__all__ = ["Spot", "spots"]

MakeScope = Callable[[], Scope]


@record
class Spot:
    """A template in a flow.

    Attributes:
        path: where it is.
        on_key: whether it is the key there, and not the value.
        text: the template.
        scope: makes what it sees.
        slot: the property that it is the whole value of; None when it is a part of one.
        task: the task that it belongs to, or None.
        property: the task's property that it is in, as it is written.
        input: the input that it is the default of, or None.
    """

    path: Path
    on_key: bool
    text: str
    scope: MakeScope
    slot: Slot | None = None
    task: Task | None = None
    property: str = ""
    input: dict[str, Any] | None = None


def spots(flow: FlowScope) -> Iterator[Spot]:
    """Yield every template of a flow, in no certain order."""
    data = flow.data
    for task in flow.tree.tasks:
        if not task.made:
            yield from _of_task(flow, task)
    yield from _inside(data.get("outputs"), ("outputs",), flow.of_execution, only="value")
    yield from _inside(data.get("sla"), ("sla",), flow.of_execution, only="assert")
    yield from _inside(data.get("checks"), ("checks",), flow.of_checks, only="condition")
    yield from _texts(data.get("variables"), ("variables",), flow.anywhere)
    for name in ("pluginDefaults", "taskDefaults"):
        yield from _inside(data.get(name), (name,), flow.anywhere, only="values")
    yield from _of_inputs(flow, data.get("inputs"), ("inputs",))
    yield from _of_triggers(flow)


def _of_task(flow: FlowScope, task: Task) -> Iterator[Spot]:
    if task.cls is None:
        return
    scope: list[Scope] = []

    def make() -> Scope:
        if not scope:
            scope.append(flow.of_task(task))
        return scope[0]

    for spot in _of_model(flow, task.cls, task.data, task.path, make):
        name = spot.path[len(task.path)]
        if name == "outputs" and task.cls.runs_flow:
            continue  # they see the other flow's execution
        yield Spot(spot.path, spot.on_key, spot.text, make, spot.slot, task, str(name))


def _of_model(flow: FlowScope, cls: Any, data: Any, path: Path, scope: MakeScope) -> Iterator[Spot]:
    """Yield the templates in a mapping that a class validates; tasks in it are left out."""
    slots = layout(cls)
    for key, value in data.items():
        slot = slots.get(key)
        if slot is not None and slot.kind:
            yield from _of_slot(flow, slot, value, (*path, key), scope)


def _of_slot(
    flow: FlowScope, slot: Slot, value: Any, path: Path, scope: MakeScope
) -> Iterator[Spot]:
    if slot.kind == "rendered":
        if isinstance(value, str):
            if has_tag(value):
                yield Spot(path, False, value, scope, slot)
        else:
            yield from _texts(value, path, scope)
    elif slot.kind == "input":
        yield from _of_inputs(flow, value, path, scope)
    elif slot.kind != "task":
        for where, mapping in _mappings(value, path):
            cls = _class_of(flow, slot, mapping)
            if cls is not None:
                yield from _of_model(flow, cls, mapping, where, scope)


def _class_of(flow: FlowScope, slot: Slot, mapping: dict[str, Any]) -> Any:
    if slot.kind == "model":
        return _fitting(slot.models, mapping)
    return flow.tree.class_of(mapping.get("type"), slot.kind)


def _fitting(models: tuple[Any, ...], mapping: dict[str, Any]) -> Any:
    """Return the one of several models that a mapping is of: by its `type`, or its properties."""
    kind = mapping.get("type")
    for model in models:
        field = model.model_fields.get("type")
        if field is not None and kind in getattr(field.annotation, "__args__", ()):
            return model
    return max(models, key=lambda model: len(layout(model).keys() & mapping.keys()))


def _mappings(value: Any, path: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield a mapping, or those in a list."""
    if isinstance(value, dict):
        yield path, value
    elif isinstance(value, list):
        for index, item in enumerate(value):
            if isinstance(item, dict):
                yield (*path, index), item


def _texts(value: Any, path: Path, scope: MakeScope) -> Iterator[Spot]:
    """Yield every template in data that are rendered as a whole, keys included."""
    if isinstance(value, dict):
        for key, item in value.items():
            if has_tag(key):
                yield Spot((*path, key), True, key, scope)
            yield from _texts(item, (*path, key), scope)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _texts(item, (*path, index), scope)
    elif has_tag(value):
        yield Spot(path, False, value, scope)


def _inside(entries: Any, path: Path, scope: MakeScope, *, only: str) -> Iterator[Spot]:
    """Yield the templates in one property of each entry of a list."""
    for index, entry in enumerate(entries if isinstance(entries, list) else ()):
        if isinstance(entry, dict):
            yield from _texts(entry.get(only), (*path, index, only), scope)


def _of_inputs(
    flow: FlowScope, entries: Any, path: Path, around: MakeScope | None = None
) -> Iterator[Spot]:
    """Yield the templates of inputs; those of a task see what the task sees."""
    for index, entry in enumerate(entries if isinstance(entries, list) else ()):
        if not isinstance(entry, dict):
            continue
        where = (*path, index)

        def scope(entry: dict[str, Any] = entry) -> Scope:
            return flow.of_inputs(entry)

        cls = input_class(entry.get("type")) or InputBase
        for name in ("defaults", "expression"):
            if name == "defaults" or name in cls.model_fields:
                for spot in _texts(entry.get(name), (*where, name), around or scope):
                    whole = spot.path == (*where, "defaults") and not spot.on_key
                    holder = entry if whole else None
                    yield Spot(spot.path, spot.on_key, spot.text, spot.scope, input=holder)
        depends = entry.get("dependsOn")
        if isinstance(depends, dict):
            condition = (*where, "dependsOn", "condition")
            yield from _texts(depends.get("condition"), condition, around or scope)
        yield from _of_inputs(flow, entry.get("inputs"), (*where, "inputs"), around)


def _of_triggers(flow: FlowScope) -> Iterator[Spot]:
    for where, entry in _mappings(flow.data.get("triggers"), ("triggers",)):
        cls = flow.tree.class_of(entry.get("type"), "trigger")
        if cls is None:
            continue

        def scope(cls: Any = cls, entry: dict[str, Any] = entry) -> Scope:
            return flow.of_trigger(cls, entry)

        yield from _of_model(flow, cls, entry, where, scope)
        yield from _texts(entry.get("labels"), (*where, "labels"), scope)
