"""The repository SPI: everything durable but files.

Flows and their revisions, executions and their task runs, logs, metrics, key-value pairs; and,
in the same unit of work, the engine's own: the event log, the outbox of commands, the inbox of
events from outside, and who owns which execution. One transaction is worth more than a swappable
broker, so the queue is not an SPI of its own.

Events and commands are text to a repository: the engine encodes and decodes them. The contract
suite in `tiercel.testing.contracts.repository` says exactly what an implementation must do.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Any, Protocol, runtime_checkable

from tiercel._record import record
from tiercel.model.execution import Execution, LogEntry, MetricEntry, State, TaskRun

__all__ = [
    "RUNNING_STATES",
    "Claim",
    "ExecutionQuery",
    "KvRecord",
    "Repository",
    "StateChange",
    "StoredCommand",
    "StoredEvent",
    "StoredFlow",
    "TriggerRecord",
    "UnitOfWork",
]


RUNNING_STATES = frozenset({State.RUNNING, State.PAUSED, State.RETRYING, State.KILLING})
"""The states of executions that a flow's `concurrency` counts."""


@record
class StoredFlow:
    """One revision of a flow, with its source as it was written."""

    tenant: str
    namespace: str
    id: str
    revision: int
    source: str
    created: datetime
    deleted: bool = False


@record
class StoredEvent:
    """One line of an execution's event log; `sequence` counts from 1 without gaps."""

    execution_id: str
    sequence: int
    kind: str
    payload: str


@record
class StoredCommand:
    """Something to do that was decided and is not known to be done.

    Attributes:
        id: unique within the execution; derived from what it is for.
        due: not before this time; None for at once.
    """

    execution_id: str
    id: str
    kind: str
    payload: str
    due: datetime | None = None


@record
class Claim:
    """Who runs an execution: `epoch` grows with each change of owner; the lease ends at `until`."""

    execution_id: str
    owner: str
    epoch: int
    until: datetime


@record
class KvRecord:
    """One key of a namespace. `value` is JSON text; `kind` says how to read it."""

    namespace: str
    key: str
    value: str
    kind: str
    created: datetime
    updated: datetime
    expires: datetime | None = None
    description: str | None = None


@record
class TriggerRecord:
    """What is kept of a flow's trigger between its occasions.

    Attributes:
        id: the trigger's id in its flow.
        updated: when it was written last, but for the ends of its executions.
        next_date: when it is due; None when that is not known, or when it waits for no date.
        last_date: the date of its last occasion.
        execution_id: the last execution that it started, until that ends; None when none runs.
        disabled: someone turned it off, or its `stopAfter` did.
        backfill: JSON text of the backfill under way; None when there is none.
        memory: JSON text of what it asked to remember; None when that is nothing.
        states: changes of executions to one of these are kept for it: see `UnitOfWork.announce`.
        version: of the trigger's last write; greater than those of all earlier writes of any
            trigger, and 0 for one that is not stored.
    """

    tenant: str
    namespace: str
    flow_id: str
    id: str
    updated: datetime
    next_date: datetime | None = None
    last_date: datetime | None = None
    execution_id: str | None = None
    disabled: bool = False
    backfill: str | None = None
    memory: str | None = None
    states: frozenset[State] = frozenset()
    version: int = 0


@record
class StateChange:
    """A change of an execution's state that a trigger has not been told of yet.

    Attributes:
        number: greater than those of earlier changes.
        namespace: that of the trigger's flow, not of the execution's.
        step: which entry of the execution's history it is, from 0.
    """

    number: int
    tenant: str
    namespace: str
    flow_id: str
    trigger_id: str
    execution_id: str
    step: int


@record
class ExecutionQuery:
    """Which executions to list: newest first by the start of their history, then by creation.

    Attributes:
        namespace: exactly this one, not those below it.
        after_id: list those older than this execution: the page after it.
        limit: at most so many.
        labels: all of these must be set.
        started_after: those whose history begins at this time or later.
        started_before: those whose history begins earlier than this time.
    """

    tenant: str = "main"
    namespace: str | None = None
    flow_id: str | None = None
    states: frozenset[State] = frozenset()
    labels: tuple[tuple[str, str], ...] = ()
    parent_id: str | None = None
    started_after: datetime | None = None
    started_before: datetime | None = None
    after_id: str | None = None
    limit: int = 25


