"""What expressions can see: `flow`, `execution`, `inputs`, `outputs`, `taskrun`, …

Built bit by bit as task runs end, so that the cost of one more task does not depend on how many
there were. The shape is Kestra's (`RunVariables`; golden cases `basics/context_*`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from tiercel.engine.services.spilling import Shelf, holds_reference, is_reference
from tiercel.model.execution import State
from tiercel.model.input_values import with_defaults

if TYPE_CHECKING:
    from tiercel.engine.machine.draft import Reduction
    from tiercel.model.execution import Execution, TaskRun
    from tiercel.model.task import TaskBase

__all__ = ["LiveMapping", "Variables", "child_trigger", "nested_labels"]


class LiveMapping(Mapping[str, Any]):
    """A read-only view of a dict that another thread may add keys to meanwhile.

    Outputs that are in a file are read when they are asked for.
    """

    __slots__ = ("_data",)

    def __init__(self, data: dict[str, Any]) -> None:
        self._data = data

    def __getitem__(self, key: str) -> Any:
        value = self._data[key]
        if type(value) is _Spilled:
            return value.read()
        return LiveMapping(value) if type(value) is _Node else value

    def __contains__(self, key: object) -> bool:
        return key in self._data

    def __iter__(self) -> Iterator[str]:
        # Copying the keys is one step to other threads; iterating over the dict itself is not.
        return iter(list(self._data))

    def __len__(self) -> int:
        return len(self._data)


class _Node(dict[str, Any]):
    """A level of the outputs or states that grows: task ids, or loop values."""


_SCHEDULE = "io.kestra.plugin.core.trigger.Schedule"
"""Its executions know their trigger's variables by an older name, too. Source: `RunVariables`."""

_STATES = {
    **{state: {"state": str(state)} for state in State},
    State.SUBMITTED: {"state": str(State.CREATED)},
}
"""What `tasks.task_id` holds, by the state of the task run.

A task is given what it sees before it is submitted: Kestra shows it itself as CREATED.
"""


class _Spilled:
    """Outputs that are in a file."""

    __slots__ = ("read",)

    def __init__(self, read: Callable[[], Any]) -> None:
        self.read = read


class Variables:
    """The variables of one execution under way.

    Args:
        shared: what is the same for every execution: `envs`, `globals`, `kestra`.
        reveal: plain data → the same with all that is stored encrypted in clear; data without any
            is returned itself. Of outputs that are in a file it returns these.
    """

    def __init__(self, shared: Mapping[str, Any], reveal: Callable[[Any], Any]) -> None:
        self._shared = shared
        self._reveal = reveal
        self._shelf = Shelf(reveal)
        self._outputs = _Node()
        self._states: dict[str, Any] = {}
        self._cleared: dict[str, tuple[Any, Any]] = {}

    def follow(self, reduction: Reduction) -> None:
        """Take over what a transition did to the outputs of task runs."""
        execution = reduction.execution
        if reduction.removed:
            self._outputs = _Node()
            self._states = {}
            self.note_all(execution)
        for task_run_id in reduction.changed:
            self.note(execution, execution.task_runs[task_run_id])

    def note_all(self, execution: Execution) -> None:
        """Add the outputs of all task runs, the oldest first: the last round of a loop counts."""
        runs = execution.task_runs.values()
        for task_run in sorted(runs, key=lambda each: (each.history.started, each.id)):
            self.note(execution, task_run)

    def note(self, execution: Execution, task_run: TaskRun) -> None:
        """Add the state of a task run, and the outputs that it has."""
        self._note_state(task_run)
        if task_run.outputs is None:
            return
        node = self._outputs
        path = [task_run.task_id, *_values(execution, task_run)]
        for key in path[:-1]:
            below = node.get(key)
            if type(below) is not _Node:
                below = node[key] = _Node(below if isinstance(below, dict) else {})
            node = below
        node[path[-1]] = self._readable(task_run.outputs)

    def _note_state(self, task_run: TaskRun) -> None:
        if task_run.hidden:
            return
        if task_run.value is None:
            self._states[task_run.task_id] = _STATES[task_run.state]
            return
        turns = self._states.get(task_run.task_id)
        if type(turns) is not _Node:
            turns = self._states[task_run.task_id] = _Node()
        turns[task_run.value] = _STATES[task_run.state]

    def _readable(self, outputs: Any) -> Any:
        if is_reference(outputs):
            return _Spilled(partial(self._shelf.get, outputs))
        if holds_reference(outputs):
            own, of_execution = dict(outputs), outputs["outputs"]
            return _Spilled(lambda: {**own, "outputs": self._shelf.get(of_execution)})
        return self._reveal(outputs)

    def of_execution(self, execution: Execution) -> dict[str, Any]:
        """Return what an expression of the flow itself sees."""
        variables: dict[str, Any] = {
            **self._shared,
            "flow": {
                "id": execution.flow_id,
                "namespace": execution.namespace,
                "revision": execution.flow_revision,
                "tenantId": execution.tenant,
            },
            "execution": _execution(execution),
            "outputs": LiveMapping(self._outputs),
            "tasks": LiveMapping(self._states),
        }
        flow = execution.flow
        spare = flow.spare_defaults if flow is not None else None
        if execution.inputs or (flow is not None and flow.inputs):
            inputs = self._clear("inputs", execution.inputs)
            variables["inputs"] = with_defaults(inputs, spare) if spare else inputs
        if execution.variables:
            variables["vars"] = execution.variables
        if execution.labels:
            variables["labels"] = nested_labels(execution.labels)
        if execution.trigger is not None:
            variables["trigger"] = self._clear("trigger", execution.trigger.get("variables", {}))
            if execution.trigger.get("type") == _SCHEDULE:
                variables["schedule"] = variables["trigger"]
        return variables

    def _clear(self, name: str, stored: Any) -> Any:
        """Return stored data in clear; done once, since most expressions do not look."""
        known, clear = self._cleared.get(name, (None, None))
        if known is not stored:
            clear = self._reveal(stored)
            self._cleared[name] = (stored, clear)
        return clear

    def of_task_run(
        self, execution: Execution, task_run: TaskRun, task: TaskBase
    ) -> dict[str, Any]:
        """Return what an expression of a task sees."""
        variables = self.of_execution(execution)
        variables["task"] = {"id": task.id, "type": task.type}
        variables["taskrun"] = _task_run(task_run)
        parents = list(self._parents(execution, task_run))
        variables["parents"] = parents
        if parents:
            variables["parent"] = parents[0]
        worker = self._worker(execution, task_run)
        if worker is not None:
            variables["workerTaskrun"] = worker
            if "value" in worker:
                variables["taskrun"] = {**variables["taskrun"], "value": worker["value"]}
        return variables

    def _worker(self, execution: Execution, task_run: TaskRun) -> dict[str, Any] | None:
        """Return the task run whose folder this one works in: it has that one's loop value."""
        scope = execution.scopes.get(task_run.parent_id or "")
        if scope is None or not getattr(scope.task, "shares_folder", False):
            return None
        return _task_run(execution.task_runs[scope.id])

    def _parents(self, execution: Execution, task_run: TaskRun) -> Iterator[dict[str, Any]]:
        """Yield the loops around a task run, the nearest first."""
        parent_id = task_run.parent_id
        while parent_id is not None:
            parent = execution.task_runs[parent_id]
            if parent.value is not None or parent.outputs is not None:
                entry: dict[str, Any] = {}
                if parent.value is not None:
                    entry["taskrun"] = {"value": parent.value, "iteration": parent.iteration}
                if parent.outputs is not None:
                    entry["outputs"] = parent.outputs
                yield entry
            parent_id = parent.parent_id


