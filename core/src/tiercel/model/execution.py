"""What happened: executions, task runs, attempts, and the lines they log.

All frozen: a new state is a new object. An execution holds its task runs in a persistent map, so
that one more task run costs the same whether ten or ten thousand came before.
"""

from __future__ import annotations

from dataclasses import field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from rpds import HashTrieMap

from tiercel._record import record, replace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tiercel.model.flow import Flow

__all__ = [
    "Attempt",
    "Execution",
    "History",
    "LogEntry",
    "MetricEntry",
    "State",
    "TaskRun",
    "Veil",
]


class State(StrEnum):
    """Where an execution, a task run or an attempt stands; Kestra's names."""

    CREATED = "CREATED"
    SUBMITTED = "SUBMITTED"
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    RESTARTED = "RESTARTED"
    KILLING = "KILLING"
    SUCCESS = "SUCCESS"
    WARNING = "WARNING"
    FAILED = "FAILED"
    KILLED = "KILLED"
    CANCELLED = "CANCELLED"
    QUEUED = "QUEUED"
    RETRYING = "RETRYING"
    RETRIED = "RETRIED"
    SKIPPED = "SKIPPED"
    BREAKPOINT = "BREAKPOINT"
    RESUBMITTED = "RESUBMITTED"

    @property
    def is_terminal(self) -> bool:
        """Whether nothing more happens by itself."""
        return self in _TERMINAL

    @property
    def is_failed(self) -> bool:
        """Whether it ended without doing its work."""
        return self in (State.FAILED, State.KILLED, State.CANCELLED)


_TERMINAL = frozenset(
    {
        State.SUCCESS,
        State.WARNING,
        State.FAILED,
        State.KILLED,
        State.CANCELLED,
        State.RETRIED,
        State.SKIPPED,
    }
)


@record
class History:
    """Which states were entered, when, in order; never empty."""

    entries: tuple[tuple[State, datetime], ...]

    @classmethod
    def begin(cls, state: State, at: datetime) -> History:
        """Return a history with its first state."""
        return cls(((state, at),))

    def then(self, state: State, at: datetime) -> History:
        """Return the history with one more state."""
        return History((*self.entries, (state, at)))

    @property
    def current(self) -> State:
        """The state entered last."""
        return self.entries[-1][0]

    @property
    def states(self) -> tuple[State, ...]:
        """All states in order, without dates."""
        return tuple(state for state, _ in self.entries)

    @property
    def started(self) -> datetime:
        """When the first state was entered."""
        return self.entries[0][1]

    @property
    def ended(self) -> datetime | None:
        """When the terminal state was entered, or None while it is open."""
        state, at = self.entries[-1]
        return at if state.is_terminal else None


@record
class Attempt:
    """One try of a task run.

    Attributes:
        number: counts from 1.
        history: its states.
        log_file: the URI of the file that has its log, or what did not go to the database of it.
    """

    number: int
    history: History
    log_file: str | None = None

    @property
    def state(self) -> State:
        """Where this attempt stands."""
        return self.history.current


@record
class TaskRun:
    """One run of one task in one execution.

    Attributes:
        id: derived from the execution, so the same in every replay.
        task_id: the task's id in the flow.
        parent_id: the flowable task run it belongs to; None at the flow's top level.
        value: the loop value, as text, of the iteration it belongs to.
        iteration: the iteration's index, from 0.
        outputs: what the task produced, JSON-like; None when it produced nothing (yet).
        error: why it failed, for people; None unless it failed.
        hidden: whether it is a step of its parent's that nobody sees, and that is never stored.
    """

    id: str
    task_id: str
    history: History
    parent_id: str | None = None
    value: str | None = None
    iteration: int | None = None
    attempts: tuple[Attempt, ...] = ()
    outputs: Mapping[str, Any] | None = field(default=None, repr=False)
    error: str | None = None
    hidden: bool = False

    @property
    def state(self) -> State:
        """Where this task run stands."""
        return self.history.current

    def to(self, state: State, at: datetime) -> TaskRun:
        """Return the task run in its next state."""
        return replace(self, history=self.history.then(state, at))


