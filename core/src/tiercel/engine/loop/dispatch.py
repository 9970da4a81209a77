"""`Dispatcher`: does what was decided, once it is committed: jobs, kills, timers, children."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tiercel.engine.loop.beginning import unknown_to_child
from tiercel.engine.loop.carry_on import carry_on
from tiercel.engine.loop.ticket import Ticket
from tiercel.engine.machine import commands, events
from tiercel.engine.machine.scope import ROOT
from tiercel.engine.worker.assignment import Assignment
from tiercel.engine.worker.folders import SharedFolders
from tiercel.errors import TiercelError
from tiercel.executor.spi import Job
from tiercel.model.execution import Execution, State

if TYPE_CHECKING:
    from tiercel.engine.loop.live import Live
    from tiercel.engine.loop.parts import Parts
    from tiercel.engine.loop.queue import Queue
    from tiercel.engine.loop.timers import Timers
    from tiercel.engine.worker.attempts import Attempts
    from tiercel.model.task import TaskBase

__all__ = ["Dispatcher", "task_of"]


class Dispatcher:
    """Hands commands on to whoever does them. Belongs to the driver's thread.

    Args:
        parts: the executor, the clock, and what begins executions of other flows.
        attempts: notes what goes to the executor.
        timers: rings for `StartTimer`.
        queue: who waits for a place among the executions that run.
        post: puts a message into the driver's inbox.
    """

    def __init__(
        self,
        parts: Parts,
        attempts: Attempts,
        timers: Timers,
        queue: Queue,
        post: Callable[[tuple[Any, ...]], None],
    ) -> None:
        self._parts = parts
        self._attempts = attempts
        self._timers = timers
        self._queue = queue
        self._post = post
        self._folders = SharedFolders(parts.services.working_root)

    def dispatch(self, live: Live, command: commands.Command) -> None:
        """Do what a command says, or have it done."""
        match command:
            case commands.SubmitTask():
                self._submit(live, command)
            case commands.KillTask():
                self._kill(live, command)
            case commands.StartTimer():
                self._timers.set(command.due, "due", live.execution.id, command.id)
            case commands.StartChild():
                self._start_child(live, command)
            case commands.Admit():
                self._queue.add(live)

    def tidy(self, execution: Execution) -> None:
        """Remove the working folders of task runs that have ended."""
        self._folders.tidy(execution)

    def close(self) -> None:
        """Return when nothing is left to tidy."""
        self._folders.close()

    def _start_child(self, live: Live, command: commands.StartChild) -> None:
        """Begin an execution of another flow, in the same transaction as the news of it."""
        if carry_on(self._parts, live.execution.id, command, self._post):
            return
        error, remarks = None, []
        try:
            created = self._parts.child(live.execution, command)
        except TiercelError as refused:
            error = str(refused)
        else:
            if created is not None:
                self._post(("create", *created, (), (), Ticket()))
                remarks = unknown_to_child(live.execution, command, created[1])
        news = events.ChildCreated(
            at=self._parts.clock.now(),
            command_id=command.id,
            execution_id=command.execution_id,
            flow_id=command.request["flow_id"],
            namespace=command.request["namespace"],
            error=error,
            remarks=remarks,
        )
        self._post(("event", live.execution.id, news, Ticket()))

    def _submit(self, live: Live, command: commands.SubmitTask) -> None:
        execution = live.execution
        job = Job(execution.id, command.task_run_id, command.attempt, live.epoch)
        task: Any = task_of(execution, command.task_run_id)
        task_run, seen = execution.task_runs[command.task_run_id], task
        if task_run.hidden:  # it works in its parent's name
            assert task_run.parent_id is not None
            task_run = execution.task_runs[task_run.parent_id]
            seen = task_of(execution, task_run.id)
        assignment = Assignment(
            execution_id=execution.id,
            namespace=execution.namespace,
            flow_id=execution.flow_id,
            task=task,
            task_run=task_run,
            attempt=command.attempt,
            variables=live.variables.of_task_run(execution, task_run, seen),
            folder=self._folders.of(execution, command.task_run_id),
            # What a flowable's own step found out is for the flowable, which reads no files.
            spills=not execution.task_runs[command.task_run_id].hidden,
        )
        self._attempts.add(job, assignment)
        self._parts.executor.submit(job)

    def _kill(self, live: Live, command: commands.KillTask) -> None:
        job = Job(live.execution.id, command.task_run_id, command.attempt, live.epoch)
        if self._attempts.kill(job):
            return
        # It does not run here (any more): it is as good as killed.
        now = self._parts.clock.now()
        gone = events.TaskRunEnded(
            at=now,
            task_run_id=command.task_run_id,
            attempt=command.attempt,
            state=State.KILLED,
            started=now,
        )
        self._post(("event", live.execution.id, gone, Ticket()))


def task_of(execution: Execution, task_run_id: str) -> TaskBase:
    """Return the task of a task run that has not ended."""
    parent_id = execution.task_runs[task_run_id].parent_id
    scope = execution.scopes.get(task_run_id)
    if scope is not None and scope.task is not None:
        return scope.task  # type: ignore[no-any-return]  # scopes are engine objects
    task: TaskBase = execution.scopes[parent_id or ROOT].running[task_run_id].task
    return task
