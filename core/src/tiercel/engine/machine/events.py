"""What can happen to an execution: frozen, named in the past tense, all that `reduce` may know.

Times, ids and rendered values arrive here; `reduce` makes none itself. Every event can be written
to the event log and read back (`codec`), and replaying the log gives the same
execution again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import datetime
from typing import Any, get_args

from tiercel._record import record
from tiercel.model.execution import State

__all__ = [
    "EVENTS",
    "Admitted",
    "AnyEvent",
    "ChildCreated",
    "ChildEnded",
    "Evaluated",
    "Event",
    "ExecutionCreated",
    "ExecutionMarked",
    "KillRequested",
    "LabelsSet",
    "PauseRequested",
    "Request",
    "Restarted",
    "Resumed",
    "RunForced",
    "TaskRunEnded",
    "TaskRunMarked",
    "TaskRunStarted",
    "TimerFired",
    "Unqueued",
]


@record(kw_only=True)
class Event:
    """Something that happened at a time."""

    at: datetime


@record(kw_only=True)
class ExecutionCreated(Event):
    """Someone asked for a run of a flow; inputs are typed and checked already.

    `parent_command` is the id of the `StartChild` of the execution `parent_id` that asked.
    `attempt` counts the runs of the flow that `retry` made of one execution, of which the first
    was created at `first_at`. With a `refusal` (a check that did not hold) the execution is FAILED
    at once. `carried` is what it takes over of the one that it repeats (`carried`). It stays
    CREATED until its `schedule_date`, if that is still to come.
    """

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
    parent_command: str | None = None
    original_id: str | None = None
    attempt: int = 1
    first_at: datetime | None = None
    refusal: str | None = None
    carried: Mapping[str, Any] | None = None
    schedule_date: datetime | None = None


@record(kw_only=True)
class Admitted(Event):
    """Whether the execution may begin was decided, as an `Admit` command asked.

    `state` is RUNNING when it may, QUEUED when it is to wait, else what it ends in.
    """

    state: State


@record(kw_only=True)
class TaskRunStarted(Event):
    """A worker began an attempt."""

    task_run_id: str
    attempt: int


@record(kw_only=True)
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
    log_file: str | None = None


@record(kw_only=True)
class Evaluated(Event):
    """Expressions were rendered, as an `Evaluate` command asked.

    `values` holds decisions (a branch, a list of items, true or false), never a secret's value;
    `error` says why they could not be rendered.
    """

    command_id: str
    values: Mapping[str, Any] | None = None
    error: str | None = None
    remarks: Sequence[str] = field(default_factory=list)
    """What the log says about it, as warnings."""


@record(kw_only=True)
class TimerFired(Event):
    """The time that a `StartTimer` command named has come."""

    command_id: str


@record(kw_only=True)
class KillRequested(Event):
    """Someone asked to stop the execution."""


@record(kw_only=True)
class Resumed(Event):
    """Someone resumed a paused task run, or all paused ones when it is None.

    `state` is what the task run is to end in; None to go on as if nothing had been.
    """

    task_run_id: str | None = None
    inputs: Mapping[str, Any] = field(default_factory=dict)
    state: State | None = None


@record(kw_only=True)
class PauseRequested(Event):
    """Someone asked to begin nothing more until the execution is resumed."""


@record(kw_only=True)
class RunForced(Event):
    """Someone asked not to wait: for a person, a date, or a place among the executions that run."""


@record(kw_only=True)
class Unqueued(Event):
    """Someone took an execution out of the queue; it begins, or ends in `state`."""

    state: State


@record(kw_only=True)
class Restarted(Event):
    """Someone asked to run what failed in an execution again; it has ended, or is paused."""


@record(kw_only=True)
class TaskRunMarked(Event):
    """Someone gave a task run of an execution that has ended another end; it goes on from there."""

    task_run_id: str
    state: State


@record(kw_only=True)
class ExecutionMarked(Event):
    """Someone gave an execution that has ended another end."""

    state: State


@record(kw_only=True)
class LabelsSet(Event):
    """Someone set labels: these are added, or replace those with the same keys."""

    labels: tuple[tuple[str, str], ...]


@record(kw_only=True)
class ChildCreated(Event):
    """An execution was begun, as a `StartChild` command asked; or it could not be."""

    command_id: str
    execution_id: str
    flow_id: str = ""
    namespace: str = ""
    error: str | None = None
    remarks: Sequence[str] = field(default_factory=list)
    """What the log of the task says about it, as warnings."""

    @property
    def link(self) -> str:
        """The execution as Kestra's log lines refer to it."""
        return (
            f'[[link execution="{self.execution_id}" flowId="{self.flow_id}" '
            f'namespace="{self.namespace}"]]'
        )


@record(kw_only=True)
class ChildEnded(Event):
    """An execution that a `StartChild` command began has ended.

    `execution_id` is empty in logs of earlier versions. `outputs_error` says why its outputs could
    not be rendered, if that made it fail.
    """

    command_id: str
    state: State
    execution_id: str = ""
    outputs: Mapping[str, Any] | None = None
    outputs_error: str | None = None


Request = (
    KillRequested
    | Resumed
    | PauseRequested
    | RunForced
    | Unqueued
    | Restarted
    | TaskRunMarked
    | ExecutionMarked
    | LabelsSet
)
"""What people, or other executions, ask for."""

AnyEvent = (
    ExecutionCreated
    | Admitted
    | TaskRunStarted
    | TaskRunEnded
    | Evaluated
    | TimerFired
    | ChildCreated
    | ChildEnded
    | Request
)

EVENTS: dict[str, type[AnyEvent]] = {cls.__name__: cls for cls in get_args(AnyEvent)}
"""Every event by its name in the event log."""
