"""What an execution's log says of old types and properties in its flow, once at its beginning."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from tiercel.model.checks import models_in
from tiercel.model.execution import LogEntry
from tiercel.plugin.deprecation import Notice

if TYPE_CHECKING:
    from tiercel.engine.machine.events import ExecutionCreated
    from tiercel.model.base import Model
    from tiercel.model.flow import Flow

__all__ = ["deprecation_lines"]


def deprecation_lines(event: ExecutionCreated, flow: Flow) -> list[LogEntry]:
    """Return a warning for each old thing that the flow uses, if its plugin wants it told."""
    return [
        LogEntry(execution_id=event.execution_id, at=event.at, level="WARN", message=message)
        for message in _messages(_Same(flow))
    ]


class _Same:
    """A flow that equals others of the same text."""

    __slots__ = ("flow",)

    def __init__(self, flow: Flow) -> None:
        self.flow = flow

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.flow.source == self.flow.source

    def __hash__(self) -> int:
        return hash(self.flow.source)


@lru_cache(maxsize=256)
def _messages(same: _Same) -> tuple[str, ...]:
    found: dict[str, None] = {}  # a set in order
    for path, model in models_in((), same.flow):
        where = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in path).lstrip(".")
        for message in _about(model, where):
            found[message] = None
    return tuple(found)


def _about(model: Model, where: str) -> Iterator[str]:
    notice = getattr(model, "deprecated", None)
    if isinstance(notice, Notice):
        yield f"The type {getattr(model, 'type', '')} is deprecated: {notice} ({where})"
    for name, field in type(model).model_fields.items():
        if isinstance(field.deprecated, Notice) and name in model.model_fields_set:
            place = f"{where}.{field.alias or name}"
            yield f"The property {field.alias or name} is deprecated: {field.deprecated} ({place})"
