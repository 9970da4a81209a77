"""The executor SPI: where task attempts run.

The engine hands over jobs; an executor runs each once, somewhere, and reports its outcome. It
neither retries nor persists: the engine does both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from datetime import datetime
from typing import Any, Protocol, runtime_checkable

from tiercel._record import record
from tiercel.model.execution import LogEntry, MetricEntry, State

__all__ = ["Executor", "Job", "Outcome"]


@record
class Job:
    """One attempt to run: whose, and which.

    Attributes:
        execution_id: the execution.
        task_run_id: the task run.
        attempt: its attempt, from 1.
        epoch: the owner's lease epoch when it was handed out; a stale outcome is refused.
    """

    execution_id: str
    task_run_id: str
    attempt: int
    epoch: int = 0


@record
class Outcome:
    """How an attempt ended.

    Attributes:
        state: SUCCESS, WARNING, FAILED, KILLED or SKIPPED.
        started: when `run` was entered.
        ended: when it returned.
        outputs: JSON-like values, or None.
        error: why it failed, for people.
        retryable: whether another attempt can help.
        logs: lines that have not been flushed yet.
        metrics: measurements.
        updates: changes the task asks of its execution (`variables`, `labels`, `state`).
        log_file: the URI of the file with its log, if there is one.
    """

    state: State
    started: datetime
    ended: datetime
    outputs: Mapping[str, Any] | None = None
    error: str | None = None
    retryable: bool = True
    logs: tuple[LogEntry, ...] = ()
    metrics: tuple[MetricEntry, ...] = ()
    updates: Mapping[str, Any] = field(default_factory=dict)
    log_file: str | None = None


@runtime_checkable
class Executor(Protocol):
    """Runs jobs."""

    def start(self, run: Callable[[Job], Outcome], report: Callable[[Job, Outcome], None]) -> None:
        """Get ready: `run` does a job and never raises; `report` takes outcomes from any thread."""
        ...

    def submit(self, job: Job) -> None:
        """Run a job as soon as there is room; returns at once."""
        ...

    def abandon(self, job: Job) -> None:
        """Go on as if a job had ended that was told to stop, in vain; returns at once.

        Nobody waits for its outcome. It should keep no other job from running; that it has ended
        meanwhile, or never began, is no error.
        """
        ...

    def close(self) -> None:
        """Take no more jobs and release what is held; does not wait for running jobs."""
        ...
