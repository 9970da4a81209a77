"""`Scheduler`: has triggers start executions when they are due. It owns nothing but the clock.

What is due is in the repository: a trigger's next date, and the changes of state that triggers are
to be told of. The scheduler keeps a heap of dates in memory, learns of every change to a trigger
by its version, and decides nothing itself: `ticks` says what becomes of a date, `Polls` has polling
triggers look, `Listeners` tells triggers of changes. Any number of schedulers may share a database.
"""

from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from typing import TYPE_CHECKING

from tiercel._record import replace
from tiercel.engine.loop.commit import LEASE, is_passing
from tiercel.engine.triggers.backfill import Backfill
from tiercel.engine.triggers.firing import Firing, occasion_id
from tiercel.engine.triggers.listeners import Listeners
from tiercel.engine.triggers.polls import Polls
from tiercel.engine.triggers.starts import FROM_TRIGGER, Bound, find
from tiercel.engine.triggers.ticks import Dates, due
from tiercel.errors import RepositoryError
from tiercel.plugin.trigger import PollingTrigger, ScheduledTrigger

if TYPE_CHECKING:
    from tiercel.engine.machine.events import ExecutionCreated
    from tiercel.engine.triggers.parts import SchedulerParts
    from tiercel.model.execution import LogEntry
    from tiercel.repository.spi import TriggerRecord

__all__ = ["Scheduler"]

_log = logging.getLogger(__name__)

_LOOK_EVERY = 1.0
"""Seconds after which to look for what other processes changed."""
_REST = timedelta(minutes=1)
"""How long a trigger that cannot be evaluated is left alone."""

_Key = tuple[str, str, str]


