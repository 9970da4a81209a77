"""What stands at a place of a flow's text: its type, its documentation, where it is defined."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

from tiercel._record import record
from tiercel.check.checker import Document, parsed
from tiercel.check.infer import Inference
from tiercel.check.paths import last_name
from tiercel.check.source import Span
from tiercel.check.spots import Spot
from tiercel.check.templates import template_type
from tiercel.check.tree import Task
from tiercel.check.types import Member, Origin, Path, Type, described
from tiercel.errors import ExpressionError
from tiercel.expression.nodes import Attribute, Call, Filter, Node, Test
from tiercel.expression.table import Entry
from tiercel.model.docs import field_docs
from tiercel.model.flow import Flow
from tiercel.model.problems import Locator

__all__ = [
    "Answer",
    "Part",
    "Place",
    "Reference",
    "answer_at",
    "class_at",
    "definition_at",
    "entry_text",
    "origin_text",
    "parts_of",
    "references_to",
    "task_at",
]


@record
class Answer:
    """What there is to say about a place.

    Attributes:
        span: what it is said about.
        title: its name and type, in one line.
        text: what it is; Markdown, empty when nobody says.
    """

    span: Span
    title: str
    text: str = ""


@record
class Place:
    """A place where something is defined.

    Attributes:
        file: the file's name; that of the document itself for a place in it.
        span: the place in the text; None for another file as a whole.
    """

    file: str
    span: Span | None


@record
class Part:
    """A part of a template whose type is known.

    Attributes:
        node: the part.
        start: where its name begins in the template.
        end: where its name ends.
        type: its type.
        member: what it is a member of something as; None for anything else.
    """

    node: Node
    start: int
    end: int
    type: Type
    member: Member | None


@record
class Reference:
    """A place where a task's id is written.

    Attributes:
        span: the id, in the text.
        name: the id as it stands there.
        path: the value that it is in.
        by_dot: whether it is read as `.id`, and not as `['id']`.
    """

    span: Span
    name: str
    path: Path
    by_dot: bool = False


def parts_of(document: Document, spot: Spot, text: str | None = None) -> list[Part]:
    """Return the parts of a template with their types; `text` may stand in for the template's."""
    template = parsed(spot.text if text is None else text)
    if isinstance(template, ExpressionError):
        return []
    found: list[Part] = []

    def note(node: Node, start: int, end: int, known: Type, member: Member | None) -> None:
        found.append(Part(node, start, end, known, member))

    tables = document.checker.tables
    template_type(Inference(spot.scope(), tables, _nobody_told, note), template)
    return found


def _nobody_told(*_arguments: Any, **_more: Any) -> None:
    """Queries report nothing."""


def _spot_at(document: Document, offset: int) -> tuple[Spot, int] | None:
    """Return the template at an offset, and the offset in it."""
    found = document.source.scalar_at(offset)
    if found is None:
        return None
    path, on_key, inside = found
    spot = document.spots.get((path, on_key))
    return (spot, inside) if spot is not None else None


def _part_at(document: Document, offset: int) -> tuple[Spot, Part] | None:
    found = _spot_at(document, offset)
    if found is None:
        return None
    spot, inside = found
    parts = [each for each in parts_of(document, spot) if each.start <= inside <= each.end]
    return (spot, min(parts, key=lambda each: each.end - each.start)) if parts else None


# What it is


def answer_at(document: Document, offset: int) -> Answer | None:
    """Return what there is to say about the place at an offset, or None."""
    found = _part_at(document, offset)
    if found is not None:
        spot, part = found
        span = document.source.span(spot.path, part.start, part.end, on_key=spot.on_key)
        return Answer(span, *_about_part(document, part))
    return _about_property(document, offset)


def _about_part(document: Document, part: Part) -> tuple[str, str]:
    tables, node = document.checker.tables, part.node
    if isinstance(node, Filter):
        return entry_text("filter", tables.filters.get(node.name), node.name)
    if isinstance(node, Call):
        return entry_text("function", tables.functions.get(node.name), node.name)
    if isinstance(node, Test):
        return entry_text("test", tables.tests.get(node.name), node.name)
    name = last_name(node)  # type: ignore[arg-type]  # what is noted is an expression
    title = f"{name}: {described(part.type)}" if name else described(part.type)
    if part.member is not None and not part.member.sure:
        title += ", may be missing"
    return title, origin_text(document, part.member.origin if part.member else None)


def entry_text(kind: str, entry: Entry | None, name: str) -> tuple[str, str]:
    """Return a filter's, function's or test's call in one line, and what it does."""
    if entry is None:
        return f"{kind} {name}", ""
    parameters = [each if each in entry.required else f"{each}?" for each in entry.parameters]
    if entry.open_ended:
        parameters.append("…")
    call = f"{name}({', '.join(parameters)})" if parameters or kind == "function" else name
    return f"{kind} {call}", inspect.getdoc(entry.call) or ""


