"""`taskCache`: outputs of an earlier run of the same task are used again.

An entry is found by a digest of the task as its flow has it, rendered, so a task that would work on
other data has another one. It lies in internal storage, below the flow's folder. Behaviour and
wording: Kestra's worker; golden cases `basics/task_cache*`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from tiercel.engine.plain import plain
from tiercel.errors import ExpressionError, StorageError, StoredFileNotFoundError
from tiercel.model.execution import State
from tiercel.storage import uri as uris

if TYPE_CHECKING:
    from tiercel.engine.services.services import Services
    from tiercel.engine.worker.assignment import Assignment
    from tiercel.engine.worker.context import TaskContext

__all__ = ["run_cached"]

Result = tuple[State, "Mapping[str, Any] | None"]


def run_cached(
    assignment: Assignment, context: TaskContext, services: Services, run: Callable[[], Result]
) -> Result:
    """Return what an earlier run came to, or else run the task, and remember a success.

    Args:
        assignment: the attempt.
        context: logs for it.
        services: has the files and the time.
        run: runs the task; raises when it fails.
    """
    options = assignment.task.task_cache
    if options is None or not options.enabled:
        return run()
    task_id = assignment.task.id
    try:
        path = _path(assignment, context)
    except ExpressionError as error:
        context.log("WARN", f"Unable to create the cache key for the task '{task_id}': {error}")
        return run()
    entry = _read(services, path)
    if entry is not None and _is_fresh(entry, options.ttl, services.clock.now()):
        context.log(
            "INFO",
            f"Skipping task execution for task '{task_id}' as there is an existing cache entry "
            "for it",
        )
        return State.SUCCESS, entry["outputs"]
    state, outputs = run()
    context.log("INFO", f"Uploading a cache entry for task '{task_id}'")
    try:
        _write(services, path, outputs)
    except StorageError as error:
        context.log("WARN", f"Unable to upload the cache entry for task '{task_id}': {error}")
    return state, outputs


def _path(assignment: Assignment, context: TaskContext) -> str:
    task = assignment.task.model_dump(by_alias=True, exclude_unset=True)
    # The folder differs every time, and says nothing about the task.
    rendered = context.render_data(task, {"workingDir": "workingDir"})
    text = json.dumps([plain(rendered), assignment.task_run.value], sort_keys=True, default=str)
    flow = uris.flow_folder(assignment.namespace, assignment.flow_id)
    return f"{flow}/{sha256(text.encode()).hexdigest()}/cache/outputs.json"


def _read(services: Services, path: str) -> dict[str, Any] | None:
    try:
        with services.files.open(uris.format_uri(path)) as file:
            entry: dict[str, Any] = json.load(file)
    except (StoredFileNotFoundError, ValueError):
        return None
    return entry


def _write(services: Services, path: str, outputs: Mapping[str, Any] | None) -> None:
    entry = {"at": services.clock.now().isoformat(), "outputs": outputs}
    with services.files.create(path) as writer:
        writer.write(json.dumps(entry).encode())


def _is_fresh(entry: Mapping[str, Any], ttl: timedelta | None, now: datetime) -> bool:
    return ttl is None or datetime.fromisoformat(entry["at"]) + ttl > now
