"""A world around `reduce`, without threads, clocks or databases: tests play the outside."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tiercel import Flow, Registry, State
from tiercel.engine.machine import commands as cmd
from tiercel.engine.machine import events as ev
from tiercel.engine.machine.codec import decode_event, encode
from tiercel.engine.machine.reduce import Reduction, create, reduce
from tiercel.engine.operations.repeat import Repeat
from tiercel.model.execution import Execution, TaskRun
from tiercel.model.load import load

__all__ = ["World", "flow"]

REGISTRY = Registry()
START = datetime(2024, 1, 1, tzinfo=UTC)


def flow(tasks: str, **others: str) -> Flow:
    """Return a flow with these tasks (YAML, indented by four) and further properties."""
    parts = [f"id: f\nnamespace: a.b\ntasks:\n{tasks}"]
    parts += [f"{name.rstrip('_')}:\n{text}" for name, text in others.items()]
    return load("\n".join(parts), resolve=REGISTRY.resolve)


class World:
    """One execution: its state, its event log, its outbox.

    Args:
        flow: what it runs.
        created: what begins it, when it is more than a plain run.
    """

    def __init__(self, flow: Flow, created: ev.ExecutionCreated | None = None) -> None:
        self.flow = flow
        self.now = created.at if created else START
        self.outbox: dict[str, cmd.Command] = {}
        self.log: list[ev.AnyEvent] = []
        created = created or ev.ExecutionCreated(
            at=START,
            execution_id="e",
            tenant="main",
            namespace=flow.namespace,
            flow_id=flow.id,
            flow_revision=1,
        )
        self.execution = self._take(created, create(created, flow))

    def _take(self, event: ev.AnyEvent, reduction: Reduction) -> Execution:
        self.log.append(event)
        for command_id in reduction.done:
            self.outbox.pop(command_id, None)
        for command in reduction.commands:
            self.outbox[command.id] = command
        return reduction.execution

    def tick(self) -> datetime:
        """Let a second pass, and return the time."""
        self.now += timedelta(seconds=1)
        return self.now

    def happen(self, event: ev.AnyEvent) -> Execution:
        """Apply an event."""
        self.execution = self._take(event, reduce(self.execution, event))
        return self.execution

    def runs(self, task_id: str) -> list[TaskRun]:
        """Return the runs of a task, in the order in which they were created."""
        found = [each for each in self.execution.task_runs.values() if each.task_id == task_id]
        return sorted(found, key=lambda each: (each.history.started, each.iteration or 0))

    def run(self, task_id: str) -> TaskRun:
        """Return the only run of a task."""
        (found,) = self.runs(task_id)
        return found

    def pending(self, kind: type[cmd.Command]) -> list[Any]:
        """Return the commands of a kind in the outbox."""
        return [each for each in self.outbox.values() if isinstance(each, kind)]

    def end(self, task_id: str, state: State = State.SUCCESS, **fields: Any) -> Execution:
        """Have the worker finish the first submitted attempt of a task."""
        command = next(
            each
            for each in self.outbox.values()
            if isinstance(each, cmd.SubmitTask | cmd.KillTask)
            and self.execution.task_runs[each.task_run_id].task_id == task_id
        )
        return self.happen(ended(command, self.tick(), state, **fields))

    def answer(self, **values: Any) -> Execution:
        """Answer the oldest question."""
        question = self.pending(cmd.Evaluate)[0]
        return self.happen(ev.Evaluated(at=self.tick(), command_id=question.id, values=values))

    def fire(self) -> Execution:
        """Let the next timer fire."""
        timer = min(self.pending(cmd.StartTimer), key=lambda each: each.due)
        self.now = max(self.now, timer.due)
        return self.happen(ev.TimerFired(at=self.now, command_id=timer.id))

    def kill(self) -> Execution:
        """Ask for the execution's end."""
        return self.happen(ev.KillRequested(at=self.tick()))

    def restart(self) -> Execution:
        """Ask for what failed to run again."""
        return self.happen(ev.Restarted(at=self.tick()))

    def repeat(self, flow: Flow | None = None) -> Repeat:
        """Return what begins executions that repeat this one, with the same flow or another."""
        was = self.flow.model_copy(update={"revision": 1})
        newer = (flow or self.flow).model_copy(update={"revision": 2 if flow else 1})
        return Repeat(self.execution, was, newer)

    def replay(self, task_id: str, flow: Flow | None = None) -> World:
        """Return a world whose execution repeats this one from the only run of a task."""
        event = self.repeat(flow).replayed_from(self.run(task_id).id, "e2", self.tick(), {})
        return World(flow or self.flow, event)

    def replayed(self) -> Execution:
        """Return what the event log, written and read again, leads to."""
        first, *rest = [decode_event(*encode(each)) for each in self.log]
        assert isinstance(first, ev.ExecutionCreated)
        execution = create(first, self.flow).execution
        for event in rest:
            execution = reduce(execution, event).execution
        return execution


def ended(command: Any, at: datetime, state: State, **fields: Any) -> ev.TaskRunEnded:
    """Return a worker's answer to a command."""
    return ev.TaskRunEnded(
        at=at,
        task_run_id=command.task_run_id,
        attempt=command.attempt,
        state=state,
        started=at,
        **fields,
    )
