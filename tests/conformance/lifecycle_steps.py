"""Plays the steps of golden cases that do something to executions: restart, replay, pause, …

A step that expects `error` raises it, as the service behind Kestra's API does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tiercel import State, Tiercel
from tiercel.model.execution import Execution, TaskRun

__all__ = ["LIFECYCLE_PLAYERS"]

Names = dict[str, str]
Wait = Callable[[Tiercel, str, dict[str, Any]], None]


def _subject(step: dict[str, Any], names: Names) -> str:
    return names[step.get("execution", "main")]


def _pause(tiercel: Tiercel, step: dict[str, Any], names: Names, wait: Wait) -> list[str]:
    tiercel.operations.pause(_subject(step, names))
    return []


def _force_run(tiercel: Tiercel, step: dict[str, Any], names: Names, wait: Wait) -> list[str]:
    execution_id = _subject(step, names)
    tiercel.operations.force_run(execution_id)
    wait(tiercel, execution_id, step)
    return []


def _restart(tiercel: Tiercel, step: dict[str, Any], names: Names, wait: Wait) -> list[str]:
    before = tiercel.execution(_subject(step, names))
    restarted = tiercel.operations.restart(before.id, step.get("revision"))
    return _followed(tiercel, before, restarted, step, names, wait)


def _replay(tiercel: Tiercel, step: dict[str, Any], names: Names, wait: Wait) -> list[str]:
    before = tiercel.execution(_subject(step, names))
    task_run = _find(before, step).id if "task" in step else None
    replayed = tiercel.operations.replay(before.id, task_run, revision=step.get("revision"))
    return _followed(tiercel, before, replayed, step, names, wait)


def _change(tiercel: Tiercel, step: dict[str, Any], names: Names, wait: Wait) -> list[str]:
    before = tiercel.execution(_subject(step, names))
    task_run = _find(before, step)
    tiercel.operations.mark_task_run(before.id, task_run.id, State(step["state"]))
    return _followed(tiercel, before, before.id, step, names, wait)


def _import(tiercel: Tiercel, step: dict[str, Any], names: Names, wait: Wait) -> list[str]:
    flow = tiercel.save_flow(tiercel.load_flow(step["source"]))
    wanted = step["wanted"].get("revision", flow.revision)
    return [] if flow.revision == wanted else [f"revision: expected {wanted}, got {flow.revision}"]


def _find(execution: Execution, step: dict[str, Any]) -> TaskRun:
    runs = [each for each in execution.task_runs.values() if each.task_id == step["task"]]
    value = step.get("value")
    return next(each for each in runs if value is None or each.value == str(value))


def _followed(
    tiercel: Tiercel,
    before: Execution,
    execution_id: str,
    step: dict[str, Any],
    names: Names,
    wait: Wait,
) -> list[str]:
    """Wait for the execution that goes on; compare what the step says of its beginning."""
    wanted = step["wanted"]
    names[step.get("as", "main")] = execution_id
    wait(tiercel, execution_id, step)
    found = []
    same = execution_id == before.id
    if wanted.get("same_id", same) != same:
        found.append(f"same_id: expected {wanted['same_id']}, got {same}")
    emitted = wanted.get("emitted", [])
    states = [str(each) for each in tiercel.execution(execution_id).history.states]
    if states[: len(emitted)] != emitted:
        found.append(f"emitted: expected {emitted}, got {states}")
    return found


LIFECYCLE_PLAYERS: dict[str, Callable[..., list[str]]] = {
    "pause": _pause,
    "forceRun": _force_run,
    "restart": _restart,
    "replay": _replay,
    "changeTaskState": _change,
    "importFlow": _import,
}
