"""`Operations`: what people and programs do to executions, wherever those run.

Each is an event of the execution, in its log like all others. An execution that runs in this
engine gets it at once, one of another engine by that one's inbox, and one that has ended, or that
a dead engine left, goes on here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from tiercel._record import record, replace
from tiercel.engine.machine import events
from tiercel.engine.machine.admission import UNQUEUED
from tiercel.engine.machine.codec import decode_event
from tiercel.engine.machine.hold import NOT_RUNNING
from tiercel.engine.machine.reduce import create, reduce
from tiercel.engine.machine.restart import refusal
from tiercel.engine.machine.transitions import ENDS
from tiercel.engine.operations.repeat import Repeat
from tiercel.engine.plain import plain
from tiercel.errors import ConflictError, EngineBug, NotFoundError, TiercelError
from tiercel.model.execution import State
from tiercel.plugin.task import FlowableTask
from tiercel.plugin.tree import find_task
from tiercel.repository.spi import ExecutionQuery
from tiercel.storage import uri as uris

if TYPE_CHECKING:
    from tiercel.engine.operations.desk import Desk
    from tiercel.model.execution import Execution, TaskRun
    from tiercel.model.flow import Flow

__all__ = ["Operations", "Outcome"]

_PAGE = 500
_SYSTEM = "system."


@record
class Outcome:
    """What became of one execution in a bulk operation.

    Attributes:
        execution_id: the execution.
        result: what the operation returned: the id of a new execution, say.
        error: why it was refused; None when it was not.
    """

    execution_id: str
    result: Any = None
    error: TiercelError | None = None


class Operations:
    """See the module's text; `Tiercel.operations` has one."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    # While it runs

    def kill(self, execution_id: str) -> None:
        """Have an execution stopped, and those that it began; returns before they are.

        Harmless when they have ended.

        Raises:
            NotFoundError: there is no such execution.
        """
        execution = self._execution(execution_id)
        # A RETRIED one may wait for the time when the next one is to begin.
        begins_again = execution.state is State.RETRIED and not execution.done
        if begins_again or not execution.state.is_terminal:
            self._deliver(execution_id, events.KillRequested(at=self._now()))
        # It tells those that it waits for; others may have nobody any more who listens.
        for child in self.descendants(execution_id):
            self._deliver(child.id, events.KillRequested(at=self._now()))

    def descendants(self, execution_id: str) -> Iterator[Execution]:
        """Yield the executions that tasks of an execution began, and theirs, if they still run."""
        waiting = [execution_id]
        while waiting:
            parent_id = waiting.pop()
            query = ExecutionQuery(tenant=self._desk.tenant, parent_id=parent_id)
            for child in self.matching(query):
                cause = (child.trigger or {}).get("variables") or {}
                if cause.get("executionId") == parent_id:  # a replay has a parent, too
                    waiting.append(child.id)
                    if not child.state.is_terminal:
                        yield child

    def pause(self, execution_id: str) -> None:
        """Let what runs of an execution end, and begin nothing more until it is resumed.

        Raises:
            NotFoundError: there is no such execution.
            ConflictError: it is not running.
        """
        execution = self._execution(execution_id)
        if execution.state is not State.RUNNING:
            raise ConflictError(f"{NOT_RUNNING}, its state is {execution.state}")
        self._deliver(execution_id, events.PauseRequested(at=self._now()))

    def resume(
        self,
        execution_id: str,
        inputs: Mapping[str, Any] | None = None,
        *,
        state: State | None = None,
    ) -> None:
        """Resume a paused execution.

        Args:
            execution_id: the execution.
            inputs: values for the `onResume` inputs of the paused task.
            state: what the paused task ends in; None for a success.

        Raises:
            NotFoundError: there is no such execution.
            ConflictError: it is not paused.
            InputError: an input is missing or invalid.
        """
        execution = self._execution(execution_id)
        if execution.state is not State.PAUSED:
            raise ConflictError(f"The execution is not paused, its state is {execution.state}")
        paused = _paused(execution)
        task_run_id, typed = None, {}
        if paused is not None:
            flow = self._flow(execution)
            task = find_task(flow, paused.task_id)
            declared = task.resume_inputs() if isinstance(task, FlowableTask) else ()
            task_run_id = paused.id
            typed = self._desk.beginner.inputs(flow, execution_id, declared, inputs or {})
        event = events.Resumed(
            at=self._now(), task_run_id=task_run_id, inputs=plain(typed), state=state
        )
        self._deliver(execution_id, event)

    def force_run(self, execution_id: str) -> None:
        """Have an execution go on that waits: for its date, its place in the line, or a person.

        Raises:
            NotFoundError: there is no such execution.
            ConflictError: it has ended.
        """
        if self._execution(execution_id).state.is_terminal:
            raise ConflictError("Only non terminated executions can be forced run.")
        self._deliver(execution_id, events.RunForced(at=self._now()))

    def unqueue(self, execution_id: str, state: State = State.RUNNING) -> None:
        """Have an execution go on that waits for a place: begin at once, or end in `state`.

        Raises:
            NotFoundError: there is no such execution.
            ConflictError: it does not wait for a place, or `state` is none of RUNNING, FAILED and
                CANCELLED.
        """
        if self._execution(execution_id).state is not State.QUEUED:
            raise ConflictError("Only QUEUED execution can be unqueued")
        if state not in UNQUEUED:
            valid = ", ".join(UNQUEUED)
            raise ConflictError(f"Invalid target state: {state}. Valid states are: [{valid}]")
        self._deliver(execution_id, events.Unqueued(at=self._now(), state=state))

    # Once more

    def restart(self, execution_id: str, revision: int | None = None) -> str:
        """Run again what failed in an execution; return the id of the execution that does.

        Args:
            execution_id: an execution that has ended, but was not killed, or that is paused.
            revision: of the flow; with one, a new execution takes over what went well.

        Raises:
            NotFoundError: there is no such execution, or no such revision.
            ConflictError: it cannot be restarted; says why.
        """
        execution = self._execution(execution_id)
        reason = refusal(execution)
        if reason is not None:
            raise ConflictError(reason)
        if revision is None:
            self._deliver(execution_id, events.Restarted(at=self._now()))
            return execution_id
        new_id = self._desk.ids.new()
        repeat = self._repeat(execution, revision)
        return self._begin(repeat.restarted(new_id, self._now()))

    def replay(
        self,
        execution_id: str,
        task_run_id: str | None = None,
        *,
        revision: int | None = None,
        inputs: Mapping[str, Any] | None = None,
    ) -> str:
        """Repeat an execution as a new one, and return its id.

        Args:
            execution_id: the execution that is repeated; it stays as it is.
            task_run_id: run this task run, and what comes after it, again, and take over what was
                before; run everything when it is None.
            revision: of the flow; the execution's own by default.
            inputs: other inputs than the execution had.

        Raises:
            NotFoundError: there is no such execution, task run or revision.
            InputError: an input is missing or invalid.
        """
        execution = self._execution(execution_id)
        new_id, at = self._desk.ids.new(), self._now()
        repeat = self._repeat(execution, revision)
        if task_run_id is None:
            event = repeat.replayed(new_id, at)
        else:
            run = _task_run(execution, task_run_id)
            event = repeat.replayed_from(run.id, new_id, at, self._variables_at(execution, run.id))
        if inputs is not None:
            flow = self._revision(execution, event.flow_revision)
            typed = self._desk.beginner.inputs(flow, new_id, flow.inputs or (), inputs)
            event = replace(event, inputs=plain(typed))
        return self._begin(event)

    # Ends and labels

    def mark_task_run(self, execution_id: str, task_run_id: str, state: State) -> None:
        """Give a task run another end, and have the execution go on from there.

        Of an execution that has not ended, only a paused task run can be given an end.

        Raises:
            NotFoundError: there is no such execution or task run.
            ConflictError: the execution has not ended, or nothing ends in that state.
        """
        execution = self._execution(execution_id)
        run = _task_run(execution, task_run_id)
        _check_end(state)
        if run.state is State.PAUSED:
            self._deliver(
                execution_id,
                events.Resumed(at=self._now(), task_run_id=run.id, state=state),
            )
            return
        if execution.state is State.RETRIED:
            raise ConflictError("The execution was RETRIED: another one goes on in its place")
        self._check_ended(execution, "a task run of an execution")
        event = events.TaskRunMarked(at=self._now(), task_run_id=run.id, state=state)
        self._deliver(execution_id, event)

    def mark(self, execution_id: str, state: State) -> None:
        """Give an execution that has ended another end; nothing runs again.

        Raises:
            NotFoundError: there is no such execution.
            ConflictError: it has not ended, or nothing ends in that state.
        """
        execution = self._execution(execution_id)
        _check_end(state)
        self._check_ended(execution, "an execution")
        self._deliver(execution_id, events.ExecutionMarked(at=self._now(), state=state))

    def set_labels(self, execution_id: str, labels: Mapping[str, str]) -> None:
        """Add labels to an execution, or replace those with the same keys.

        Raises:
            NotFoundError: there is no such execution.
            ConflictError: a label is the engine's own.
        """
        self._execution(execution_id)
        for key in labels:
            if key.startswith(_SYSTEM):
                raise ConflictError(
                    f"System labels can only be set by Tiercel itself, offending label: {key!r}"
                )
        event = events.LabelsSet(at=self._now(), labels=tuple(dict(labels).items()))
        self._deliver(execution_id, event)

    def delete(self, execution_id: str) -> None:
        """Delete an execution with its log, metrics and files; those that it began stay.

        Raises:
            NotFoundError: there is no such execution.
            ConflictError: it has not ended.
        """
        execution = self._execution(execution_id)
        self._check_ended(execution, "an execution", "delete")
        self._desk.repository.purge([execution_id])
        folder = uris.execution_folder(execution.namespace, execution.flow_id, execution_id)
        self._desk.files.delete_all(folder)

    # Many at once

    def matching(self, query: ExecutionQuery) -> Iterator[Execution]:
        """Yield all executions that match, without their task runs, whatever `limit` says.

        They are looked up bit by bit: whoever deletes them takes them into a list first.
        """
        query = replace(query, limit=_PAGE)
        while page := self._desk.repository.executions(query):
            yield from page
            query = replace(query, after_id=page[-1].id)

    def each(self, execution_ids: Iterable[str], action: Callable[[str], Any]) -> list[Outcome]:
        """Do something to executions, one after the other; a refusal does not stop the rest.

        Args:
            execution_ids: which ones.
            action: one of the methods above, with its further arguments bound.
        """
        outcomes = []
        for execution_id in execution_ids:
            try:
                outcomes.append(Outcome(execution_id, action(execution_id)))
            except TiercelError as error:
                outcomes.append(Outcome(execution_id, error=error))
        return outcomes

    # Helpers

    def _now(self) -> Any:
        return self._desk.clock.now()

    def _execution(self, execution_id: str) -> Execution:
        return self._desk.repository.execution(execution_id)

    def _deliver(self, execution_id: str, event: events.Request) -> None:
        self._desk.deliver(execution_id, event)

    def _flow(self, execution: Execution) -> Flow:
        return self._revision(execution, execution.flow_revision)

    def _revision(self, execution: Execution, revision: int) -> Flow:
        flows = self._desk.flows
        return flows.revision(execution.tenant, execution.namespace, execution.flow_id, revision)

    def _repeat(self, execution: Execution, revision: int | None) -> Repeat:
        flow = self._flow(execution)
        newer = flow if revision is None else self._revision(execution, revision)
        return Repeat(execution, flow, newer)

    def _begin(self, event: events.ExecutionCreated) -> str:
        flow = self._desk.flows.revision(
            event.tenant, event.namespace, event.flow_id, event.flow_revision
        )
        self._desk.driver().create(event, flow).wait()
        return event.execution_id

    def _check_ended(
        self, execution: Execution, what: str, verb: str = "change the state of"
    ) -> None:
        if not execution.done:
            raise ConflictError(
                f"You can only {verb} {what} that has ended; the state of {execution.id} is "
                f"{execution.state}"
            )

    def _variables_at(self, execution: Execution, task_run_id: str) -> Mapping[str, Any]:
        """Return the execution's variables when a task run began, from its event log."""
        flow = self._flow(execution)
        if execution.variables == plain(flow.variables or {}):
            return execution.variables
        log = self._desk.repository.events(execution.id)
        first = decode_event(log[0].kind, log[0].payload)
        if not isinstance(first, events.ExecutionCreated):
            raise EngineBug(f"The event log begins with {log[0].kind}")
        then = create(first, flow).execution
        for stored in log[1:]:
            if task_run_id in then.task_runs:
                break
            then = reduce(then, decode_event(stored.kind, stored.payload)).execution
        return then.variables


def _paused(execution: Execution) -> TaskRun | None:
    paused = [each for each in execution.task_runs.values() if each.state is State.PAUSED]
    return min(paused, key=lambda each: each.history.entries[-1][1], default=None)


def _task_run(execution: Execution, task_run_id: str) -> TaskRun:
    run: TaskRun | None = execution.task_runs.get(task_run_id)
    if run is None:
        raise NotFoundError(f"Execution {execution.id!r} has no task run {task_run_id!r}")
    return run


def _check_end(state: State) -> None:
    if state not in ENDS:
        ends = ", ".join(sorted(ENDS))
        raise ConflictError(f"Nothing can be given the state {state}; it may be one of {ends}")
