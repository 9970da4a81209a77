"""What a scope waits for: an answer, a time, a person. Pure helpers of `reduce`."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from tiercel._record import replace
from tiercel.engine.machine.commands import Evaluate, StartTimer
from tiercel.engine.machine.scope import Scope
from tiercel.model.execution import State
from tiercel.plugin import task as spi

if TYPE_CHECKING:
    from tiercel.engine.machine.draft import Draft

__all__ = ["ask", "cut_pause_short", "leave_pause", "pause", "wait", "wake"]


def ask(draft: Draft, scope: Scope, command_id: str, question: spi.Evaluate | None = None) -> None:
    """Have expressions rendered: a flowable's question, or, without one, the flow's outputs."""
    draft.put_scope(replace(scope, asked=command_id))
    child = scope.children.get(question.child) if question and question.child else None
    draft.command(
        Evaluate(
            id=command_id,
            purpose="outputs" if question is None else "flowable",
            task_run_id=scope.id or None,
            expressions=question.expressions if question else {},
            taskrun=question.taskrun if question else {},
            passed=list(question.passed) if question else [],
            execution_id=child.execution_id if child is not None else None,
        )
    )


def wait(draft: Draft, scope: Scope, until: datetime | None) -> None:
    """Set the scope's timer, unless it has one or needs none."""
    if until is None or scope.timer is not None:
        return
    command_id = f"{scope.id}:timer:{scope.opened}"
    draft.command(
        StartTimer(id=command_id, due=until, purpose="flowable", task_run_id=scope.id or None)
    )
    draft.put_scope(replace(scope, timer=command_id))


def pause(draft: Draft, scope: Scope, decision: spi.Pause) -> None:
    """Hold the execution."""
    task_run = draft.execution.task_runs[scope.id]
    if task_run.state is not State.PAUSED:
        if decision.outputs is not None:
            task_run = draft.put_task_run(replace(task_run, outputs=decision.outputs))
        draft.move(task_run, State.PAUSED)
    if draft.execution.state is State.RUNNING:
        draft.to(State.PAUSED)
    wait(draft, scope, decision.until)


def wake(draft: Draft, scope: Scope) -> None:
    """Have a waiting or paused flowable asked again."""
    draft.put_scope(draft.stop_waiting(scope))
    draft.agenda.append((scope.id, None))


def leave_pause(draft: Draft, scope: Scope, decision: spi.Decision) -> None:
    """Go on after a pause, as `decision` has it.

    A pause that a person or a time ends goes by RESTARTED, and its task run stays PAUSED until it
    ends; the pause between two rounds of a loop ends in RUNNING, both times. CANCELLED follows
    PAUSED at once (golden areas `flows/pause` and `flows/loopuntil`). As long as another branch
    is paused, so is the execution.
    """
    task_run = draft.execution.task_runs[scope.id]
    if isinstance(decision, spi.Open):
        draft.move(task_run, State.RUNNING)
    if draft.execution.state is not State.PAUSED:
        return
    if isinstance(decision, spi.Finish) and decision.state is State.CANCELLED:
        return
    if _is_paused_elsewhere(draft, scope):
        return
    if not _repeats(scope):
        draft.to(State.RESTARTED)
    draft.to(State.RUNNING)


def cut_pause_short(draft: Draft, scope: Scope) -> None:
    """Go on after a pause that is over because what is around it is to end.

    With the last of them the execution is paused no more; CANCELLED follows PAUSED at once.
    """
    assert scope.finish is not None
    if draft.execution.state is not State.PAUSED or scope.finish.state is State.CANCELLED:
        return
    if not _is_paused_elsewhere(draft, scope):
        draft.to(State.RUNNING)


def _is_paused_elsewhere(draft: Draft, scope: Scope) -> bool:
    """Return whether the execution stays PAUSED because of another task (Kestra: `markAs`).

    A loop that goes on with its next round has none but those in mind that wait for a person.
    """
    runs = draft.execution.task_runs
    return any(
        each.id != scope.id
        and each.id in runs
        and runs[each.id].state is State.PAUSED
        and not (each.due or each.resumed)
        and not (_repeats(scope) and _repeats(each))
        for each in draft.execution.scopes.values()
    )


def _repeats(scope: Scope) -> bool:
    return isinstance(scope.task, spi.FlowableTask) and scope.task.repeats
