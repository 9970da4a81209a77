"""What several flowables decide in the same way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from pydantic import TypeAdapter, ValidationError

from tiercel.plugin import (
    Decision,
    Duration,
    Evaluate,
    Finish,
    FlowableView,
    Lane,
    Open,
    Property,
    State,
    TaskBase,
    Wait,
)

__all__ = ["duration_of", "limit_of", "one_lane", "open_lanes", "question"]


def one_lane(
    view: FlowableView,
    tasks: Sequence[TaskBase] | None,
    outputs: Mapping[str, Any] | None = None,
) -> Decision:
    """Run tasks one after the other, and end as they did; without tasks, end at once."""
    if not tasks:
        return Finish(State.SUCCESS, outputs)
    if not view.opened:
        return Open((Lane("tasks", tuple(tasks)),), outputs)
    return Wait() if view.active else Finish(view.worst, outputs)


def open_lanes(view: FlowableView, ready: Sequence[Lane], limit: int) -> Decision:
    """Open lanes that are ready, at most `limit` at a time (0: all); stop after a failure.

    Args:
        view: what the flowable may look at.
        ready: lanes that may begin, and have not begun yet.
        limit: how many may be open at once.
    """
    if view.worst.is_failed:
        return Finish(view.worst)
    room = limit - view.active if limit else len(ready)
    if ready and room > 0:
        return Open(tuple(ready[:room]))
    return Wait() if view.active or ready else Finish(view.worst)


def question(view: FlowableView, **properties: Property[Any] | None) -> Evaluate | None:
    """Return the question for properties that hold expressions, unless it was answered."""
    if "" in view.values:
        return None
    open_ones = {
        name: each.raw
        for name, each in properties.items()
        if each is not None and not each.is_constant
    }
    return Evaluate(open_ones) if open_ones else None


def limit_of(view: FlowableView, name: str, declared: Property[int]) -> int:
    """Return how many lanes may be open at once, once `question` was answered.

    Raises:
        ValueError: what the expression gave is no number.
    """
    raw = declared.raw if declared.is_constant else view.values[""][name]
    try:
        return int(raw)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name}: {raw!r} is not a whole number") from error


_DURATION: TypeAdapter[timedelta] = TypeAdapter(Duration)


def duration_of(name: str, value: Any) -> timedelta:
    """Return the length of time that a property's expression gave.

    Raises:
        ValueError: it gave none.
    """
    try:
        return _DURATION.validate_python(value)
    except ValidationError as error:
        reason = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise ValueError(f"{name}: {reason}") from error
