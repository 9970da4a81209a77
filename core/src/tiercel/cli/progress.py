"""Shows an execution while it runs: a live table on a terminal, plain lines elsewhere.

Both write to standard error: standard output is for results.
"""

from __future__ import annotations

import sys
import threading
from collections import deque
from typing import TYPE_CHECKING, Any, Protocol

import click

from tiercel.model.execution import Execution, LogEntry, State

if TYPE_CHECKING:
    from datetime import datetime

    from tiercel.model.execution import TaskRun

__all__ = ["LiveTable", "PlainLines", "Quiet", "Watcher", "watcher"]

_LINES = 8
_ROWS = 20
_COLORS = {
    State.SUCCESS: "green",
    State.WARNING: "yellow",
    State.FAILED: "red",
    State.KILLED: "red",
    State.RUNNING: "blue",
    State.RETRYING: "yellow",
    State.PAUSED: "magenta",
}


class Watcher(Protocol):
    """Is told what happens; a context manager around the run."""

    def __enter__(self) -> Watcher: ...
    def __exit__(self, *exc_info: object) -> None: ...
    def __call__(
        self, execution: Execution, changed: tuple[str, ...], lines: tuple[LogEntry, ...]
    ) -> None:
        """Show what changed; called on the engine's thread."""
        ...


def watcher(quiet: bool) -> Watcher:
    """Return the watcher that fits where standard error goes."""
    if quiet:
        return Quiet()
    return LiveTable() if sys.stderr.isatty() else PlainLines()


class Quiet:
    """Shows nothing."""

    def __enter__(self) -> Quiet:
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Nothing to end."""

    def __call__(
        self, execution: Execution, changed: tuple[str, ...], lines: tuple[LogEntry, ...]
    ) -> None:
        """Show nothing."""


class PlainLines(Quiet):
    """One line for each log line, and for each change of a task run's state."""

    def __init__(self) -> None:
        self._shown: dict[str, State] = {}

    def __call__(
        self, execution: Execution, changed: tuple[str, ...], lines: tuple[LogEntry, ...]
    ) -> None:
        """Write what is new."""
        for line in lines:
            if line.level not in ("DEBUG", "TRACE"):
                click.echo(log_text(line), err=True)
        for task_run_id in changed:
            task_run = execution.task_runs[task_run_id]
            if self._shown.get(task_run_id) is not task_run.state:
                self._shown[task_run_id] = task_run.state
                if task_run.state not in (State.CREATED, State.SUBMITTED):
                    click.echo(_state_text(task_run), err=True)


class LiveTable(Quiet):
    """A table of task runs with states and durations, and the last log lines below it."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.live import Live

        self._execution: Execution | None = None
        self._order: dict[str, None] = {}
        self._lines: deque[LogEntry] = deque(maxlen=_LINES)
        self._lock = threading.Lock()
        self._live = Live(
            console=Console(stderr=True),
            get_renderable=self._table,
            refresh_per_second=8,
            transient=False,
        )

    def __enter__(self) -> LiveTable:
        self._live.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._live.stop()

    def __call__(
        self, execution: Execution, changed: tuple[str, ...], lines: tuple[LogEntry, ...]
    ) -> None:
        """Remember what is new; the table is drawn by its own thread."""
        with self._lock:
            self._execution = execution
            self._order.update(dict.fromkeys(changed))
            self._lines.extend(each for each in lines if each.level not in ("DEBUG", "TRACE"))

    def _table(self) -> Any:
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        with self._lock:
            execution, lines, order = self._execution, list(self._lines), list(self._order)
        if execution is None:
            return Text("Starting …")
        table = Table(box=None, pad_edge=False)
        for title in ("Task", "State", "Duration"):
            table.add_column(title)
        hidden = len(order) - _ROWS
        if hidden > 0:
            table.add_row(f"… {hidden} more", "", "")
        for task_run in (execution.task_runs[each] for each in order[-_ROWS:]):
            name = task_run.task_id + (f" [{task_run.value}]" if task_run.value else "")
            state = Text(str(task_run.state), style=_COLORS.get(task_run.state, ""))
            table.add_row(Text(name), state, _duration(task_run))
        head = Text(f"{execution.namespace}.{execution.flow_id} {execution.id} ")
        head.append(str(execution.state), style=_COLORS.get(execution.state, ""))
        return Group(head, table, *(Text(log_text(line), overflow="ellipsis") for line in lines))


def log_text(line: LogEntry) -> str:
    """Return a log line as one line of text."""
    task = f" {line.task_id}" if line.task_id else ""
    message = "\n".join(line.message.splitlines())
    return f"{line.at:%H:%M:%S.%f}"[:-3] + f" {line.level:<5}{task} | {message}"


def _state_text(task_run: TaskRun) -> str:
    value = f" [{task_run.value}]" if task_run.value else ""
    at = task_run.history.entries[-1][1]
    return (
        f"{at:%H:%M:%S.%f}"[:-3]
        + f" {task_run.state:<7} {task_run.task_id}{value}"
        + (f" ({_duration(task_run)})" if task_run.state.is_terminal else "")
    )


def _duration(task_run: TaskRun) -> str:
    entries = task_run.history.entries
    end: datetime = entries[-1][1]
    if not task_run.state.is_terminal:
        from datetime import UTC
        from datetime import datetime as clock

        end = clock.now(UTC)
    return f"{(end - entries[0][1]).total_seconds():.3f} s"
