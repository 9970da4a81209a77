"""What can happen to an execution: frozen, named in the past tense, all that `reduce` may know.

Times, ids and rendered values arrive here; `reduce` makes none itself. Every event can be written
to the event log and read back (`tiercel.engine.codec`), and replaying the log gives the same
execution again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, get_args

from tiercel.model.execution import State

__all__ = [
    "EVENTS",
    "AnyEvent",
    "Evaluated",
    "Event",
    "ExecutionCreated",
    "KillRequested",
    "Resumed",
    "TaskRunEnded",
    "TaskRunStarted",
    "TimerFired",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened at a time."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionCreated(Event):
    """Someone asked for a run of a flow; inputs are typed and checked already."""

    execution_id: str
    tenant: str
    namespace: str
    flow_id: str
    flow_revision: int
    labels: tuple[tuple[str, str], ...] = ()
    inputs: Mapping[str, Any] = field(default_factory=dict)
    variables: Mapping[str, Any] = field(default_factory=dict)
    trigger: Mapping[str, Any] | None = None
    parent_id: str | None = None
    original_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRunStarted(Event):
    """A worker began an attempt."""

    task_run_id: str
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRunEnded(Event):
    """A worker finished an attempt; `started` is when it began."""

    task_run_id: str
    attempt: int
    state: State
    started: datetime
    outputs: Mapping[str, Any] | None = None
    error: str | None = None
    retryable: bool = True
    updates: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluated(Event):
    """Expressions were rendered, as an `Evaluate` command asked.

    `values` holds decisions (a branch, a list of items, true or false), never a secret's value;
    `error` says why they could not be rendered.
    """

    command_id: str
    values: Mapping[str, Any] | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerFired(Event):
    """The time that a `StartTimer` command named has come."""

    command_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KillRequested(Event):
    """Someone asked to stop the execution."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed(Event):
    """Someone resumed a paused task run, or all paused ones when it is None.

    `state` is what the task run is to end in; None to go on as if nothing had been.
    """

    task_run_id: str | None = None
    inputs: Mapping[str, Any] = field(default_factory=dict)
    state: State | None = None


AnyEvent = (
    ExecutionCreated
    | TaskRunStarted
    | TaskRunEnded
    | Evaluated
    | TimerFired
    | KillRequested
    | Resumed
)

EVENTS: dict[str, type[AnyEvent]] = {cls.__name__: cls for cls in get_args(AnyEvent)}
"""Every event by its name in the event log."""
