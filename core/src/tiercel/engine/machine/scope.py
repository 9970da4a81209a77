"""What the engine is in the middle of: scopes, lanes and places. Frozen; rebuilt from the log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from rpds import HashTrieMap

from tiercel._record import record
from tiercel.model.execution import Execution, State
from tiercel.model.task import TaskBase
from tiercel.plugin.task import Child, Finish, FlowableView, Lane

if TYPE_CHECKING:
    from tiercel.engine.machine.past import Past

__all__ = ["ROOT", "LaneState", "Phase", "Place", "Scope", "worse"]

ROOT = ""
"""The key of the flow's own scope; the others have their task run's id."""

LaneKey = str | int


class Phase(StrEnum):
    """How far a scope is."""

    SCHEDULED = "scheduled"
    ADMISSION = "admission"
    TASKS = "tasks"
    ERRORS = "errors"
    FINALLY = "finally"
    OUTPUTS = "outputs"
    KILLING = "killing"
    AFTER_EXECUTION = "afterExecution"
    AGAIN = "again"


_SEVERITY = {
    State.SKIPPED: 0,
    State.SUCCESS: 0,
    State.WARNING: 1,
    State.CANCELLED: 2,
    State.FAILED: 3,
    State.KILLED: 4,
}


def worse(left: State, right: State) -> State:
    """Return the more serious of two terminal states; SKIPPED counts as SUCCESS."""
    if _SEVERITY[right] > _SEVERITY[left]:
        return right
    return State.SUCCESS if left is State.SKIPPED else left


@record
class LaneState:
    """An open lane: which of its tasks is next, and the worst state of those before.

    Attributes:
        keeps_going: whether a failing task does not end the lane (`errors`, `finally`).
        fresh: whether a task of it, or a lane before it, has really run: not taken over.
    """

    lane: Lane
    index: int = 0
    worst: State = State.SUCCESS
    keeps_going: bool = False
    fresh: bool = False


@record
class Place:
    """Where a task run that has not ended belongs: its lane, and its task."""

    lane: LaneKey
    task: TaskBase


@record
class Scope:
    """A flow or flowable task run that is under way.

    Attributes:
        id: the flowable's task run id; `ROOT` for the flow.
        task: the flowable; None for the flow.
        running: places of its task runs that have not ended, by task run id.
        lanes: lanes that have not ended, by key.
        ended: the state each ended lane ended in, by key.
        values: answers to the flowable's questions, by key.
        finish: how it will end, once `errors` and `finally` are through.
        due: whether its timer fired.
        timer: the id of the timer command it waits for; None without one.
        asked: the id of the question it waits for an answer to; None without one.
        resumed: what it was resumed with; None when it was not.
        children: executions that it began, by key; of the counted ones, those not over.
        tally: how many of the counted ones are over, by state.
        refused: why one of the counted ones could not begin.
        kills: only for the flow: attempts that were told to stop and have not answered.
        left: whether it ends without `errors` and `finally`: a task ended the execution.
        draining: whether its lanes start no further task: it, or a scope around it, is to end.
        asserting: only for the flow: numbers of the service levels that were asked about.
        violated: only for the flow: numbers of the service levels that were violated.
        again: only for the flow: when it is run anew, in another execution.
        fresh: whether a lane that has ended was fresh; those that begin now are.
        past: only for the flow: task runs to be taken over; None unless it was restarted.
        held: only for the flow: whether a person holds it: nothing new begins.
        deferred: only for the flow: what there is to look at once it is held no more.
        overdue: only for the flow: task runs whose next attempt came due while it was held.
    """

    id: str
    task: TaskBase | None
    phase: Phase = Phase.TASKS
    running: HashTrieMap[str, Place] = field(default_factory=HashTrieMap)
    lanes: HashTrieMap[LaneKey, LaneState] = field(default_factory=HashTrieMap)
    ended: HashTrieMap[LaneKey, State] = field(default_factory=HashTrieMap)
    opened: int = 0
    worst: State = State.SUCCESS
    values: HashTrieMap[str, Mapping[str, Any]] = field(default_factory=HashTrieMap)
    finish: Finish | None = None
    due: bool = False
    timer: str | None = None
    asked: str | None = None
    resumed: Mapping[str, Any] | None = None
    children: HashTrieMap[str, Child] = field(default_factory=HashTrieMap)
    tally: Mapping[State, int] = field(default_factory=dict)
    refused: str | None = None
    kills: int = 0
    left: bool = False
    draining: bool = False
    asserting: frozenset[int] = frozenset()
    violated: frozenset[int] = frozenset()
    again: datetime | None = None
    fresh: bool = False
    past: Past | None = None
    held: bool = False
    deferred: tuple[tuple[str, LaneKey | None], ...] = ()
    overdue: tuple[str, ...] = ()

    def view(self, execution: Execution, at: datetime) -> FlowableView:
        """Return what the flowable's `next` may look at."""
        return FlowableView(
            at=at,
            execution_id=execution.id,
            flow=f"{execution.namespace}.{execution.flow_id}",
            values=self.values,
            opened=self.opened,
            active=len(self.lanes),
            worst=self.worst,
            lanes=self.ended,
            open_lanes=self.lanes,
            began=self._began(execution),
            children=self.children,
            tally=self.tally,
            refused=self.refused,
            due=self.due,
            resumed=self.resumed,
            outputs=execution.task_runs[self.id].outputs if self.id else None,
        )

    def _began(self, execution: Execution) -> datetime:
        owner = execution.task_runs[self.id] if self.id else execution
        return owner.history.started
