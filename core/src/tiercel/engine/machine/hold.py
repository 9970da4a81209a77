"""An execution that a person holds: what runs goes on, nothing new begins. Pure, for `reduce`.

Workers, timers and other executions go on answering; what would follow is put off until the
execution is released. Golden case `lifecycle/pause_running_execution`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiercel._record import replace
from tiercel.engine.machine.scope import ROOT, Phase, Scope
from tiercel.model.execution import State

if TYPE_CHECKING:
    from tiercel.engine.machine.draft import Draft
    from tiercel.model.execution import TaskRun

__all__ = ["NOT_RUNNING", "hold", "let_go", "postpone", "put_off", "release"]

NOT_RUNNING = "The execution is not running"
"""Why an execution cannot be held."""

_OPEN = frozenset({Phase.TASKS, Phase.ERRORS, Phase.FINALLY})


def hold(draft: Draft) -> None:
    """Hold an execution that is running; any other one stays as it is."""
    root: Scope | None = draft.execution.scopes.get(ROOT)
    if root is None or draft.execution.state is not State.RUNNING or root.phase not in _OPEN:
        return
    draft.to(State.PAUSED)
    draft.put_scope(replace(root, held=True))


def release(draft: Draft) -> tuple[str, ...]:
    """Let a held execution go on; return the task runs whose next attempt came due meanwhile."""
    root: Scope | None = draft.execution.scopes.get(ROOT)
    if root is None or not root.held:
        return ()
    if draft.execution.state is State.PAUSED:
        draft.to(State.RUNNING)
    draft.agenda.extend(root.deferred)
    draft.put_scope(let_go(root))
    return root.overdue


def let_go(root: Scope) -> Scope:
    """Return the flow's scope without anything that was put off."""
    return replace(root, held=False, deferred=(), overdue=())


def postpone(draft: Draft) -> None:
    """Put off what there is to look at, if the execution is held."""
    root: Scope | None = draft.execution.scopes.get(ROOT)
    if root is not None and root.held and draft.agenda:
        deferred = tuple(dict.fromkeys((*root.deferred, *draft.agenda)))
        draft.agenda.clear()
        draft.put_scope(replace(root, deferred=deferred))


def put_off(draft: Draft, task_run: TaskRun) -> bool:
    """Put off the next attempt of a task run, and return True, if the execution is held."""
    root = draft.scope(ROOT)
    if root.held:
        draft.put_scope(replace(root, overdue=(*root.overdue, task_run.id)))
    return root.held
