"""Executions as JSON and as text, for the commands that show them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from tiercel.cli.text import clean, json_text

if TYPE_CHECKING:
    from tiercel.model.execution import Attempt, Execution, History, LogEntry, TaskRun

__all__ = [
    "duration",
    "execution_json",
    "execution_line",
    "execution_text",
    "log_json",
    "log_text",
    "ordered",
    "task_name",
    "task_run_json",
]


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
        "attempts": [_attempt(each) for each in task_run.attempts],
        "outputs": dict(task_run.outputs) if task_run.outputs is not None else {},
    }
    optional = {
        "parentTaskRunId": task_run.parent_id,
        "value": task_run.value,
        "iteration": task_run.iteration,
    }
    entry.update({key: value for key, value in optional.items() if value is not None})
    return entry


def _attempt(attempt: Attempt) -> dict[str, Any]:
    entry = {"state": _state(attempt.history)}
    return entry if attempt.log_file is None else {**entry, "logFile": attempt.log_file}


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


def execution_line(execution: Execution) -> str:
    """Return an execution as one line of a list."""
    started = execution.history.started
    return (
        f"{execution.id}  {execution.state:<9} {started:%Y-%m-%d %H:%M:%S}  "
        f"{duration(execution.history):>10}  {execution.namespace}.{execution.flow_id}"
    )


def execution_text(execution: Execution, inputs: Mapping[str, Any]) -> str:
    """Return an execution with its task runs, for people.

    Args:
        execution: with its task runs.
        inputs: its inputs as people may read them.
    """
    history = execution.history
    lines = [
        f"{execution.namespace}.{execution.flow_id} revision {execution.flow_revision}",
        f"{'Execution':<10} {execution.id}",
        f"{'States':<10} {' → '.join(str(state) for state in history.states)}",
        f"{'Started':<10} {history.started:%Y-%m-%d %H:%M:%S %Z}, {duration(history)}",
    ]
    if execution.labels:
        pairs = ", ".join(f"{key}={value}" for key, value in execution.labels)
        lines.append(f"{'Labels':<10} {pairs}")
    lines += [f"{'Input':<10} {key}: {_short(value)}" for key, value in inputs.items()]
    if execution.error:
        lines.append(f"{'Error':<10} {execution.error.splitlines()[0]}")
    lines.append("")
    for task_run in ordered(execution):
        lines += _task_run_lines(execution, task_run)
    return "\n".join(lines)


def _task_run_lines(execution: Execution, task_run: TaskRun) -> Iterator[str]:
    depth, parent = 0, task_run.parent_id
    while parent is not None:
        depth, parent = depth + 1, execution.task_runs[parent].parent_id
    tries = f", {len(task_run.attempts)} attempts" if len(task_run.attempts) > 1 else ""
    spent = duration(task_run.history)
    yield f"  {task_run.state:<9} {spent:>10}  {'  ' * depth}{task_name(task_run)}{tries}"
    if task_run.error:
        yield f"  {'':<20}  {'  ' * depth}{task_run.error.splitlines()[0]}"


def task_name(task_run: TaskRun) -> str:
    """Return the task's id, with the value of its loop if it is in one."""
    value = f" [{_short(task_run.value)}]" if task_run.value is not None else ""
    return clean(f"{task_run.task_id}{value}")


def log_text(line: LogEntry) -> str:
    """Return a log line as text; what follows a line break in it is indented."""
    task = f" {line.task_id}" if line.task_id else ""
    message = clean(line.message.rstrip("\n")).replace("\n", "\n    ")
    return f"{line.at:%H:%M:%S.%f}"[:-3] + f" {line.level:<5}{task} | {message}"


def duration(history: History) -> str:
    """Return how long something took, or has taken so far."""
    from datetime import UTC, datetime

    end = history.ended or datetime.now(UTC)
    return f"{(end - history.started).total_seconds():.3f} s"


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json_text(value)
    line = clean(text).replace("\n", " ")
    return line if len(line) <= 100 else line[:99] + "…"


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
