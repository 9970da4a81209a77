"""`Triggers`: what people and programs do to triggers, and what they want to know of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tiercel._record import record, replace
from tiercel.engine.triggers.backfill import Backfill
from tiercel.engine.triggers.parts import SchedulerParts
from tiercel.engine.triggers.scheduler import Scheduler
from tiercel.engine.triggers.starts import Bound, find
from tiercel.engine.triggers.webhooks import Answer, Webhooks
from tiercel.errors import ConflictError, NotFoundError
from tiercel.plugin.trigger import ScheduledTrigger

if TYPE_CHECKING:
    from tiercel._ids import IdSource
    from tiercel.model.execution import Execution
    from tiercel.plugin.trigger import Request
    from tiercel.repository.spi import TriggerRecord

__all__ = ["TriggerHandle", "TriggerState", "Triggers"]

_TRIES = 20


@record
class TriggerState:
    """A trigger of a deployed flow, and what is known of it.

    Attributes:
        id: the trigger's id in its flow.
        type: its type.
        disabled: whether it is turned off, there or in its flow's source.
        next_date: when it is due; None when it waits for no date.
        last_date: the date of its last occasion.
        execution_id: the execution that it started and that has not ended.
        backfill: the backfill under way.
    """

    namespace: str
    flow_id: str
    id: str
    type: str
    disabled: bool
    next_date: datetime | None = None
    last_date: datetime | None = None
    execution_id: str | None = None
    backfill: Backfill | None = None


class Triggers:
    """The triggers of a tenant's deployed flows.

    Args:
        parts: what a scheduler needs.
        ids: names executions that requests start, and backfills.
        wait: (execution id, seconds) → the execution once nothing more happens in it; raises
            TimeoutError.
    """

    def __init__(
        self,
        parts: SchedulerParts,
        ids: IdSource,
        wait: Callable[[str, float | None], Execution],
    ) -> None:
        self._parts = parts
        self._ids = ids
        self._webhooks = Webhooks(parts, ids, wait)

    # Have them work

    @cached_property
    def scheduler(self) -> Scheduler:
        """What has them start executions; `run_due` is for clocks that someone else moves."""
        return Scheduler(self._parts)

    def start(self) -> None:
        """Have triggers start executions from now on, until `stop`."""
        self._parts.driver()  # made here, not by two threads at once
        self.scheduler.start()

    def stop(self) -> None:
        """Start no more executions; what is due waits until somebody starts it."""
        if "scheduler" in self.__dict__:
            self.__dict__.pop("scheduler").close()

    def wake(self) -> None:
        """Look at once for what is due."""
        if "scheduler" in self.__dict__:
            self.scheduler.wake()

    def webhook(
        self,
        namespace: str,
        flow_id: str,
        key: str,
        request: Request,
        timeout: float | None = None,
    ) -> Answer:
        """Start an execution by an HTTP request, and return what is to be answered.

        Args:
            namespace: the flow's namespace.
            flow_id: the flow.
            key: the trigger's key.
            request: the request.
            timeout: seconds to wait at most, when the trigger waits for the execution's end.
        """
        return self._webhooks.receive(namespace, flow_id, key, request, timeout)

    # Know of them

    def list(
        self, namespace: str | None = None, flow_id: str | None = None
    ) -> Sequence[TriggerState]:
        """Return the triggers of deployed flows, by namespace, flow and id.

        Args:
            namespace: exactly this one, not those below it; all by default.
            flow_id: only those of flows of this id.
        """
        found = self._parts.repository.triggers(self._parts.tenant, namespace)
        states = [
            _state(each, bound)
            for each in found
            if flow_id in (None, each.flow_id)
            if (bound := find(self._parts.flows, each.namespace, each.flow_id, each.id))
        ]
        return sorted(states, key=lambda state: (state.namespace, state.flow_id, state.id))

    def get(self, namespace: str, flow_id: str, trigger_id: str) -> TriggerHandle:
        """Return a trigger of a deployed flow.

        Raises:
            NotFoundError: there is no such trigger.
        """
        bound = find(self._parts.flows, namespace, flow_id, trigger_id)
        if bound is not None:
            handle = TriggerHandle(self._parts, bound, self._ids, self.wake)
            with suppress(NotFoundError):
                _ = handle.state
                return handle
        raise NotFoundError(
            f"There is no trigger {trigger_id!r} of a deployed flow {namespace}.{flow_id}"
        )


class TriggerHandle:
    """One trigger of a deployed flow.

    Args:
        parts: what a scheduler needs.
        bound: the trigger.
        ids: names backfills.
        wake: has the scheduler look at once.
    """

    def __init__(
        self, parts: SchedulerParts, bound: Bound, ids: IdSource, wake: Callable[[], None]
    ) -> None:
        self._parts = parts
        self._bound = bound
        self._ids = ids
        self._wake = wake
        flow, trigger = bound.flow, bound.trigger
        self._name = f"Trigger {trigger.id!r} of {flow.namespace}.{flow.id}"

    @property
    def state(self) -> TriggerState:
        """What is known of it now.

        Raises:
            NotFoundError: its flow is not deployed any more.
        """
        return _state(self._record(), self._bound)

    def enable(self) -> None:
        """Turn it on; the dates that passed while it was off are not made up for.

        Raises:
            ConflictError: it is disabled in its flow's source, where only a new revision helps.
        """
        if not self._bound.is_active:
            raise ConflictError(f"{self._name} is disabled in the flow's source")

        def turned_on(known: TriggerRecord) -> TriggerRecord:
            return replace(known, disabled=False, next_date=None) if known.disabled else known

        self._change(turned_on)

    def disable(self) -> None:
        """Turn it off; executions that it started go on."""
        self._change(lambda known: replace(known, disabled=True))

    def backfill(
        self,
        start: datetime,
        end: datetime | None = None,
        *,
        inputs: Mapping[str, Any] | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> Backfill:
        """Make up for dates of the past, one execution after the other, beside the schedule.

        Args:
            start: from this date on, aware.
            end: up to this date, aware; until now by default.
            inputs: inputs of its executions beside the trigger's own; may hold expressions.
            labels: labels of its executions beside the trigger's own.

        Raises:
            ConflictError: the trigger knows no dates, or none between `start` and `end`, or a
                backfill of it is under way.
        """
        if not isinstance(self._bound.trigger, ScheduledTrigger):
            raise ConflictError(f"{self._name} has no dates that could be made up for")
        now = self._parts.clock.now()
        last = min(end or now, now)
        asked = Backfill(
            id=self._ids.new(),
            start=start,
            end=last,
            current=start,
            inputs=inputs or {},
            labels=labels or {},
        )
        first = asked.first(self._parts.starter.dates(self._bound))
        if first is None:
            span = f"from {start.isoformat()} to {last.isoformat()}"
            raise ConflictError(f"{self._name} has no dates {span}")

        def begun(known: TriggerRecord) -> TriggerRecord:
            if known.backfill is not None:
                raise ConflictError(f"{self._name} has a backfill under way; cancel that first")
            return replace(known, backfill=first.dump())

        self._change(begun)
        return first

    def pause_backfill(self) -> None:
        """Have a backfill wait until it is resumed.

        Raises:
            NotFoundError: there is none.
        """
        self._change_backfill(lambda backfill: replace(backfill, paused=True))

    def resume_backfill(self) -> None:
        """Go on with a paused backfill.

        Raises:
            NotFoundError: there is none.
        """
        self._change_backfill(lambda backfill: replace(backfill, paused=False))

    def cancel_backfill(self) -> None:
        """Forget what is left of a backfill; executions that it started go on.

        Raises:
            NotFoundError: there is none.
        """
        self._change_backfill(lambda _: None)

    def _change_backfill(self, change: Callable[[Backfill], Backfill | None]) -> None:
        def changed(known: TriggerRecord) -> TriggerRecord:
            if known.backfill is None:
                raise NotFoundError(f"{self._name} has no backfill under way")
            backfill = change(Backfill.parse(known.backfill))
            return replace(known, backfill=backfill.dump() if backfill else None)

        self._change(changed)

    def _record(self) -> TriggerRecord:
        flow, trigger = self._bound.flow, self._bound.trigger
        return self._parts.repository.trigger(
            self._parts.tenant, flow.namespace, flow.id, trigger.id
        )

    def _change(self, change: Callable[[TriggerRecord], TriggerRecord]) -> None:
        """Write the trigger's record, again if somebody else did at the same time."""
        for attempt in range(_TRIES):
            known = self._record()
            changed = change(known)
            if changed is known:
                return
            try:
                with self._parts.repository.transaction() as work:
                    work.save_trigger(replace(changed, updated=self._parts.clock.now()))
            except ConflictError:
                if attempt == _TRIES - 1:
                    raise
            else:
                self._wake()
                return


def _state(known: TriggerRecord, bound: Bound) -> TriggerState:
    return TriggerState(
        namespace=known.namespace,
        flow_id=known.flow_id,
        id=known.id,
        type=bound.trigger.type_name or bound.trigger.type,
        disabled=known.disabled or not bound.is_active,
        next_date=None if known.disabled else known.next_date,
        last_date=known.last_date,
        execution_id=known.execution_id,
        backfill=Backfill.parse(known.backfill) if known.backfill else None,
    )
