"""An execution that is to begin at a date: it stays CREATED until then. Pure, for `reduce`.

A person can have it begin at once (`RunForced`), past the flow's concurrency limit, or kill it.
Source of behaviour: Kestra's `scheduleDate` and `ExecutionService.forceRun`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiercel._record import replace
from tiercel.engine.machine.commands import StartTimer
from tiercel.engine.machine.scope import ROOT, Phase, Scope

if TYPE_CHECKING:
    from datetime import datetime

    from tiercel.engine.machine.draft import Draft

__all__ = ["TIMER", "begin_later", "is_to_begin_later", "leave_waiting"]

TIMER = ":scheduled"
"""The id of the timer that such an execution waits for."""


def begin_later(draft: Draft, due: datetime) -> None:
    """Have the flow's scope wait for its date."""
    draft.command(StartTimer(id=TIMER, due=due, purpose="scheduled"))
    draft.put_scope(Scope(ROOT, None, phase=Phase.SCHEDULED, timer=TIMER))


def is_to_begin_later(draft: Draft) -> bool:
    """Return whether the execution still waits for its date."""
    root: Scope | None = draft.execution.scopes.get(ROOT)
    return root is not None and root.phase is Phase.SCHEDULED


def leave_waiting(draft: Draft) -> Scope:
    """Wait no more; return the flow's scope as one that may begin."""
    return replace(draft.stop_waiting(draft.scope(ROOT)), phase=Phase.TASKS)
