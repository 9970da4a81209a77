"""What people do to an execution that has ended: restart it, give it or a task run another end.

Pure, for `reduce`. Source of behaviour: Kestra's `ExecutionService`; golden area `flows/lifecycle`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiercel._record import replace
from tiercel.engine.machine.hold import let_go
from tiercel.engine.machine.past import Past, failed, outdated, with_ancestors
from tiercel.engine.machine.resolve import begin
from tiercel.engine.machine.scope import ROOT
from tiercel.engine.machine.sla import watch_assertions
from tiercel.engine.machine.transitions import ENDS
from tiercel.engine.machine.waiting import wake
from tiercel.model.execution import State

if TYPE_CHECKING:
    from tiercel.engine.machine.draft import Draft
    from tiercel.engine.machine.events import TaskRunMarked
    from tiercel.model.execution import Execution, TaskRun

__all__ = ["RESTARTED", "label", "mark_execution", "mark_task_run", "refusal", "restart"]

RESTARTED = "system.restarted"
"""The label of an execution that was restarted; one whose task run a person changed has none."""


def refusal(execution: Execution) -> str | None:
    """Return why an execution cannot be restarted; None when it can be."""
    state = execution.state
    if not (execution.done or state is State.PAUSED) or state in (State.KILLED, State.RETRIED):
        return (
            "Execution must be terminated or paused and not killed to be restarted, "
            f"current state is '{state}' !"
        )
    runs = execution.task_runs
    if state is State.PAUSED:
        found = any(each.state is State.PAUSED for each in runs.values())
    else:
        # Nothing at all has run when the execution itself was refused: a concurrency limit, say.
        found = any(each.state.is_failed for each in runs.values())
        found = found or (not runs and state.is_failed)
    return None if found else "No task found to restart execution from!"


def restart(draft: Draft) -> None:
    """Run again what failed; of a paused execution, end the pauses."""
    execution = draft.execution
    if refusal(execution) is not None:
        return
    label(draft, RESTARTED)
    if execution.state is State.PAUSED:
        _end_pauses(draft)
    else:
        assert execution.flow is not None
        _go_on(draft, failed(execution.flow, execution.task_runs))


def mark_task_run(draft: Draft, event: TaskRunMarked) -> None:
    """Give a task run of an execution that has ended another end, and go on from there.

    What failed elsewhere stays failed. CANCELLED ends the execution at once.
    """
    execution = draft.execution
    task_run: TaskRun | None = execution.task_runs.get(event.task_run_id)
    if task_run is None or event.state not in ENDS:
        return
    if not execution.done or execution.state is State.RETRIED:
        return
    if task_run.state is not event.state:
        draft.mark(task_run, event.state)
    if event.state is State.CANCELLED:
        draft.mark_execution(State.CANCELLED)
        return
    around = with_ancestors(execution.task_runs, [task_run.id]) - {task_run.id}
    _go_on(draft, around)


def mark_execution(draft: Draft, state: State) -> None:
    """Give an execution that has ended another end."""
    if draft.execution.done and state in ENDS and state is not draft.execution.state:
        draft.mark_execution(state)


def label(draft: Draft, key: str, value: str = "true") -> None:
    """Add a label to the execution, or replace it."""
    draft.set(labels=tuple((dict(draft.execution.labels) | {key: value}).items()))


def _go_on(draft: Draft, again: frozenset[str]) -> None:
    """Begin the flow's scope anew; of the task runs there are, the given ones run again."""
    flow = draft.execution.flow
    assert flow is not None
    draft.set(done=False, outputs=None, error=None)
    draft.to(State.RESTARTED)
    draft.remove_task_runs(outdated(flow, draft.execution.task_runs, again))
    begin(draft, Past.of(draft.execution.task_runs.values(), again, renews=False))
    watch_assertions(draft)


def _end_pauses(draft: Draft) -> None:
    root = draft.scope(ROOT)
    draft.to(State.RESTARTED)
    draft.to(State.RUNNING)
    draft.agenda.extend(root.deferred)
    draft.put_scope(let_go(root))
    for _, task_run in sorted(draft.execution.task_runs.items()):
        if task_run.state is State.PAUSED:
            draft.move(task_run, State.RUNNING)
            scope = draft.scope(task_run.id)
            wake(draft, replace(scope, resumed={"inputs": {}, "state": None}))
