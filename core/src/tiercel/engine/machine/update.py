"""How a task changes its execution: variables, labels, an early end; pure, for `reduce`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tiercel._record import replace
from tiercel.engine.machine.resolve import end_early, end_task_run
from tiercel.engine.machine.scope import ROOT
from tiercel.model.execution import State, TaskRun
from tiercel.plugin.task import ExecutionTask, Update

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tiercel.engine.machine.draft import Draft
    from tiercel.engine.machine.events import Evaluated

__all__ = ["apply_updates", "update_evaluated"]


def apply_updates(draft: Draft, updates: Mapping[str, Any]) -> None:
    """Apply what a task that ran in a worker asks for: `variables` and `labels`."""
    _apply(draft, Update(updates.get("variables"), updates.get("labels")))


def update_evaluated(draft: Draft, task_run: TaskRun | None, event: Evaluated) -> None:
    """Run an `ExecutionTask` whose expressions were rendered."""
    if task_run is None or task_run.state not in (State.CREATED, State.RESTARTED):
        return
    task = draft.scope(task_run.parent_id or ROOT).running[task_run.id].task
    assert isinstance(task, ExecutionTask)
    error, update = event.error, Update()
    if error is None:
        try:
            update = task.update(event.values or {}, draft.execution.variables)
        except Exception as raised:  # a plugin's code: anything may come out of it
            error = str(raised) or type(raised).__name__
    if error is not None:
        _failed(draft, task_run, task, error)
        return
    state = update.state or State.SUCCESS
    task_run = draft.end_attempt(draft.begin_attempt(task_run, draft.at), state)
    _apply(draft, update)
    if update.state is not None:
        end_early(draft, update.state)
    end_task_run(draft, task_run, task, state)


def _failed(draft: Draft, task_run: TaskRun, task: ExecutionTask, error: str) -> None:
    # Golden case `execution/labels_system_rejected`: from CREATED to FAILED, and the execution
    # itself says why.
    draft.log("ERROR", error)
    task_run = draft.put_attempt(replace(task_run, error=error), State.FAILED)
    end_task_run(draft, task_run, task, State.FAILED)


def _apply(draft: Draft, update: Update) -> None:
    if update.variables is not None:
        draft.set(variables=update.variables)
    if update.labels:
        labels = dict(draft.execution.labels) | dict(update.labels)
        draft.set(labels=tuple(labels.items()))
