"""Executions as JSON and as text, for the commands that show them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tiercel.model.execution import Execution, History, LogEntry, TaskRun

__all__ = ["execution_json", "log_json", "task_run_json"]


def execution_json(execution: Execution) -> dict[str, Any]:
    """Return an execution in the shape of Kestra's API."""
    return {
        "id": execution.id,
        "namespace": execution.namespace,
        "flowId": execution.flow_id,
        "flowRevision": execution.flow_revision,
        "state": _state(execution.history),
        "labels": [{"key": key, "value": value} for key, value in execution.labels],
        "inputs": dict(execution.inputs),
        "variables": dict(execution.variables),
        "outputs": dict(execution.outputs) if execution.outputs is not None else None,
        "originalId": execution.original_id,
        "taskRunList": [task_run_json(execution, each) for each in ordered(execution)],
    }


def ordered(execution: Execution) -> list[TaskRun]:
    """Return the task runs in the order in which they were created."""
    return sorted(execution.task_runs.values(), key=lambda each: each.history.started)


def task_run_json(execution: Execution, task_run: TaskRun) -> dict[str, Any]:
    """Return a task run in the shape of Kestra's API."""
    entry: dict[str, Any] = {
        "id": task_run.id,
        "executionId": execution.id,
        "namespace": execution.namespace,
        "flowId": execution.flow_id,
        "taskId": task_run.task_id,
        "state": _state(task_run.history),
        "attempts": [{"state": _state(each.history)} for each in task_run.attempts],
        "outputs": dict(task_run.outputs) if task_run.outputs is not None else {},
    }
    optional = {
        "parentTaskRunId": task_run.parent_id,
        "value": task_run.value,
        "iteration": task_run.iteration,
    }
    entry.update({key: value for key, value in optional.items() if value is not None})
    return entry


def log_json(line: LogEntry) -> dict[str, Any]:
    """Return a log line in the shape of Kestra's API."""
    return {
        "timestamp": line.at.isoformat(),
        "level": line.level,
        "taskId": line.task_id,
        "taskRunId": line.task_run_id,
        "attemptNumber": line.attempt,
        "message": line.message,
    }


def _state(history: History) -> dict[str, Any]:
    ended = history.ended
    return {
        "current": str(history.current),
        "histories": [
            {"state": str(state), "date": at.isoformat()} for state, at in history.entries
        ],
        "startDate": history.started.isoformat(),
        "endDate": ended.isoformat() if ended else None,
        "duration": (ended - history.started).total_seconds() if ended else None,
    }
