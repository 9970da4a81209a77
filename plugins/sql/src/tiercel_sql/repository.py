"""The repository on any `Database`: reads, and the way into a unit of work."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tiercel.plugin.spi import (
    Claim,
    Execution,
    KvRecord,
    LogEntry,
    MetricEntry,
    NotFoundError,
    StateChange,
    StoredCommand,
    StoredEvent,
    StoredFlow,
    TriggerRecord,
)
from tiercel_sql import listing, rows, tables
from tiercel_sql.schema import SCHEMA_VERSION, migrate
from tiercel_sql.unit import Memory, SqlUnit

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from datetime import datetime

    from tiercel.plugin.spi import ExecutionQuery
    from tiercel_sql.session import Database

__all__ = ["SqlRepository"]

# What one transaction of a purge deletes at most, in rows of one table.
_BATCH = 5_000
_FOREVER = 2**62
_LEVELS = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR")
_NO_LIMIT = 2**62


class SqlRepository:
    """A `Repository` in a SQL database. Made current, if need be, before first use."""

    def __init__(self, database: Database) -> None:
        """Use a database, and own it: closing the repository closes it.

        Raises:
            SchemaVersionError: a newer program made its tables.
            RepositoryError: the database refused.
        """
        self._database = database
        self._memory = Memory()
        try:
            migrate(database)
        except BaseException:
            database.close()
            raise

    @contextmanager
    def transaction(self) -> Iterator[SqlUnit]:
        """Begin a unit of work: committed at the end of the block, rolled back on an exception."""
        with self._database.writing() as session:
            unit = SqlUnit(session, self._memory)
            session.on_commit = lambda: self._memory.update(unit.written)
            yield unit

    def flow(
        self, tenant: str, namespace: str, flow_id: str, revision: int | None = None
    ) -> StoredFlow:
        """Return a revision of a flow, the newest by default; a deleted one only by revision."""
        key = (tenant, namespace, flow_id)
        with self._database.reading() as session:
            if revision is None:
                row = session.one(tables.NEWEST_FLOW, key)
            else:
                row = session.one(tables.FLOW_OF_REVISION, (*key, revision))
        flow = rows.flow_of(row) if row else None
        if flow is None or (flow.deleted and revision is None):
            which = "" if revision is None else f" of revision {revision}"
            raise NotFoundError(f"There is no flow {namespace}.{flow_id}{which}")
        return flow

    def flows(self, tenant: str = "main", namespace: str | None = None) -> Sequence[StoredFlow]:
        """Return the newest revision of every living flow, by namespace and id."""
        with self._database.reading() as session:
            if namespace is None:
                found = session.all(tables.LIVING_FLOWS, (tenant,))
            else:
                found = session.all(tables.LIVING_FLOWS_OF_NAMESPACE, (tenant, namespace))
        # Sorted here: how a database sorts text depends on its collation.
        return sorted(map(rows.flow_of, found), key=lambda flow: (flow.namespace, flow.id))

    def flow_revisions(self, tenant: str, namespace: str, flow_id: str) -> Sequence[StoredFlow]:
        """Return all revisions of a flow, oldest first."""
        found = self._all(tables.FLOW_REVISIONS, tenant, namespace, flow_id)
        return [rows.flow_of(row) for row in found]

    def execution(self, execution_id: str) -> Execution:
        """Return an execution with its task runs (`flow` and `scopes` are not stored)."""
        with self._database.reading() as session:
            row = session.one(tables.EXECUTION, (execution_id,))
            if row is None:
                raise _no_execution(execution_id)
            found = session.all(tables.TASK_RUNS, (execution_id,))
        return rows.execution_of(row, {run[0]: rows.task_run_of(run) for run in found})

    def executions(self, query: ExecutionQuery) -> Sequence[Execution]:
        """Return executions without their task runs, newest first."""
        with self._database.reading() as session:
            after = None
            if query.after_id is not None:
                after = session.one(tables.EXECUTION_AGE, (query.after_id,))
                if after is None:
                    raise _no_execution(query.after_id)
            found = session.all(
                *listing.page(query, after, lambda text, values: session.one(text, values)[0])
            )
        return [rows.execution_of(row) for row in found]

    def events(self, execution_id: str) -> Sequence[StoredEvent]:
        """Return an execution's event log in order."""
        return [rows.event_of(row) for row in self._all(tables.EVENTS, execution_id)]

    def commands(self, execution_id: str) -> Sequence[StoredCommand]:
        """Return the commands of an execution that are not known to be done, oldest first."""
        return [rows.command_of(row) for row in self._all(tables.COMMANDS, execution_id)]

    def claims(self) -> Sequence[Claim]:
        """Return who owns what."""
        return [
            Claim(execution_id, owner, epoch, rows.moment(until))
            for execution_id, owner, epoch, until in self._all(tables.CLAIMS)
        ]

    def unfinished(self) -> Sequence[str]:
        """Return the ids of executions not `done`, or with commands left, oldest first."""
        return [row[0] for row in self._all(tables.UNFINISHED)]

    def logs(
        self,
        execution_id: str,
        *,
        task_run_id: str | None = None,
        after: int = 0,
        limit: int | None = None,
    ) -> Sequence[tuple[int, LogEntry]]:
        """Return (sequence number, line) in order of the numbers, those greater than `after`."""
        most = _NO_LIMIT if limit is None else limit
        if task_run_id is None:
            found = self._all(tables.LOGS, execution_id, after, most)
        else:
            found = self._all(tables.LOGS_OF_TASK_RUN, execution_id, after, task_run_id, most)
        return [rows.log_of(row) for row in found]

    def metrics(self, execution_id: str) -> Sequence[MetricEntry]:
        """Return an execution's measurements in order."""
        return [rows.metric_of(row) for row in self._all(tables.METRICS, execution_id)]

    def kv(self, namespace: str, key: str, now: datetime) -> KvRecord:
        """Return a key that has not expired by `now`."""
        found = [rows.kv_of(row) for row in self._all(tables.KV, namespace, key)]
        for record in found:
            if record.expires is None or record.expires > now:
                return record
        raise NotFoundError(f"There is no key {key!r} in namespace {namespace!r}")

    def kv_list(self, namespace: str, now: datetime, prefix: str = "") -> Sequence[KvRecord]:
        """Return the living keys of a namespace that begin with `prefix`, by key."""
        found = self._all(tables.KV_LIST, namespace, rows.micros(now), len(prefix), prefix)
        return sorted(map(rows.kv_of, found), key=lambda record: record.key)

    def trigger(self, tenant: str, namespace: str, flow_id: str, trigger_id: str) -> TriggerRecord:
        """Return what is kept of a trigger."""
        found = self._all(tables.TRIGGER, tenant, namespace, flow_id, trigger_id)
        if not found:
            raise NotFoundError(f"There is no trigger {trigger_id!r} of {namespace}.{flow_id}")
        return rows.trigger_of(found[0])

    def triggers(
        self, tenant: str = "main", namespace: str | None = None, *, after_version: int = 0
    ) -> Sequence[TriggerRecord]:
        """Return the triggers written after a version, the last written last."""
        if namespace is None:
            found = self._all(tables.TRIGGERS, tenant, after_version)
        else:
            found = self._all(tables.TRIGGERS_OF_NAMESPACE, tenant, after_version, namespace)
        return [rows.trigger_of(row) for row in found]

    def changes(self, tenant: str = "main", limit: int = 100) -> Sequence[StateChange]:
        """Return the changes of state that triggers are to be told of, oldest first."""
        return [StateChange(*row) for row in self._all(tables.CHANGES, tenant, limit)]

    def info(self) -> dict[str, Any]:
        """Return what an operator wants to know: engine, version, location, schema version."""
        return {**self._database.info(), "schema_version": SCHEMA_VERSION}

    def purge(self, execution_ids: Iterable[str]) -> int:
        """Delete executions in transactions of bounded size; return how many there were."""
        count = 0
        for execution_id in execution_ids:
            for statement in tables.PURGE:
                while self._purge_batch(statement, execution_id) == _BATCH:
                    pass
            with self._database.reading() as session:
                count += session.one(tables.EXECUTION_NUMBER, (execution_id,)) is not None
            with self.transaction() as unit:
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
        """Delete log lines in transactions of bounded size; return how many there were."""
        first = -_FOREVER if since is None else rows.micros(since)
        end = _FOREVER if until is None else rows.micros(until)
        wanted = [*(levels or _LEVELS)]
        # The statement has five places: a level may be asked for more than once.
        wanted += wanted[:1] * (len(_LEVELS) - len(wanted))
        return self._purge(tables.PURGE_LOGS, execution_id, first, end, *wanted)

    def purge_metrics(self, execution_id: str) -> int:
        """Delete an execution's measurements, in bounded transactions; return how many."""
        return self._purge(tables.PURGE_METRICS, execution_id)

    def _purge(self, statement: str, execution_id: str, *parameters: Any) -> int:
        count, last = 0, _BATCH
        while last == _BATCH:
            with self._database.writing() as session:
                last = session.run(statement, (execution_id, execution_id, *parameters, _BATCH))
            count += last
        return count

    def _purge_batch(self, statement: str, execution_id: str) -> int:
        with self._database.writing() as session:
            return session.run(statement, (execution_id, execution_id, _BATCH))

    def close(self) -> None:
        """Release connections."""
        self._database.close()

    def _all(self, statement: str, *parameters: Any) -> list[Any]:
        with self._database.reading() as session:
            return session.all(statement, parameters)


def _no_execution(execution_id: str) -> NotFoundError:
    return NotFoundError(f"There is no execution {execution_id!r}")
