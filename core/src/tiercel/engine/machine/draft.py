"""A transition being made: the execution so far, and what follows from it.

`reduce` is pure from outside; inside, one `Draft` collects the new task runs, scopes and commands,
so that nothing is copied twice on the way.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from tiercel._ids import derive
from tiercel._record import record, replace
from tiercel.engine.machine.commands import Command, KillTask, attempt_id
from tiercel.engine.machine.transitions import (
    EXECUTION_TRANSITIONS,
    TASK_RUN_TRANSITIONS,
    check,
    check_end,
)
from tiercel.model.execution import Attempt, Execution, History, LogEntry, State, TaskRun

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from tiercel.engine.machine.scope import Scope
    from tiercel.plugin.task import Lane

__all__ = ["Draft", "Reduction", "current_attempt"]


@record
class Reduction:
    """What an event led to.

    Attributes:
        execution: its new state; the old object itself when the event changed nothing.
        commands: what is to be done now, in order.
        done: ids of commands that need not be done (any more).
        changed: the task runs that are new or different, by id, in order of first change.
        logs: what the transition itself has to say, beside what tasks log.
        kills: ids of executions that were begun by this one and are to be killed.
        removed: ids of task runs that are gone.
    """

    execution: Execution
    commands: tuple[Command, ...] = ()
    done: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    logs: tuple[LogEntry, ...] = ()
    kills: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


class Draft:
    """An execution while an event is applied to it.

    Args:
        execution: where it stood before the event.
        at: the event's time.

    `agenda` holds (scope id, lane key) pairs to look at before the transition is complete; a lane
    key of None means the scope itself. It replaces recursion, so depth never depends on a flow.
    """

    def __init__(self, execution: Execution, at: datetime) -> None:
        self.before = execution
        self.execution = execution
        self.at = at
        self._commands: dict[str, Command] = {}
        self._done: dict[str, None] = {}
        self._changed: dict[str, None] = {}
        self._logs: list[LogEntry] = []
        self._kills: list[str] = []
        self._removed: list[str] = []
        self.agenda: deque[tuple[str, str | int | None]] = deque()

    def result(self) -> Reduction:
        """Return what has become of it."""
        if self.execution is self.before and not self._commands and not self._done:
            return Reduction(self.before)
        return Reduction(
            self.execution,
            tuple(self._commands.values()),
            tuple(self._done),
            tuple(self._changed),
            tuple(self._logs),
            tuple(self._kills),
            tuple(self._removed),
        )

    # The execution

    def set(self, **changes: Any) -> None:
        """Change fields of the execution."""
        self.execution = replace(self.execution, **changes)

    def to(self, state: State) -> None:
        """Move the execution to its next state."""
        check(EXECUTION_TRANSITIONS, self.execution.state, state)
        self.execution = self.execution.to(state, self.at)

    def mark_execution(self, state: State) -> None:
        """Give the execution, which has ended, another end."""
        check_end(self.execution.state, state)
        self.execution = self.execution.to(state, self.at)

    # Scopes

    def scope(self, scope_id: str) -> Scope:
        """Return a scope."""
        return self.execution.scopes[scope_id]  # type: ignore[no-any-return]  # engine objects

    def put_scope(self, scope: Scope) -> None:
        """Add or replace a scope."""
        self.set(scopes=self.execution.scopes.insert(scope.id, scope))

    def stop_waiting(self, scope: Scope) -> Scope:
        """Take back the timer and the question that a scope waits for; return it without them."""
        for command_id in (scope.timer, scope.asked):
            if command_id is not None:
                self.finish_command(command_id)
        return replace(scope, timer=None, asked=None)

    def drop_scope(self, scope_id: str) -> None:
        """Forget a scope that is done."""
        self.set(scopes=self.execution.scopes.remove(scope_id))

    # Task runs

    def new_task_run(self, task_id: str, parent_id: str | None, lane: Lane) -> TaskRun:
        """Create a task run; with the first one the execution is running."""
        if self.execution.state is State.CREATED:
            self.to(State.RUNNING)
        sequence = self.execution.sequence + 1
        task_run = TaskRun(
            id=derive(self.execution.id, sequence),
            task_id=task_id,
            history=History.begin(State.CREATED, self.at),
            parent_id=parent_id,
            value=lane.value,
            iteration=lane.iteration,
            hidden=lane.hidden,
        )
        self.execution = replace(
            self.execution,
            sequence=sequence,
        )
        return self.put_task_run(task_run)

    def put_task_run(self, task_run: TaskRun) -> TaskRun:
        """Add or replace a task run, and return it."""
        self.set(task_runs=self.execution.task_runs.insert(task_run.id, task_run))
        if not task_run.hidden:
            self._changed[task_run.id] = None
        return task_run

    def move(self, task_run: TaskRun, state: State, at: datetime | None = None) -> TaskRun:
        """Move a task run to its next state, and return it."""
        check(TASK_RUN_TRANSITIONS, task_run.state, state)
        return self.put_task_run(task_run.to(state, at or self.at))

    def begin_attempt(self, task_run: TaskRun, at: datetime) -> TaskRun:
        """Move a task run to RUNNING with a new attempt, and return it."""
        check(TASK_RUN_TRANSITIONS, task_run.state, State.RUNNING)
        attempt = Attempt(len(task_run.attempts) + 1, History.begin(State.RUNNING, at))
        running = replace(task_run.to(State.RUNNING, at), attempts=(*task_run.attempts, attempt))
        return self.put_task_run(running)

    def end_attempt(self, task_run: TaskRun, state: State, log_file: str | None = None) -> TaskRun:
        """Give the last attempt its next state; the task run's own does not change."""
        last = task_run.attempts[-1]
        ended = replace(
            last, history=last.history.then(state, self.at), log_file=log_file or last.log_file
        )
        return self.put_task_run(replace(task_run, attempts=(*task_run.attempts[:-1], ended)))

    def put_attempt(self, task_run: TaskRun, state: State) -> TaskRun:
        """Give a task run that never ran its one attempt, and return it."""
        attempt = Attempt(len(task_run.attempts) + 1, History.begin(state, self.at))
        return self.put_task_run(replace(task_run, attempts=(*task_run.attempts, attempt)))

    def reopen(self, task_run: TaskRun) -> TaskRun:
        """Have a flowable task run go on, in the attempt that had ended, and return it."""
        if task_run.state is State.RUNNING:
            return task_run
        check(TASK_RUN_TRANSITIONS, task_run.state, State.RUNNING)
        task_run = replace(task_run.to(State.RUNNING, self.at), error=None)
        if not task_run.attempts[-1].state.is_terminal:
            return self.put_task_run(task_run)
        return self.end_attempt(task_run, State.RUNNING)

    def mark(self, task_run: TaskRun, state: State) -> TaskRun:
        """Give a task run that has ended, and its last attempt, another end, and return it."""
        check_end(task_run.state, state)
        if task_run.attempts:
            task_run = self.end_attempt(task_run, state)
        return self.put_task_run(task_run.to(state, self.at))

    def remove_task_runs(self, ids: Iterable[str]) -> None:
        """Forget task runs."""
        task_runs = self.execution.task_runs
        for task_run_id in ids:
            task_runs = task_runs.remove(task_run_id)
            self._removed.append(task_run_id)
        self.set(task_runs=task_runs)

    def kill_in_worker(self, task_run: TaskRun) -> None:
        """Have a running attempt stopped."""
        number = current_attempt(task_run)
        command_id = attempt_id(task_run.id, number)
        self.command(KillTask(id=command_id, task_run_id=task_run.id, attempt=number))

    def log(self, level: str, message: str, task_run: TaskRun | None = None) -> None:
        """Write a log line about a task run, or about the execution."""
        self._logs.append(
            LogEntry(
                execution_id=self.execution.id,
                at=self.at,
                level=level,
                message=message,
                task_run_id=task_run.id if task_run else None,
                task_id=task_run.task_id if task_run else None,
                attempt=len(task_run.attempts) if task_run else 0,
            )
        )

    def kill_child(self, execution_id: str) -> None:
        """Have an execution killed that this one began."""
        self._kills.append(execution_id)

    # Commands

    def command(self, command: Command) -> None:
        """Ask for something to be done."""
        self._commands[command.id] = command
        self._done.pop(command.id, None)

    def finish_command(self, command_id: str) -> None:
        """Take a command back, or tick it off."""
        self._commands.pop(command_id, None)
        self._done[command_id] = None


def current_attempt(task_run: TaskRun) -> int:
    """Return the number of the attempt that is running, or of the one that comes next."""
    attempts = task_run.attempts
    if attempts and not attempts[-1].state.is_terminal:
        return len(attempts)
    return len(attempts) + 1
