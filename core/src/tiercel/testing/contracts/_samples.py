"""Small executions, task runs and the like for the repository's contract."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tiercel.model.execution import Attempt, Execution, History, LogEntry, State, TaskRun
from tiercel.repository.spi import (
    KvRecord,
    StoredCommand,
    StoredEvent,
    StoredFlow,
    TriggerRecord,
)

if TYPE_CHECKING:
    from tiercel.repository.spi import Repository

__all__ = [
    "NOW",
    "a_flow",
    "a_key",
    "a_line",
    "a_task_run",
    "a_trigger",
    "an_event",
    "an_execution",
    "commands",
    "later",
    "save",
]

NOW = datetime(2026, 3, 29, 1, 2, 3, 456789, tzinfo=UTC)


def later(seconds: float) -> datetime:
    """Return a time after `NOW`, or before it."""
    return NOW + timedelta(seconds=seconds)


def an_execution(execution_id: str = "e1", **fields: Any) -> Execution:
    """Return an execution that has just been created, with some fields of its own."""
    given: dict[str, Any] = {
        "namespace": "company.team",
        "flow_id": "flow",
        "flow_revision": 1,
        "history": History.begin(State.CREATED, NOW),
        "original_id": execution_id,
        **fields,
    }
    return Execution(id=execution_id, **given)


def a_task_run(task_run_id: str = "r1", **fields: Any) -> TaskRun:
    """Return a task run that has just been created, with some fields of its own."""
    given: dict[str, Any] = {
        "task_id": "task",
        "history": History.begin(State.CREATED, NOW),
        "attempts": (Attempt(1, History.begin(State.RUNNING, NOW)),),
        **fields,
    }
    return TaskRun(id=task_run_id, **given)


def an_event(sequence: int, execution_id: str = "e1", payload: str = "{}") -> StoredEvent:
    """Return an event."""
    return StoredEvent(execution_id, sequence, "Happened", payload)


def commands(*ids: str, execution_id: str = "e1") -> list[StoredCommand]:
    """Return commands of these ids."""
    return [StoredCommand(execution_id, item, "DoIt", f'{{"id":"{item}"}}') for item in ids]


def a_line(message: str, task_run_id: str | None = None, execution_id: str = "e1") -> LogEntry:
    """Return a log line."""
    return LogEntry(execution_id, NOW, "INFO", message, task_run_id, None, 1)


def a_flow(flow_id: str = "flow", revision: int = 1, **fields: Any) -> StoredFlow:
    """Return a revision of a flow."""
    given = {
        "tenant": "main",
        "namespace": "company.team",
        "source": f"id: {flow_id}\n",
        "created": NOW,
        **fields,
    }
    return StoredFlow(id=flow_id, revision=revision, **given)


def a_key(key: str = "key", **fields: Any) -> KvRecord:
    """Return a key of a namespace."""
    given = {
        "namespace": "company.team",
        "value": '"value"',
        "kind": "STRING",
        "created": NOW,
        "updated": NOW,
        **fields,
    }
    return KvRecord(key=key, **given)


def a_trigger(trigger_id: str = "daily", **fields: Any) -> TriggerRecord:
    """Return what is kept of a trigger."""
    given = {
        "tenant": "main",
        "namespace": "company.team",
        "flow_id": "flow",
        "updated": NOW,
        **fields,
    }
    return TriggerRecord(id=trigger_id, **given)


def save(repository: Repository, *executions: Execution) -> None:
    """Save executions, each in its own transaction."""
    for execution in executions:
        with repository.transaction() as unit:
            unit.save_execution(execution)
