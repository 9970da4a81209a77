"""What comes next: lanes go on, flowables decide, scopes end. Pure helpers of `reduce`.

Everything here works on a `Draft` and its agenda: instead of calling each other in a circle, the
functions put (scope, lane) on the agenda, and `settle` works it off.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tiercel._record import replace
from tiercel.engine.machine.admission import ask_admission, is_limited
from tiercel.engine.machine.again import begin_again
from tiercel.engine.machine.children import run_flow
from tiercel.engine.machine.commands import Evaluate, SubmitTask, attempt_id
from tiercel.engine.machine.draft import Draft, current_attempt
from tiercel.engine.machine.hold import postpone
from tiercel.engine.machine.past import goes_on, recall, reopened, runs_again
from tiercel.engine.machine.retry import schedule_retry
from tiercel.engine.machine.scope import ROOT, LaneState, Phase, Place, Scope, worse
from tiercel.engine.machine.sla import stop_watching, watch_assertions
from tiercel.engine.machine.waiting import ask, cut_pause_short, leave_pause, pause, wait
from tiercel.errors import EngineBug
from tiercel.model.execution import State, TaskRun
from tiercel.plugin import task as spi

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tiercel.engine.machine.past import Past
    from tiercel.model.task import TaskBase

__all__ = ["begin", "end_early", "end_task_run", "enter_phase", "launch", "settle", "start"]


def begin(draft: Draft, past: Past | None = None) -> None:
    """Start the flow's own scope; what was before is taken over from its `past`."""
    root = Scope(ROOT, None, past=past)
    if is_limited(draft):
        ask_admission(draft, root)
        return
    if draft.execution.state is State.RESTARTED:
        draft.to(State.RUNNING)
    draft.put_scope(root)
    draft.agenda.append((ROOT, None))


def settle(draft: Draft) -> None:
    """Work off the agenda: until everything waits for something to happen."""
    postpone(draft)
    while draft.agenda:
        scope_id, lane = draft.agenda.popleft()
        if scope_id not in draft.execution.scopes:
            continue
        if scope_id != ROOT and draft.scope(ROOT).phase is Phase.KILLING:
            continue
        if lane is None:
            _step(draft, draft.scope(scope_id))
        else:
            _advance(draft, draft.scope(scope_id), lane)


def _step(draft: Draft, scope: Scope) -> None:
    """Do what the scope says is next, now that something about it changed."""
    if scope.phase is not Phase.TASKS:
        if not scope.lanes:
            _leave_phase(draft, scope)
        return
    if scope.draining:
        if not scope.lanes:
            _drained(draft, scope)
        return
    decision = _decide(draft, scope)
    if _is_paused(draft, scope) and not isinstance(decision, spi.Pause | spi.Evaluate):
        leave_pause(draft, scope, decision)
    match decision:
        case spi.Open(lanes, outputs):
            _publish(draft, scope, outputs)
            _open(draft, scope, lanes)
        case spi.Evaluate() as question:
            _publish(draft, scope, question.outputs)
            ask(draft, scope, f"{scope.id}:next:{question.key}", question)
        case spi.Wait(until):
            wait(draft, scope, until)
        case spi.Pause():
            pause(draft, scope, decision)
        case spi.RunFlow():
            run_flow(draft, scope, decision)
        case spi.Finish() as finish:
            _finish(draft, scope, finish)


def _publish(draft: Draft, scope: Scope, outputs: Mapping[str, Any] | None) -> None:
    """Let other tasks see a flowable's outputs while it is under way."""
    if outputs is not None:
        task_run = draft.execution.task_runs[scope.id]
        draft.put_task_run(replace(task_run, outputs=outputs))


def _is_paused(draft: Draft, scope: Scope) -> bool:
    task_run = draft.execution.task_runs.get(scope.id)
    return task_run is not None and task_run.state is State.PAUSED


def _decide(draft: Draft, scope: Scope) -> spi.Decision:
    """Ask the flowable. What it raises is its failure, never the engine's."""
    view = scope.view(draft.execution, draft.at)
    question = scope.values.get("#error")
    if question is not None:
        error = f"Unable to resolve state from the Flowable task: {question['error']}"
        return spi.Finish(State.FAILED, error=error)
    if scope.task is None:
        return _flow_next(draft, view)
    assert isinstance(scope.task, spi.FlowableTask)
    try:
        return scope.task.next(view)
    except Exception as error:  # a plugin's code: anything may come out of it
        return spi.Finish(State.FAILED, error=str(error) or type(error).__name__)


