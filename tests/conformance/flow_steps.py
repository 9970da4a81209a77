"""Plays the golden cases that have several steps: execute, wait, kill, resume, …"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from event_steps import EVENT_PLAYERS
from flow_match import differences
from lifecycle_steps import LIFECYCLE_PLAYERS
from schedule_steps import TRIGGER_PLAYERS

from tiercel import State, Tiercel
from tiercel.errors import TiercelError
from tiercel.model.execution import Execution

__all__ = ["play_steps"]

_LIMIT = 30.0


def play_steps(
    tiercel: Tiercel, case: dict[str, Any], flat: Callable[[Execution], dict[str, Any]]
) -> list[str]:
    """Play a case's steps and return what differs, in the steps and in the executions."""
    known = _PLAYERS.keys() | LIFECYCLE_PLAYERS.keys() | TRIGGER_PLAYERS.keys()
    known |= EVENT_PLAYERS.keys()
    unknown = {step["do"] for step in case["steps"]} - known
    if unknown:
        return [f"step {name!r} cannot be played yet" for name in sorted(unknown)]
    names: dict[str, str] = {}
    found = []
    wanted_steps = case["expect"].get("steps", [])
    for index, step in enumerate(case["steps"]):
        wanted = wanted_steps[index] if index < len(wanted_steps) else {}
        try:
            found += _play(tiercel, case, {**step, "wanted": wanted}, names)
        except (TiercelError, TimeoutError) as error:
            found += _refused(step, wanted, error)
        else:
            if "error" in wanted:
                found.append(f"step {step['do']}: expected {wanted['error']}")
    for name, wanted in case["expect"].get("executions", {}).items():
        if name not in names:
            found.append(f"execution {name} missing")
            continue
        execution = tiercel.execution(names[name])
        found += [f"{name}: {each}" for each in differences(wanted, _named(flat(execution), names))]
    return found


def _play(
    tiercel: Tiercel, case: dict[str, Any], step: dict[str, Any], names: dict[str, str]
) -> list[str]:
    """Play one step and return what differs from what is `wanted` of it."""
    if step["do"] in LIFECYCLE_PLAYERS:
        return LIFECYCLE_PLAYERS[step["do"]](tiercel, step, names, _await)
    for players in (TRIGGER_PLAYERS, EVENT_PLAYERS):
        if step["do"] in players:
            return players[step["do"]](tiercel, case, step, names)
    _PLAYERS[step["do"]](tiercel, case, step, names)
    return []


def _named(flat: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """Return a flat execution that calls related ones by the case's names."""
    name_of = {execution_id: name for name, execution_id in names.items()}
    related = {key: name_of.get(flat[key]) for key in ("original", "parent_execution")}
    return {**flat, **related}


def _refused(step: dict[str, Any], wanted: dict[str, Any], error: Exception) -> list[str]:
    if "error" not in wanted:
        return [f"step {step['do']}: {type(error).__name__}: {error}"]
    message = wanted["error"].get("message", "")
    if isinstance(message, str) and message not in str(error):
        return [f"step {step['do']}: expected {message!r}, got {str(error)!r}"]
    return []


def _await(tiercel: Tiercel, execution_id: str, step: dict[str, Any]) -> None:
    """Wait for the state that a step is to last until."""
    until = step.get("until", "TERMINATED")
    limit = step.get("limit", _LIMIT * 1000) / 1000
    if until == "TERMINATED":
        tiercel.wait(execution_id, limit)
        return
    deadline = time.monotonic() + limit
    while until != "NONE" and not _reached(tiercel.execution(execution_id), until):
        if time.monotonic() > deadline:
            raise TimeoutError(f"not {until} after {limit} s")
        time.sleep(0.02)


def _reached(execution: Execution, until: str) -> bool:
    if until == "TASK_RUNNING":
        return any(each.state is State.RUNNING for each in execution.task_runs.values())
    return execution.state == until


def _execute(
    tiercel: Tiercel, case: dict[str, Any], step: dict[str, Any], names: dict[str, str]
) -> None:
    flows = [tiercel.load_flow(source) for source in case["flows"]]
    wanted = step.get("flow", flows[0].id)
    first = next(each for each in flows if each.id == wanted)
    flow = tiercel.flow(first.namespace, first.id)  # a step may have imported a newer revision
    inputs = {**case.get("inputs", {}), **step.get("inputs", {})}
    labels = {**case.get("labels", {}), **step.get("labels", {})}
    execution_id = tiercel.start(flow, inputs, labels)
    names[step.get("as", "main")] = execution_id
    _await(tiercel, execution_id, step)


def _execute_many(
    tiercel: Tiercel, case: dict[str, Any], step: dict[str, Any], names: dict[str, str]
) -> None:
    numbered = [f"{step['as']}{number}" for number in range(step["count"])]
    for name in numbered:
        _execute(tiercel, case, {**step, "as": name, "until": "NONE"}, names)
    for name in numbered:
        _await(tiercel, names[name], step)


def _subject(step: dict[str, Any], names: dict[str, str]) -> str:
    return names[step.get("execution", "main")]


def _awaited(
    tiercel: Tiercel, case: dict[str, Any], step: dict[str, Any], names: dict[str, str]
) -> None:
    _await(tiercel, _subject(step, names), step)


def _sleep(
    tiercel: Tiercel, case: dict[str, Any], step: dict[str, Any], names: dict[str, str]
) -> None:
    time.sleep(step["ms"] / 1000)


def _kill(
    tiercel: Tiercel, case: dict[str, Any], step: dict[str, Any], names: dict[str, str]
) -> None:
    execution_id = _subject(step, names)
    tiercel.kill(execution_id)
    _await(tiercel, execution_id, step)


def _resume(
    tiercel: Tiercel, case: dict[str, Any], step: dict[str, Any], names: dict[str, str]
) -> None:
    execution_id = _subject(step, names)
    state = State(step["state"]) if "state" in step else None
    tiercel.resume(execution_id, step.get("inputs"), state=state)
    _await(tiercel, execution_id, step)


_PLAYERS: dict[str, Callable[..., None]] = {
    "execute": _execute,
    "executeMany": _execute_many,
    "await": _awaited,
    "sleep": _sleep,
    "kill": _kill,
    "resume": _resume,
}
