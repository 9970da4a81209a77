"""The one loop: events in, `reduce`, one transaction, commands out.

One thread owns every live execution of this engine. Other threads only put messages into its
inbox: workers their outcomes, callers their requests. All messages that are there at once are
handled in one transaction; nothing is dispatched before it is committed (contract C5).
"""

from __future__ import annotations

import logging
import threading
import weakref
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from tiercel.engine.expressions.variables import Variables
from tiercel.engine.loop.commit import LEASE, is_passing, write
from tiercel.engine.loop.deprecations import deprecation_lines
from tiercel.engine.loop.dispatch import Dispatcher, task_of
from tiercel.engine.loop.live import Live
from tiercel.engine.loop.parts import Parts
from tiercel.engine.loop.queue import Queue
from tiercel.engine.loop.recover import replay
from tiercel.engine.loop.roster import Roster
from tiercel.engine.loop.ticket import Ticket
from tiercel.engine.loop.timers import Timers
from tiercel.engine.machine import commands, events
from tiercel.engine.machine.reduce import create, reduce
from tiercel.engine.worker.attempts import GRACE, Attempts
from tiercel.engine.worker.errands import Errands
from tiercel.errors import (
    ConflictError,
    EngineBug,
    NotFoundError,
    RepositoryError,
    TiercelError,
)
from tiercel.executor.spi import Job, Outcome
from tiercel.model.execution import LogEntry, State

if TYPE_CHECKING:
    from tiercel.engine.worker.assignment import Assignment
    from tiercel.model.flow import Flow
    from tiercel.repository.spi import UnitOfWork

__all__ = ["Driver", "Parts", "Ticket"]

_log = logging.getLogger(__name__)

_RENEW_EVERY = 10.0
_POLL_EVERY = 0.5
_ANNOUNCE_AFTER = 0.02
_BATCH = 512