class UnitOfWork(Protocol):
    """Writes that become visible together, or not at all."""

    def save_execution(self, execution: Execution) -> None:
        """Write the execution's own row (its task runs have theirs).

        Saving it again with nothing changed costs next to nothing: values are compared by
        identity, so they must not be modified in place.
        """
        ...

    def save_task_runs(self, execution_id: str, task_runs: Iterable[TaskRun]) -> None:
        """Write task runs, replacing what was there by id."""
        ...

    def remove_task_runs(self, execution_id: str, ids: Iterable[str]) -> None:
        """Delete task runs; unknown ids are ignored."""
        ...

    def append_events(self, events: Iterable[StoredEvent]) -> None:
        """Append to event logs.

        Raises:
            ConflictError: a sequence number is taken: somebody else runs this execution.
        """
        ...

    def add_commands(self, commands: Iterable[StoredCommand]) -> None:
        """Put commands in the outbox; one with a known id replaces it."""
        ...

    def remove_commands(self, execution_id: str, ids: Iterable[str]) -> None:
        """Take done commands out of the outbox; unknown ids are ignored."""
        ...

    def append_logs(self, entries: Iterable[LogEntry]) -> None:
        """Append log lines, in order."""
        ...

    def append_metrics(self, entries: Iterable[MetricEntry]) -> None:
        """Append measurements."""
        ...

    def save_flow(self, flow: StoredFlow) -> None:
        """Write a new revision.

        Raises:
            ConflictError: that revision exists.
        """
        ...

    def delete_flow(self, tenant: str, namespace: str, flow_id: str) -> None:
        """Mark every revision as deleted; executions keep theirs."""
        ...

    def delete_execution(self, execution_id: str) -> None:
        """Delete an execution with everything that hangs on it; harmless when it is unknown.

        For many executions, or one that may have a great many log lines, use `Repository.purge`.
        """
        ...

    def put_kv(self, record: KvRecord, *, overwrite: bool = True) -> None:
        """Write a key; `created` of an existing key stays.

        Raises:
            ConflictError: the key exists, has not expired by `record.updated`, and `overwrite` is
                false.
        """
        ...

    def delete_kv(self, namespace: str, key: str) -> bool:
        """Delete a key; return whether it was there."""
        ...

    def send(self, execution_id: str, kind: str, payload: str) -> bool:
        """Put an event from outside into the inbox of whoever owns, or will own, the execution.

        Returns False, and keeps nothing, when there is no such execution or it is done: nobody
        would look.
        """
        ...

    def receive(self, owner: str, limit: int = 100) -> Sequence[tuple[int, str, str, str]]:
        """Return (number, execution id, kind, payload) of inbox events of executions of `owner`.

        They stay until `acknowledge`, which belongs in the transaction that applied them.
        """
        ...

    def messages(self, execution_id: str) -> Sequence[tuple[int, str, str]]:
        """Return (number, kind, payload) of an execution's inbox events, the oldest first.

        Whoever writes its end looks here in the same transaction, so that nothing is left behind.
        """
        ...

    def acknowledge(self, numbers: Iterable[int]) -> None:
        """Delete inbox events."""
        ...

    def save_trigger(self, trigger: TriggerRecord) -> int:
        """Write a trigger, and return the version that it has now.

        Raises:
            ConflictError: its stored version is not `trigger.version` (0: it is not stored), so
                somebody else wrote it since it was read.
        """
        ...

    def free_trigger(self, execution: Execution, trigger_id: str, *, stop: bool = False) -> None:
        """Note that an execution has ended that a trigger of its flow started.

        Whoever wrote the trigger last: it forgets the execution, if that is the last one it
        started, and is disabled to `stop`. Harmless when the trigger is unknown.
        """
        ...

    def delete_trigger(self, tenant: str, namespace: str, flow_id: str, trigger_id: str) -> None:
        """Forget a trigger, and the changes kept for it; harmless when it is unknown."""
        ...

    def announce(self, execution: Execution, step: int) -> None:
        """Keep a change of state for each trigger of its tenant that listens to such changes.

        Those are the triggers that are not disabled and have the entry's state among their
        `states`. Entry `step` of the execution's history is the change.
        """
        ...

    def take_change(self, number: int) -> None:
        """Delete a change that its trigger has been told of.

        Raises:
            ConflictError: it is not there (any more): somebody else took it.
        """
        ...

    def claim(
        self,
        execution_id: str,
        owner: str,
        now: datetime,
        lease: timedelta,
        *,
        is_dead: Callable[[str], bool] | None = None,
    ) -> Claim | None:
        """Become the owner of an execution, and return the claim with a new epoch.

        Returns None when another owner's lease has not ended yet, unless `is_dead` knows that this
        owner is dead: of several who find that out, one becomes the owner. Claiming what one owns
        already renews it and keeps the epoch.
        """
        ...

    def holds(self, execution_id: str, epoch: int) -> bool:
        """Return whether the claim with this epoch is still the execution's, ended lease or not."""
        ...

    def renew(self, owner: str, until: datetime) -> int:
        """Extend all leases of `owner`; return how many there are."""
        ...

    def slots(
        self, tenant: str, namespace: str, flow_id: str, *, now: datetime, most: int
    ) -> tuple[int, Sequence[str]]:
        """Return how many executions of a flow run, and which of them wait to, this unit included.

        Those that run are RUNNING, PAUSED, RETRYING or KILLING. Those that wait are QUEUED and have
        an owner whose lease has not ended by `now`; the oldest come first, at most `most` of them.
        """
        ...

    def release(self, execution_id: str, owner: str) -> None:
        """Stop owning an execution; harmless when one does not."""
        ...


