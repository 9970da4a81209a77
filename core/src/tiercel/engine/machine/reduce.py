"""`reduce`: an execution and an event in, the next execution and what is to be done out.

Pure, total and deterministic (contract C4): no I/O, no clock, no randomness; every event in every
state has an answer, and an event that means nothing (any more) changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from tiercel._record import replace
from tiercel.engine.machine import again, later, restart, sla
from tiercel.engine.machine import events as ev
from tiercel.engine.machine.admission import admit, answer_admission, leave_queue
from tiercel.engine.machine.carried import take_up
from tiercel.engine.machine.children import child_created, child_ended
from tiercel.engine.machine.commands import attempt_id
from tiercel.engine.machine.draft import Draft, Reduction, current_attempt
from tiercel.engine.machine.hold import hold, put_off, release
from tiercel.engine.machine.kill import begin_kill, killed_in_worker
from tiercel.engine.machine.resolve import begin, end_task_run, enter_phase, launch, settle, start
from tiercel.engine.machine.retry import schedule_retry
from tiercel.engine.machine.scope import ROOT, Phase
from tiercel.engine.machine.update import apply_updates, update_evaluated
from tiercel.engine.machine.waiting import wake
from tiercel.model.execution import Execution, History, State, TaskRun

if TYPE_CHECKING:
    from tiercel.model.flow import Flow
    from tiercel.model.task import TaskBase

__all__ = ["Reduction", "create", "reduce"]


def create(event: ev.ExecutionCreated, flow: Flow) -> Reduction:
    """Return a new execution of `flow`, under way."""
    execution = Execution(
        id=event.execution_id,
        tenant=event.tenant,
        namespace=event.namespace,
        flow_id=event.flow_id,
        flow_revision=event.flow_revision,
        flow=flow,
        history=History.begin(State.CREATED, event.at),
        labels=event.labels,
        inputs=event.inputs,
        variables=event.variables,
        trigger=event.trigger,
        parent_id=event.parent_id,
        parent_command=event.parent_command,
        original_id=event.original_id or event.execution_id,
        attempt=event.attempt,
        first_at=event.first_at,
    )
    draft = Draft(execution, event.at)
    if event.refusal is not None:
        draft.to(State.FAILED)
        draft.set(error=event.refusal, done=True)
        return draft.result()
    if event.schedule_date is not None and event.schedule_date > event.at:
        later.begin_later(draft, event.schedule_date)
    elif event.carried is None:
        begin(draft)
        sla.watch(draft)
    else:
        begin(draft, take_up(draft, event.carried))
        sla.watch_assertions(draft)
    settle(draft)
    return draft.result()


def reduce(execution: Execution, event: ev.AnyEvent) -> Reduction:
    """Return what becomes of `execution` when `event` happens.

    Args:
        execution: with its flow and its engine state: what `create` or `reduce` returned.
        event: anything but `ExecutionCreated`, which an execution has behind it already.
    """
    draft = Draft(execution, event.at)
    match event:
        case ev.Admitted():
            answer_admission(draft, event.state)
            if draft.execution.done:
                sla.stop_watching(draft)
        case ev.TaskRunStarted():
            _task_run_started(draft, event)
        case ev.TaskRunEnded():
            _task_run_ended(draft, event)
        case ev.Evaluated():
            _evaluated(draft, event)
        case ev.TimerFired():
            _timer_fired(draft, event)
        case ev.ChildCreated() if event.command_id == again.BEGIN:
            again.begun_again(draft, event.error)
        case ev.ChildCreated():
            child_created(draft, event)
        case ev.ChildEnded():
            child_ended(draft, event)
        case ev.ExecutionCreated():
            pass  # a repeated creation changes nothing
        case _:
            _requested(draft, event)
    settle(draft)
    return draft.result()


# Workers


def _task_run_started(draft: Draft, event: ev.TaskRunStarted) -> None:
    task_run = draft.execution.task_runs.get(event.task_run_id)
    if (
        task_run is not None
        and task_run.state is State.SUBMITTED
        and current_attempt(task_run) == event.attempt
    ):
        draft.begin_attempt(task_run, event.at)


def _task_run_ended(draft: Draft, event: ev.TaskRunEnded) -> None:
    draft.finish_command(attempt_id(event.task_run_id, event.attempt))
    task_run = draft.execution.task_runs.get(event.task_run_id)
    if task_run is None or current_attempt(task_run) != event.attempt:
        return
    if task_run.state is State.SUBMITTED:
        task_run = draft.begin_attempt(task_run, event.started)
    if task_run.state is not State.RUNNING:
        return
    task_run = draft.put_task_run(replace(task_run, outputs=event.outputs, error=event.error))
    if draft.scope(ROOT).phase is Phase.KILLING:
        _ended_while_killing(draft, task_run, event)
        return
    task_run = draft.end_attempt(task_run, event.state, event.log_file)
    task = draft.scope(task_run.parent_id or ROOT).running[task_run.id].task
    if event.state is State.FAILED and event.retryable and schedule_retry(draft, task, task_run):
        return
    if event.updates:
        apply_updates(draft, event.updates)
    end_task_run(draft, task_run, task, _warned(task_run, task, event.state))


def _warned(task_run: TaskRun, task: TaskBase, state: State) -> State:
    """Return WARNING for a success that needed a further attempt, where `warningOnRetry` asks."""
    warns = task.retry is not None and task.retry.warning_on_retry
    late = state is State.SUCCESS and len(task_run.attempts) > 1
    return State.WARNING if warns and late else state


def _ended_while_killing(draft: Draft, task_run: TaskRun, event: ev.TaskRunEnded) -> None:
    if task_run.attempts and not task_run.attempts[-1].state.is_terminal:
        task_run = draft.end_attempt(task_run, event.state, event.log_file)
    killed_in_worker(draft, task_run, event.state)


# Retries


def _timer_fired(draft: Draft, event: ev.TimerFired) -> None:
    draft.finish_command(event.command_id)
    task_run_id, _, purpose = event.command_id.partition(":")
    if purpose == "retry":
        _retry_due(draft, draft.execution.task_runs.get(task_run_id))
    elif event.command_id == again.TIMER:
        again.due_again(draft)
    elif event.command_id == later.TIMER:
        _scheduled_date_came(draft)
    elif event.command_id.startswith(sla.TIMER):
        sla.duration_over(draft, event.command_id)
    elif task_run_id in draft.execution.scopes:
        scope = draft.scope(task_run_id)
        if scope.timer == event.command_id:
            wake(draft, replace(scope, timer=None, due=True))


def _scheduled_date_came(draft: Draft) -> None:
    if later.is_to_begin_later(draft):
        later.leave_waiting(draft)
        begin(draft)
        sla.watch(draft)


def _retry_due(draft: Draft, task_run: TaskRun | None) -> None:
    if task_run is None or task_run.state is not State.RETRYING:
        return
    if put_off(draft, task_run):
        return
    if draft.execution.state is State.RETRYING:
        draft.to(State.RUNNING)
    task = draft.scope(task_run.parent_id or ROOT).running[task_run.id].task
    start(draft, draft.move(task_run, State.CREATED), task)


# Answers


def _evaluated(draft: Draft, event: ev.Evaluated) -> None:
    draft.finish_command(event.command_id)
    target, _, purpose = event.command_id.partition(":")
    if event.command_id == "outputs":
        _outputs_evaluated(draft, event)
    elif purpose == "runIf":
        _run_if_evaluated(draft, draft.execution.task_runs.get(target), event)
    elif purpose == "update":
        update_evaluated(draft, draft.execution.task_runs.get(target), event)
    elif event.command_id.startswith(sla.QUESTION):
        sla.assertion_evaluated(draft, event)
    elif target in draft.execution.scopes:
        scope = draft.scope(target)
        if scope.asked != event.command_id:
            return
        # A question that could not be answered fails the flowable, whatever it asked for.
        key = purpose.removeprefix("next:") if event.error is None else "#error"
        answer = event.values if event.error is None else {"error": event.error}
        draft.put_scope(replace(scope, values=scope.values.insert(key, answer or {}), asked=None))
        draft.agenda.append((target, None))


def _run_if_evaluated(draft: Draft, task_run: TaskRun | None, event: ev.Evaluated) -> None:
    if task_run is None or task_run.state not in (State.CREATED, State.RESTARTED):
        return
    task = draft.scope(task_run.parent_id or ROOT).running[task_run.id].task
    if event.error is not None:
        draft.log("ERROR", event.error, task_run)
        task_run = draft.put_task_run(replace(task_run, error=event.error))
        # The task has not begun: its `allowFailure` is about what it does, and forgives nothing.
        end_task_run(draft, task_run, task, State.FAILED, forgiving=False)
    elif event.values and event.values.get("runIf"):
        launch(draft, task_run, task)
    else:
        task_run = draft.put_attempt(task_run, State.SKIPPED)
        end_task_run(draft, task_run, task, State.SKIPPED)


def _outputs_evaluated(draft: Draft, event: ev.Evaluated) -> None:
    scope = draft.execution.scopes.get(ROOT)
    if scope is None or scope.phase is not Phase.OUTPUTS:
        return
    scope = replace(scope, asked=None)
    assert scope.finish is not None
    draft.to(scope.finish.state)
    for remark in event.remarks:
        draft.log("WARN", remark)
    if event.error is None:
        draft.set(outputs=event.values)
    else:
        # Golden case `basics/flow_output_missing_variable`: FAILED follows the state it had.
        draft.log("ERROR", event.error)
        if scope.finish.state is not State.FAILED:
            draft.to(State.FAILED)
        draft.set(error=event.error)
    enter_phase(draft, scope, Phase.AFTER_EXECUTION)


# People


def _requested(draft: Draft, event: ev.Request) -> None:
    match event:
        case ev.KillRequested():
            _kill_requested(draft)
        case ev.Resumed():
            _resumed(draft, event)
        case ev.PauseRequested():
            hold(draft)
        case ev.RunForced():
            _run_forced(draft, event)
        case ev.Unqueued():
            leave_queue(draft, event.state)
            if draft.execution.done:
                sla.stop_watching(draft)
        case ev.Restarted():
            restart.restart(draft)
        case ev.TaskRunMarked():
            restart.mark_task_run(draft, event)
        case ev.ExecutionMarked():
            restart.mark_execution(draft, event.state)
        case ev.LabelsSet():
            _labels_set(draft, event)
        case _:
            assert_never(event)


def _kill_requested(draft: Draft) -> None:
    scope = draft.execution.scopes.get(ROOT)
    if scope is None or again.call_off(draft, scope):
        return
    if scope.phase not in (Phase.KILLING, Phase.AFTER_EXECUTION):
        begin_kill(draft)


def _resumed(draft: Draft, event: ev.Resumed) -> None:
    for task_run_id in release(draft):
        _retry_due(draft, draft.execution.task_runs.get(task_run_id))
    for scope_id in sorted(draft.execution.scopes):
        task_run = draft.execution.task_runs.get(scope_id)
        if task_run is None or task_run.state is not State.PAUSED:
            continue
        if event.task_run_id in (None, scope_id):
            resumed = {"inputs": event.inputs, "state": event.state}
            wake(draft, replace(draft.scope(scope_id), resumed=resumed))


def _run_forced(draft: Draft, event: ev.RunForced) -> None:
    root = draft.execution.scopes.get(ROOT)
    if draft.execution.state is State.PAUSED:
        _resumed(draft, ev.Resumed(at=event.at))
    elif later.is_to_begin_later(draft):
        admit(draft, later.leave_waiting(draft))
        sla.watch(draft)
    elif root is not None and root.phase is Phase.ADMISSION:
        admit(draft, root)


def _labels_set(draft: Draft, event: ev.LabelsSet) -> None:
    labels = tuple((dict(draft.execution.labels) | dict(event.labels)).items())
    if labels != draft.execution.labels:
        draft.set(labels=labels)
