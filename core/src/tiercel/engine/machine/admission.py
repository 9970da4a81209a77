"""Whether an execution may begin now: what a flow's `concurrency` says. Pure, for `reduce`.

An execution of such a flow asks with an `Admit` command and waits. Who answers counts the rows of
executions that run, in the transaction that writes the answer: there is no counter that could be
wrong after a crash. Source of behaviour: Kestra's `ExecutorService.checkConcurrencyLimit`; golden
area `flows/concurrency`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiercel._record import replace
from tiercel.engine.machine.commands import Admit
from tiercel.engine.machine.scope import ROOT, Phase, Scope
from tiercel.model.execution import State

if TYPE_CHECKING:
    from tiercel.engine.machine.draft import Draft

__all__ = [
    "ADMIT",
    "UNQUEUED",
    "admit",
    "answer_admission",
    "ask_admission",
    "is_limited",
    "leave_queue",
]

ADMIT = ":admit"
"""The id of the command that an execution waits for while it may not begin."""

UNQUEUED = (State.RUNNING, State.FAILED, State.CANCELLED)
"""What an execution can go on to when someone takes it out of the queue."""

_WAITING = frozenset({State.CREATED, State.RESTARTED, State.QUEUED})


def is_limited(draft: Draft) -> bool:
    """Return whether an execution that is about to begin has to ask first."""
    flow = draft.execution.flow
    return flow is not None and flow.concurrency is not None and draft.execution.state in _WAITING


def ask_admission(draft: Draft, root: Scope) -> None:
    """Have the flow's scope wait until the execution may begin."""
    draft.put_scope(replace(root, phase=Phase.ADMISSION))
    draft.command(Admit(id=ADMIT))


def answer_admission(draft: Draft, state: State) -> None:
    """Go on as the answer has it: begin (RUNNING), wait (QUEUED), or end (CANCELLED, FAILED)."""
    root: Scope | None = draft.execution.scopes.get(ROOT)
    if root is None or root.phase is not Phase.ADMISSION:
        return
    if state is State.RUNNING:
        admit(draft, root)
    elif state is State.QUEUED:
        if draft.execution.state is not State.QUEUED:
            draft.to(State.QUEUED)
    else:
        _refuse(draft, state)


def leave_queue(draft: Draft, state: State) -> None:
    """Have an execution that waits for a place begin (RUNNING), or end in `state`."""
    root: Scope | None = draft.execution.scopes.get(ROOT)
    if root is None or draft.execution.state is not State.QUEUED or state not in UNQUEUED:
        return
    if state is State.RUNNING:
        admit(draft, root)
    else:
        _end(draft, state)


def admit(draft: Draft, root: Scope) -> None:
    """Let an execution begin that waited."""
    draft.finish_command(ADMIT)
    draft.to(State.RUNNING)
    draft.put_scope(replace(root, phase=Phase.TASKS))
    draft.agenda.append((ROOT, None))


def _end(draft: Draft, state: State) -> None:
    draft.finish_command(ADMIT)
    draft.to(state)
    draft.drop_scope(ROOT)
    draft.set(done=True)


def _refuse(draft: Draft, state: State) -> None:
    _end(draft, state)
    if state is State.FAILED:
        reason = "Execution is FAILED due to concurrency limit exceeded"
        draft.log("ERROR", reason)
        draft.set(error=reason)
