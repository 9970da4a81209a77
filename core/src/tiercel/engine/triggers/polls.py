"""`Polls`: has polling triggers look, where tasks run, and starts what they find."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from tiercel._ids import derive
from tiercel._record import record, replace
from tiercel.engine.loop.commit import LEASE, is_passing
from tiercel.engine.triggers.firing import Firing, occasion_id
from tiercel.engine.triggers.starts import FROM_TRIGGER, Bound
from tiercel.engine.worker.assignment import Assignment
from tiercel.errors import NotFoundError, TaskError
from tiercel.executor.spi import Job, Outcome
from tiercel.model.execution import History, State, TaskRun
from tiercel.plugin.trigger import PollingTrigger

if TYPE_CHECKING:
    from tiercel.engine.triggers.parts import SchedulerParts
    from tiercel.model.execution import LogEntry
    from tiercel.plugin.context import RunContext
    from tiercel.plugin.task import Output
    from tiercel.repository.spi import TriggerRecord

__all__ = ["PollTask", "Polls"]

_log = logging.getLogger(__name__)
_LEVELS = {"WARN": logging.WARNING, "ERROR": logging.ERROR}


class PollTask:
    """A poll as a worker runs it: what it reads of a task, and `run`."""

    timeout = None
    task_cache = None

    def __init__(self, trigger: PollingTrigger) -> None:
        self.id = trigger.id
        self.type = trigger.type
        self.log_level = trigger.log_level
        self.log_to_file = trigger.log_to_file
        self._trigger = trigger

    def run(self, ctx: RunContext) -> Output | None:
        """Look once."""
        return self._trigger.poll(ctx)


@record
class _Answer:
    """What came of a poll."""

    known: TriggerRecord
    bound: Bound
    execution_id: str
    outcome: Outcome


class Polls:
    """The polls under way.

    A poll holds a lease under the id of the execution that it may start, so that no other
    scheduler makes it too; when this engine dies, the lease ends and another one does.

    Args:
        parts: of the scheduler that it belongs to.
        firing: starts executions.
        wake: called, from any thread, when a poll was answered.
    """

    def __init__(self, parts: SchedulerParts, firing: Firing, wake: Callable[[], None]) -> None:
        self._parts = parts
        self._firing = firing
        self._wake = wake
        self._under_way: dict[str, tuple[TriggerRecord, Job | None]] = {}
        self._answers: deque[_Answer] = deque()

    def attend(self, known: TriggerRecord, bound: Bound, now: datetime) -> bool:
        """Begin a poll that is due; return whether the trigger's record was written."""
        trigger = cast("PollingTrigger", bound.trigger)
        if known.next_date is None:  # a new one looks at once (Kestra)
            first = replace(known, next_date=known.updated)
            return self._firing.write(lambda work: work.save_trigger(first))
        if known.execution_id is not None and not trigger.allow_concurrent:
            return False
        date = known.next_date.astimezone(UTC).isoformat()
        execution_id = occasion_id(known, "poll", date)
        if execution_id in self._under_way or not self._claim(execution_id, now):
            return False
        self._under_way[execution_id] = known, None
        starter = self._parts.starter
        context = starter.context(bound, {})
        if not all(each.holds(context) for each in trigger.all_conditions()):
            nothing = Outcome(state=State.SUCCESS, started=now, ended=now)
            self._answers.append(_Answer(known, bound, execution_id, nothing))
            return True
        self._submit(known, bound, execution_id, context.variables)
        return False

    def _claim(self, execution_id: str, now: datetime) -> bool:
        with self._parts.repository.transaction() as work:
            return work.claim(execution_id, self._parts.owner, now, LEASE) is not None

    def _submit(
        self, known: TriggerRecord, bound: Bound, execution_id: str, variables: Mapping[str, Any]
    ) -> None:
        now = self._parts.clock.now()
        run_id = derive(execution_id, "poll")
        assignment = Assignment(
            execution_id=execution_id,
            namespace=bound.flow.namespace,
            flow_id=bound.flow.id,
            task=cast("Any", PollTask(cast("PollingTrigger", bound.trigger))),
            task_run=TaskRun(run_id, bound.trigger.id, History.begin(State.CREATED, now)),
            attempt=1,
            variables=variables,
        )

        def done(outcome: Outcome) -> None:
            self._answers.append(_Answer(known, bound, execution_id, outcome))
            self._wake()

        job = Job(execution_id, run_id, 1)
        self._under_way[execution_id] = known, job
        self._parts.driver().run_errand(job, assignment, done)

    def stop_those_in_vain(self) -> None:
        """Stop the polls of triggers that were changed, turned off or deleted meanwhile."""
        for execution_id, (polled, job) in list(self._under_way.items()):
            if job is not None and not self._is_awaited(polled):
                self._under_way[execution_id] = polled, None
                self._parts.driver().stop_errand(job)

    def _is_awaited(self, polled: TriggerRecord) -> bool:
        known = self._known(polled)
        return known is not None and known.next_date == polled.next_date and not known.disabled

    def settle(self) -> bool:
        """Start what the polls found that were answered; return whether any was.

        Raises:
            RepositoryError: the repository is out of reach; what was found is kept.
        """
        settled = False
        while self._answers:
            self._settle(self._answers[0])
            del self._under_way[self._answers.popleft().execution_id]
            settled = True
        return settled

    def _settle(self, answer: _Answer) -> None:
        """Write what came of a poll, whatever else became of the trigger meanwhile."""
        outcome, trigger = answer.outcome, cast("PollingTrigger", answer.bound.trigger)
        found = outcome.state in (State.SUCCESS, State.WARNING) and outcome.outputs is not None
        starts = found or (outcome.error is not None and trigger.fail_on_trigger_error)
        lines = [replace(line, task_run_id=None, task_id=None) for line in outcome.logs]
        if not starts:
            _tell(answer.bound, lines)
        done = False
        while not done and (following := self._following(answer, trigger.interval)):
            done = self._start(answer, following, lines) if starts else self._pass(following)
        if not (done and starts):  # an execution that was started goes on under the same lease
            self._firing.write(lambda work: work.release(answer.execution_id, self._parts.owner))

    def _following(self, answer: _Answer, interval: timedelta) -> TriggerRecord | None:
        """Return the trigger's record after a poll; None when it is not what was polled for."""
        known = self._known(answer.known)
        if known is None or known.next_date != answer.known.next_date:
            return None
        now = self._parts.clock.now()
        next_date = now + max(interval, timedelta(seconds=1))
        return replace(known, next_date=next_date, last_date=known.next_date, updated=now)

    def _known(self, polled: TriggerRecord) -> TriggerRecord | None:
        """Return the record of a trigger as it is now; None when it is no more."""
        key = (polled.tenant, polled.namespace, polled.flow_id, polled.id)
        try:
            return self._parts.repository.trigger(*key)
        except NotFoundError:
            return None

    def _pass(self, following: TriggerRecord) -> bool:
        return self._firing.write(lambda work: work.save_trigger(following))

    def _start(self, answer: _Answer, following: TriggerRecord, lines: list[LogEntry]) -> bool:
        starter, bound = self._parts.starter, answer.bound
        outputs = answer.outcome.outputs or {}
        date = cast("datetime", answer.known.next_date)
        try:
            if answer.outcome.error is not None:
                raise TaskError(answer.outcome.error)
            event = starter.started(
                bound,
                answer.execution_id,
                starter.context(bound, outputs),
                variables=outputs,
                inputs=bound.trigger.start_inputs(),
                labels=FROM_TRIGGER,
            )
        except Exception as error:  # the trigger's own, or an expression, or an input
            if is_passing(error):
                raise
            event, told = starter.failed(bound, answer.execution_id, date, error)
            lines = [*lines, *told]
        started = replace(following, execution_id=answer.execution_id)
        return self._firing.start(
            event, bound.flow, [lambda work: work.save_trigger(started)], lines
        )


def _tell(bound: Bound, lines: list[LogEntry]) -> None:
    """Pass on what a poll logged that started nothing: there is no execution to log it."""
    flow = bound.flow
    for line in lines:
        level = _LEVELS.get(line.level, logging.DEBUG)
        _log.log(
            level,
            "Trigger %s of %s.%s: %s",
            bound.trigger.id,
            flow.namespace,
            flow.id,
            line.message,
        )
