"""Which triggers are stored: those of the flows that are deployed, as their newest revisions say.

A flow that is only run does not begin to start by itself; one that is deployed does, until it is
deleted. What is stored of its triggers changes in the transaction that stores the revision.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from tiercel._record import replace
from tiercel.errors import NotFoundError
from tiercel.plugin.trigger import ExecutionTrigger
from tiercel.repository.spi import TriggerRecord

if TYPE_CHECKING:
    from tiercel.model.execution import State
    from tiercel.model.flow import Flow
    from tiercel.model.trigger import TriggerBase
    from tiercel.repository.spi import Repository, UnitOfWork

__all__ = ["Deployment"]


class Deployment:
    """What becomes of a flow's stored triggers with a new revision.

    Args:
        repository: where they are.
        tenant: whose flow it is.
        flow: the new revision.
        before: the revision before, if there is one and it can be read.
    """

    def __init__(
        self, repository: Repository, tenant: str, flow: Flow, before: Flow | None
    ) -> None:
        self._repository = repository
        self._tenant = tenant
        self._flow = flow
        self._now = {trigger.id: trigger for trigger in flow.triggers or ()}
        self._before = {trigger.id: trigger for trigger in (before and before.triggers) or ()}
        self._same_flow = before is not None and before.disabled == flow.disabled
        stored = {name: self._stored(name) for name in {**self._before, **self._now}}
        self._records = {name: record for name, record in stored.items() if record is not None}

    @property
    def is_deployed(self) -> bool:
        """Whether triggers of the flow are stored already."""
        return bool(self._records)

    @property
    def is_needed(self) -> bool:
        """Whether what is stored differs from what the flow says."""
        return set(self._records) != set(self._now) or any(
            not self._is_unchanged(trigger) for trigger in self._now.values()
        )

    def write(self, work: UnitOfWork, at: datetime) -> None:
        """Store the triggers of the flow, and forget those that it has no more.

        A trigger that is new or was changed waits from `at` on; one that was not goes on.
        """
        for name in set(self._records) - set(self._now):
            work.delete_trigger(self._tenant, self._flow.namespace, self._flow.id, name)
        for trigger in self._now.values():
            if trigger.id in self._records and self._is_unchanged(trigger):
                continue
            work.save_trigger(self._record(trigger, at))

    def _stored(self, name: str) -> TriggerRecord | None:
        try:
            return self._repository.trigger(self._tenant, self._flow.namespace, self._flow.id, name)
        except NotFoundError:
            return None

    def _is_unchanged(self, trigger: TriggerBase) -> bool:
        return self._same_flow and self._before.get(trigger.id) == trigger

    def _record(self, trigger: TriggerBase, at: datetime) -> TriggerRecord:
        key = (self._tenant, self._flow.namespace, self._flow.id, trigger.id)
        record = self._records.get(trigger.id) or TriggerRecord(*key, updated=at)
        return replace(
            record, updated=at, next_date=None, backfill=None, states=self._states(trigger)
        )

    def _states(self, trigger: TriggerBase) -> frozenset[State]:
        if not isinstance(trigger, ExecutionTrigger) or trigger.disabled or self._flow.disabled:
            return frozenset()
        return trigger.awaited_states()
