"""`Queue`: executions of this engine that wait for a place among those that run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tiercel.engine.machine.events import Admitted
from tiercel.errors import TiercelError
from tiercel.model.execution import State
from tiercel.model.flow import ConcurrencyBehavior

if TYPE_CHECKING:
    from tiercel.engine.loop.live import Live
    from tiercel.engine.loop.parts import Parts
    from tiercel.engine.loop.roster import Roster
    from tiercel.model.execution import Execution
    from tiercel.model.flow import Concurrency
    from tiercel.repository.spi import UnitOfWork

__all__ = ["Queue"]

FlowKey = tuple[str, str, str]

_NO_LIMIT = 1 << 30
_AT_ONCE = 500
_VERDICTS = {
    ConcurrencyBehavior.QUEUE: State.QUEUED,
    ConcurrencyBehavior.CANCEL: State.CANCELLED,
    ConcurrencyBehavior.FAIL: State.FAILED,
}


class Queue:
    """Who waits here, by flow, in the order of arrival. Belongs to the driver's thread.

    The limit is that of the flow's newest revision, so that changing it helps those who wait.
    Executions that wait in other engines keep their places in the line.

    Args:
        parts: the clock and the newest revisions.
        roster: the executions that run here.

    Attributes:
        is_due: whether somebody may have a chance now.
    """

    def __init__(self, parts: Parts, roster: Roster) -> None:
        self._parts = parts
        self._roster = roster
        self._waiting: dict[FlowKey, dict[str, None]] = {}
        self.is_due = False

    def add(self, live: Live) -> None:
        """Note that an execution waits."""
        self._waiting.setdefault(_key(live.execution), {})[live.execution.id] = None
        self.is_due = True

    def note_end(self, execution: Execution) -> None:
        """Note that an execution has ended: there may be a place now."""
        if execution.flow is not None and execution.flow.concurrency is not None:
            self._waiting.get(_key(execution), {}).pop(execution.id, None)
            self.is_due = self.is_due or bool(self._waiting)

    def look_again(self) -> None:
        """Have everybody considered: a limit may have changed, or a place be free elsewhere."""
        self.is_due = bool(self._waiting)

    def limits(self) -> dict[FlowKey, Concurrency | None]:
        """Return the limits of the flows that somebody waits for; call it outside transactions."""
        self._waiting = {key: ids for key, ids in self._waiting.items() if ids}
        return {key: self._limit(key, next(iter(ids))) for key, ids in self._waiting.items()}

    def answers(
        self, work: UnitOfWork, limits: dict[FlowKey, Concurrency | None]
    ) -> Iterator[tuple[Live, Admitted]]:
        """Yield the answers that can be given now; they must be written by the same `work`."""
        self.is_due = False
        for key, concurrency in limits.items():
            yield from self._answers(work, key, concurrency)

    def _answers(
        self, work: UnitOfWork, key: FlowKey, concurrency: Concurrency | None
    ) -> Iterator[tuple[Live, Admitted]]:
        at, ids = self._parts.clock.now(), self._waiting[key]
        running, queued = work.slots(*key, now=at, most=_AT_ONCE)
        room = (concurrency.limit if concurrency else _NO_LIMIT) - running
        line = [*queued, *(each for each in ids if self._is_new(each))]
        verdict = _VERDICTS[concurrency.behavior] if concurrency else State.QUEUED
        for place, execution_id in enumerate(line):
            live = self._roster.get(execution_id) if execution_id in ids else None
            if live is None:  # it waits in another engine, which will give it the place
                continue
            if place < room:
                del ids[execution_id]
                yield live, Admitted(at=at, state=State.RUNNING)
            elif live.execution.state is not State.QUEUED:
                if verdict is not State.QUEUED:
                    del ids[execution_id]
                yield live, Admitted(at=at, state=verdict)
        self.is_due = self.is_due or (len(queued) == _AT_ONCE and room >= _AT_ONCE)

    def _is_new(self, execution_id: str) -> bool:
        live = self._roster.get(execution_id)
        return live is not None and live.execution.state is not State.QUEUED

    def _limit(self, key: FlowKey, execution_id: str) -> Concurrency | None:
        try:
            return self._parts.newest(key[1], key[2]).concurrency
        except TiercelError:  # deleted meanwhile, say: what was agreed then counts
            live = self._roster.get(execution_id)
            flow = live.execution.flow if live is not None else None
            return flow.concurrency if flow is not None else None


def _key(execution: Execution) -> FlowKey:
    return execution.tenant, execution.namespace, execution.flow_id
