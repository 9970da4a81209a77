"""What happens to executions, as events, and the hub that passes them on.

Events are derived from what was committed: from the histories of an execution and its task runs,
and from its log. So an event tells of something durable, none is told twice to one subscription,
and a reader that is slow needs no copy of every change in between: its `Mailbox` keeps the latest
state of an execution, whose histories say what is new.

The order of the events of one execution is that of its commits, and in one commit that of their
times; states of one task run, and log lines, never change places.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from heapq import merge
from operator import attrgetter
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, TypeAlias

from tiercel._record import record
from tiercel.model.execution import Execution, History, LogEntry, State, TaskRun

if TYPE_CHECKING:
    from tiercel.embed.subscription import Scope

__all__ = [
    "Event",
    "ExecutionCreated",
    "ExecutionEnded",
    "ExecutionStateChanged",
    "Hub",
    "LogLine",
    "Mailbox",
    "Missed",
    "News",
    "TaskRunStateChanged",
    "events_of",
    "is_older",
]

_log = logging.getLogger(__name__)


@record
class ExecutionCreated:
    """An execution was created.

    Attributes:
        at: when.
        execution: the execution as far as this event's reader has got to know it.
    """

    at: datetime
    execution: Execution


@record
class ExecutionStateChanged:
    """An execution entered another state; the first one is told of by `ExecutionCreated`."""

    at: datetime
    execution: Execution
    state: State
    previous: State


@record
class TaskRunStateChanged:
    """A task run entered a state; `previous` is None for its first one."""

    at: datetime
    execution: Execution
    task_run: TaskRun
    state: State
    previous: State | None


@record
class LogLine:
    """A line was added to an execution's log.

    Attributes:
        at: when it was logged.
        execution: whose log it is.
        entry: the line.
        number: its place in the log, which grows; None where the reader did not start with it.
    """

    at: datetime
    execution: Execution
    entry: LogEntry
    number: int | None = None


@record
class ExecutionEnded:
    """Nothing more happens in an execution, `afterExecution` included. The last of its events."""

    at: datetime
    execution: Execution
    state: State


@record
class Missed:
    """The reader fell behind, and what is named here was let go instead of being told.

    Attributes:
        at: None; it has no time of its own.
        executions: of how many executions all news was let go.
        lines: how many log lines were let go of others.
    """

    executions: int
    lines: int
    at: None = None


Event: TypeAlias = (
    ExecutionCreated
    | ExecutionStateChanged
    | TaskRunStateChanged
    | LogLine
    | ExecutionEnded
    | Missed
)
"""Whatever a subscription yields."""

Line: TypeAlias = tuple[int | None, LogEntry]
_at = attrgetter("at")


@dataclass(slots=True)
class News:
    """What a reader has not seen of one execution.

    Attributes:
        before: the execution before the first of the changes; None when it is new.
        now: the latest state.
        changed: ids of task runs that have changed since; None for any of them.
        lines: new log lines with their numbers.
    """

    before: Execution | None
    now: Execution
    changed: dict[str, None] | None
    lines: list[Line] = field(default_factory=list)


def events_of(news: News) -> list[Event]:
    """Return the events that lie between what the reader knows and the latest state."""
    before, now = news.before, news.now
    known = before.task_runs if before is not None else {}
    ids = now.task_runs if news.changed is None else news.changed
    runs = [run for key in ids if (run := now.task_runs.get(key)) is not None and not run.hidden]
    runs.sort(key=lambda run: run.history.started)
    own = list(_execution_events(before, now))
    # Where clocks do not tell which came first, the end comes last.
    split = len(own) - 1 if own and now.state.is_terminal else len(own)
    streams: list[Iterable[Event]] = [
        own[:split],
        *(_task_run_events(now, known.get(run.id), run) for run in runs),
        (LogLine(entry.at, now, entry, number) for number, entry in news.lines),
        own[split:],
    ]
    found: list[Event] = list(merge(*streams, key=_at))
    if now.done and (before is None or not before.done or _steps(before.history, now.history)):
        found.append(ExecutionEnded(now.history.entries[-1][1], now, now.state))
    return found


def is_older(news: News, known: Execution) -> bool:
    """Return whether a reader who knows an execution learns nothing from the news of it."""
    now = news.now
    ids = now.task_runs if news.changed is None else news.changed
    runs = [run for key in ids if (run := now.task_runs.get(key)) is not None and not run.hidden]
    return (
        now.done <= known.done
        and not _steps(known.history, now.history)
        and all(
            run.id in known.task_runs and not _steps(known.task_runs[run.id].history, run.history)
            for run in runs
        )
    )


def _execution_events(before: Execution | None, now: Execution) -> Iterator[Event]:
    if before is None:
        yield ExecutionCreated(now.history.started, now)
    for previous, state, at in _steps(before.history if before else None, now.history):
        if previous is not None:
            yield ExecutionStateChanged(at, now, state, previous)


def _task_run_events(now: Execution, before: TaskRun | None, run: TaskRun) -> Iterator[Event]:
    for previous, state, at in _steps(before.history if before else None, run.history):
        yield TaskRunStateChanged(at, now, run, state, previous)


def _steps(before: History | None, now: History) -> list[tuple[State | None, State, datetime]]:
    """Return (state before, state, time) of the entries that a history did not have before."""
    entries = now.entries
    known = before.entries if before is not None else ()
    first = len(known)
    if entries[:first] != known:  # it began anew
        pairs = zip(entries, known, strict=False)
        first = next((i for i, (new, old) in enumerate(pairs) if new != old), len(entries))
    return [
        (entries[place - 1][0] if place else None, *entries[place])
        for place in range(first, len(entries))
    ]


class Mailbox:
    """What one reader has not read yet; filled by the engine's thread, which never waits.

    News of one execution are one item, however many they are. When there are more items and log
    lines than `room`, the news of the oldest execution are let go, and the reader is told.

    Args:
        scope: what the reader wants to know of.
        room: how many items and lines it has room for.
        keeps_lines: whether lines are kept here; a reader of one execution reads them from the log.
        tell: called when there is something to read; must be quick.
    """

    def __init__(
        self, scope: Scope, room: int, keeps_lines: bool, tell: Callable[[], None]
    ) -> None:
        self.scope = scope
        self._room = room
        self._keeps_lines = keeps_lines
        self._tell = tell
        self._lock = threading.Lock()
        self._news: dict[str, News] = {}
        self._lines = 0
        self._missed_executions = 0
        self._missed_lines = 0
        self.is_closed = False

    def put(
        self,
        before: Execution | None,
        now: Execution,
        changed: Sequence[str],
        lines: Sequence[LogEntry],
    ) -> None:
        """Add a committed change."""
        with self._lock:
            news = self._news.get(now.id)
            if news is None:
                news = self._news[now.id] = News(before, now, {})
            elif before is not news.now:  # another engine had it in between
                news.changed = None
            news.now = now
            if news.changed is not None:
                news.changed.update(dict.fromkeys(changed))
            if self._keeps_lines:
                news.lines += [(None, entry) for entry in lines]
                self._lines += len(lines)
                self._make_room()
        self._tell()

    def _make_room(self) -> None:
        while len(self._news) + self._lines > self._room and len(self._news) > 1:
            oldest = self._news.pop(next(iter(self._news)))
            self._lines -= len(oldest.lines)
            self._missed_executions += 1
        if self._lines > self._room:
            (news,) = self._news.values()
            gone = self._lines - self._room
            del news.lines[:gone]
            self._lines -= gone
            self._missed_lines += gone

    def take(self) -> tuple[list[News], Missed | None]:
        """Return what there is, the oldest first, and what had to be let go."""
        with self._lock:
            news, self._news, self._lines = list(self._news.values()), {}, 0
            lost = (self._missed_executions, self._missed_lines)
            self._missed_executions = self._missed_lines = 0
        return news, Missed(*lost) if any(lost) else None

    def close(self) -> None:
        """Have the reader come to its end."""
        self.is_closed = True
        self._tell()


class Hub:
    """Passes committed changes on to mailboxes. An engine without subscriptions has none.

    Attributes:
        forsaken: mailboxes whose readers were collected; putting one there waits for nothing.
    """

    def __init__(self) -> None:
        self.forsaken: SimpleQueue[Mailbox] = SimpleQueue()
        self._lock = threading.Lock()
        self._of_one: dict[str, tuple[Mailbox, ...]] = {}
        self._others: tuple[Mailbox, ...] = ()
        self._is_closed = False

    def add(self, mailbox: Mailbox) -> None:
        """Have a mailbox filled from now on."""
        self._tidy()
        with self._lock:
            is_late = self._is_closed
            if not is_late:
                self._change(mailbox, lambda mailboxes: (*mailboxes, mailbox))
        if is_late:
            mailbox.close()

    def remove(self, mailbox: Mailbox) -> None:
        """Fill a mailbox no more; harmless when repeated."""
        with self._lock:
            self._change(mailbox, lambda known: tuple(each for each in known if each != mailbox))

    def _change(
        self, mailbox: Mailbox, change: Callable[[tuple[Mailbox, ...]], tuple[Mailbox, ...]]
    ) -> None:
        execution_id = mailbox.scope.execution_id
        if execution_id is None:
            self._others = change(self._others)
        elif left := change(self._of_one.get(execution_id, ())):
            self._of_one[execution_id] = left
        else:
            self._of_one.pop(execution_id, None)

    def publish(
        self,
        before: Execution | None,
        now: Execution,
        changed: Sequence[str],
        lines: Sequence[LogEntry],
    ) -> None:
        """Tell of a committed change; called on the engine's thread."""
        self._tidy()
        for mailbox in (*self._of_one.get(now.id, ()), *self._others):
            if mailbox.scope.holds(now):
                mailbox.put(before, now, changed, lines)

    def _tidy(self) -> None:
        with suppress(Empty):
            while True:
                self.remove(self.forsaken.get_nowait())

    def close(self) -> None:
        """End all subscriptions: the engine is closed."""
        with self._lock:
            self._is_closed = True
            left = [*(each for of in self._of_one.values() for each in of), *self._others]
            self._of_one, self._others = {}, ()
        for mailbox in left:
            mailbox.close()