class Driver:
    """Runs executions; see the module's text. `start` it once, `close` it at the end.

    Args:
        parts: what it is made of.
        stepped: whether it has no thread of its own: it works in `turn`, and in whatever waits, on
            the caller's thread. With such an executor and clock, nothing is left to chance.
    """

    def __init__(self, parts: Parts, *, stepped: bool = False) -> None:
        self._parts = parts
        self._stepped = stepped
        self._inbox: SimpleQueue[tuple[Any, ...]] = SimpleQueue()
        self._roster = Roster()
        self._dirty: dict[str, Live] = {}
        beside = _at_once if stepped else _on_a_thread
        self._attempts = Attempts(parts.services, parts.clock, self._inbox.put, beside)
        self._errands = Errands(self._attempts, parts.executor)
        self._timers = Timers()
        self._queue = Queue(parts, self._roster)
        self._dispatcher = Dispatcher(
            parts, self._attempts, self._timers, self._queue, self._inbox.put
        )
        self._tickets: list[tuple[str, Ticket]] = []
        self._next_poll = self._next_renewal = 0.0
        self._closed = False
        self._thread = threading.Thread(
            target=_serve,
            args=(weakref.ref(self), self._inbox),
            name="tiercel-driver",
            daemon=True,
        )
        weakref.finalize(self, self._inbox.put, ("close",)).atexit = False
        self._handlers: dict[str, Callable[..., None]] = {
            "create": self._create,
            "adopt": self._adopt,
            "return": self._return,
            "event": self._event,
            "received": self._received,
            "due": self._due,
            "outcome": self._outcome,
            "errand": self._errands.begin,
            "stop errand": self._stop_errand,
            "logs": self._logs,
            "stopping": self._stopping,
            "abandon": self._abandon,
            "wake": lambda: None,
        }

    # For any thread

    def start(self) -> None:
        """Begin to work."""
        self._parts.executor.start(self._attempts.run, self._report)
        if not self._stepped:
            self._thread.start()

    def close(self) -> None:
        """Stop working; executions that are not done stay as they are, for the next engine."""
        if not self._closed:
            self._closed = True
            if self._stepped:
                self._stop([])
            else:
                self._inbox.put(("close",))
                if threading.current_thread() is not self._thread:
                    self._thread.join(timeout=10)
            self._parts.executor.close()

    def create(
        self,
        event: events.ExecutionCreated,
        flow: Flow,
        lines: Sequence[LogEntry] = (),
        along: Sequence[Callable[[UnitOfWork], object]] = (),
    ) -> Ticket:
        """Begin an execution; when the ticket is resolved, it is durable.

        Args:
            event: how it begins.
            flow: its flow.
            lines: what its log begins with.
            along: write what belongs into the same transaction.
        """
        return self._ask("create", event, flow, lines, along)

    def adopt(
        self, execution_id: str, event: events.AnyEvent | None = None, *, force: bool = False
    ) -> Ticket:
        """Go on with an execution that another engine left, or that has ended; apply an event.

        While another engine's lease lasts, the ticket fails with ConflictError, unless that one is
        known to be dead: by `Parts.is_dead`, or, with `force`, by whoever asks.
        """
        return self._ask("adopt", execution_id, force, event)

    def send(self, execution_id: str, event: events.AnyEvent) -> Ticket:
        """Have an event applied; the ticket fails with NotFoundError when it is not ours."""
        return self._ask("event", execution_id, event)

    def run_errand(self, job: Job, assignment: Assignment, done: Callable[[Outcome], None]) -> None:
        """Run what belongs to no execution where tasks run: a trigger's poll.

        `done` gets the outcome, on the driver's thread; it is lost when the engine is closed. As
        long as it runs, leases of this engine are renewed.
        """
        self._inbox.put(("errand", job, assignment, done))

    def stop_errand(self, job: Job) -> None:
        """Have what `run_errand` began stopped, if it still runs; `done` gets its outcome."""
        self._inbox.put(("stop errand", job))

    def wait(self, execution_id: str, timeout: float | None = None) -> bool:
        """Return True when nothing more happens in an execution, False after `timeout` seconds.

        Raises:
            EngineBug: it cannot go on.
        """
        while self._stepped and execution_id in self._roster and self.turn():
            pass
        return self._roster.wait(execution_id, 0 if self._stepped else timeout)

    def watch(self, execution_id: str, tell: Callable[[], None]) -> bool:
        """Have `tell` called once nothing more happens in an execution; False when nothing does.

        It is called on the driver's thread, so it must be quick. `wait` then returns at once.
        """
        return self._roster.watch(execution_id, tell)

    def forget(self, execution_id: str, tell: Callable[[], None]) -> None:
        """Take a `watch` back; harmless when it is over."""
        self._roster.forget(execution_id, tell)

    def runs(self, execution_id: str) -> bool:
        """Return whether an execution is under way in this engine."""
        return self._roster.runs(execution_id)

    @property
    def is_idle(self) -> bool:
        """Whether no task is running here."""
        return not self._attempts

    def wake(self) -> None:
        """Look at the clock again: for clocks that someone else moves."""
        self._inbox.put(("wake",))

    def _ask(self, kind: str, *arguments: Any) -> Ticket:
        ticket = Ticket(self.turn if self._stepped else None)
        self._inbox.put((kind, *arguments, ticket))
        if self._closed:
            self._refuse_what_is_left()
        return ticket

    def _report(self, job: Job, outcome: Outcome) -> None:
        self._inbox.put(("outcome", job, outcome))

    # The loop

    def serve(self, messages: list[tuple[Any, ...]]) -> float | None:
        """Do what there is to do; return how many seconds to wait for the next message at most.

        Returns None when the driver is closed.
        """
        if any(message[0] == "close" for message in messages):
            self._stop(messages)
            return None
        if not messages:
            self._announce()
        self._work_off(messages)
        return self._patience()

    def turn(self) -> bool:
        """Do what there is to do now, when `stepped`; return whether there was anything."""
        messages = _received(self._inbox, 0.0)
        if not messages:
            self._announce()
        return self._work_off(messages)

    def next_due(self) -> datetime | None:
        """Return when the next timer fires; None when nothing waits for a time."""
        return self._timers.next_due()

    def _work_off(self, messages: list[tuple[Any, ...]]) -> bool:
        due = list(self._timers.due(self._parts.clock.now()))
        for kind, *arguments in (*messages, *((kind, *arguments) for kind, arguments in due)):
            self._handle(kind, arguments)
        self._housekeeping()
        waiting = bool(self._dirty) or self._queue.is_due
        self._commit()
        return bool(messages or due) or waiting

    def _stop(self, messages: list[tuple[Any, ...]]) -> None:
        """Let everybody go who waits for something that will not happen any more."""
        for message in messages:
            self._inbox.put(message)
        self._refuse_what_is_left()
        self._attempts.close()
        self._dispatcher.close()
        with suppress(RepositoryError), self._parts.repository.transaction() as work:
            for live in self._roster:
                work.release(live.execution.id, self._parts.owner)
        self._roster.let_everybody_go()

    def _refuse_what_is_left(self) -> None:
        with suppress(Empty):
            while True:
                message = self._inbox.get_nowait()
                if isinstance(message[-1], Ticket):
                    message[-1].resolve(RepositoryError("The engine is closed"))

    def _handle(self, kind: str, arguments: Sequence[Any]) -> None:
        """Handle a message; a bug that it uncovers costs one execution, not the engine."""
        try:
            self._handlers[kind](*arguments)
        except (Exception, SystemExit) as error:  # a bug of ours, or of a plugin's flowable
            _log.exception("Cannot handle %s", kind)
            bug = EngineBug(f"Cannot handle {kind}: {type(error).__name__}: {error}")
            if isinstance(arguments[-1], Ticket):
                arguments[-1].resolve(bug)
            subject = arguments[0]
            self._give_up(getattr(subject, "execution_id", subject), bug)

    def _give_up(self, execution_id: str, bug: EngineBug) -> None:
        """Let go of an execution that cannot go on; what is durable of it stays as it is."""
        if execution_id in self._roster:
            self._dirty.pop(execution_id, None)
            self._attempts.kill_all(execution_id)
            self._roster.drop(execution_id, bug)

    def _patience(self) -> float:
        if self._dirty or self._queue.is_due:
            return 0.0
        wait = _POLL_EVERY if self._roster or self._errands else 60.0
        if self._attempts.has_unannounced:
            wait = _ANNOUNCE_AFTER
        return self._timers.seconds_left(self._parts.clock.now(), wait)

    def _announce(self) -> None:
        """Tell the executions which attempts are running; short ones never get here."""
        for job, assignment in self._attempts.begun():
            assert assignment.started is not None
            event = events.TaskRunStarted(
                at=assignment.started, task_run_id=job.task_run_id, attempt=job.attempt
            )
            self._apply(job.execution_id, event)

    def _housekeeping(self) -> None:
        """Look for events from other processes, and keep the leases alive."""
        now = self._parts.clock.monotonic()
        if not (self._roster or self._errands) or now < self._next_poll:
            return
        self._next_poll = now + _POLL_EVERY
        self._attempts.flush()
        self._queue.look_again()
        repository, owner = self._parts.repository, self._parts.owner
        try:
            with repository.transaction() as work:
                received = work.receive(owner)
                if now >= self._next_renewal:
                    self._next_renewal = now + _RENEW_EVERY
                    work.renew(owner, self._parts.clock.now() + LEASE)
        except RepositoryError as error:
            _log.warning("Cannot look for messages: %s", error)
            return
        for number, execution_id, kind, payload in received:
            self._handle("received", (execution_id, number, kind, payload))

    # Messages

    def _create(
        self,
        event: events.ExecutionCreated,
        flow: Flow,
        lines: Sequence[LogEntry],
        along: Sequence[Callable[[UnitOfWork], object]],
        ticket: Ticket,
    ) -> None:
        if event.execution_id in self._roster:
            ticket.resolve(ConflictError(f"Execution {event.execution_id!r} exists already"))
            return
        reduction = create(event, flow)
        variables = Variables(self._parts.shared, self._parts.services.reveal)
        live = Live(reduction.execution, variables, epoch=0)  # the claim brings its epoch
        self._roster.add(live)
        self._tickets.append((event.execution_id, ticket))
        live.pending.logs.extend([*deprecation_lines(event, flow), *lines])
        live.pending.along.extend(along)
        live.apply(event, reduction)
        self._dirty[event.execution_id] = live
        self._answer(live)

    def _adopt(
        self, execution_id: str, force: bool, event: events.AnyEvent | None, ticket: Ticket
    ) -> None:
        if execution_id in self._roster:  # somebody else was quicker
            self._tickets.append((execution_id, ticket))
            if event is not None:
                self._apply(execution_id, event)
            return
        try:
            live, outbox = replay(self._parts, execution_id, LEASE, force=force)
        except TiercelError as error:
            ticket.resolve(error)
            return
        self._roster.add(live)
        self._tickets.append((execution_id, ticket))
        self._dirty[execution_id] = live
        live.take_up(outbox)
        self._answer(live)
        if event is not None:
            self._apply(execution_id, event)

    def _return(self, execution_id: str) -> None:
        """Go on with an execution that the repository refused to write."""
        try:
            # With the next claim comes a new epoch: what still runs for the old one is stale.
            with self._parts.repository.transaction() as work:
                work.release(execution_id, self._parts.owner)
            live, outbox = replay(self._parts, execution_id, LEASE, force=False)
        except TiercelError as error:
            _log.warning("Cannot go on with execution %s: %s", execution_id, error)
            if is_passing(error):
                self._timers.set(self._in_a_second(), "return", execution_id)
            else:
                self._roster.drop(execution_id)
            return
        self._roster.add(live)
        self._dirty[execution_id] = live
        live.take_up(outbox)
        self._answer(live)

    def _in_a_second(self) -> datetime:
        return self._parts.clock.now() + timedelta(seconds=1)

    def _event(self, execution_id: str, event: events.AnyEvent, ticket: Ticket) -> None:
        if execution_id not in self._roster:
            ticket.resolve(NotFoundError(f"Execution {execution_id!r} does not run here"))
            return
        self._tickets.append((execution_id, ticket))
        self._apply(execution_id, event)

    def _received(self, execution_id: str, number: int, kind: str, payload: str) -> None:
        """Take an event that another process sent."""
        live = self._roster.get(execution_id)
        if live is None:
            return
        event = live.received(number, kind, payload)
        if event is not None:
            self._apply(execution_id, event)
        self._dirty[execution_id] = live

    def _due(self, execution_id: str, command_id: str) -> None:
        now = self._parts.clock.now()
        self._apply(execution_id, events.TimerFired(at=now, command_id=command_id))

    def _outcome(self, job: Job, outcome: Outcome) -> None:
        if self._errands.answer(job, outcome):
            return
        live = self._roster.get(job.execution_id)
        if not self._attempts.end(job) or live is None or live.epoch != job.epoch:
            return
        live.pending.logs.extend(outcome.logs)
        live.pending.metrics.extend(outcome.metrics)
        event = events.TaskRunEnded(
            at=outcome.ended,
            task_run_id=job.task_run_id,
            attempt=job.attempt,
            state=outcome.state,
            started=outcome.started,
            outputs=outcome.outputs,
            error=outcome.error,
            retryable=outcome.retryable,
            updates=outcome.updates,
            log_file=outcome.log_file,
        )
        self._apply(job.execution_id, event)

    def _stop_errand(self, job: Job) -> None:
        self._attempts.kill(job)

    def _logs(self, job: Job, lines: list[LogEntry]) -> None:
        self._attempts.received(lines)
        self._errands.log(job, lines)
        live = self._roster.get(job.execution_id)
        # An attempt that was left behind has no say any more.
        if live is not None and job in self._attempts:
            live.pending.logs.extend(lines)
            self._dirty[job.execution_id] = live

    def _stopping(self, job: Job) -> None:
        """Give an attempt that was told to stop a moment, then go on without it."""
        if self._attempts.is_idle(job):  # nobody took it up, and now nobody will
            self._abandon(job)
        else:
            self._timers.set(self._parts.clock.now() + GRACE, "abandon", job)

    def _abandon(self, job: Job) -> None:
        self._parts.executor.abandon(job)
        outcome = self._attempts.abandoned(job)
        if outcome is not None:
            self._outcome(job, outcome)

    # Events

    def _apply(self, execution_id: str, event: events.AnyEvent) -> None:
        """Reduce an event, and the answers to what it asks at once."""
        live = self._roster.get(execution_id)
        if live is None:
            return
        reduction = reduce(live.execution, event)
        if reduction.execution is live.execution and not reduction.done:
            return
        live.apply(event, reduction)
        self._dirty[execution_id] = live
        self._answer(live)

    def _answer(self, live: Live) -> None:
        """Answer the questions among the pending commands, until none is left."""
        while True:
            question = next(
                (each for each in live.pending.added.values() if type(each) is commands.Evaluate),
                None,
            )
            if question is None:
                return
            flow = live.execution.flow
            assert flow is not None
            variables = self._variables(live, question)
            at = self._parts.clock.now()
            answer = self._parts.evaluator.answer(question, flow, variables, at)
            live.apply(answer, reduce(live.execution, answer))

    def _variables(self, live: Live, question: commands.Evaluate) -> dict[str, Any]:
        execution, task_run_id = live.execution, question.task_run_id
        if question.execution_id is not None:
            execution = self._parts.repository.execution(question.execution_id)
            variables = Variables(self._parts.shared, self._parts.services.reveal)
            variables.note_all(execution)
            return variables.of_execution(execution)
        if task_run_id is None:
            return live.variables.of_execution(execution)
        task_run = execution.task_runs[task_run_id]
        task = task_of(execution, task_run_id)
        seen = live.variables.of_task_run(execution, task_run, task)
        if question.taskrun:
            seen["taskrun"] = {**seen["taskrun"], **question.taskrun}
        return seen

    # The transaction

    def _commit(self) -> None:
        """Write everything that is pending, then do what was decided."""
        dirty, self._dirty = self._dirty, {}
        tickets, self._tickets = self._tickets, []
        queue = self._queue if self._queue.is_due else None
        failed = write(self._parts, dirty, queue) if dirty or queue is not None else {}
        self._attempts.committed()
        for execution_id, ticket in tickets:
            ticket.resolve(failed.get(execution_id))
        for execution_id, live in dirty.items():
            if execution_id in failed:
                self._take_back(live, failed[execution_id])
            else:
                self._publish(live)

    def _take_back(self, live: Live, error: TiercelError) -> None:
        """Take an execution back to where it stood: its log and its outbox say where to go on."""
        execution_id = live.execution.id
        if isinstance(error, EngineBug):
            self._give_up(execution_id, error)
            return
        self._attempts.kill_all(execution_id)
        if live.is_new or not is_passing(error):
            self._roster.drop(execution_id)
            return
        _log.warning("Cannot write execution %s: %s", execution_id, error)
        self._roster.send_away(execution_id)
        self._timers.set(self._in_a_second(), "return", execution_id)

    def _publish(self, live: Live) -> None:
        before, changed = live.stored, tuple(live.pending.changed)
        lines = tuple(live.pending.logs)
        questions = live.questions()
        for command in live.written():
            self._dispatcher.dispatch(live, command)
        if self._parts.listener is not None:
            try:
                self._parts.listener(before, live.execution, changed, lines)
            except Exception:  # somebody else's code; it only watches
                _log.exception("A listener failed")
        if live.execution.parent_command or live.execution.state is State.KILLING:
            # The parent, or the children, may be here: let them know at once.
            self._next_poll = 0.0
        self._dispatcher.tidy(live.execution)
        if live.execution.state.is_terminal:
            self._queue.note_end(live.execution)
        if live.execution.done:
            self._roster.drop(live.execution.id)
        elif questions:  # of an execution that has just been let in
            live.take_up(questions)
            self._dirty[live.execution.id] = live
            self._answer(live)


def _serve(reference: weakref.ref[Driver], inbox: SimpleQueue[tuple[Any, ...]]) -> None:
    """Work until the driver is closed, or nobody refers to it any more.

    While it waits, the thread holds the inbox only, so that an engine that was dropped without
    being closed can be collected.
    """
    patience: float | None = 0.0
    while patience is not None:
        messages = _received(inbox, patience)
        driver = reference()
        patience = driver.serve(messages) if driver is not None else None
        del messages, driver


def _received(inbox: SimpleQueue[tuple[Any, ...]], patience: float) -> list[tuple[Any, ...]]:
    """Return the messages there are, waiting for the first at most `patience` seconds."""
    messages: list[tuple[Any, ...]] = []
    with suppress(Empty):
        messages.append(inbox.get(block=patience > 0, timeout=patience))
        while len(messages) < _BATCH:
            messages.append(inbox.get_nowait())
    return messages


def _at_once(work: Callable[[], None]) -> None:
    work()


def _on_a_thread(work: Callable[[], None]) -> None:
    threading.Thread(target=work, daemon=True).start()
