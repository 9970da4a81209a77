"""What an execution did before it is restarted, changed by hand, or replayed by another one.

Scopes begin anew then, but a lane that comes to a place where a task run was before takes that one
over: one that stays as it ended is passed over, one that is to run again does so under its id.
The places are looked up, so taking over ten thousand runs costs no more than starting as many.
Pure, for `reduce`. Source of behaviour: Kestra's `ExecutionService` (`restart`, `replay`,
`changeTaskRunState`); golden area `flows/lifecycle`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Any

from tiercel._record import record, replace
from tiercel.engine.machine.scope import ROOT, LaneState, Scope
from tiercel.model.execution import State, TaskRun
from tiercel.plugin.task import FlowableTask

if TYPE_CHECKING:
    from tiercel.engine.machine.draft import Draft
    from tiercel.model.flow import Flow
    from tiercel.model.task import TaskBase

__all__ = [
    "Past",
    "failed",
    "goes_on",
    "outdated",
    "recall",
    "reopened",
    "runs_again",
    "with_ancestors",
]

Place = tuple[str, str, str | None, int | None]
"""Where a task run was: its parent's id, the task, the loop's value and index."""


@record
class Past:
    """Task runs to be taken over.

    Attributes:
        runs: by place.
        again: ids of those that run again; the others stay as they ended.
        below: by their parent's id, in order; `ROOT` for the flow's own.
        renews: whether what comes after a run that ran again is run anew (a replay), or taken over
            as well (a restart).
    """

    runs: Mapping[Place, TaskRun]
    again: frozenset[str]
    below: Mapping[str, tuple[TaskRun, ...]] = field(default_factory=dict)
    renews: bool = False

    @classmethod
    def of(cls, runs: Iterable[TaskRun], again: frozenset[str], *, renews: bool) -> Past:
        """Return the past that these task runs make up."""
        below = _by_parent(runs)
        places = {_place(each): each for siblings in below.values() for each in siblings}
        return cls(places, again, below, renews)


# What runs again


def failed(flow: Flow, runs: Mapping[str, TaskRun]) -> frozenset[str]:
    """Return the ids of the task runs that a restart runs again, and those of what is around them.

    What failed among `errors`, `finally` and `afterExecution` is none of them: these begin anew.
    """
    below = _by_parent(runs.values())
    found: list[str] = []
    scopes: list[tuple[str, Any]] = [(ROOT, flow)]
    while scopes:
        scope_id, owner = scopes.pop()
        own = {each.id: each for each in _tasks(owner)}
        handlers = {each.id for each in _handlers(owner)}
        for run in below.get(scope_id, ()):
            if run.task_id not in handlers:
                scopes.append((run.id, own.get(run.task_id)))
                if run.state.is_failed:
                    found.append(run.id)
    return with_ancestors(runs, found)


def with_ancestors(runs: Mapping[str, TaskRun], ids: Iterable[str]) -> frozenset[str]:
    """Return task runs together with the flowable ones around them."""
    found: set[str] = set()
    for each in ids:
        run_id: str | None = each
        while run_id is not None and run_id not in found:
            found.add(run_id)
            run_id = runs[run_id].parent_id
    return frozenset(found)


def outdated(
    flow: Flow, runs: Mapping[str, TaskRun], again: frozenset[str], *, renews: bool = False
) -> frozenset[str]:
    """Return the task runs that are gone when the runs `again`, and the flow, go on.

    Those are the runs of `errors`, `finally` and `afterExecution`, which begin anew if they are to
    run once more, and those below a task that starts over as a whole; not what belongs to a
    flowable task run that stays as it ended. A replay `renews` what failed beside its way, too.
    """
    below = _by_parent(runs.values())
    gone: list[TaskRun] = []
    scopes: list[tuple[str, Any]] = [(ROOT, flow)]
    while scopes:
        scope_id, owner = scopes.pop()
        own = {each.id: each for each in _tasks(owner)}
        handlers = {each.id: each for each in _handlers(owner)}
        siblings = below.get(scope_id, ())
        # Who replays from a task of `errors` wants what failed before it as it was.
        handling = any(each.id in again and each.task_id in handlers for each in siblings)
        for run in siblings:
            if run.id in again and not starts_over(owner):
                scopes.append((run.id, own.get(run.task_id) or handlers.get(run.task_id)))
            elif _is_outdated(run, owner, run.task_id in own, handling, renews):
                gone.append(run)
    return frozenset(each.id for run in gone for each in _with_below(run, below))


def _is_outdated(run: TaskRun, owner: Any, is_own: bool, handling: bool, renews: bool) -> bool:
    """Return whether a run beside the way is gone; `is_own` tells it from those of `errors`."""
    if run.hidden or starts_over(owner):
        return True
    return not handling and (not is_own or (renews and run.state.is_failed))


def starts_over(owner: Any) -> bool:
    """Return whether no part of a task could be run again alone: its working folder is gone."""
    return isinstance(owner, FlowableTask) and owner.shares_folder


def _tasks(owner: Any) -> Iterable[TaskBase]:
    """Return the tasks of a flow or a flowable, without `errors` and the like."""
    if isinstance(owner, FlowableTask):
        return owner.children()
    tasks: Iterable[TaskBase] = getattr(owner, "tasks", ())
    return tasks


def _handlers(owner: Any) -> Iterable[TaskBase]:
    """Return the tasks of `errors`, `finally` and `afterExecution`."""
    lists = ("errors", "finally_", "after_execution")
    return [each for name in lists for each in getattr(owner, name, None) or ()]


# Taking over


def recall(draft: Draft, scope: Scope, lane: LaneState, task: TaskBase) -> TaskRun | None:
    """Return the run that a task had at this place before, if it is to be taken over."""
    past = draft.scope(ROOT).past
    if past is None or (past.renews and lane.fresh):
        return None
    run = past.runs.get((scope.id, task.id, lane.lane.value, lane.lane.iteration))
    if run is None:
        return None
    stays = run.id not in past.again
    if stays and run.state is State.RETRIED:
        # Another execution was to run it; as that one was called off, a new run takes its place.
        gone = {each.id for each in _with_below(run, past.below)}
        draft.remove_task_runs(gone & set(draft.execution.task_runs))
        return None
    if not run.state.is_terminal and (stays or not goes_on(run, task)):
        return None  # the execution that is repeated has not ended yet
    if run.id in draft.execution.task_runs:
        return draft.execution.task_runs[run.id]
    for each in _with_below(run, past.below if stays else {}):
        draft.put_task_run(each)
    return run


def runs_again(draft: Draft, run: TaskRun) -> bool:
    """Return whether a run that was taken over is to run again."""
    past = draft.scope(ROOT).past
    return past is not None and run.id in past.again


def goes_on(run: TaskRun, task: TaskBase) -> bool:
    """Return whether a run that is to run again goes on inside, with those of its tasks that are.

    Every other one is RESTARTED as a whole.
    """
    inside = isinstance(task, FlowableTask) and not task.begins_with_child
    return inside and bool(run.attempts) and not starts_over(task)


def reopened(draft: Draft, run: TaskRun, task: FlowableTask) -> Scope:
    """Return the scope in which a flowable task run goes on that was under way, or over, before.

    A loop that repeats its tasks goes on with the round that is to run again, or, if all rounds
    are over, with one more.
    """
    scope = Scope(run.id, task)
    past = draft.scope(ROOT).past
    if past is None or not task.repeats:
        return scope
    rounds = past.below.get(run.id, ())
    again = [each.iteration or 0 for each in rounds if each.id in past.again]
    first = min(again) if again else 1 + max((each.iteration or 0 for each in rounds), default=-1)
    for each in rounds:
        if (each.iteration or 0) < first and each.id not in draft.execution.task_runs:
            for kept in _with_below(each, past.below):
                draft.put_task_run(kept)
    return replace(scope, opened=first, due=first > 0)


def _place(run: TaskRun) -> Place:
    return run.parent_id or ROOT, run.task_id, run.value, run.iteration


def _by_parent(runs: Iterable[TaskRun]) -> dict[str, tuple[TaskRun, ...]]:
    below: dict[str, list[TaskRun]] = {}
    for run in sorted(runs, key=lambda each: (each.history.started, each.id)):
        below.setdefault(run.parent_id or ROOT, []).append(run)
    return {key: tuple(each) for key, each in below.items()}


def _with_below(run: TaskRun, below: Mapping[str, tuple[TaskRun, ...]]) -> Iterator[TaskRun]:
    """Yield a task run and all those inside it, parents first."""
    waiting = [run]
    while waiting:
        each = waiting.pop()
        yield each
        waiting.extend(below.get(each.id, ()))