def _flow_next(draft: Draft, view: spi.FlowableView) -> spi.Decision:
    """The flow itself is one lane: its tasks in order."""
    if not view.opened:
        assert draft.execution.flow is not None
        return spi.Open((spi.Lane("tasks", tuple(draft.execution.flow.tasks)),))
    if view.active:
        return spi.Wait()
    return spi.Finish(view.worst)


# Lanes


def _open(
    draft: Draft, scope: Scope, lanes: Sequence[spi.Lane], *, keeps_going: bool = False
) -> None:
    if not lanes:
        raise EngineBug(f"Task {scope.task and scope.task.id!r} opened no lane")
    states = scope.lanes
    for lane in lanes:
        opened = LaneState(lane, keeps_going=keeps_going, fresh=scope.fresh)
        states = states.insert(lane.key, opened)
        draft.agenda.append((scope.id, lane.key))
    draft.put_scope(replace(scope, lanes=states, opened=scope.opened + len(lanes), due=False))


def _advance(draft: Draft, scope: Scope, key: str | int) -> None:
    """Start the lane's next task, or end the lane."""
    state = scope.lanes.get(key)
    if state is None:
        return
    tasks, index = state.lane.tasks, state.index
    while index < len(tasks) and tasks[index].disabled:
        index += 1
    if index == len(tasks) or scope.draining:
        cut_short = index < len(tasks)
        _end_lane(draft, scope, key, State.KILLED if cut_short else state.worst)
        return
    task = tasks[index]
    state = replace(state, index=index)
    earlier = recall(draft, scope, state, task)
    if earlier is not None and not runs_again(draft, earlier):
        _leave_task(draft, scope, key, state, earlier.state)
        return
    task_run = earlier or draft.new_task_run(task.id, scope.id or None, state.lane)
    draft.put_scope(
        replace(
            scope,
            lanes=scope.lanes.insert(key, state),
            running=scope.running.insert(task_run.id, Place(key, task)),
        )
    )
    if earlier is None:
        start(draft, task_run, task)
    else:
        _start_again(draft, earlier, task)


def _start_again(draft: Draft, task_run: TaskRun, task: TaskBase) -> None:
    """Run a task run once more; a flowable one goes on with those of its tasks that are to."""
    if goes_on(task_run, task):
        assert isinstance(task, spi.FlowableTask)
        draft.put_scope(reopened(draft, draft.reopen(task_run), task))
        draft.agenda.append((task_run.id, None))
    else:
        task_run = draft.put_task_run(replace(task_run, error=None))
        start(draft, draft.move(task_run, State.RESTARTED), task)


def start(draft: Draft, task_run: TaskRun, task: TaskBase) -> None:
    """Begin a task run, or a further attempt, unless its `runIf` says otherwise."""
    if task.run_if == "true":
        launch(draft, task_run, task)
    else:
        draft.command(
            Evaluate(
                id=f"{task_run.id}:runIf",
                purpose="runIf",
                task_run_id=task_run.id,
                expressions={"runIf": task.run_if},
            )
        )


def _end_lane(draft: Draft, scope: Scope, key: str | int, state: State) -> None:
    draft.put_scope(
        replace(
            scope,
            lanes=scope.lanes.remove(key),
            ended=scope.ended.insert(key, state),
            worst=worse(scope.worst, state),
            fresh=scope.fresh or scope.lanes[key].fresh,
        )
    )
    draft.agenda.append((scope.id, None))


def _leave_task(draft: Draft, scope: Scope, key: str | int, lane: LaneState, state: State) -> bool:
    """Have a lane, whose task run ended in `state`, go on, or end; return whether it goes on."""
    lane = replace(lane, worst=worse(lane.worst, state))
    if state.is_failed and not lane.keeps_going:
        scope = replace(scope, lanes=scope.lanes.insert(key, lane))
        _end_lane(draft, scope, key, lane.worst)
        return False
    lane = replace(lane, index=lane.index + 1)
    draft.put_scope(replace(scope, lanes=scope.lanes.insert(key, lane)))
    draft.agenda.append((scope.id, key))
    return True


