"""How an execution is killed: the workers are told, and what no worker holds ends at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rpds import HashTrieMap

from tiercel._record import replace
from tiercel.engine.machine.admission import ADMIT
from tiercel.engine.machine.hold import let_go
from tiercel.engine.machine.scope import ROOT, Phase, Scope
from tiercel.model.execution import State, TaskRun
from tiercel.plugin.task import Finish

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tiercel.engine.machine.draft import Draft

__all__ = ["begin_kill", "killed_in_worker"]

_IN_WORKER = frozenset({State.SUBMITTED, State.RUNNING, State.RESUBMITTED})


def begin_kill(draft: Draft, finish: Finish | None = None) -> None:
    """Stop the execution: tell the workers, and end what no worker holds.

    Args:
        draft: the execution.
        finish: what it ends in at last; KILLED by default, which goes by KILLING.
    """
    finish = finish or Finish(State.KILLED)
    # In the order of ids everywhere: that of a persistent map differs from replay to replay.
    for _, scope in sorted(draft.execution.scopes.items()):
        draft.put_scope(draft.stop_waiting(scope))
        for key, child in sorted(scope.children.items()):
            draft.finish_command(f"{scope.id}:child:{key}")
            if child.state is State.CREATED:
                draft.kill_child(child.execution_id)
    root = draft.scope(ROOT)
    waiting = 0
    for task_run in list(_open_runs(draft, root)):
        if task_run.id in draft.execution.scopes or task_run.state.is_terminal:
            continue
        if task_run.state in _IN_WORKER:
            draft.kill_in_worker(task_run)
            waiting += 1
        else:
            _end(draft, task_run)
    if finish.state is State.KILLED and draft.execution.state is not State.KILLING:
        draft.to(State.KILLING)
    root = replace(let_go(root), phase=Phase.KILLING, kills=waiting, finish=finish)
    draft.put_scope(root)
    draft.finish_command(ADMIT)
    if not waiting:
        _all_killed(draft)


def killed_in_worker(draft: Draft, task_run: TaskRun, state: State) -> None:
    """Note that a worker answered while the execution is being killed."""
    draft.move(task_run, State.KILLED if state.is_failed else state)
    root = draft.scope(ROOT)
    draft.put_scope(replace(root, kills=root.kills - 1))
    if root.kills == 1:
        _all_killed(draft)


def _all_killed(draft: Draft) -> None:
    """End the flowables too; with nothing left, the agenda finds the flow's scope and closes it."""
    root = draft.scope(ROOT)
    retried: set[str | None] = set()
    for task_run in list(_open_runs(draft, root)):
        state = State.RETRIED if task_run.id in retried else State.KILLED
        if not task_run.state.is_terminal:
            task_run = _end(draft, task_run, state)
        if task_run.state is State.RETRIED:
            retried.add(task_run.parent_id)
    root = replace(root, running=HashTrieMap(), lanes=HashTrieMap(), kills=0)
    draft.set(scopes=HashTrieMap({ROOT: root}))
    draft.agenda.append((ROOT, None))


def _end(draft: Draft, task_run: TaskRun, state: State = State.KILLED) -> TaskRun:
    if task_run.attempts and not task_run.attempts[-1].state.is_terminal:
        last = State.FAILED if state is State.RETRIED else State.KILLED
        task_run = draft.end_attempt(task_run, last)
    draft.finish_command(f"{task_run.id}:runIf")
    draft.finish_command(f"{task_run.id}:update")
    draft.finish_command(f"{task_run.id}:retry")
    return draft.move(task_run, state)


def _open_runs(draft: Draft, scope: Scope) -> Iterator[TaskRun]:
    """Yield task runs that have not ended, below a scope, the deepest first."""
    for task_run_id in sorted(scope.running):
        inner = draft.execution.scopes.get(task_run_id)
        if inner is not None:
            yield from _open_runs(draft, inner)
        yield draft.execution.task_runs[task_run_id]
