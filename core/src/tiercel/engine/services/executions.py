"""`ExecutionBook`: other executions, as a task may ask about them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tiercel._record import replace
from tiercel.engine.services.spilling import recall
from tiercel.errors import NotFoundError
from tiercel.model.execution import State
from tiercel.repository.spi import ExecutionQuery
from tiercel.storage import uri as uris

if TYPE_CHECKING:
    from tiercel.engine.services.files import FileStore
    from tiercel.model.execution import Execution, LogEntry
    from tiercel.repository.spi import Repository

__all__ = ["ExecutionBook", "levels_from"]

_PAGE = 1000
PARTS = ("executions", "logs", "metrics", "files")
"""What is kept of an execution."""
LEVELS = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR")
"""Levels of log lines, the lowest first."""


class ExecutionBook:
    """The executions of a tenant.

    Args:
        repository: where they are.
        tenant: whose they are.
        files: their files.
        resume: resumes a paused one: (id, inputs).
    """

    def __init__(
        self,
        repository: Repository,
        tenant: str,
        files: FileStore,
        resume: Callable[[str, Mapping[str, Any]], None],
    ) -> None:
        self._repository = repository
        self._tenant = tenant
        self._files = files
        self._resume = resume

    def find(self, execution_id: str) -> Execution:
        """Return an execution with its task runs."""
        execution = self._repository.execution(execution_id)
        if execution.tenant != self._tenant:
            raise NotFoundError(f"There is no execution '{execution_id}'")
        return execution

    def count(
        self,
        namespace: str,
        flow_id: str | None = None,
        *,
        states: Collection[State] = (),
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Mapping[str, int]:
        """Return flow id → how many executions it has."""
        query = ExecutionQuery(
            tenant=self._tenant,
            namespace=namespace,
            flow_id=flow_id,
            states=frozenset(states),
            started_after=since,
            started_before=until,
            limit=_PAGE,
        )
        counts: dict[str, int] = {}
        for execution in self._found(query):
            counts[execution.flow_id] = counts.get(execution.flow_id, 0) + 1
        return counts

    def _found(self, query: ExecutionQuery) -> Iterator[Execution]:
        """Yield executions page by page; those yielded may be deleted meanwhile."""
        page = self._repository.executions(query)
        while page:
            query = replace(query, after_id=page[-1].id)
            following = self._repository.executions(query)
            yield from page
            page = following

    def _ended(
        self, namespace: str | None, flow_id: str | None, **limits: Any
    ) -> Iterator[Execution]:
        """Yield executions that have ended, of a namespace and, without a flow, of those below."""
        exact = namespace if flow_id is not None else None
        query = ExecutionQuery(
            tenant=self._tenant, namespace=exact, flow_id=flow_id, limit=_PAGE, **limits
        )
        for execution in self._found(query):
            if execution.done and _is_within(execution.namespace, namespace):
                yield execution

    def purge(
        self,
        namespace: str | None = None,
        flow_id: str | None = None,
        *,
        until: datetime,
        since: datetime | None = None,
        states: Collection[State] = (),
        parts: Collection[str] = PARTS,
    ) -> Mapping[str, int]:
        """Delete executions that have ended, or only some of what is kept of them."""
        counts = dict.fromkeys(PARTS, 0)
        found = self._ended(
            namespace,
            flow_id,
            states=frozenset(states),
            started_after=since,
            started_before=until,
        )
        for execution in found:
            if "files" in parts:
                folder = uris.execution_folder(execution.namespace, execution.flow_id, execution.id)
                counts["files"] += self._files.delete_all(folder)
            if "logs" in parts or "executions" in parts:
                counts["logs"] += self._repository.purge_logs(execution.id)
            if "metrics" in parts or "executions" in parts:
                counts["metrics"] += self._repository.purge_metrics(execution.id)
            if "executions" in parts:
                counts["executions"] += self._repository.purge([execution.id])
        return counts

    def log_lines(
        self, execution_id: str, *, level: str = "TRACE", task_ids: Collection[str] = ()
    ) -> Iterator[Mapping[str, Any]]:
        """Yield an execution's log lines in order, with the members that Kestra's have."""
        execution = self._repository.execution(execution_id)
        wanted = levels_from(level)
        after = 0
        while page := self._repository.logs(execution_id, after=after, limit=_PAGE):
            after = page[-1][0]
            for _, line in page:
                if line.level in wanted and (not task_ids or line.task_id in task_ids):
                    yield _log_line(execution, line)

    def purge_logs(
        self,
        namespace: str | None = None,
        flow_id: str | None = None,
        execution_id: str | None = None,
        *,
        until: datetime,
        since: datetime | None = None,
        levels: Collection[str] = (),
    ) -> int:
        """Delete log lines of executions that have ended; return how many there were."""
        # A line is not older than its execution.
        ended = self._ended(namespace, flow_id, started_before=until)
        return sum(
            self._repository.purge_logs(execution.id, levels=levels, since=since, until=until)
            for execution in ended
            if execution_id in (None, execution.id)
        )

    def namespaces(self) -> Sequence[str]:
        """Return the namespaces that have flows, sorted."""
        return sorted({flow.namespace for flow in self._repository.flows(self._tenant)})

    def outputs_of_children(
        self, execution_id: str, task_run_id: str
    ) -> Iterator[Mapping[str, Any]]:
        """Yield the outputs of the executions that a task run began, by iteration."""
        query = ExecutionQuery(tenant=self._tenant, parent_id=execution_id, limit=_PAGE)
        newest: dict[int, str] = {}
        for child in self._found(query):
            cause = (child.trigger or {}).get("variables", {})
            if cause.get("taskRunId") == task_run_id and child.outputs:
                newest.setdefault(cause.get("taskRunIteration") or 0, child.id)
        for iteration in sorted(newest):
            child = self._repository.execution(newest[iteration])
            yield recall(child.outputs, self._files) or {}

    def resume(self, execution_id: str, inputs: Mapping[str, Any] | None = None) -> None:
        """Resume a paused execution."""
        self._resume(execution_id, inputs or {})


def _is_within(namespace: str, outer: str | None) -> bool:
    """Tell whether a namespace is another one, or below it; every one is below None."""
    return outer is None or namespace == outer or namespace.startswith(f"{outer}.")


def _log_line(execution: Execution, line: LogEntry) -> dict[str, Any]:
    known = {
        "namespace": execution.namespace,
        "flowId": execution.flow_id,
        "taskId": line.task_id,
        "executionId": execution.id,
        "taskRunId": line.task_run_id,
        "attemptNumber": line.attempt if line.task_run_id else None,
        "timestamp": line.at,
        "level": line.level,
        "message": line.message,
    }
    return {name: value for name, value in known.items() if value is not None}


def levels_from(level: str) -> tuple[str, ...]:
    """Return a level of log lines and those above it.

    Raises:
        ValueError: there is no such level.
    """
    if level not in LEVELS:
        raise ValueError(f"There is no level {level!r}; levels are {', '.join(LEVELS)}")
    return LEVELS[LEVELS.index(level) :]
