"""`Errands`: what runs where tasks run and belongs to no execution: polls of triggers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tiercel._record import replace

if TYPE_CHECKING:
    from tiercel.engine.worker.assignment import Assignment
    from tiercel.engine.worker.attempts import Attempts
    from tiercel.executor.spi import Executor, Job, Outcome
    from tiercel.model.execution import LogEntry

__all__ = ["Errands"]


class Errands:
    """Belongs to the driver's thread.

    Args:
        attempts: keeps what runs.
        executor: runs it.
    """

    def __init__(self, attempts: Attempts, executor: Executor) -> None:
        self._attempts = attempts
        self._executor = executor
        self._under_way: dict[Job, tuple[Callable[[Outcome], None], list[LogEntry]]] = {}

    def __len__(self) -> int:
        return len(self._under_way)

    def begin(self, job: Job, assignment: Assignment, done: Callable[[Outcome], None]) -> None:
        """Hand one to the executor; `done` gets its outcome, with all that it logged."""
        self._under_way[job] = (done, [])
        self._attempts.add(job, assignment)
        self._executor.submit(job)

    def log(self, job: Job, lines: list[LogEntry]) -> None:
        """Keep lines that one logged before its end; those of others are ignored."""
        if job in self._under_way:
            self._under_way[job][1].extend(lines)

    def answer(self, job: Job, outcome: Outcome) -> bool:
        """Pass on the outcome of one; return False when the job is none of these."""
        if job not in self._under_way:
            return False
        done, lines = self._under_way.pop(job)
        self._attempts.end(job)
        done(replace(outcome, logs=(*lines, *outcome.logs)))
        return True