# Task runs


def launch(draft: Draft, task_run: TaskRun, task: TaskBase) -> None:
    """Begin an attempt: a flowable's scope opens, any other task goes to a worker.

    A task that changes its execution has its expressions rendered first, and stays CREATED.
    """
    if isinstance(task, spi.FlowableTask):
        if not task.begins_with_child:
            draft.begin_attempt(task_run, draft.at)
        draft.put_scope(Scope(task_run.id, task))
        draft.agenda.append((task_run.id, None))
        return
    if isinstance(task, spi.ExecutionTask):
        draft.command(
            Evaluate(
                id=f"{task_run.id}:update",
                purpose="update",
                task_run_id=task_run.id,
                expressions=task.expressions(),
            )
        )
        return
    if _runs_at_once(draft, task_run):
        task_run = draft.begin_attempt(task_run, draft.at)
    else:
        task_run = draft.move(task_run, State.SUBMITTED)
    attempt = current_attempt(task_run)
    draft.command(
        SubmitTask(id=attempt_id(task_run.id, attempt), task_run_id=task_run.id, attempt=attempt)
    )


def _runs_at_once(draft: Draft, task_run: TaskRun) -> bool:
    """Return whether a task is never SUBMITTED: it runs where its flowable does.

    Source: Kestra's `WorkingDirectory`; golden area `flows/workingdir`.
    """
    scope = draft.scope(task_run.parent_id or ROOT)
    shares = isinstance(scope.task, spi.FlowableTask) and scope.task.shares_folder
    return shares and scope.phase is Phase.TASKS


def end_task_run(
    draft: Draft, task_run: TaskRun, task: TaskBase, state: State, *, forgiving: bool = True
) -> None:
    """Move a task run to the state it ends in, and its lane on to the next task.

    `allowFailure` turns FAILED into WARNING, and `allowWarning` WARNING into SUCCESS, unless the
    state is not `forgiving`.
    """
    if forgiving:
        state = _forgiven(task, state)
    task_run = draft.move(task_run, state)
    scope = draft.scope(task_run.parent_id or ROOT)
    place = scope.running[task_run.id]
    lane = scope.lanes[place.lane]
    scope = replace(scope, running=scope.running.remove(task_run.id))
    if lane.lane.hidden:
        values = scope.values.insert(str(place.lane), task_run.outputs or {})
        scope = replace(scope, values=values)
    if _leave_task(draft, scope, place.lane, replace(lane, fresh=True), state):
        watch_assertions(draft)


def _forgiven(task: TaskBase, state: State) -> State:
    if state is State.FAILED and task.allow_failure:
        state = State.WARNING
    if state is State.WARNING and task.allow_warning:
        state = State.SUCCESS
    return state


# The end of a scope


def _finish(draft: Draft, scope: Scope, finish: spi.Finish) -> None:
    """Note how the scope will end; what still runs, `errors` and `finally` come first."""
    if finish.error:
        draft.log(finish.level, finish.error, draft.execution.task_runs.get(scope.id))
    if finish.state is State.CANCELLED:
        end_early(draft, State.CANCELLED)
        scope = draft.scope(scope.id)
    _drain(draft, replace(scope, finish=finish))


def _drain(draft: Draft, scope: Scope) -> None:
    """Let what runs in a scope, and in the scopes inside it, come to an end; start nothing new."""
    draft.put_scope(replace(draft.stop_waiting(scope), draining=True))
    draft.agenda.append((scope.id, None))
    for task_run_id, place in sorted(scope.running.items()):
        inner = draft.execution.scopes.get(task_run_id)
        task_run = draft.execution.task_runs[task_run_id]
        if inner is not None:
            _drain(draft, inner)
        elif task_run.state is State.RETRYING:
            draft.finish_command(f"{task_run_id}:retry")
            if draft.execution.state is State.RETRYING:
                draft.to(State.RUNNING)
            end_task_run(draft, task_run, place.task, State.KILLED)