@runtime_checkable
class Repository(Protocol):
    """The durable state. Safe to use from several threads; reads never see half a transaction."""

    def transaction(self) -> AbstractContextManager[UnitOfWork]:
        """Begin a unit of work: committed at the end of the block, rolled back on an exception.

        Others that write wait until the block ends, so it should not wait for anything. What
        the block reads from the repository itself is the state before the transaction.

        Raises:
            RepositoryError: it could not be committed, and nothing of it is visible; or this
                thread has a transaction open already.
        """
        ...

    def flow(
        self, tenant: str, namespace: str, flow_id: str, revision: int | None = None
    ) -> StoredFlow:
        """Return a revision of a flow, the newest by default; a deleted one only by revision.

        Raises:
            NotFoundError: there is no such flow or revision.
        """
        ...

    def flows(self, tenant: str = "main", namespace: str | None = None) -> Sequence[StoredFlow]:
        """Return the newest revision of every living flow, by namespace and id."""
        ...

    def flow_revisions(self, tenant: str, namespace: str, flow_id: str) -> Sequence[StoredFlow]:
        """Return all revisions of a flow, oldest first."""
        ...

    def execution(self, execution_id: str) -> Execution:
        """Return an execution with its task runs (`flow` and `scopes` are not stored).

        Raises:
            NotFoundError: there is no such execution.
        """
        ...

    def executions(self, query: ExecutionQuery) -> Sequence[Execution]:
        """Return executions without their task runs, newest first.

        Raises:
            NotFoundError: `after_id` names no execution.
        """
        ...

    def events(self, execution_id: str) -> Sequence[StoredEvent]:
        """Return an execution's event log in order."""
        ...

    def commands(self, execution_id: str) -> Sequence[StoredCommand]:
        """Return the commands of an execution that are not known to be done, oldest first."""
        ...

    def claims(self) -> Sequence[Claim]:
        """Return who owns what."""
        ...

    def unfinished(self) -> Sequence[str]:
        """Return the ids of executions not `done`, or with commands left, oldest first."""
        ...

    def logs(
        self,
        execution_id: str,
        *,
        task_run_id: str | None = None,
        after: int = 0,
        limit: int | None = None,
    ) -> Sequence[tuple[int, LogEntry]]:
        """Return (sequence number, line) in order of the numbers, those greater than `after`."""
        ...

    def metrics(self, execution_id: str) -> Sequence[MetricEntry]:
        """Return an execution's measurements in order."""
        ...

    def trigger(self, tenant: str, namespace: str, flow_id: str, trigger_id: str) -> TriggerRecord:
        """Return what is kept of a trigger.

        Raises:
            NotFoundError: nothing is.
        """
        ...

    def triggers(
        self, tenant: str = "main", namespace: str | None = None, *, after_version: int = 0
    ) -> Sequence[TriggerRecord]:
        """Return the triggers written after a version, the last written last."""
        ...

    def changes(self, tenant: str = "main", limit: int = 100) -> Sequence[StateChange]:
        """Return the changes of state that triggers are to be told of, oldest first."""
        ...

    def kv(self, namespace: str, key: str, now: datetime) -> KvRecord:
        """Return a key that has not expired by `now`.

        Raises:
            NotFoundError: there is no such key, or it expired.
        """
        ...

    def kv_list(self, namespace: str, now: datetime, prefix: str = "") -> Sequence[KvRecord]:
        """Return the living keys of a namespace that begin with `prefix`, by key."""
        ...

    def info(self) -> dict[str, Any]:
        """Return what an operator wants to know: engine, version, location, schema version."""
        ...

    def purge(self, execution_ids: Iterable[str]) -> int:
        """Delete executions in transactions of bounded size; return how many there were.

        A purge of any size neither fails as a whole nor keeps other writers waiting. Of one that
        was interrupted, some executions are gone, and the rest can be purged again.
        """
        ...

    def purge_logs(
        self,
        execution_id: str,
        *,
        levels: Collection[str] = (),
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> int:
        """Delete log lines in transactions of bounded size; return how many there were.

        Args:
            execution_id: whose.
            levels: only lines of one of these; of any by default.
            since: only lines of this time or later.
            until: only earlier lines.
        """
        ...

    def purge_metrics(self, execution_id: str) -> int:
        """Delete an execution's measurements, in bounded transactions; return how many."""
        ...

    def close(self) -> None:
        """Release connections."""
        ...
