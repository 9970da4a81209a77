"""What is to be done about a new state: frozen, imperative, committed with it (the outbox).

A command's id says what it is for, so doing it twice is found out: a second `SubmitTask` of the
same attempt replaces the first. A command leaves the outbox in the transaction that applies the
event it led to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import datetime
from typing import Any

from tiercel._record import record

__all__ = [
    "COMMANDS",
    "Admit",
    "Command",
    "Evaluate",
    "KillTask",
    "StartChild",
    "StartTimer",
    "SubmitTask",
    "attempt_id",
]


@record(kw_only=True)
class Command:
    """Something to do; `id` is unique within the execution."""

    id: str


@record(kw_only=True)
class SubmitTask(Command):
    """Run an attempt on the executor; answered by `TaskRunEnded`."""

    task_run_id: str
    attempt: int


@record(kw_only=True)
class KillTask(Command):
    """Stop an attempt if it runs; answered by `TaskRunEnded`. Takes its `SubmitTask`'s id."""

    task_run_id: str
    attempt: int


@record(kw_only=True)
class Evaluate(Command):
    """Render expressions; answered by `Evaluated`.

    Attributes:
        purpose: `runIf`, `flowable`, `update` or `outputs`.
        task_run_id: whose variables the expressions see; None for the execution's own.
        expressions: name → what the author wrote.
        taskrun: what they see as `taskrun`, beside what is there anyway.
        passed: those whose values are only passed on; secrets in them are encrypted.
        execution_id: see what this execution's expressions do, which has ended; None for the own.
    """

    purpose: str
    task_run_id: str | None = None
    expressions: Mapping[str, Any] = field(default_factory=dict)
    taskrun: Mapping[str, Any] = field(default_factory=dict)
    passed: Sequence[str] = field(default_factory=list)
    execution_id: str | None = None


@record(kw_only=True)
class StartTimer(Command):
    """Wait until `due`; answered by `TimerFired`."""

    due: datetime
    purpose: str
    task_run_id: str | None = None


@record(kw_only=True)
class StartChild(Command):
    """Begin an execution of another flow; answered by `ChildCreated` and later `ChildEnded`.

    Attributes:
        task_run_id: the task run that asks.
        execution_id: the id that the new execution gets.
        request: the flow (`namespace`, `flow_id`, `revision`), its `inputs` and `labels`.
    """

    task_run_id: str
    execution_id: str
    request: Mapping[str, Any]


@record(kw_only=True)
class Admit(Command):
    """Say whether the execution may begin (`concurrency`); answered by `Admitted`."""


COMMANDS: dict[str, type[Command]] = {
    cls.__name__: cls for cls in (SubmitTask, KillTask, Evaluate, StartTimer, StartChild, Admit)
}
"""Every command by its name in the outbox."""


def attempt_id(task_run_id: str, attempt: int) -> str:
    """Return the id of the command that runs, or kills, an attempt."""
    return f"{task_run_id}:{attempt}"