def end_early(draft: Draft, state: State) -> None:
    """Have the whole execution end in `state`: what runs is waited for, nothing else begins."""
    if draft.execution.state is State.PAUSED and state is not State.CANCELLED:
        draft.to(State.RUNNING)
    for scope in draft.execution.scopes.values():
        draft.put_scope(replace(scope, finish=spi.Finish(state), left=True))
    _drain(draft, draft.scope(ROOT))


def _drained(draft: Draft, scope: Scope) -> None:
    """Go on with the end of a scope in which nothing runs any more."""
    finish = scope.finish or spi.Finish(State.KILLED)
    scope = replace(scope, finish=finish)
    enter_phase(draft, scope, Phase.ERRORS if finish.state is State.FAILED else Phase.FINALLY)


def enter_phase(draft: Draft, scope: Scope, phase: Phase) -> None:
    """Open the lane of `errors`, `finally` or `afterExecution`; without tasks, pass through."""
    if phase is Phase.AFTER_EXECUTION:
        stop_watching(draft)
    owner: Any = scope.task or draft.execution.flow
    tasks = {
        Phase.ERRORS: owner.errors,
        Phase.FINALLY: owner.finally_,
        Phase.AFTER_EXECUTION: getattr(owner, "after_execution", None),
    }.get(phase)
    scope = replace(scope, phase=phase, draining=False)
    if tasks and not (scope.left and phase is not Phase.AFTER_EXECUTION):
        _open(draft, scope, (spi.Lane(f"#{phase}", tuple(tasks)),), keeps_going=True)
    else:
        draft.put_scope(scope)
        draft.agenda.append((scope.id, None))


def _leave_phase(draft: Draft, scope: Scope) -> None:
    match scope.phase:
        case Phase.ERRORS:
            enter_phase(draft, scope, Phase.FINALLY)
        case Phase.FINALLY if scope.task is not None:
            _close_flowable(draft, scope)
        case Phase.FINALLY:
            draft.put_scope(replace(scope, phase=Phase.OUTPUTS))
            if not watch_assertions(draft):
                _ask_outputs(draft, draft.scope(ROOT))
        case Phase.OUTPUTS:
            # Looked at again while it still waits for an answer, there is nothing to do.
            if not scope.asserting and scope.asked is None:
                _ask_outputs(draft, scope)
        case Phase.KILLING:
            assert scope.finish is not None
            draft.to(scope.finish.state)
            enter_phase(draft, scope, Phase.AFTER_EXECUTION)
        case Phase.AFTER_EXECUTION:
            if not begin_again(draft, scope):
                draft.drop_scope(scope.id)
                draft.set(done=True)
        case _:
            raise EngineBug(f"Scope {scope.id!r} has nothing to leave in phase {scope.phase}")


def _close_flowable(draft: Draft, scope: Scope) -> None:
    assert isinstance(scope.task, spi.FlowableTask)
    assert scope.finish is not None
    draft.drop_scope(scope.id)
    task_run = draft.execution.task_runs[scope.id]
    state = scope.finish.state
    if task_run.state is State.PAUSED:
        cut_pause_short(draft, scope)
    if task_run.attempts and not task_run.attempts[-1].state.is_terminal:
        task_run = draft.end_attempt(task_run, _forgiven(scope.task, state))
    else:
        task_run = draft.put_attempt(task_run, state)
    if scope.finish.outputs is not None or scope.finish.error is not None:
        task_run = draft.put_task_run(
            replace(task_run, outputs=scope.finish.outputs, error=scope.finish.error)
        )
    failed_child = scope.task.begins_with_child and state is State.FAILED
    if failed_child and schedule_retry(draft, scope.task, task_run):
        return
    if scope.finish.through is not None and scope.finish.through is not _forgiven(
        scope.task, state
    ):
        task_run = draft.move(task_run, scope.finish.through)
    end_task_run(draft, task_run, scope.task, state)


def _ask_outputs(draft: Draft, scope: Scope) -> None:
    """Have the flow's outputs rendered, which is the last thing before the terminal state.

    An execution that a task ended has none. Source: Kestra's `ExecutorService.handleEnd`.
    """
    assert draft.execution.flow is not None
    finish = scope.finish
    assert finish is not None
    if draft.execution.flow.outputs and not scope.left:
        ask(draft, scope, "outputs")
    else:
        draft.to(finish.state)
        enter_phase(draft, scope, Phase.AFTER_EXECUTION)
