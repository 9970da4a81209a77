"""The one loop: events in, `reduce`, one transaction, commands out.

One thread owns every live execution of this engine. Other threads only put messages into its
inbox: workers their outcomes, callers their requests. All messages that are there at once are
handled in one transaction; nothing is dispatched before it is committed (contract C5).
"""

from __future__ import annotations

import heapq
import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import field
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from tiercel._record import record
from tiercel.engine import codec, commands, events
from tiercel.engine.assignment import Assignment
from tiercel.engine.live import Live
from tiercel.engine.recover import replay
from tiercel.engine.reduce import create, reduce
from tiercel.engine.scope import ROOT
from tiercel.engine.variables import Variables
from tiercel.engine.worker import run_attempt
from tiercel.errors import ConflictError, EngineBug, NotFoundError, RepositoryError, TiercelError
from tiercel.executor.spi import Job, Outcome
from tiercel.model.execution import Execution, LogEntry, State

if TYPE_CHECKING:
    from tiercel._time import Clock
    from tiercel.engine.evaluate import Evaluator
    from tiercel.engine.services import Services
    from tiercel.executor.spi import Executor
    from tiercel.model.flow import Flow
    from tiercel.model.task import TaskBase
    from tiercel.repository.spi import Repository

__all__ = ["Driver", "Parts", "Ticket"]

_log = logging.getLogger(__name__)

LEASE = timedelta(seconds=30)
_RENEW_EVERY = 10.0
_POLL_EVERY = 0.5
_ANNOUNCE_AFTER = 0.02
_GRACE = 5.0
_BATCH = 512

Listener = Callable[[Execution, tuple[str, ...], tuple[LogEntry, ...]], None]


@record
class Parts:
    """What a driver is made of.

    Attributes:
        owner: this engine's name in leases; nobody else's.
        flow: (tenant, namespace, id, revision) → the flow; raises NotFoundError.
        child: (execution, `StartChild`) → what creates the execution that it asks for, or None when
            it exists already; raises TiercelError when it cannot be.
        shared: variables that every execution sees (`envs`, `globals`, `kestra`).
        listener: told of every committed change: execution, changed task runs, new log lines.
    """

    repository: Repository
    executor: Executor
    services: Services
    evaluator: Evaluator
    clock: Clock
    owner: str
    flow: Callable[[str, str, str, int], Flow]
    child: Callable[[Execution, commands.StartChild], tuple[events.ExecutionCreated, Flow] | None]
    shared: dict[str, Any] = field(default_factory=dict)
    listener: Listener | None = None


class Ticket:
    """A request on its way to the driver's thread: `wait` for the answer."""

    def __init__(self) -> None:
        self._done = threading.Event()
        self._error: BaseException | None = None

    def resolve(self, error: BaseException | None = None) -> None:
        """Answer it."""
        self._error = error
        self._done.set()

    def wait(self) -> None:
        """Return when it was done.

        Raises:
            TiercelError: it could not be done.
        """
        self._done.wait()
        if self._error is not None:
            raise self._error


