"""A repository in memory: for tests, and for embedding programs that keep nothing.

All data are persistent (immutable) maps held by one object. A transaction works on a copy of that
object, which costs nothing, and puts it in place when it ends well; so readers need no lock, see
one state or the next, and a rollback is forgetting the copy.
"""

from __future__ import annotations

from bisect import bisect_left
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field, replace
from threading import Lock, get_ident
from typing import TYPE_CHECKING, Any, TypeVar

from rpds import HashTrieMap, List

from tiercel.errors import ConflictError, NotFoundError, RepositoryError
from tiercel.model.execution import State
from tiercel.repository.spi import (
    RUNNING_STATES,
    Claim,
    ExecutionQuery,
    KvRecord,
    StateChange,
    TriggerRecord,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
    from datetime import datetime, timedelta

    from tiercel.model.execution import Execution, LogEntry, MetricEntry, TaskRun
    from tiercel.repository.spi import StoredCommand, StoredEvent, StoredFlow

__all__ = ["MemoryRepository"]

T = TypeVar("T")
_FlowKey = tuple[str, str, str]
_TriggerKey = tuple[str, str, str, str]
_Message = tuple[int, str, str, str]


@dataclass(slots=True)
class _State:
    """Everything, at one moment. Lists hold the newest entry first."""

    number: int = 0
    flows: HashTrieMap[_FlowKey, HashTrieMap[int, StoredFlow]] = field(default_factory=HashTrieMap)
    executions: HashTrieMap[str, tuple[int, Execution]] = field(default_factory=HashTrieMap)
    task_runs: HashTrieMap[str, HashTrieMap[str, TaskRun]] = field(default_factory=HashTrieMap)
    events: HashTrieMap[str, List[StoredEvent]] = field(default_factory=HashTrieMap)
    commands: HashTrieMap[str, HashTrieMap[str, tuple[int, StoredCommand]]] = field(
        default_factory=HashTrieMap
    )
    logs: HashTrieMap[str, List[tuple[int, LogEntry]]] = field(default_factory=HashTrieMap)
    metrics: HashTrieMap[str, List[MetricEntry]] = field(default_factory=HashTrieMap)
    kv: HashTrieMap[tuple[str, str], KvRecord] = field(default_factory=HashTrieMap)
    inbox: HashTrieMap[int, _Message] = field(default_factory=HashTrieMap)
    claims: HashTrieMap[str, Claim] = field(default_factory=HashTrieMap)
    triggers: HashTrieMap[_TriggerKey, TriggerRecord] = field(default_factory=HashTrieMap)
    changes: HashTrieMap[int, StateChange] = field(default_factory=HashTrieMap)

    def next_number(self) -> int:
        """Return a number greater than all before."""
        self.number += 1
        return self.number


class MemoryRepository:
    """A `Repository` that forgets everything with the process."""

    def __init__(self) -> None:
        """Begin empty."""
        self._state = _State()
        self._writer = Lock()
        self._writing_thread: int | None = None

    @contextmanager
    def transaction(self) -> Iterator[_Unit]:
        """Begin a unit of work: committed at the end of the block, rolled back on an exception."""
        if self._writing_thread == get_ident():
            raise RepositoryError("A transaction is open already in this thread")
        with self._writer:
            self._writing_thread = get_ident()
            try:
                state = copy(self._state)
                yield _Unit(state)
                self._state = state
            finally:
                self._writing_thread = None

    def flow(
        self, tenant: str, namespace: str, flow_id: str, revision: int | None = None
    ) -> StoredFlow:
        """Return a revision of a flow, the newest by default; a deleted one only by revision."""
        revisions = self._state.flows.get((tenant, namespace, flow_id), HashTrieMap())
        found = revisions.get(max(revisions, default=0) if revision is None else revision)
        if found is None or (revision is None and found.deleted):
            which = "" if revision is None else f" of revision {revision}"
            raise NotFoundError(f"There is no flow {namespace}.{flow_id}{which}")
        return found

    def flows(self, tenant: str = "main", namespace: str | None = None) -> Sequence[StoredFlow]:
        """Return the newest revision of every living flow, by namespace and id."""
        newest = (
            revisions[max(revisions)]
            for (owner, space, _), revisions in self._state.flows.items()
            if owner == tenant and namespace in (None, space)
        )
        return sorted((f for f in newest if not f.deleted), key=lambda f: (f.namespace, f.id))

    def flow_revisions(self, tenant: str, namespace: str, flow_id: str) -> Sequence[StoredFlow]:
        """Return all revisions of a flow, oldest first."""
        revisions = self._state.flows.get((tenant, namespace, flow_id), HashTrieMap())
        return [revisions[number] for number in sorted(revisions)]

    def execution(self, execution_id: str) -> Execution:
        """Return an execution with its task runs (`flow` and `scopes` are not stored)."""
        state = self._state
        _, execution = _execution(state, execution_id)
        return replace(execution, task_runs=state.task_runs.get(execution_id, HashTrieMap()))

    def executions(self, query: ExecutionQuery) -> Sequence[Execution]:
        """Return executions without their task runs, newest first."""
        state = self._state
        last = None
        if query.after_id is not None:
            last = _age(_execution(state, query.after_id))
        found = [item for item in state.executions.values() if _matches(query, item[1])]
        found.sort(key=_age, reverse=True)
        page = (
            execution
            for item in found
            if last is None or _age(item) < last
            for execution in (item[1],)
        )
        return [execution for execution, _ in zip(page, range(query.limit), strict=False)]

    def events(self, execution_id: str) -> Sequence[StoredEvent]:
        """Return an execution's event log in order."""
        return _oldest_first(self._state.events, execution_id)

    def commands(self, execution_id: str) -> Sequence[StoredCommand]:
        """Return the commands of an execution that are not known to be done, oldest first."""
        numbered = self._state.commands.get(execution_id, HashTrieMap()).values()
        return [command for _, command in sorted(numbered, key=lambda item: item[0])]

    def claims(self) -> Sequence[Claim]:
        """Return who owns what."""
        return sorted(self._state.claims.values(), key=lambda claim: claim.epoch)

    def unfinished(self) -> Sequence[str]:
        """Return the ids of executions not `done`, or with commands left, oldest first."""
        state = self._state
        open_ids = {key for key, (_, execution) in state.executions.items() if not execution.done}
        open_ids.update(key for key in state.commands if key in state.executions)
        return sorted(open_ids, key=lambda key: state.executions[key][0])

    def logs(
        self,
        execution_id: str,
        *,
        task_run_id: str | None = None,
        after: int = 0,
        limit: int | None = None,
    ) -> Sequence[tuple[int, LogEntry]]:
        """Return (sequence number, line) in order of the numbers, those greater than `after`."""
        lines = _oldest_first(self._state.logs, execution_id)
        begin = bisect_left(lines, after + 1, key=lambda line: line[0])
        wanted = [line for line in lines[begin:] if task_run_id in (None, line[1].task_run_id)]
        return wanted[:limit]

    def metrics(self, execution_id: str) -> Sequence[MetricEntry]:
        """Return an execution's measurements in order."""
        return _oldest_first(self._state.metrics, execution_id)

    def kv(self, namespace: str, key: str, now: datetime) -> KvRecord:
        """Return a key that has not expired by `now`."""
        record = self._state.kv.get((namespace, key))
        if record is None or _expired(record, now):
            raise NotFoundError(f"There is no key {key!r} in namespace {namespace!r}")
        return record

    def kv_list(self, namespace: str, now: datetime, prefix: str = "") -> Sequence[KvRecord]:
        """Return the living keys of a namespace that begin with `prefix`, by key."""
        found = (
            record
            for (space, key), record in self._state.kv.items()
            if space == namespace and key.startswith(prefix) and not _expired(record, now)
        )
        return sorted(found, key=lambda record: record.key)

    def trigger(self, tenant: str, namespace: str, flow_id: str, trigger_id: str) -> TriggerRecord:
        """Return what is kept of a trigger."""
        found = self._state.triggers.get((tenant, namespace, flow_id, trigger_id))
        if found is None:
            raise NotFoundError(f"There is no trigger {trigger_id!r} of {namespace}.{flow_id}")
        return found

    def triggers(
        self, tenant: str = "main", namespace: str | None = None, *, after_version: int = 0
    ) -> Sequence[TriggerRecord]:
        """Return the triggers written after a version, the last written last."""
        found = (
            each
            for each in self._state.triggers.values()
            if each.tenant == tenant
            and namespace in (None, each.namespace)
            and each.version > after_version
        )
        return sorted(found, key=lambda each: each.version)

    def changes(self, tenant: str = "main", limit: int = 100) -> Sequence[StateChange]:
        """Return the changes of state that triggers are to be told of, oldest first."""
        mine = (each for each in self._state.changes.values() if each.tenant == tenant)
        return sorted(mine, key=lambda change: change.number)[:limit]

    def info(self) -> dict[str, Any]:
        """Return what an operator wants to know: engine and how much is held."""
        return {"engine": "memory", "executions": len(self._state.executions)}

    def purge(self, execution_ids: Iterable[str]) -> int:
        """Delete executions, each in its own transaction; return how many there were."""
        count = 0
        for execution_id in execution_ids:
            with self.transaction() as unit:
                count += execution_id in self._state.executions
                unit.delete_execution(execution_id)
        return count

    def purge_logs(
        self,
        execution_id: str,
        *,
        levels: Collection[str] = (),
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> int:
        """Delete log lines of some levels and times; return how many there were."""
        with self.transaction() as unit:
            return unit.remove_logs(
                execution_id,
                lambda line: (
                    (not levels or line.level in levels)
                    and (since is None or line.at >= since)
                    and (until is None or line.at < until)
                ),
            )

    def purge_metrics(self, execution_id: str) -> int:
        """Delete an execution's measurements; return how many there were."""
        with self.transaction() as unit:
            return unit.remove_metrics(execution_id)

    def close(self) -> None:
        """Keep everything: another reader may hold the same object."""


class _Unit:
    """A unit of work on a copy of the state."""

    def __init__(self, state: _State) -> None:
        self._state = state

    def save_execution(self, execution: Execution) -> None:
        state = self._state
        known = state.executions.get(execution.id)
        number = known[0] if known else state.next_number()
        row = replace(execution, flow=None, task_runs=HashTrieMap(), scopes=HashTrieMap())
        state.executions = state.executions.insert(execution.id, (number, row))

    def save_task_runs(self, execution_id: str, task_runs: Iterable[TaskRun]) -> None:
        state = self._state
        rows = state.task_runs.get(execution_id, HashTrieMap())
        for task_run in task_runs:
            rows = rows.insert(task_run.id, task_run)
        state.task_runs = state.task_runs.insert(execution_id, rows)

    def remove_task_runs(self, execution_id: str, ids: Iterable[str]) -> None:
        state = self._state
        rows = state.task_runs.get(execution_id, HashTrieMap())
        for task_run_id in ids:
            rows = rows.discard(task_run_id)
        state.task_runs = state.task_runs.insert(execution_id, rows)

    def append_events(self, events: Iterable[StoredEvent]) -> None:
        state = self._state
        log = state.events
        for event in events:
            rows = log.get(event.execution_id, List())
            if event.sequence != len(rows) + 1:
                raise ConflictError(
                    f"Event {event.sequence} of execution {event.execution_id!r} does not follow "
                    f"the {len(rows)} there are; somebody else runs it"
                )
            log = log.insert(event.execution_id, rows.push_front(event))
        state.events = log

    def add_commands(self, commands: Iterable[StoredCommand]) -> None:
        state = self._state
        for command in commands:
            rows = state.commands.get(command.execution_id, HashTrieMap())
            known = rows.get(command.id)
            number = known[0] if known else state.next_number()
            rows = rows.insert(command.id, (number, command))
            state.commands = state.commands.insert(command.execution_id, rows)

    def remove_commands(self, execution_id: str, ids: Iterable[str]) -> None:
        state = self._state
        rows = state.commands.get(execution_id, HashTrieMap())
        for command_id in ids:
            rows = rows.discard(command_id)
        state.commands = (
            state.commands.insert(execution_id, rows)
            if rows
            else state.commands.discard(execution_id)
        )

    def append_logs(self, entries: Iterable[LogEntry]) -> None:
        state = self._state
        for entry in entries:
            rows = state.logs.get(entry.execution_id, List())
            number = next((last for last, _ in rows), 0) + 1
            state.logs = state.logs.insert(entry.execution_id, rows.push_front((number, entry)))

    def remove_logs(self, execution_id: str, unwanted: Callable[[LogEntry], bool]) -> int:
        """Delete the log lines that are not wanted; return how many there were."""
        state = self._state
        rows = state.logs.get(execution_id, List())
        kept = List([row for row in rows if not unwanted(row[1])])
        state.logs = state.logs.insert(execution_id, kept)
        return len(rows) - len(kept)

    def remove_metrics(self, execution_id: str) -> int:
        """Delete an execution's measurements; return how many there were."""
        count = len(self._state.metrics.get(execution_id, List()))
        self._state.metrics = self._state.metrics.discard(execution_id)
        return count

    def append_metrics(self, entries: Iterable[MetricEntry]) -> None:
        state = self._state
        for entry in entries:
            rows = state.metrics.get(entry.execution_id, List())
            state.metrics = state.metrics.insert(entry.execution_id, rows.push_front(entry))

    def save_flow(self, flow: StoredFlow) -> None:
        key = (flow.tenant, flow.namespace, flow.id)
        revisions = self._state.flows.get(key, HashTrieMap())
        if flow.revision in revisions:
            raise ConflictError(
                f"Flow {flow.namespace}.{flow.id} has a revision {flow.revision} already"
            )
        self._state.flows = self._state.flows.insert(key, revisions.insert(flow.revision, flow))

    def delete_flow(self, tenant: str, namespace: str, flow_id: str) -> None:
        key = (tenant, namespace, flow_id)
        revisions = self._state.flows.get(key)
        if revisions is not None:
            dead = {number: replace(flow, deleted=True) for number, flow in revisions.items()}
            self._state.flows = self._state.flows.insert(key, HashTrieMap(dead))

    def delete_execution(self, execution_id: str) -> None:
        state = self._state
        state.executions = state.executions.discard(execution_id)
        state.task_runs = state.task_runs.discard(execution_id)
        state.events = state.events.discard(execution_id)
        state.commands = state.commands.discard(execution_id)
        state.logs = state.logs.discard(execution_id)
        state.metrics = state.metrics.discard(execution_id)
        state.claims = state.claims.discard(execution_id)
        for message in list(state.inbox.values()):
            if message[1] == execution_id:
                state.inbox = state.inbox.discard(message[0])
        for change in list(state.changes.values()):
            if change.execution_id == execution_id:
                state.changes = state.changes.discard(change.number)
        for trigger in list(state.triggers.values()):
            if trigger.execution_id == execution_id:
                self.save_trigger(replace(trigger, execution_id=None))

    def put_kv(self, record: KvRecord, *, overwrite: bool = True) -> None:
        key = (record.namespace, record.key)
        known = self._state.kv.get(key)
        if known is not None and not _expired(known, record.updated):
            if not overwrite:
                raise ConflictError(
                    f"Key {record.key!r} exists already in namespace {record.namespace!r}"
                )
            record = replace(record, created=known.created)
        self._state.kv = self._state.kv.insert(key, record)

    def delete_kv(self, namespace: str, key: str) -> bool:
        there = (namespace, key) in self._state.kv
        self._state.kv = self._state.kv.discard((namespace, key))
        return there

    def send(self, execution_id: str, kind: str, payload: str) -> bool:
        found = self._state.executions.get(execution_id)
        if found is None or found[1].done:
            return False
        number = self._state.next_number()
        self._state.inbox = self._state.inbox.insert(number, (number, execution_id, kind, payload))
        return True

    def receive(self, owner: str, limit: int = 100) -> Sequence[_Message]:
        claims = self._state.claims
        mine = [
            message
            for message in self._state.inbox.values()
            if message[1] in claims and claims[message[1]].owner == owner
        ]
        return sorted(mine)[:limit]

    def messages(self, execution_id: str) -> Sequence[tuple[int, str, str]]:
        inbox = self._state.inbox.values()
        return sorted(
            (number, kind, payload) for number, to, kind, payload in inbox if to == execution_id
        )

    def acknowledge(self, numbers: Iterable[int]) -> None:
        for number in numbers:
            self._state.inbox = self._state.inbox.discard(number)

    def save_trigger(self, trigger: TriggerRecord) -> int:
        state, key = self._state, _key(trigger)
        known = state.triggers.get(key)
        if trigger.version != (known.version if known else 0):
            raise ConflictError(f"Somebody else changed trigger {trigger.id!r} first")
        version = state.next_number()
        state.triggers = state.triggers.insert(key, replace(trigger, version=version))
        return version

    def free_trigger(self, execution: Execution, trigger_id: str, *, stop: bool = False) -> None:
        key = (execution.tenant, execution.namespace, execution.flow_id, trigger_id)
        known = self._state.triggers.get(key)
        if known is None:
            return
        last = None if known.execution_id == execution.id else known.execution_id
        freed = replace(known, execution_id=last, disabled=known.disabled or stop)
        if freed != known:
            self.save_trigger(freed)

    def delete_trigger(self, tenant: str, namespace: str, flow_id: str, trigger_id: str) -> None:
        state, key = self._state, (tenant, namespace, flow_id, trigger_id)
        state.triggers = state.triggers.discard(key)
        for change in list(state.changes.values()):
            if (change.tenant, change.namespace, change.flow_id, change.trigger_id) == key:
                state.changes = state.changes.discard(change.number)

    def announce(self, execution: Execution, step: int) -> None:
        state = self._state
        changed_to = execution.history.entries[step][0]
        for key, trigger in state.triggers.items():
            if (
                trigger.tenant == execution.tenant
                and changed_to in trigger.states
                and not trigger.disabled
            ):
                change = StateChange(state.next_number(), *key, execution.id, step)
                state.changes = state.changes.insert(change.number, change)

    def take_change(self, number: int) -> None:
        if number not in self._state.changes:
            raise ConflictError(f"Change {number} of an execution's state was taken already")
        self._state.changes = self._state.changes.discard(number)

    def claim(
        self,
        execution_id: str,
        owner: str,
        now: datetime,
        lease: timedelta,
        *,
        is_dead: Callable[[str], bool] | None = None,
    ) -> Claim | None:
        known = self._state.claims.get(execution_id)
        if known is not None and known.owner == owner:
            claim = replace(known, until=now + lease)
        elif known is not None and known.until > now and not (is_dead and is_dead(known.owner)):
            return None
        else:
            claim = Claim(execution_id, owner, self._state.next_number(), now + lease)
        self._state.claims = self._state.claims.insert(execution_id, claim)
        return claim

    def holds(self, execution_id: str, epoch: int) -> bool:
        claim = self._state.claims.get(execution_id)
        return claim is not None and claim.epoch == epoch

    def slots(
        self, tenant: str, namespace: str, flow_id: str, *, now: datetime, most: int
    ) -> tuple[int, Sequence[str]]:
        state, running, queued = self._state, 0, []
        flow = (tenant, namespace, flow_id)
        for number, each in state.executions.values():
            if each.done or (each.tenant, each.namespace, each.flow_id) != flow:
                continue
            claim = state.claims.get(each.id)
            running += each.state in RUNNING_STATES
            if each.state is State.QUEUED and claim is not None and claim.until > now:
                queued.append((number, each.id))
        return running, [execution_id for _, execution_id in sorted(queued)[:most]]

    def renew(self, owner: str, until: datetime) -> int:
        mine = [claim for claim in self._state.claims.values() if claim.owner == owner]
        for claim in mine:
            renewed = replace(claim, until=until)
            self._state.claims = self._state.claims.insert(claim.execution_id, renewed)
        return len(mine)

    def release(self, execution_id: str, owner: str) -> None:
        claim = self._state.claims.get(execution_id)
        if claim is not None and claim.owner == owner:
            self._state.claims = self._state.claims.discard(execution_id)


def _execution(state: _State, execution_id: str) -> tuple[int, Execution]:
    found = state.executions.get(execution_id)
    if found is None:
        raise NotFoundError(f"There is no execution {execution_id!r}")
    return found


def _key(trigger: TriggerRecord) -> _TriggerKey:
    return trigger.tenant, trigger.namespace, trigger.flow_id, trigger.id


def _age(item: tuple[int, Execution]) -> tuple[datetime, int]:
    number, execution = item
    return execution.history.started, number


def _matches(query: ExecutionQuery, execution: Execution) -> bool:
    started = execution.history.started
    return (
        execution.tenant == query.tenant
        and query.namespace in (None, execution.namespace)
        and query.flow_id in (None, execution.flow_id)
        and (not query.states or execution.state in query.states)
        and set(query.labels) <= set(execution.labels)
        and query.parent_id in (None, execution.parent_id)
        and (query.started_after is None or started >= query.started_after)
        and (query.started_before is None or started < query.started_before)
    )


def _oldest_first(lists: HashTrieMap[str, List[T]], execution_id: str) -> list[T]:
    entries = list(lists.get(execution_id, List()))
    entries.reverse()
    return entries


def _expired(record: KvRecord, now: datetime) -> bool:
    return record.expires is not None and record.expires <= now
