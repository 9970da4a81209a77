"""A flow that is run anew after a failure: `retry` with CREATE_NEW_EXECUTION. Pure, for `reduce`.

The failed execution ends RETRIED, with what still ran stopped; it stays with the engine until the
new one is due and begun, so that a crash in between loses nothing. Source: Kestra's
`ExecutorService` and `ExecutionService.replay`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiercel._ids import derive
from tiercel._record import replace
from tiercel.engine.machine.commands import StartChild, StartTimer
from tiercel.engine.machine.events import ExecutionCreated
from tiercel.engine.machine.kill import begin_kill
from tiercel.engine.machine.scope import ROOT, Phase, Scope
from tiercel.model.execution import State
from tiercel.plugin.task import Finish

if TYPE_CHECKING:
    from datetime import datetime

    from tiercel.engine.machine.draft import Draft
    from tiercel.model.execution import Execution, TaskRun

__all__ = [
    "BEGIN",
    "REPLAY",
    "TIMER",
    "begin_again",
    "begun_again",
    "call_off",
    "due_again",
    "repeated",
    "run_again",
    "successor_id",
]

TIMER = ":again"
"""The id of the timer that a RETRIED execution waits for."""
BEGIN = ":child:again"
"""The id of the command that begins the new execution."""
REPLAY = "system.replay"
"""The label of an execution that repeats another one."""


def successor_id(execution_id: str) -> str:
    """Return the id of the execution that repeats a RETRIED one, if any does."""
    return derive(execution_id, "again")


def run_again(draft: Draft, task_run: TaskRun, due: datetime) -> None:
    """End the execution RETRIED because of a failed task run; the new one begins when `due`."""
    draft.move(draft.move(task_run, State.FAILED), State.RETRIED)
    # As with other retries, only a task at the flow's top level takes the execution through FAILED.
    if task_run.parent_id is None and draft.execution.state is State.RUNNING:
        draft.to(State.FAILED)
    draft.put_scope(replace(draft.scope(ROOT), again=due))
    begin_kill(draft, Finish(State.RETRIED))


def begin_again(draft: Draft, scope: Scope) -> bool:
    """Wait for the new execution's time, and return True, if there is to be one."""
    if scope.again is None:
        return False
    draft.put_scope(replace(scope, phase=Phase.AGAIN))
    draft.command(StartTimer(id=TIMER, due=scope.again, purpose="again"))
    return True


def due_again(draft: Draft) -> None:
    """Have the new execution begun: its time has come."""
    scope = draft.execution.scopes.get(ROOT)
    if scope is not None and scope.phase is Phase.AGAIN:
        execution_id = successor_id(draft.execution.id)
        request = {"namespace": draft.execution.namespace, "flow_id": draft.execution.flow_id}
        draft.command(
            StartChild(id=BEGIN, task_run_id="", execution_id=execution_id, request=request)
        )


def begun_again(draft: Draft, error: str | None) -> None:
    """Let go of the old execution: the new one exists, or cannot be begun."""
    draft.finish_command(BEGIN)
    if ROOT in draft.execution.scopes and draft.scope(ROOT).phase is Phase.AGAIN:
        if error is not None:
            draft.log("ERROR", error)
        _leave(draft)


def call_off(draft: Draft, scope: Scope) -> bool:
    """Begin no new execution, as the old one is being killed; tell whether one was due."""
    if scope.phase is Phase.AGAIN:
        draft.finish_command(TIMER)
        draft.finish_command(BEGIN)
        _leave(draft)
        return True
    if scope.again is None:
        return False
    scope = replace(scope, again=None)
    if scope.phase is Phase.KILLING:
        draft.to(State.KILLING)
        scope = replace(scope, finish=Finish(State.KILLED))
    draft.put_scope(scope)
    return True


def repeated(execution: Execution, execution_id: str, at: datetime) -> ExecutionCreated:
    """Return what begins the new execution: the old one's inputs, labels and trigger again."""
    labels = dict(execution.labels) | {REPLAY: "true"}
    return ExecutionCreated(
        at=at,
        execution_id=execution_id,
        tenant=execution.tenant,
        namespace=execution.namespace,
        flow_id=execution.flow_id,
        flow_revision=execution.flow_revision,
        labels=tuple(labels.items()),
        inputs=execution.inputs,
        variables=execution.variables,
        trigger=execution.trigger,
        parent_id=execution.id,
        original_id=execution.original_id,
        attempt=execution.attempt + 1,
        first_at=execution.first_at or execution.history.started,
    )


def _leave(draft: Draft) -> None:
    draft.drop_scope(ROOT)
    draft.set(done=True)
