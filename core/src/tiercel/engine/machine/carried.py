"""What an execution takes over of the one that it repeats, as plain data in its first event.

The event has all of it, so the new execution does not depend on the old one, which may be deleted.
Pure, for `reduce`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from tiercel._ids import derive
from tiercel._record import replace
from tiercel.engine.machine.codec import micros, moment
from tiercel.engine.machine.past import Past
from tiercel.model.execution import Attempt, History, State, TaskRun

if TYPE_CHECKING:
    from tiercel.engine.machine.draft import Draft

__all__ = ["carry", "take_up"]


def carry(
    history: History, runs: Iterable[TaskRun], again: Iterable[str], *, renews: bool
) -> dict[str, Any]:
    """Return what `take_up` reads.

    Args:
        history: of the old execution.
        runs: its task runs that may be taken over.
        again: ids of those that run again.
        renews: whether what comes after those is run anew; see `Past`.
    """
    in_order = sorted(runs, key=lambda each: (each.history.started, each.id))
    return {
        "history": _plain(history),
        "runs": [_packed(each) for each in in_order if not each.hidden],
        "again": sorted(again),
        "renews": renews,
    }


def take_up(draft: Draft, carried: Mapping[str, Any]) -> Past:
    """Give a new execution the old one's history, and return the old one's task runs as its past.

    The task runs get ids of their own; those that are not taken over are never seen.
    """
    execution = draft.execution
    runs = [_unpacked(each) for each in carried["runs"]]
    ids = {each.id: derive(execution.id, number) for number, each in enumerate(runs, start=1)}
    history = _history(carried["history"]).then(State.RESTARTED, draft.at)
    draft.set(history=history, sequence=len(runs))
    own = [
        replace(
            each,
            id=ids[each.id],
            parent_id=ids.get(each.parent_id) if each.parent_id else None,
        )
        for each in runs
    ]
    again = frozenset(ids[each] for each in carried["again"])
    return Past.of(own, again, renews=carried["renews"])


def _packed(run: TaskRun) -> dict[str, Any]:
    packed = {
        "id": run.id,
        "task": run.task_id,
        "history": _plain(run.history),
        "attempts": [_plain(each.history) for each in run.attempts],
        "log_files": [each.log_file for each in run.attempts] if _has_log_file(run) else None,
        "parent": run.parent_id,
        "value": run.value,
        "iteration": run.iteration,
        "outputs": run.outputs,
        "error": run.error,
    }
    return {key: value for key, value in packed.items() if value is not None}


def _unpacked(packed: Mapping[str, Any]) -> TaskRun:
    histories = packed["attempts"]
    files = packed.get("log_files") or [None] * len(histories)
    attempts = [
        Attempt(number, _history(history), file)
        for number, (history, file) in enumerate(zip(histories, files, strict=True), start=1)
    ]
    return TaskRun(
        id=packed["id"],
        task_id=packed["task"],
        history=_history(packed["history"]),
        parent_id=packed.get("parent"),
        value=packed.get("value"),
        iteration=packed.get("iteration"),
        attempts=tuple(attempts),
        outputs=packed.get("outputs"),
        error=packed.get("error"),
    )


def _has_log_file(run: TaskRun) -> bool:
    return any(each.log_file for each in run.attempts)


def _plain(history: History) -> list[list[Any]]:
    return [[str(state), micros(at)] for state, at in history.entries]


def _history(plain: Iterable[Any]) -> History:
    return History(tuple((State(state), moment(at)) for state, at in plain))