class Scheduler:
    """Starts executions as triggers say. `start` it, or call `run_due` as the clock moves on."""

    def __init__(self, parts: SchedulerParts) -> None:
        self._parts = parts
        self._firing = Firing(parts.repository, parts.driver)
        self._listeners = Listeners(parts, self._firing)
        self._polls = Polls(parts, self._firing, self.wake)
        self._seen = 0
        self._known: dict[_Key, TriggerRecord] = {}
        self._heap: list[tuple[datetime, int, _Key]] = []
        self._turn = threading.Lock()
        self._woken = threading.Event()
        self._closed = False
        self._thread: threading.Thread | None = None

    # For any thread

    def start(self) -> None:
        """Begin to work in a thread of its own; harmless when it does already."""
        if self._thread is None and not self._closed:
            self._thread = threading.Thread(target=self._run, name="tiercel-scheduler", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Stop working. What is due from now on waits for the next scheduler."""
        self._closed = True
        self.wake()
        if self._thread is not None:
            self._thread.join(timeout=10)

    def wake(self) -> None:
        """Look at once for what is due: something changed, or the clock was moved."""
        self._woken.set()

    def run_due(self) -> None:
        """Do everything that is due by now, and return.

        Raises:
            RepositoryError: the repository is out of reach; what is left is done the next time.
        """
        with self._turn:
            self._polls.stop_those_in_vain()
            while self._take_turn():
                pass

    # The loop

    def _run(self) -> None:
        while not self._closed:
            self._woken.clear()
            try:
                self.run_due()
            except RepositoryError as error:
                _log.warning("Cannot look after triggers: %s", error)
                self._woken.wait(_LOOK_EVERY)
            self._woken.wait(self._patience())

    def _patience(self) -> float:
        if not self._heap:
            return _LOOK_EVERY
        left = (self._heap[0][0] - self._parts.clock.now()).total_seconds()
        return min(max(left, 0.0), _LOOK_EVERY)

    def _take_turn(self) -> bool:
        """Do what is due; return whether that may have made something else due."""
        busy = self._listeners.tell()
        busy |= self._polls.settle()
        self._refresh()  # last, so that what was just written is not attended to as it was before
        now = self._parts.clock.now()
        while not self._closed and self._heap and self._heap[0][0] <= now:
            _, version, key = heappop(self._heap)
            known = self._known.get(key)
            if known is not None and known.version == version:
                busy |= self._attend(known, now)
        return busy and not self._closed

    def _refresh(self) -> None:
        """Learn what changed, by others or by this scheduler."""
        changed = self._parts.repository.triggers(self._parts.tenant, after_version=self._seen)
        for each in changed:
            self._seen = each.version
            key = (each.namespace, each.flow_id, each.id)
            self._known[key] = each
            date = _next_look(each)
            if date is not None:
                heappush(self._heap, (date, each.version, key))

    def _attend(self, known: TriggerRecord, now: datetime) -> bool:
        """Look after one trigger; return whether its record was written."""
        key = (known.namespace, known.flow_id, known.id)
        try:
            bound = find(self._parts.flows, *key)
            if bound is None or not bound.is_active:
                return False
            if isinstance(bound.trigger, ScheduledTrigger):
                return self._schedule(known, bound, now)
            if isinstance(bound.trigger, PollingTrigger):
                # Whoever polls writes the record at the end, unless they die before.
                heappush(self._heap, (now + LEASE, known.version, key))
                return self._polls.attend(known, bound, now)
        except Exception as error:  # a plugin's code, or an expression: the others must go on
            if is_passing(error):
                heappush(self._heap, (now, known.version, key))
                raise
            reason = self._parts.starter.explain(error)
            _log.warning("Cannot evaluate trigger %s of %s.%s: %s", known.id, *key[:2], reason)
            heappush(self._heap, (now + _REST, known.version, key))
        return False

    # Dates

    def _schedule(self, known: TriggerRecord, bound: Bound, now: datetime) -> bool:
        trigger = bound.trigger
        assert isinstance(trigger, ScheduledTrigger)
        dates = self._parts.starter.dates(bound)
        if known.next_date is None:
            first = dates.after(known.updated)
            if first is not None:
                return self._write(replace(known, next_date=first))
        if known.execution_id is not None and not trigger.allow_concurrent:
            return False  # its end writes the record, which brings the trigger back here
        if known.next_date is not None and known.next_date <= now:
            decided = due(trigger, dates, known.next_date, now)
            following = replace(known, next_date=decided.following, updated=now)
            if decided.date is None:
                return self._write(following)
            last = replace(following, last_date=decided.date)
            return self._fire(bound, last, dates, decided.date)
        return self._backfill(known, bound, dates, now)

    def _backfill(self, known: TriggerRecord, bound: Bound, dates: Dates, now: datetime) -> bool:
        backfill = Backfill.parse(known.backfill) if known.backfill else None
        if backfill is None or backfill.paused:
            return False
        left = backfill.next(dates)
        following = replace(known, backfill=left.dump() if left else None, updated=now)
        return self._fire(bound, following, dates, backfill.current, backfill)

    def _fire(
        self,
        bound: Bound,
        following: TriggerRecord,
        dates: Dates,
        date: datetime,
        backfill: Backfill | None = None,
    ) -> bool:
        """Start the execution of a date if the conditions hold, and write what follows."""
        occasion = ("backfill", backfill.id) if backfill else ("date",)
        execution_id = occasion_id(following, *occasion, date.astimezone(UTC).isoformat())
        try:
            event = self._event(bound, dates, date, execution_id, backfill)
            lines: list[LogEntry] = []
        except Exception as error:  # a plugin's code, an expression, an input
            if is_passing(error):
                raise
            event, lines = self._parts.starter.failed(bound, execution_id, date, error)
        if event is None:
            return self._write(following)
        started = replace(following, execution_id=execution_id)
        self._firing.start(event, bound.flow, [lambda work: work.save_trigger(started)], lines)
        return True

    def _event(
        self,
        bound: Bound,
        dates: Dates,
        date: datetime,
        execution_id: str,
        backfill: Backfill | None,
    ) -> ExecutionCreated | None:
        """Return what begins the execution of a date; None when the conditions do not hold."""
        starter, trigger = self._parts.starter, bound.trigger
        variables = starter.date_variables(bound, dates, date)
        context = starter.context(bound, variables, date=date)
        if not all(each.holds(context) for each in trigger.all_conditions()):
            return None
        return starter.started(
            bound,
            execution_id,
            # Inputs do not see the date: golden case `schedule/live_inputs_with_trigger_date`.
            starter.context(bound, {}),
            variables=variables,
            inputs={**trigger.start_inputs(), **(backfill.inputs if backfill else {})},
            labels={**FROM_TRIGGER, **(backfill.labels if backfill else {})},
        )

    def _write(self, trigger: TriggerRecord) -> bool:
        self._firing.write(lambda work: work.save_trigger(trigger))
        return True


def _next_look(known: TriggerRecord) -> datetime | None:
    """Return when to look after a trigger; None when there is nothing to be done for it."""
    if known.disabled or known.states:
        return None
    if known.backfill is not None or known.next_date is None:
        return known.updated
    return known.next_date