class Driver:
    """Runs executions; see the module's text. `start` it once, `close` it at the end."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._inbox: SimpleQueue[tuple[Any, ...]] = SimpleQueue()
        self._live: dict[str, Live] = {}
        self._dirty: dict[str, Live] = {}
        self._assignments: dict[Job, Assignment] = {}
        self._unannounced: dict[Job, Assignment] = {}
        self._timers: list[tuple[datetime, int, str, Any]] = []
        self._timer_count = 0
        self._tickets: list[Ticket] = []
        self._waiters: dict[str, list[threading.Event]] = {}
        self._broken: dict[str, EngineBug] = {}
        self._lock = threading.Lock()
        self._next_poll = self._next_renewal = 0.0
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="tiercel-driver", daemon=True)
        self._handlers: dict[str, Callable[..., None]] = {
            "create": self._create,
            "adopt": self._adopt,
            "event": self._event,
            "outcome": self._outcome,
            "logs": self._logs,
            "stopping": self._stopping,
            "wake": lambda: None,
        }

    # For any thread

    def start(self) -> None:
        """Begin to work."""
        self._parts.executor.start(self._work, self._report)
        self._thread.start()

    def close(self) -> None:
        """Stop working; executions that are not done stay as they are, for the next engine."""
        if not self._closed:
            self._closed = True
            self._inbox.put(("close",))
            self._thread.join(timeout=10)
            self._parts.executor.close()

    def create(self, event: events.ExecutionCreated, flow: Flow) -> Ticket:
        """Begin an execution; when the ticket is resolved, it is durable."""
        return self._ask("create", event, flow)

    def adopt(self, execution_id: str, *, force: bool = False) -> Ticket:
        """Go on with an execution that another engine left; `force` when that one is dead.

        The ticket fails with ConflictError while another engine's lease lasts.
        """
        return self._ask("adopt", execution_id, force)

    def send(self, execution_id: str, event: events.AnyEvent) -> Ticket:
        """Have an event applied; the ticket fails with NotFoundError when it is not ours."""
        return self._ask("event", execution_id, event)

    def wait(self, execution_id: str, timeout: float | None = None) -> bool:
        """Return True when nothing more happens in an execution, False after `timeout` seconds.

        Raises:
            EngineBug: it cannot go on.
        """
        done = threading.Event()
        with self._lock:
            live = execution_id in self._live
            if live:
                self._waiters.setdefault(execution_id, []).append(done)
        ended = not live or done.wait(timeout)
        if execution_id in self._broken:
            raise self._broken[execution_id]
        return ended

    def wake(self) -> None:
        """Look at the clock again: for clocks that someone else moves."""
        self._inbox.put(("wake",))

    def _ask(self, kind: str, *arguments: Any) -> Ticket:
        ticket = Ticket()
        self._inbox.put((kind, *arguments, ticket))
        return ticket

    # Workers' side

    def _work(self, job: Job) -> Outcome:
        return run_attempt(self._assignments[job], self._parts.services)

    def _report(self, job: Job, outcome: Outcome) -> None:
        self._inbox.put(("outcome", job, outcome))

    # The loop

    def _run(self) -> None:
        while True:
            messages = self._receive()
            if any(message[0] == "close" for message in messages):
                break
            for kind, *arguments in messages:
                self._handle(kind, arguments)
            self._fire_timers()
            self._housekeeping()
            self._commit()

    def _handle(self, kind: str, arguments: list[Any]) -> None:
        """Handle a message; a bug that it uncovers costs one execution, not the engine."""
        try:
            self._handlers[kind](*arguments)
        except Exception as error:  # a bug of ours, or of a flowable that is not pure
            _log.exception("Cannot handle %s", kind)
            ticket = arguments[-1] if isinstance(arguments[-1], Ticket) else Ticket()
            bug = EngineBug(f"Cannot handle {kind}: {type(error).__name__}: {error}")
            ticket.resolve(bug)
            subject = arguments[0]
            self._give_up(getattr(subject, "execution_id", subject), bug)

    def _give_up(self, execution_id: str, bug: EngineBug) -> None:
        """Let go of an execution that cannot go on; what is durable of it stays as it is."""
        live = self._live.get(execution_id)
        if live is not None:
            self._dirty.pop(execution_id, None)
            self._broken[execution_id] = bug
            self._drop(execution_id)

    def _receive(self) -> list[tuple[Any, ...]]:
        """Return the messages there are, waiting for the first as long as nothing is due."""
        messages: list[tuple[Any, ...]] = []
        with suppress(Empty):
            messages.append(self._inbox.get(timeout=self._patience()))
            while len(messages) < _BATCH:
                messages.append(self._inbox.get_nowait())
        if not messages:
            self._announce()
        return messages

    def _patience(self) -> float:
        wait = _POLL_EVERY if self._live else 60.0
        if self._unannounced:
            wait = _ANNOUNCE_AFTER
        if self._timers:
            due = (self._timers[0][0] - self._parts.clock.now()).total_seconds()
            wait = min(wait, max(due, 0.0))
        return wait

    def _announce(self) -> None:
        """Tell the executions which attempts are running; short ones never get here."""
        for job, assignment in list(self._unannounced.items()):
            if assignment.started is not None:
                del self._unannounced[job]
                assignment.announced = True
                event = events.TaskRunStarted(
                    at=assignment.started, task_run_id=job.task_run_id, attempt=job.attempt
                )
                self._apply(job.execution_id, event)

    def _housekeeping(self) -> None:
        """Look for events from other processes, and keep the leases alive."""
        now = self._parts.clock.monotonic()
        if not self._live or now < self._next_poll:
            return
        self._next_poll = now + _POLL_EVERY
        repository, owner = self._parts.repository, self._parts.owner
        with suppress(RepositoryError), repository.transaction() as work:
            received = work.receive(owner)
            if now >= self._next_renewal:
                self._next_renewal = now + _RENEW_EVERY
                work.renew(owner, self._parts.clock.now() + LEASE)
        for number, execution_id, kind, payload in received:
            live = self._live.get(execution_id)
            if live is not None and number not in live.pending.inbox:
                self._apply(execution_id, codec.decode_event(kind, payload))
                live.pending.inbox.append(number)
                self._dirty[execution_id] = live

    # Messages

    def _create(self, event: events.ExecutionCreated, flow: Flow, ticket: Ticket) -> None:
        reduction = create(event, flow)
        live = Live(reduction.execution, Variables(self._parts.shared), epoch=1)
        self._adopt_live(live)
        self._tickets.append(ticket)
        live.apply(event, reduction)
        self._dirty[event.execution_id] = live
        self._answer(live)

    def _adopt(self, execution_id: str, force: bool, ticket: Ticket) -> None:
        try:
            live, outbox = replay(self._parts, execution_id, LEASE, force=force)
        except (RepositoryError, NotFoundError) as error:
            ticket.resolve(error)
            return
        self._adopt_live(live)
        self._tickets.append(ticket)
        self._dirty[execution_id] = live
        live.pending.added.update({command.id: command for command in outbox})
        self._answer(live)

    def _adopt_live(self, live: Live) -> None:
        with self._lock:
            self._live[live.execution.id] = live

    def _event(self, execution_id: str, event: events.AnyEvent, ticket: Ticket) -> None:
        if execution_id not in self._live:
            ticket.resolve(NotFoundError(f"Execution {execution_id!r} does not run here"))
            return
        self._tickets.append(ticket)
        self._apply(execution_id, event)

    def _outcome(self, job: Job, outcome: Outcome) -> None:
        self._unannounced.pop(job, None)
        live = self._live.get(job.execution_id)
        if self._assignments.pop(job, None) is None or live is None or live.epoch != job.epoch:
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
        )
        self._apply(job.execution_id, event)

    def _logs(self, execution_id: str, lines: list[LogEntry]) -> None:
        live = self._live.get(execution_id)
        if live is not None:
            live.pending.logs.extend(lines)
            self._dirty[execution_id] = live

    def _stopping(self, job: Job) -> None:
        """Give an attempt that was told to stop a moment, then go on without it."""
        due = self._parts.clock.now() + timedelta(seconds=_GRACE)
        self._set_timer(due, "abandon", job)

    def _abandon(self, job: Job) -> None:
        assignment = self._assignments.get(job)
        if assignment is None:
            return
        now = self._parts.clock.now()
        state, error = assignment.verdict()
        outcome = Outcome(state=state, started=assignment.started or now, ended=now, error=error)
        self._outcome(job, outcome)

    # Events

    def _apply(self, execution_id: str, event: events.AnyEvent) -> None:
        """Reduce an event, and the answers to what it asks at once."""
        live = self._live.get(execution_id)
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
            variables = self._variables(live, question.task_run_id)
            at = self._parts.clock.now()
            answer = self._parts.evaluator.answer(question, flow, variables, at)
            live.apply(answer, reduce(live.execution, answer))

    def _variables(self, live: Live, task_run_id: str | None) -> dict[str, Any]:
        execution = live.execution
        if task_run_id is None:
            return live.variables.of_execution(execution)
        task_run = execution.task_runs[task_run_id]
        task = _task(execution, task_run_id)
        return live.variables.of_task_run(execution, task_run, task)

    # Timers

    def _set_timer(self, due: datetime, kind: str, subject: Any) -> None:
        self._timer_count += 1
        heapq.heappush(self._timers, (due, self._timer_count, kind, subject))

    def _fire_timers(self) -> None:
        now = self._parts.clock.now()
        while self._timers and self._timers[0][0] <= now:
            _, _, kind, subject = heapq.heappop(self._timers)
            match kind:
                case "abandon":
                    self._abandon(subject)
                case "adopt":
                    self._adopt(subject, True, Ticket())
                case _:
                    execution_id, command_id = subject
                    self._apply(execution_id, events.TimerFired(at=now, command_id=command_id))

    # The transaction

    def _commit(self) -> None:
        """Write everything that is pending, then do what was decided."""
        dirty, self._dirty = self._dirty, {}
        tickets, self._tickets = self._tickets, []
        if dirty and not self._write(dirty, tickets):
            return
        for ticket in tickets:
            ticket.resolve()
        for live in dirty.values():
            self._publish(live)

    def _write(self, dirty: dict[str, Live], tickets: list[Ticket]) -> bool:
        """Commit; when the repository refuses, take the executions back to where they stood."""
        owner, now = self._parts.owner, self._parts.clock.now()
        try:
            with self._parts.repository.transaction() as work:
                for live in dirty.values():
                    live.write(work)
                    if live.is_new:
                        work.claim(live.execution.id, owner, now, LEASE)
                    if live.execution.done:
                        work.release(live.execution.id, owner)
        except RepositoryError as error:
            self._take_back(dirty, tickets, error)
            return False
        return True

    def _take_back(
        self, dirty: dict[str, Live], tickets: list[Ticket], error: RepositoryError
    ) -> None:
        for ticket in tickets:
            ticket.resolve(error)
        for execution_id, live in dirty.items():
            if live.is_new or isinstance(error, ConflictError):
                self._drop(execution_id)
                continue
            # Nothing of it is lost: the log and the outbox say where to go on.
            with self._lock:
                del self._live[execution_id]
            retry_at = self._parts.clock.now() + timedelta(seconds=1)
            self._set_timer(retry_at, "adopt", execution_id)

    def _publish(self, live: Live) -> None:
        changed = tuple(live.pending.changed)
        lines = tuple(live.pending.logs)
        for command in live.written():
            self._dispatch(live, command)
        if self._parts.listener is not None:
            self._parts.listener(live.execution, changed, lines)
        if live.execution.parent_command or live.execution.state is State.KILLING:
            # The parent, or the children, may be here: let them know at once.
            self._next_poll = 0.0
        if live.execution.done:
            self._drop(live.execution.id)

    def _drop(self, execution_id: str) -> None:
        with self._lock:
            self._live.pop(execution_id, None)
            waiters = self._waiters.pop(execution_id, [])
        for waiter in waiters:
            waiter.set()

    def _dispatch(self, live: Live, command: commands.Command) -> None:
        execution_id = live.execution.id
        match command:
            case commands.SubmitTask():
                self._submit(live, command)
            case commands.KillTask():
                self._kill(live, command)
            case commands.StartTimer():
                self._set_timer(command.due, "fire", (execution_id, command.id))
            case commands.StartChild():
                self._start_child(live, command)

    def _start_child(self, live: Live, command: commands.StartChild) -> None:
        """Begin an execution of another flow, in the same transaction as the news of it."""
        error = None
        try:
            created = self._parts.child(live.execution, command)
        except TiercelError as refused:
            error = str(refused)
        else:
            if created is not None:
                self._inbox.put(("create", *created, Ticket()))
        news = events.ChildCreated(
            at=self._parts.clock.now(),
            command_id=command.id,
            execution_id=command.execution_id,
            flow_id=command.request["flow_id"],
            namespace=command.request["namespace"],
            error=error,
        )
        self._inbox.put(("event", live.execution.id, news, Ticket()))

    def _submit(self, live: Live, command: commands.SubmitTask) -> None:
        execution = live.execution
        job = Job(execution.id, command.task_run_id, command.attempt, live.epoch)
        task_run = execution.task_runs[command.task_run_id]
        task: Any = _task(execution, command.task_run_id)
        assignment = Assignment(
            execution_id=execution.id,
            namespace=execution.namespace,
            flow_id=execution.flow_id,
            task=task,
            task_run=task_run,
            attempt=command.attempt,
            variables=live.variables.of_task_run(execution, task_run, task),
            flush=lambda lines: self._inbox.put(("logs", execution.id, lines)),
            stopping=lambda: self._inbox.put(("stopping", job)),
        )
        self._assignments[job] = self._unannounced[job] = assignment
        self._parts.executor.submit(job)

    def _kill(self, live: Live, command: commands.KillTask) -> None:
        job = Job(live.execution.id, command.task_run_id, command.attempt, live.epoch)
        assignment = self._assignments.get(job)
        if assignment is not None:
            assignment.kill()
            return
        # It does not run here (any more): it is as good as killed.
        now = self._parts.clock.now()
        gone = events.TaskRunEnded(
            at=now,
            task_run_id=command.task_run_id,
            attempt=command.attempt,
            state=State.KILLED,
            started=now,
        )
        self._inbox.put(("event", live.execution.id, gone, Ticket()))


def _task(execution: Execution, task_run_id: str) -> TaskBase:
    """Return the task of a task run that has not ended."""
    parent_id = execution.task_runs[task_run_id].parent_id
    scope = execution.scopes.get(task_run_id)
    if scope is not None and scope.task is not None:
        return scope.task  # type: ignore[no-any-return]  # scopes are engine objects
    task: TaskBase = execution.scopes[parent_id or ROOT].running[task_run_id].task
    return task
