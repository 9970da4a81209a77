"""An attempt in a worker's hands: what it is to do, and whether it should stop."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tiercel.model.execution import LogEntry, State, TaskRun

if TYPE_CHECKING:
    from tiercel.plugin.task import Output, Task

__all__ = ["Assignment"]


def _nobody_waits() -> None:
    """Nobody wants to know."""


def _drop(lines: list[LogEntry]) -> None:
    """Nobody reads."""


@dataclass(slots=True, eq=False, repr=False)
class Assignment:
    """An attempt that was handed to an executor.

    Attributes:
        execution_id: the execution.
        namespace: its flow's namespace.
        flow_id: its flow.
        task: the task, as the flow declares it.
        task_run: its run.
        attempt: the attempt's number, from 1.
        variables: what its expressions see.
        spills: whether outputs that are too big for the database go to a file.
        flush: takes log lines that should not wait for the attempt's end; returns at once.
        pace: returns when there is room for more log lines.
        stopping: called when the attempt was told to stop; it may not obey.
        started: when a worker took it up; None before.
        folder: the working folder that it shares with other task runs; None for one of its own.
        announced: whether the engine knows that it has started.
        killed: whether it should stop because its execution was killed.
        expired: the time limit that it exceeded; None while it has not.
    """

    execution_id: str
    namespace: str
    flow_id: str
    task: Task[Output]
    task_run: TaskRun
    attempt: int
    variables: Mapping[str, Any]
    spills: bool = False
    flush: Callable[[list[LogEntry]], None] = _drop
    pace: Callable[[], None] = _nobody_waits
    stopping: Callable[[], None] = _nobody_waits
    folder: Path | None = None
    started: datetime | None = None
    announced: bool = False
    killed: bool = False
    expired: timedelta | None = None
    _stop: Callable[[], None] = field(default=_nobody_waits)
    _flush_now: Callable[[], None] = field(default=_nobody_waits)

    def begin(
        self, at: datetime, stop: Callable[[], None], flush_now: Callable[[], None] = _nobody_waits
    ) -> None:
        """Note that a worker took it up; `stop` tells the task to stop."""
        self._stop = stop
        self._flush_now = flush_now
        self.started = at
        if self.stopped:
            stop()

    def kill(self) -> None:
        """Stop the attempt, or keep it from starting; returns when it was told."""
        self.killed = True
        # First: what the task does about it may take its time.
        self.stopping()
        self._stop()

    def time_out(self, limit: timedelta) -> None:
        """Stop the attempt because it ran longer than `limit`."""
        self.expired = limit
        self.stopping()
        self._stop()

    def flush_now(self) -> None:
        """Have the log lines so far handed to `flush`."""
        self._flush_now()

    def line(self, at: datetime, level: str, message: str) -> LogEntry:
        """Return a log line of this attempt."""
        return LogEntry(
            execution_id=self.execution_id,
            at=at,
            level=level,
            message=message,
            task_run_id=self.task_run.id,
            task_id=self.task_run.task_id,
            attempt=self.attempt,
        )

    @property
    def stopped(self) -> bool:
        """Whether it was told to stop."""
        return self.killed or self.expired is not None

    def verdict(self) -> tuple[State, str]:
        """Return the state that an attempt told to stop ends in, and why."""
        if self.killed:
            return State.KILLED, "Task run was killed"
        return State.FAILED, f"Timeout after {_clock(self.expired or timedelta())}"


def _clock(length: timedelta) -> str:
    """Return a length of time as `HH:MM:SS.mmm`, as Kestra's messages have it."""
    seconds, rest = divmod(length, timedelta(seconds=1))
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours:02}:{minute:02}:{second:02}.{rest.microseconds // 1000:03}"