class Veil(Protocol):
    """How people may read the values of an execution."""

    def __call__(self, execution: Execution, value: Any) -> Any:
        """Return JSON-like data of an execution without secrets; raise when that cannot be told."""
        ...

    def now(self) -> datetime:
        """Return the time by the clock of the execution's engine."""
        ...


@record
class Execution:
    """One run of a flow. Its `repr`, which ends up in logs, tells no inputs and outputs.

    Attributes:
        id: 22 letters and digits.
        flow: the flow as it was when the execution began; not part of the stored row.
        inputs: typed values by input id.
        variables: the flow's variables, and what tasks set since.
        trigger: what started it (`type`, `id`, `variables`), or None for a person or program.
        parent_id: the execution whose task started this one.
        parent_command: what that execution calls this one in its outbox; not stored.
        original_id: the execution that this one repeats; its own id otherwise.
        sequence: how many task runs it has had; ids of the next ones derive from it.
        scopes: what the engine is in the middle of, by flowable task run; rebuilt from the event
            log, never stored, empty outside the engine.
        attempt: how often the flow was run for the same purpose, this one included; above 1 only
            when the flow's `retry` made the execution. Known to the engine alone, not stored.
        first_at: when the first of these executions was created; None when it is this one.
        done: whether nothing more will happen, `afterExecution` included.
        veil: lets people read its values, without secrets; set by the engine that it comes from,
            never stored. Without one, displays show no values.
    """

    id: str
    namespace: str
    flow_id: str
    flow_revision: int
    history: History
    tenant: str = "main"
    flow: Flow | None = field(default=None, repr=False, compare=False)
    labels: tuple[tuple[str, str], ...] = ()
    inputs: Mapping[str, Any] = field(default_factory=dict, repr=False)
    variables: Mapping[str, Any] = field(default_factory=dict, repr=False)
    outputs: Mapping[str, Any] | None = field(default=None, repr=False)
    trigger: Mapping[str, Any] | None = field(default=None, repr=False)
    parent_id: str | None = None
    parent_command: str | None = field(default=None, compare=False)
    original_id: str = ""
    sequence: int = 0
    task_runs: HashTrieMap[str, TaskRun] = field(default_factory=HashTrieMap, repr=False)
    scopes: HashTrieMap[str, Any] = field(default_factory=HashTrieMap, repr=False)
    error: str | None = None
    attempt: int = 1
    first_at: datetime | None = None
    done: bool = False
    veil: Veil | None = field(default=None, repr=False, compare=False)

    @property
    def state(self) -> State:
        """Where this execution stands."""
        return self.history.current

    def to(self, state: State, at: datetime) -> Execution:
        """Return the execution in its next state."""
        return replace(self, history=self.history.then(state, at))

    def runs_of(self, task_id: str) -> list[TaskRun]:
        """Return the runs of a task, the first one first; several when it is in a loop."""
        found = [each for each in self.task_runs.values() if each.task_id == task_id]
        return sorted(found, key=lambda each: (each.history.started, each.iteration or 0))

    def _repr_html_(self) -> str:
        """Return it for notebooks: its state, a timeline of its task runs, its values."""
        from tiercel.model.display import execution_html

        return execution_html(self)

    def _repr_markdown_(self) -> str:
        from tiercel.model.display import execution_markdown

        return execution_markdown(self)

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        from tiercel.model.display import execution_line

        printer.text(execution_line(self))


@record
class LogEntry:
    """One log line of a task run, or of the execution itself when `task_run_id` is None."""

    execution_id: str
    at: datetime
    level: str
    message: str
    task_run_id: str | None = None
    task_id: str | None = None
    attempt: int = 0


@record
class MetricEntry:
    """One measurement of a task run: a counter's increment, or a timer's milliseconds."""

    execution_id: str
    at: datetime
    name: str
    kind: str
    value: float
    tags: tuple[tuple[str, str], ...] = ()
    task_run_id: str | None = None
    task_id: str | None = None
