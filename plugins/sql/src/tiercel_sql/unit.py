"""The unit of work: what is written in one transaction."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

from tiercel.plugin.spi import (
    Claim,
    ConflictError,
    Execution,
    KvRecord,
    LogEntry,
    MetricEntry,
    StoredCommand,
    StoredEvent,
    StoredFlow,
    TaskRun,
    TriggerRecord,
)
from tiercel_sql import rows, tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime, timedelta

    from tiercel_sql.session import Session

__all__ = ["Memory", "SqlUnit"]

_MOST_REMEMBERED = 2_000


class _Known(NamedTuple):
    """What the database holds of an execution: its number, and the values its rows came from.

    Attributes:
        head: what changes with the execution's state.
        body: what hardly ever changes.
    """

    number: int
    sequence: int
    head: tuple[object, ...]
    body: tuple[object, ...]


_NOTHING = _Known(0, -1, (None,) * 4, (None,) * 5)


class Memory:
    """Which executions were written by this process, so that what did not change is not rewritten.

    Values are compared by identity: they are immutable by contract, and a new state of an
    execution shares what it did not change with the one before.
    """

    def __init__(self) -> None:
        """Begin with nothing."""
        self._known: dict[str, _Known] = {}
        self._number = 0

    def next_number(self) -> int:
        """Return a number greater than all before; the time, so also than those of other runs."""
        self._number = max(self._number + 1, time.time_ns())
        return self._number

    def get(self, execution_id: str) -> _Known:
        """Return what was written of an execution; number 0 when that is not remembered."""
        return self._known.get(execution_id, _NOTHING)

    def update(self, written: dict[str, _Known]) -> None:
        """Take over what a committed transaction wrote; number 0 forgets an execution."""
        for execution_id, known in written.items():
            self._known.pop(execution_id, None)
            if known.number:
                self._known[execution_id] = known
        while len(self._known) > _MOST_REMEMBERED:
            del self._known[next(iter(self._known))]


class SqlUnit:
    """A `UnitOfWork` on a session; `written` tells what to remember once it is committed."""

    def __init__(self, session: Session, memory: Memory) -> None:
        """Write to `session`; `memory` knows what was committed before."""
        self._session = session
        self._memory = memory
        self.written: dict[str, _Known] = {}

    def save_execution(self, execution: Execution) -> None:
        """Write the execution's own row (its task runs have theirs), or what changed of it."""
        head, body = _head(execution), _body(execution)
        before = self._remembered(execution.id)
        head_kept, body_kept = _same(before.head, head), _same(before.body, body)
        if head_kept and body_kept and before.sequence == execution.sequence:
            return
        number = before.number or self._number(execution.id)
        if not self._update(execution, number, head_kept):
            number, body_kept, before = self._insert(execution), False, _NOTHING
        if not body_kept:
            if before.body[0] is not execution.labels:
                self._save_labels(execution, number)
            self._session.run(tables.SAVE_BODY, (number, *rows.execution_body(execution)))
        known = _Known(number, execution.sequence, head, body)
        self.written[execution.id] = _NOTHING if execution.done else known

    def _remembered(self, execution_id: str) -> _Known:
        return self.written.get(execution_id) or self._memory.get(execution_id)

    def _number(self, execution_id: str) -> int:
        found = self._session.one(tables.EXECUTION_NUMBER, (execution_id,))
        return int(found[0]) if found else 0

    def _update(self, execution: Execution, number: int, head_kept: bool) -> bool:
        if not number:
            return False
        if head_kept:
            row = (execution.sequence, number, execution.id)
            return self._session.run(tables.UPDATE_SEQUENCE, row) > 0
        row = (*rows.execution_head(execution), number, execution.id)
        return self._session.run(tables.UPDATE_EXECUTION, row) > 0

    def _insert(self, execution: Execution) -> int:
        row = (
            *rows.execution_head(execution),
            execution.id,
            execution.tenant,
            execution.namespace,
            execution.flow_id,
            rows.micros(execution.history.started),
            execution.parent_id,
            execution.original_id,
        )
        return int(self._session.one(tables.ADD_EXECUTION, row)[0])

    def _save_labels(self, execution: Execution, number: int) -> None:
        """Make the table of labels say what the execution says; runs before its body is saved."""
        self._delete_labels(execution.id)
        started = rows.micros(execution.history.started)
        labels = [
            (execution.tenant, rows.clean(name), rows.clean(value), started, number)
            for name, value in execution.labels
        ]
        if labels:
            self._session.run_many(tables.ADD_LABEL, labels)

    def _delete_labels(self, execution_id: str) -> None:
        found = self._session.one(tables.LABELS, (execution_id,))
        if found:
            number, tenant, started, labels = found
            doomed = [
                (tenant, name, value, started, number) for name, value in rows.from_json(labels)
            ]
            if doomed:
                self._session.run_many(tables.DELETE_LABEL, doomed)

    def save_task_runs(self, execution_id: str, task_runs: Iterable[TaskRun]) -> None:
        """Write task runs, replacing what was there by id."""
        row = rows.task_run_row
        self._many(tables.SAVE_TASK_RUN, [row(execution_id, run) for run in task_runs])

    def remove_task_runs(self, execution_id: str, ids: Iterable[str]) -> None:
        """Delete task runs; unknown ids are ignored."""
        self._many(tables.REMOVE_TASK_RUN, [(execution_id, task_run_id) for task_run_id in ids])

    def append_events(self, events: Iterable[StoredEvent]) -> None:
        """Append to event logs."""
        self._many(tables.ADD_EVENT, [rows.event_row(event) for event in events])

    def add_commands(self, commands: Iterable[StoredCommand]) -> None:
        """Put commands in the outbox; one with a known id replaces it."""
        added = self._memory.next_number
        self._many(tables.SAVE_COMMAND, [rows.command_row(item, added()) for item in commands])

    def remove_commands(self, execution_id: str, ids: Iterable[str]) -> None:
        """Take done commands out of the outbox; unknown ids are ignored."""
        self._many(tables.REMOVE_COMMAND, [(execution_id, command_id) for command_id in ids])

    def append_logs(self, entries: Iterable[LogEntry]) -> None:
        """Append log lines, in order."""
        self._many(tables.ADD_LOG, [rows.log_row(entry) for entry in entries])

    def append_metrics(self, entries: Iterable[MetricEntry]) -> None:
        """Append measurements."""
        self._many(tables.ADD_METRIC, [rows.metric_row(entry) for entry in entries])

    def _many(self, statement: str, values: Sequence[tuple[Any, ...]]) -> None:
        if len(values) == 1:
            self._session.run(statement, values[0])
        elif values:
            self._session.run_many(statement, values)

    def save_flow(self, flow: StoredFlow) -> None:
        """Write a new revision."""
        self._session.run(tables.ADD_FLOW, rows.flow_row(flow))

    def delete_flow(self, tenant: str, namespace: str, flow_id: str) -> None:
        """Mark every revision as deleted; executions keep theirs."""
        self._session.run(tables.DELETE_FLOW, (tenant, namespace, flow_id))

    def delete_execution(self, execution_id: str) -> None:
        """Delete an execution with everything that hangs on it."""
        number = self._number(execution_id)
        if number:
            self._delete_labels(execution_id)
            for statement in tables.DELETE_EXECUTION:
                self._session.run(statement, (number,))
        for statement in tables.DELETE_OF_EXECUTION:
            self._session.run(statement, (execution_id,))
        if self._session.one(tables.TRIGGER_OF_EXECUTION, (execution_id,)):
            self._session.run(tables.FORGET_EXECUTION, (self._next_trigger_version(), execution_id))
        self.written[execution_id] = _NOTHING

    def put_kv(self, record: KvRecord, *, overwrite: bool = True) -> None:
        """Write a key; `created` of an existing key stays."""
        row = rows.kv_row(record)
        if overwrite:
            self._session.run(tables.SAVE_KV, row)
        elif self._session.one(tables.ADD_KV, row) is None:
            raise ConflictError(
                f"Key {record.key!r} exists already in namespace {record.namespace!r}"
            )

    def delete_kv(self, namespace: str, key: str) -> bool:
        """Delete a key; return whether it was there."""
        return self._session.run(tables.DELETE_KV, (namespace, key)) > 0

    def save_trigger(self, trigger: TriggerRecord) -> int:
        """Write a trigger, and return the version that it has now."""
        key = (trigger.tenant, trigger.namespace, trigger.flow_id, trigger.id)
        version = self._next_trigger_version()
        values = (version, *rows.trigger_row(trigger))
        if trigger.version == 0:
            self._session.run(tables.ADD_TRIGGER, (*key, *values))
        elif not self._session.run(tables.UPDATE_TRIGGER, (*values, *key, trigger.version)):
            raise ConflictError(f"Somebody else changed trigger {trigger.id!r} first")
        return version

    def free_trigger(self, execution: Execution, trigger_id: str, *, stop: bool = False) -> None:
        """Note that an execution has ended that a trigger of its flow started."""
        key = (execution.tenant, execution.namespace, execution.flow_id, trigger_id)
        version = self._next_trigger_version()
        self._session.run(tables.FREE_TRIGGER, (version, *key, execution.id))
        if stop:
            self._session.run(tables.STOP_TRIGGER, (version, *key))

    def _next_trigger_version(self) -> int:
        return int(self._session.one(tables.NEXT_TRIGGER_VERSION)[0])

    def delete_trigger(self, tenant: str, namespace: str, flow_id: str, trigger_id: str) -> None:
        """Forget a trigger, and the changes kept for it; harmless when it is unknown."""
        for statement in tables.DELETE_TRIGGER:
            self._session.run(statement, (tenant, namespace, flow_id, trigger_id))

    def announce(self, execution: Execution, step: int) -> None:
        """Keep a change of state for each trigger of its tenant that listens to such changes."""
        state = execution.history.entries[step][0]
        pattern = f"% {state.value} %"
        self._session.run(tables.ANNOUNCE, (execution.id, step, execution.tenant, pattern))

    def take_change(self, number: int) -> None:
        """Delete a change that its trigger has been told of."""
        if not self._session.run(tables.TAKE_CHANGE, (number,)):
            raise ConflictError(f"Change {number} of an execution's state was taken already")

    def send(self, execution_id: str, kind: str, payload: str) -> bool:
        """Put an event into the inbox of whoever owns the execution; False when it is done."""
        return self._session.run(tables.SEND, (kind, rows.clean(payload), execution_id)) > 0

    def receive(self, owner: str, limit: int = 100) -> Sequence[tuple[int, str, str, str]]:
        """Return (number, execution id, kind, payload) of inbox events of executions of `owner`."""
        return self._session.all(tables.RECEIVE, (owner, limit))

    def messages(self, execution_id: str) -> Sequence[tuple[int, str, str]]:
        """Return (number, kind, payload) of an execution's inbox events, the oldest first."""
        return self._session.all(tables.MESSAGES, (execution_id,))

    def acknowledge(self, numbers: Iterable[int]) -> None:
        """Delete inbox events."""
        self._many(tables.ACKNOWLEDGE, [(number,) for number in numbers])

    def claim(
        self,
        execution_id: str,
        owner: str,
        now: datetime,
        lease: timedelta,
        *,
        is_dead: Callable[[str], bool] | None = None,
    ) -> Claim | None:
        """Become the owner of an execution, and return the claim with a new epoch."""
        until = now + lease
        session = self._session
        found = session.one(tables.CLAIM, (execution_id,))
        if found:
            holder, epoch, end = found
            if holder == owner:
                session.run(tables.RENEW_CLAIM, (rows.micros(until), epoch))
                return Claim(execution_id, owner, epoch, until)
            if end > rows.micros(now) and not (is_dead and is_dead(holder)):
                return None
            # Of several who find it expired, or its owner dead, one deletes it.
            if not session.run(tables.DELETE_CLAIM, (epoch,)):
                return None
        added = session.one(tables.ADD_CLAIM, (execution_id, owner, rows.micros(until)))
        return Claim(execution_id, owner, added[0], until) if added else None

    def renew(self, owner: str, until: datetime) -> int:
        """Extend all leases of `owner`; return how many there are."""
        return self._session.run(tables.RENEW_CLAIMS, (rows.micros(until), owner))

    def holds(self, execution_id: str, epoch: int) -> bool:
        """Return whether the claim with this epoch is still the execution's."""
        return self._session.one(tables.HOLDS, (execution_id, epoch)) is not None

    def slots(
        self, tenant: str, namespace: str, flow_id: str, *, now: datetime, most: int
    ) -> tuple[int, Sequence[str]]:
        """Return how many executions of a flow run, and which wait to, the oldest first."""
        flow = (tenant, namespace, flow_id)
        running = self._session.one(tables.RUNNING, flow)
        queued = self._session.all(tables.QUEUED, (*flow, rows.micros(now), most))
        return int(running[0]), [execution_id for (execution_id,) in queued]

    def release(self, execution_id: str, owner: str) -> None:
        """Stop owning an execution; harmless when one does not."""
        self._session.run(tables.RELEASE, (execution_id, owner))


def _head(execution: Execution) -> tuple[object, ...]:
    return (
        execution.history,
        execution.flow_revision,
        execution.done,
        execution.error,
    )


def _body(execution: Execution) -> tuple[object, ...]:
    return (
        execution.labels,
        execution.inputs,
        execution.variables,
        execution.outputs,
        execution.trigger,
    )


def _same(before: tuple[object, ...], after: tuple[object, ...]) -> bool:
    return all(old is new for old, new in zip(before, after, strict=True))
