"""Between the objects of the model and the columns of a row.

Written for speed, since every transition passes here several times: times are microseconds since
1970 (exact, small, ordered), a history is `STATE time STATE time …`, structured values are JSON.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from rpds import HashTrieMap

from tiercel.plugin.spi import (
    Attempt,
    Execution,
    History,
    KvRecord,
    LogEntry,
    MetricEntry,
    RepositoryError,
    State,
    StoredCommand,
    StoredEvent,
    StoredFlow,
    TaskRun,
    TriggerRecord,
)

__all__ = [
    "clean",
    "command_of",
    "command_row",
    "event_of",
    "event_row",
    "execution_body",
    "execution_head",
    "execution_of",
    "flow_of",
    "flow_row",
    "from_json",
    "kv_of",
    "kv_row",
    "log_of",
    "log_row",
    "metric_of",
    "metric_row",
    "micros",
    "moment",
    "task_run_of",
    "task_run_row",
    "to_json",
    "trigger_of",
    "trigger_row",
]

Row = tuple[Any, ...]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STATES = {state.value: state for state in State}
_encode = json.JSONEncoder(separators=(",", ":")).encode
from_json = json.loads


def micros(at: datetime) -> int:
    """Return an aware datetime as microseconds since 1970."""
    since = at - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def moment(number: int) -> datetime:
    """Return the datetime, in UTC, of microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=number)


