"""`ExecutionBook`: other executions, as a task may ask about them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tiercel._record import replace
from tiercel.model.execution import State
from tiercel.repository.spi import ExecutionQuery

if TYPE_CHECKING:
    from tiercel.repository.spi import Repository

__all__ = ["ExecutionBook"]

_PAGE = 1000


class ExecutionBook:
    """The executions of a tenant.

    Args:
        repository: where they are.
        tenant: whose they are.
        resume: resumes a paused one: (id, inputs).
    """

    def __init__(
        self,
        repository: Repository,
        tenant: str,
        resume: Callable[[str, Mapping[str, Any]], None],
    ) -> None:
        self._repository = repository
        self._tenant = tenant
        self._resume = resume

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
        while page := self._repository.executions(query):
            for execution in page:
                counts[execution.flow_id] = counts.get(execution.flow_id, 0) + 1
            query = replace(query, after_id=page[-1].id)
        return counts

    def outputs_of_children(
        self, execution_id: str, task_run_id: str
    ) -> Iterator[Mapping[str, Any]]:
        """Yield the outputs of the executions that a task run began, by iteration."""
        query = ExecutionQuery(tenant=self._tenant, parent_id=execution_id, limit=_PAGE)
        newest: dict[int, str] = {}
        while page := self._repository.executions(query):
            for child in page:
                cause = (child.trigger or {}).get("variables", {})
                if cause.get("taskRunId") == task_run_id and child.outputs:
                    newest.setdefault(cause.get("taskRunIteration") or 0, child.id)
            query = replace(query, after_id=page[-1].id)
        for iteration in sorted(newest):
            yield self._repository.execution(newest[iteration]).outputs or {}

    def resume(self, execution_id: str, inputs: Mapping[str, Any] | None = None) -> None:
        """Resume a paused execution."""
        self._resume(execution_id, inputs or {})
