"""`Attempts`: everything that runs for this engine's executions, and how it is stopped.

Belongs to the driver's thread; workers come in through `run` alone, and answer by messages.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tiercel.engine.worker.backlog import Backlog
from tiercel.engine.worker.worker import run_attempt
from tiercel.executor.spi import Job, Outcome
from tiercel.model.execution import State

if TYPE_CHECKING:
    from tiercel._time import Clock
    from tiercel.engine.services.services import Services
    from tiercel.engine.worker.assignment import Assignment
    from tiercel.model.execution import LogEntry

__all__ = ["GRACE", "Attempts"]

GRACE = timedelta(seconds=8)
"""How long an attempt that was told to stop may go on before the engine goes on without it.

Longer than the grace that the process runner gives by default, and its last words.
"""


class Attempts:
    """The attempts that were handed to the executor and have not been answered.

    Args:
        services: what tasks are offered.
        clock: tells the time.
        post: puts a message into the driver's inbox: `("logs", job, lines)` when a task logs,
            `("stopping", job)` when an attempt was told to stop.
        beside: does what may take its time, since a plugin decides how long, on another thread.
    """

    def __init__(
        self,
        services: Services,
        clock: Clock,
        post: Callable[[tuple[Any, ...]], None],
        beside: Callable[[Callable[[], None]], None],
    ) -> None:
        self._beside = beside
        self._services = services
        self._clock = clock
        self._post = post
        self._running: dict[Job, Assignment] = {}
        self._unannounced: dict[Job, Assignment] = {}
        self._written: list[LogEntry] = []
        self._backlog = Backlog()
        self._owner = threading.current_thread()

    def __contains__(self, job: Job) -> bool:
        return job in self._running

    def __len__(self) -> int:
        return len(self._running)

    @property
    def has_unannounced(self) -> bool:
        """Whether there are attempts whose start was not announced."""
        return bool(self._unannounced)

    def add(self, job: Job, assignment: Assignment) -> None:
        """Note an attempt that goes to the executor now."""
        # Whoever hands over jobs writes logs, too: it must not wait for itself (inline executor).
        self._owner = threading.current_thread()
        assignment.flush = lambda lines: self._take_lines(job, lines)
        assignment.pace = self._pace
        assignment.stopping = lambda: self._post(("stopping", job))
        self._running[job] = self._unannounced[job] = assignment

    def run(self, job: Job) -> Outcome:
        """Run an attempt: what the executor calls."""
        assignment = self._running.get(job)
        if assignment is None:  # killed before anybody took it up
            now = self._clock.now()
            return Outcome(state=State.KILLED, started=now, ended=now)
        return run_attempt(assignment, self._services)

    def begun(self) -> Iterator[tuple[Job, Assignment]]:
        """Yield, once, each attempt that a worker has taken up."""
        for job, assignment in list(self._unannounced.items()):
            if assignment.started is not None:
                del self._unannounced[job]
                assignment.announced = True
                yield job, assignment

    def end(self, job: Job) -> bool:
        """Forget an attempt that was answered; return whether it was expected to be."""
        self._unannounced.pop(job, None)
        return self._running.pop(job, None) is not None

    # Being stopped

    def kill(self, job: Job) -> bool:
        """Tell an attempt to stop; return False when there is no such attempt here."""
        assignment = self._running.get(job)
        if assignment is not None:
            self._beside(assignment.kill)
        return assignment is not None

    def kill_all(self, execution_id: str) -> None:
        """Stop and forget whatever runs for an execution."""
        for job in [each for each in self._running if each.execution_id == execution_id]:
            self.kill(job)
            self.end(job)

    def is_idle(self, job: Job) -> bool:
        """Return whether an attempt waits for a worker."""
        return job in self._running and self._running[job].started is None

    def abandoned(self, job: Job) -> Outcome | None:
        """Return the outcome of an attempt that does not stop; None when it was answered."""
        assignment = self._running.get(job)
        if assignment is None:
            return None
        now = self._clock.now()
        state, error = assignment.verdict()
        logs = [assignment.line(now, "ERROR" if state is State.FAILED else "INFO", error)]
        if assignment.started is not None:
            seconds = f"{GRACE.total_seconds():g} s"
            note = f"The task still runs {seconds} after it was told to stop; it was left behind"
            logs.append(assignment.line(now, "WARN", note))
        return Outcome(
            state=state,
            started=assignment.started or now,
            ended=now,
            error=error,
            logs=tuple(logs),
        )

    # Log lines

    def flush(self) -> None:
        """Have every attempt hand over its log lines so far."""
        for assignment in list(self._running.values()):
            assignment.flush_now()

    def received(self, lines: list[LogEntry]) -> None:
        """Note lines that will be written, or dropped, by the next commit."""
        self._written += lines

    def committed(self) -> None:
        """Note that there was a commit."""
        if self._written:
            self._backlog.remove(self._written)
            self._written = []

    def close(self) -> None:
        """Let tasks go that wait for their lines to be written."""
        self._backlog.close()

    def _take_lines(self, job: Job, lines: list[LogEntry]) -> None:
        self._backlog.add(lines)
        self._post(("logs", job, lines))

    def _pace(self) -> None:
        if threading.current_thread() is not self._owner:
            self._backlog.wait()
