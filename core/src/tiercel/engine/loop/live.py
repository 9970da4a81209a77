"""An execution that this engine owns: its state in memory, and what is to be written of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tiercel.engine.expressions.variables import Variables
from tiercel.engine.loop.announce import announce
from tiercel.engine.machine import codec
from tiercel.engine.machine.commands import Command, Evaluate, StartTimer
from tiercel.engine.machine.events import ChildEnded, KillRequested
from tiercel.engine.wording import OUTPUTS_FAILED
from tiercel.repository.spi import StoredCommand, StoredEvent

if TYPE_CHECKING:
    from tiercel.engine.machine.draft import Reduction
    from tiercel.engine.machine.events import AnyEvent, Event
    from tiercel.model.execution import Execution, LogEntry, MetricEntry
    from tiercel.repository.spi import UnitOfWork

__all__ = ["Live", "Pending"]


@dataclass(slots=True, eq=False, repr=False)
class Pending:
    """What one transaction will write about one execution.

    Attributes:
        stored: ids of those `added` that are in the outbox already.
        along: writes what belongs to the same step: that a trigger has started the execution, say.
    """

    events: list[StoredEvent] = field(default_factory=list)
    changed: dict[str, None] = field(default_factory=dict)
    added: dict[str, Command] = field(default_factory=dict)
    stored: set[str] = field(default_factory=set)
    removed: dict[str, None] = field(default_factory=dict)
    logs: list[LogEntry] = field(default_factory=list)
    metrics: list[MetricEntry] = field(default_factory=list)
    inbox: list[int] = field(default_factory=list)
    kills: list[str] = field(default_factory=list)
    along: list[Callable[[UnitOfWork], object]] = field(default_factory=list)
    gone: dict[str, None] = field(default_factory=dict)


class Live:
    """One execution under way.

    Attributes:
        execution: its latest state; durable only once `write` was committed.
        variables: what its expressions see.
        epoch: the lease's epoch; results handed out under an older one are stale.
        sequence: how many events its log has.
        pending: what has not been written yet.
    """

    def __init__(self, execution: Execution, variables: Variables, epoch: int) -> None:
        self.execution = execution
        self.variables = variables
        self.epoch = epoch
        self.sequence = 0
        self.pending = Pending()
        self._stored: Execution | None = None

    @classmethod
    def resumed(cls, execution: Execution, variables: Variables, epoch: int, sequence: int) -> Live:
        """Return an execution that is stored already, with `sequence` events."""
        live = cls(execution, variables, epoch)
        live.sequence = sequence
        live._stored = execution
        return live

    @property
    def stored(self) -> Execution | None:
        """The execution as it was committed last; None when it never was."""
        return self._stored

    @property
    def is_new(self) -> bool:
        """Whether nothing of it was ever committed."""
        return self._stored is None

    def apply(self, event: Event, reduction: Reduction) -> None:
        """Take over what an event led to."""
        pending = self.pending
        self.sequence += 1
        kind, payload = codec.encode(event)
        pending.events.append(StoredEvent(self.execution.id, self.sequence, kind, payload))
        self.execution = reduction.execution
        self.variables.follow(reduction)
        for task_run_id in reduction.removed:
            pending.changed.pop(task_run_id, None)
            pending.gone[task_run_id] = None
        for task_run_id in reduction.changed:
            pending.changed[task_run_id] = None
        for command_id in reduction.done:
            unwritten = pending.added.pop(command_id, None) is not None
            if not unwritten or command_id in pending.stored:
                pending.removed[command_id] = None
        for command in reduction.commands:
            pending.added[command.id] = command
            pending.removed.pop(command.id, None)
        pending.logs.extend(reduction.logs)
        pending.kills.extend(reduction.kills)

    def write(self, work: UnitOfWork) -> None:
        """Write what is pending into a unit of work."""
        execution, pending = self.execution, self.pending
        if execution is not self._stored:
            if self._row_changed():
                work.save_execution(execution)
            runs = execution.task_runs
            if pending.gone:
                work.remove_task_runs(execution.id, list(pending.gone))
            work.save_task_runs(execution.id, [runs[key] for key in pending.changed])
        work.append_events(pending.events)
        if pending.removed:
            work.remove_commands(execution.id, list(pending.removed))
        if pending.added:
            work.add_commands([_stored(execution.id, each) for each in pending.added.values()])
        if pending.logs:
            work.append_logs(pending.logs)
        if pending.metrics:
            work.append_metrics(pending.metrics)
        if pending.inbox:
            work.acknowledge(pending.inbox)
        for write in pending.along:
            write(work)
        announce(work, self._stored, execution)
        self._send(work)

    def _send(self, work: UnitOfWork) -> None:
        """Tell other executions: the children to be killed, and the parent of the end."""
        execution = self.execution
        at = execution.history.entries[-1][1]
        for child_id in self.pending.kills:
            work.send(child_id, *codec.encode(KillRequested(at=at)))
        if execution.done and execution.parent_id and execution.parent_command:
            ended = ChildEnded(
                at=at,
                command_id=execution.parent_command,
                state=execution.state,
                execution_id=execution.id,
                outputs=execution.outputs,
                outputs_error=_outputs_error(execution),
            )
            work.send(execution.parent_id, *codec.encode(ended))

    def received(self, number: int, kind: str, payload: str) -> AnyEvent | None:
        """Note that a message of another process is dealt with; return what it says.

        That is None when it was dealt with before.
        """
        if number in self.pending.inbox:
            return None
        self.pending.inbox.append(number)
        return codec.decode_event(kind, payload)

    def take_up(self, outbox: Iterable[Command]) -> None:
        """Have commands dispatched by the next commit that are in the outbox already."""
        for command in outbox:
            self.pending.added[command.id] = command
            self.pending.stored.add(command.id)

    def questions(self) -> list[Command]:
        """Return the pending commands that ask for expressions to be rendered."""
        return [each for each in self.pending.added.values() if type(each) is Evaluate]

    def written(self) -> Iterable[Command]:
        """Note that the write was committed; return the commands to dispatch."""
        commands = tuple(self.pending.added.values())
        self.pending = Pending()
        self._stored = self.execution
        return commands

    def _row_changed(self) -> bool:
        """Return whether anything but task runs differs from the stored row."""
        before, now = self._stored, self.execution
        return before is None or any(
            getattr(before, name) is not getattr(now, name) for name in _ROW
        )


_ROW = ("history", "labels", "variables", "outputs", "error", "inputs", "done")


def _stored(execution_id: str, command: Command) -> StoredCommand:
    kind, payload = codec.encode(command)
    due: Any = command.due if isinstance(command, StartTimer) else None
    return StoredCommand(execution_id, command.id, kind, payload, due)


def _outputs_error(execution: Execution) -> str | None:
    """Return why an execution's outputs could not be rendered; None when that did not happen."""
    error = execution.error or ""
    return error.removeprefix(OUTPUTS_FAILED) if error.startswith(OUTPUTS_FAILED) else None