def origin_text(document: Document, origin: Origin | None) -> str:
    """Return what is said about a member where it is declared."""
    if origin is None:
        return ""
    if origin.owner is not None:
        return field_docs(origin.owner).get(origin.field, origin.doc)
    task = _task_of(document, origin)
    if task is not None:
        said = task.data.get("description")
        return f"The outputs of a `{task.data.get('type')}`" + (f".\n\n{said}" if said else "")
    return origin.doc


def _task_of(document: Document, origin: Origin) -> Task | None:
    if origin.kind != "task":
        return None
    return next((each for each in document.flow.tree.tasks if each.path == origin.path), None)


def _about_property(document: Document, offset: int) -> Answer | None:
    """Return what is said about the property or the type at an offset."""
    found = document.source.scalar_at(offset)
    if found is None or not isinstance(document.data, dict):
        return None
    path, on_key, _ = found
    if not path:
        return None
    cls = class_at(document, path[:-1])
    if cls is None:
        return None
    if on_key:
        field = _field_name(cls, str(path[-1]))
        text = field_docs(cls).get(field, "") if field else ""
        return Answer(document.source.key(path), str(path[-1]), text) if text else None
    if path[-1] == "type":
        name = getattr(cls, "type_name", "") or cls.__name__
        return Answer(document.source.value(path), name, inspect.getdoc(cls) or "")
    return None


def _field_name(cls: Any, written: str) -> str | None:
    for name, field in cls.model_fields.items():
        if written in (field.alias, name):
            return str(name)
    return None


def class_at(document: Document, path: Path) -> Any:
    """Return the class that validates the mapping at a path, or None when that is not known."""
    locator = Locator(document.data, None, document.checker.registry.resolve, Flow, "")
    try:
        return locator.owner(path)
    except (KeyError, IndexError, TypeError):
        return None


# Where it is defined


def definition_at(document: Document, offset: int) -> Place | None:
    """Return where the thing at an offset is defined, or None."""
    found = _part_at(document, offset)
    if found is not None:
        member = found[1].member
        return _defined(document, member.origin) if member is not None else None
    scalar = document.source.scalar_at(offset)
    if scalar is None or scalar[1] or not scalar[0]:
        return None
    path = scalar[0]
    written = document.source.scalar(path)
    task = document.flow.tree.find(written.value) if written and "dependsOn" in path else None
    if task is not None:
        return Place(document.file, document.source.value((*task.path, "id")))
    return _other_flow(document, path)


def _defined(document: Document, origin: Origin | None) -> Place | None:
    if origin is None or origin.path is None:
        return None
    identity = document.source.scalar((*origin.path, "id"))
    if identity is not None:
        return Place(document.file, Span(identity.start, identity.end))
    return Place(document.file, document.source.key(origin.path))


def _other_flow(document: Document, path: Path) -> Place | None:
    """Return the file of the flow that a task runs."""
    if path[-1] != "flowId":
        return None
    task = next((each for each in document.flow.tree.tasks if each.path == path[:-1]), None)
    if task is None:
        return None
    other = document.known.find(task.data.get("namespace"), task.data.get("flowId"))
    return Place(other.file, None) if other is not None and other.file else None


# Tasks and their references


def task_at(document: Document, offset: int) -> Task | None:
    """Return the task whose id stands at an offset: where it is written, or where it is read."""
    found = _part_at(document, offset)
    if found is not None:
        member = found[1].member
        origin = member.origin if member is not None else None
        return _task_of(document, origin) if origin is not None else None
    scalar = document.source.scalar_at(offset)
    if scalar is None or scalar[1] or not scalar[0]:
        return None
    path = scalar[0]
    for task in document.flow.tree.tasks:
        if path == (*task.path, "id"):
            return task
    written = document.source.scalar(path)
    return document.flow.tree.find(written.value) if written and "dependsOn" in path else None


def references_to(document: Document, task: Task) -> list[Reference]:
    """Return every place where a task's id is written: where it is defined comes first."""
    path = (*task.path, "id")
    found = [Reference(document.source.value(path), task.id, path)]
    for each in document.flow.tree.tasks:
        if task.id in each.after and each.parent is not None:
            found += _waits(document, each, task.id)
    for spot in document.spots.values():
        if task.id in spot.text:
            found += _reads(document, spot, task)
    return found


def _waits(document: Document, waiting: Task, task_id: str) -> Iterator[Reference]:
    path = (*waiting.path[:-1], "dependsOn")
    for index, name in enumerate(waiting.after):
        if name == task_id:
            where = (*path, index)
            yield Reference(document.source.value(where), name, where)


def _reads(document: Document, spot: Spot, task: Task) -> Iterator[Reference]:
    for part in parts_of(document, spot):
        origin = part.member.origin if part.member is not None else None
        if origin is None or origin.kind != "task" or origin.path != task.path:
            continue
        span = document.source.span(spot.path, part.start, part.end, on_key=spot.on_key)
        name = last_name(part.node)  # type: ignore[arg-type]  # what is noted is an expression
        yield Reference(span, name, spot.path, isinstance(part.node, Attribute))