def child_trigger(
    parent: Execution, task_run: TaskRun, iteration: int | None = None
) -> dict[str, Any]:
    """Return what an execution sees as `trigger` when a task of another one began it.

    `iteration` says which of the task's many executions it is; None where there is only one.
    """
    variables: dict[str, Any] = {
        "executionId": parent.id,
        "namespace": parent.namespace,
        "flowId": parent.flow_id,
        "flowRevision": parent.flow_revision,
        "taskRunId": task_run.id,
        "taskId": task_run.task_id,
    }
    if task_run.value is not None:
        variables["taskRunValue"] = task_run.value
    if iteration is not None:
        variables["taskRunIteration"] = iteration
    return variables


def nested_labels(labels: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Return labels as expressions see them: `labels.system.correlationId`."""
    nested: dict[str, Any] = {}
    for key, value in labels:
        *outer, last = key.split(".")
        level = nested
        for name in outer:
            inner = level.get(name)
            if not isinstance(inner, dict):
                inner = level[name] = {}
            level = inner
        level[last] = value
    return nested


def _values(execution: Execution, task_run: TaskRun) -> list[str]:
    """Return the loop values around a task run, the outermost first, then its own."""
    values = [] if task_run.value is None else [task_run.value]
    parent_id = task_run.parent_id
    while parent_id is not None:
        parent = execution.task_runs[parent_id]
        if parent.value is not None:
            values.append(parent.value)
        parent_id = parent.parent_id
    values.reverse()
    return values


def _execution(execution: Execution) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "id": execution.id,
        "startDate": execution.history.started,
        "originalId": execution.original_id,
        "state": str(execution.state),
    }
    if execution.outputs is not None:
        entry["outputs"] = execution.outputs
    return entry


def _task_run(task_run: TaskRun) -> dict[str, Any]:
    finished = sum(1 for attempt in task_run.attempts if attempt.state.is_terminal)
    entry: dict[str, Any] = {
        "id": task_run.id,
        "startDate": task_run.history.started,
        "attemptsCount": finished,
    }
    if task_run.parent_id is not None:
        entry["parentId"] = task_run.parent_id
    if task_run.value is not None:
        entry["value"] = task_run.value
    if task_run.iteration is not None:
        entry["iteration"] = task_run.iteration
    return entry
