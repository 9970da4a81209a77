"""Shows an execution while it runs: a live table on a terminal, plain lines elsewhere.

Both write to standard error: standard output is for results.
"""

from __future__ import annotations

import os
import sys
import threading
from collections import deque
from typing import TYPE_CHECKING, Any, Protocol

import click

from tiercel.cli.show import duration, log_text, task_name
from tiercel.model.execution import Execution, LogEntry, State

if TYPE_CHECKING:
    from tiercel.model.execution import TaskRun

__all__ = ["LiveTable", "PlainLines", "Quiet", "Watcher", "watcher"]

_LINES = 8
_ROWS = 20
_QUIET_LEVELS = ("DEBUG", "TRACE")
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
    can_move = sys.stderr.isatty() and os.environ.get("TERM") not in ("dumb", "unknown")
    return LiveTable() if can_move else PlainLines()


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
        self._gone = False

    def __call__(
        self, execution: Execution, changed: tuple[str, ...], lines: tuple[LogEntry, ...]
    ) -> None:
        """Write what is new."""
        for line in lines:
            if line.level not in _QUIET_LEVELS:
                self._write(log_text(line))
        for task_run_id in changed:
            task_run = execution.task_runs[task_run_id]
            if self._shown.get(task_run_id) is not task_run.state:
                self._shown[task_run_id] = task_run.state
                if task_run.state not in (State.CREATED, State.SUBMITTED):
                    self._write(_state_text(task_run))

    def _write(self, text: str) -> None:
        if self._gone:
            return
        try:
            click.echo(text, err=True)
        except BrokenPipeError:  # nobody reads any more; the run goes on all the same
            self._gone = True


class LiveTable(Quiet):
    """A table of task runs with states and durations, and the last log lines below it."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.live import Live

        self._head: Execution | None = None
        self._active: dict[str, tuple[Execution, TaskRun]] = {}
        self._ended: deque[tuple[Execution, TaskRun]] = deque(maxlen=_ROWS)
        self._hidden = 0
        self._lines: deque[LogEntry] = deque(maxlen=_LINES)
        self._lock = threading.Lock()
        self._live = Live(
            console=Console(stderr=True, highlight=False),
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
            # Executions that this one begins have only their task runs shown.
            if self._head is None or self._head.id == execution.id:
                self._head = execution
            for task_run_id in changed:
                task_run = execution.task_runs[task_run_id]
                self._active[task_run_id] = (execution, task_run)
                if task_run.state.is_terminal:
                    self._hidden += len(self._ended) == _ROWS
                    self._ended.append(self._active.pop(task_run_id))
            self._lines.extend(each for each in lines if each.level not in _QUIET_LEVELS)

    def _table(self) -> Any:
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        with self._lock:
            head, hidden = self._head, self._hidden
            ended, active = [*self._ended], [*self._active.values()]
            lines = "\n".join(log_text(each) for each in self._lines).splitlines()
        if head is None:
            return Text("Starting …")
        # What runs is more interesting than what is over; of that, the last.
        room = max(_ROWS - len(active), 0)
        hidden += max(len(ended) - room, 0) + max(len(active) - _ROWS, 0)
        rows = [*(ended[-room:] if room else ()), *active[:_ROWS]]
        table = Table(box=None, pad_edge=False)
        for column in ("Task", "State", "Duration"):
            table.add_column(column)
        if hidden > 0:
            table.add_row(f"… {hidden} more", "", "")
        for execution, task_run in rows:
            name = task_name(task_run)
            if execution.id != head.id:
                name = f"{execution.flow_id} › {name}"
            table.add_row(Text(name), _state(task_run.state), duration(task_run.history))
        title = Text(f"{head.namespace}.{head.flow_id} {head.id} ")
        title.append(_state(head.state))
        last = (Text(line, no_wrap=True, overflow="ellipsis") for line in lines[-_LINES:])
        return Group(title, table, *last)


def _state(state: State) -> Any:
    from rich.text import Text

    return Text(str(state), style=_COLORS.get(state, ""))


def _state_text(task_run: TaskRun) -> str:
    at = task_run.history.entries[-1][1]
    took = f" ({duration(task_run.history)})" if task_run.state.is_terminal else ""
    return f"{at:%H:%M:%S.%f}"[:-3] + f" {task_run.state:<7} {task_name(task_run)}{took}"