def to_json(value: object, what: str) -> str:
    """Return a JSON-like value as text.

    Raises:
        RepositoryError: it is not JSON-like; `what` names it.
    """
    if value == {}:
        return "{}"
    try:
        return _encode(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise RepositoryError(f"Cannot store {what}, which is not JSON-like: {error}") from error


def clean(text: str) -> str:
    """Return the text without what databases refuse: NUL, and halves of surrogate pairs.

    The halves become JSON escapes, so that JSON text keeps its meaning.
    """
    if "\0" in text:
        text = text.replace("\0", "\N{REPLACEMENT CHARACTER}")
    if text.isascii():
        return text
    return text.encode("utf-8", "backslashreplace").decode()


def _history_text(history: History) -> str:
    return " ".join([f"{state._value_} {micros(at)}" for state, at in history.entries])


def _history(text: str) -> History:
    words = text.split(" ")
    return History(
        tuple(
            [
                (_STATES[state], _EPOCH + timedelta(microseconds=int(at)))
                for state, at in zip(words[::2], words[1::2], strict=True)
            ]
        )
    )


def _attempts_text(attempts: tuple[Attempt, ...]) -> str:
    return ",".join([f"{_attempt_name(a)} {_history_text(a.history)}" for a in attempts])


def _attempt_name(attempt: Attempt) -> str:
    if attempt.log_file is None:
        return str(attempt.number)
    # No URI has blanks.
    return f"{attempt.number}@{attempt.log_file.replace(',', '%2C')}"


def _attempts(text: str) -> tuple[Attempt, ...]:
    if not text:
        return ()
    return tuple(map(_attempt, text.split(",")))


def _attempt(text: str) -> Attempt:
    name, _, history = text.partition(" ")
    number, _, log_file = name.partition("@")
    return Attempt(int(number), _history(history), log_file or None)


def execution_head(execution: Execution) -> Row:
    """Return what changes with every transition: the columns of `tables.UPDATE_EXECUTION`."""
    history = execution.history
    return (
        execution.flow_revision,
        history.current.value,
        int(execution.done),
        execution.sequence,
        _history_text(history),
        None if execution.error is None else clean(execution.error),
    )


def execution_body(execution: Execution) -> Row:
    """Return what hardly ever changes: the columns of `tables.SAVE_BODY` after the number."""
    where = f"of execution {execution.id!r}"
    outputs, trigger = execution.outputs, execution.trigger
    return (
        to_json(execution.labels, f"labels {where}"),
        to_json(execution.inputs, f"inputs {where}"),
        to_json(execution.variables, f"variables {where}"),
        None if outputs is None else to_json(outputs, f"outputs {where}"),
        None if trigger is None else to_json(trigger, f"the trigger {where}"),
    )


def execution_of(row: Row, task_runs: Mapping[str, TaskRun] | None = None) -> Execution:
    """Return the execution of a row of `tables.EXECUTION_COLUMNS`."""
    return Execution(
        id=row[0],
        tenant=row[1],
        namespace=row[2],
        flow_id=row[3],
        flow_revision=row[4],
        done=bool(row[5]),
        sequence=row[6],
        parent_id=row[7],
        original_id=row[8],
        history=_history(row[9]),
        error=row[10],
        labels=tuple([(name, value) for name, value in from_json(row[11])]),
        inputs=from_json(row[12]),
        variables=from_json(row[13]),
        outputs=None if row[14] is None else from_json(row[14]),
        trigger=None if row[15] is None else from_json(row[15]),
        task_runs=HashTrieMap(task_runs or {}),
    )


def task_run_row(execution_id: str, run: TaskRun) -> Row:
    """Return the row of a task run, for `tables.SAVE_TASK_RUN`."""
    outputs = run.outputs
    return (
        execution_id,
        run.id,
        run.task_id,
        run.parent_id,
        None if run.value is None else clean(run.value),
        run.iteration,
        _history_text(run.history),
        _attempts_text(run.attempts),
        None if run.error is None else clean(run.error),
        None if outputs is None else to_json(outputs, f"outputs of task {run.task_id!r}"),
    )


def task_run_of(row: Row) -> TaskRun:
    """Return the task run of a row of `tables.TASK_RUNS`."""
    return TaskRun(
        id=row[0],
        task_id=row[1],
        parent_id=row[2],
        value=row[3],
        iteration=row[4],
        history=_history(row[5]),
        attempts=_attempts(row[6]),
        error=row[7],
        outputs=None if row[8] is None else from_json(row[8]),
    )


def event_row(event: StoredEvent) -> Row:
    """Return the row of an event, for `tables.ADD_EVENT`."""
    return event.execution_id, event.sequence, event.kind, clean(event.payload)


def event_of(row: Row) -> StoredEvent:
    """Return the event of a row of `tables.EVENTS`."""
    return StoredEvent(*row)


def command_row(command: StoredCommand, added: int) -> Row:
    """Return the row of a command, for `tables.SAVE_COMMAND`; a later one has a greater `added`."""
    due = None if command.due is None else micros(command.due)
    return command.execution_id, command.id, added, command.kind, due, clean(command.payload)


def command_of(row: Row) -> StoredCommand:
    """Return the command of a row of `tables.COMMANDS`."""
    execution_id, command_id, kind, due, payload = row
    at = None if due is None else moment(due)
    return StoredCommand(execution_id, command_id, kind, payload, at)


def log_row(entry: LogEntry) -> Row:
    """Return the row of a log line, for `tables.ADD_LOG`."""
    return (
        entry.execution_id,
        entry.execution_id,
        micros(entry.at),
        entry.level,
        entry.task_run_id,
        entry.task_id,
        entry.attempt,
        clean(entry.message),
    )


def log_of(row: Row) -> tuple[int, LogEntry]:
    """Return number and log line of a row of `tables.LOGS`."""
    execution_id, number, at, level, task_run_id, task_id, attempt, message = row
    return number, LogEntry(execution_id, moment(at), level, message, task_run_id, task_id, attempt)


def metric_row(entry: MetricEntry) -> Row:
    """Return the row of a measurement, for `tables.ADD_METRIC`."""
    return (
        entry.execution_id,
        entry.execution_id,
        micros(entry.at),
        entry.name,
        entry.kind,
        entry.value,
        to_json(entry.tags, f"tags of metric {entry.name!r}"),
        entry.task_run_id,
        entry.task_id,
    )


def metric_of(row: Row) -> MetricEntry:
    """Return the measurement of a row of `tables.METRICS`."""
    execution_id, at, name, kind, value, tags, task_run_id, task_id = row
    pairs = tuple([(key, text) for key, text in from_json(tags)])
    return MetricEntry(execution_id, moment(at), name, kind, value, pairs, task_run_id, task_id)


def flow_row(flow: StoredFlow) -> Row:
    """Return the row of a revision, for `tables.ADD_FLOW`."""
    return (
        flow.tenant,
        flow.namespace,
        flow.id,
        flow.revision,
        micros(flow.created),
        int(flow.deleted),
        clean(flow.source),
    )


def flow_of(row: Row) -> StoredFlow:
    """Return the revision of a row of `tables.FLOW_COLUMNS`."""
    tenant, namespace, flow_id, revision, created, deleted, source = row
    return StoredFlow(tenant, namespace, flow_id, revision, source, moment(created), bool(deleted))


def kv_row(record: KvRecord) -> Row:
    """Return the row of a key, for `tables.SAVE_KV`."""
    return (
        record.namespace,
        record.key,
        clean(record.value),
        record.kind,
        micros(record.created),
        micros(record.updated),
        None if record.expires is None else micros(record.expires),
        None if record.description is None else clean(record.description),
    )


def kv_of(row: Row) -> KvRecord:
    """Return the key of a row of `tables.KV_COLUMNS`."""
    namespace, key, value, kind, created, updated, expires, description = row
    return KvRecord(
        namespace=namespace,
        key=key,
        value=value,
        kind=kind,
        created=moment(created),
        updated=moment(updated),
        expires=None if expires is None else moment(expires),
        description=description,
    )


def trigger_row(trigger: TriggerRecord) -> Row:
    """Return the values of a trigger but its key and its version, for `tables.UPDATE_TRIGGER`."""
    states = sorted(state.value for state in trigger.states)
    return (
        micros(trigger.updated),
        None if trigger.next_date is None else micros(trigger.next_date),
        None if trigger.last_date is None else micros(trigger.last_date),
        trigger.execution_id,
        int(trigger.disabled),
        # Each between two spaces, so that one of them can be looked for.
        f" {' '.join(states)} " if states else "",
        None if trigger.backfill is None else clean(trigger.backfill),
        None if trigger.memory is None else clean(trigger.memory),
    )


def trigger_of(row: Row) -> TriggerRecord:
    """Return the trigger of a row of `tables.TRIGGER_COLUMNS`."""
    return TriggerRecord(
        tenant=row[0],
        namespace=row[1],
        flow_id=row[2],
        id=row[3],
        version=row[4],
        updated=moment(row[5]),
        next_date=None if row[6] is None else moment(row[6]),
        last_date=None if row[7] is None else moment(row[7]),
        execution_id=row[8],
        disabled=bool(row[9]),
        states=frozenset([_STATES[state] for state in row[10].split()]),
        backfill=row[11],
        memory=row[12],
    )
