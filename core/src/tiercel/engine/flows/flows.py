"""`FlowBook`: the flows of a tenant, as texts in the repository and as models in memory."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from tiercel.errors import ConflictError, FlowError, NotFoundError
from tiercel.model.load import examine, load
from tiercel.repository.spi import StoredFlow

if TYPE_CHECKING:
    from tiercel._time import Clock
    from tiercel.engine.flows.deploy import Deployment
    from tiercel.model.flow import Flow
    from tiercel.model.load import Report
    from tiercel.plugin.registry import Registry
    from tiercel.repository.spi import Repository

__all__ = ["FlowBook"]

_TRIES = 10


class FlowBook:
    """Flows and their revisions; a revision is parsed once.

    Args:
        repository: where their texts are.
        registry: which types they may use.
        clock: dates new revisions.
        tenant: whose they are.
    """

    def __init__(
        self, repository: Repository, registry: Registry, clock: Clock, tenant: str
    ) -> None:
        self._repository = repository
        self._registry = registry
        self._clock = clock
        self._tenant = tenant
        self._known: dict[tuple[str, str, str, int], Flow] = {}

    def load(self, text: str, file: str = "") -> Flow:
        """Return the flow that a text means.

        Raises:
            FlowError: something is wrong with it; lists all of it.
        """
        return load(text, resolve=self._registry.resolve, file=file)

    def examine(self, text: str, file: str = "") -> Report:
        """Return everything there is to say about a flow's text, other stored flows considered."""
        return examine(text, resolve=self._registry.resolve, file=file, flow_exists=self.exists)

    def exists(self, namespace: str, flow_id: str) -> bool:
        """Return whether a flow is stored."""
        revisions = self._repository.flow_revisions(self._tenant, namespace, flow_id)
        return bool(revisions) and not revisions[-1].deleted

    def save(self, flow: Flow, *, deploy: bool = False) -> Flow:
        """Store a flow, as a new revision unless its source is the newest one's; return it.

        To `deploy` it, its triggers begin to work. Those of a flow that is deployed already follow
        its new revision in any case.
        """
        for _ in range(_TRIES):
            try:
                return self._save(flow, deploy)
            except ConflictError as error:  # somebody else stored it, or a trigger fired, meanwhile
                conflict = error
        raise conflict

    def _save(self, flow: Flow, deploy: bool) -> Flow:
        revisions = self._repository.flow_revisions(self._tenant, flow.namespace, flow.id)
        newest = revisions[-1] if revisions else None
        living = newest if newest is not None and not newest.deleted else None
        deployment = self._deployment(flow, living, deploy)
        is_new = living is None or living.source != flow.source
        revision = (newest.revision if newest else 0) + is_new
        now = self._clock.now()
        if is_new or deployment is not None:
            key = (self._tenant, flow.namespace, flow.id)
            with self._repository.transaction() as work:
                if is_new:
                    work.save_flow(StoredFlow(*key, revision, flow.source, now))
                if deployment is not None:
                    deployment.write(work, now)
        return self._remember(flow, revision)

    def _deployment(self, flow: Flow, newest: StoredFlow | None, deploy: bool) -> Deployment | None:
        """Return what becomes of the flow's stored triggers; None when nothing does."""
        before = self._before(flow, newest)
        if not flow.triggers and not (before and before.triggers):
            return None
        from tiercel.engine.flows.deploy import Deployment

        found = Deployment(self._repository, self._tenant, flow, before)
        return found if (deploy or found.is_deployed) and found.is_needed else None

    def _before(self, flow: Flow, newest: StoredFlow | None) -> Flow | None:
        """Return the revision before as far as its triggers matter; None when there is none."""
        if newest is None or newest.source == flow.source:
            return flow if newest else None
        if flow.triggers or "triggers" in newest.source:
            with suppress(FlowError):  # a plugin may be gone since
                return self.revision(self._tenant, flow.namespace, flow.id, newest.revision)
        return None

    def delete(self, namespace: str, flow_id: str) -> None:
        """Delete a flow, and what its triggers keep; its executions stay, with their revisions.

        Raises:
            NotFoundError: there is no such flow.
        """
        self._repository.flow(self._tenant, namespace, flow_id)
        triggers = self._repository.triggers(self._tenant, namespace)
        with self._repository.transaction() as work:
            work.delete_flow(self._tenant, namespace, flow_id)
            for trigger in triggers:
                if trigger.flow_id == flow_id:
                    work.delete_trigger(self._tenant, namespace, flow_id, trigger.id)

    def newest(self, namespace: str, flow_id: str, revision: int | None = None) -> Flow:
        """Return a stored flow, its newest revision by default.

        Raises:
            NotFoundError: there is no such flow or revision.
        """
        stored = self._repository.flow(self._tenant, namespace, flow_id, revision)
        return self.revision(self._tenant, namespace, flow_id, stored.revision)

    def runnable(self, namespace: str, flow_id: str, revision: int | None) -> Flow:
        """Return the flow that a task is to run.

        Raises:
            NotFoundError: there is no such flow or revision.
            ConflictError: it is disabled.
        """
        try:
            flow = self.newest(namespace, flow_id, revision)
        except NotFoundError:
            raise NotFoundError(
                f"Unable to find flow '{namespace}'.'{flow_id}' with revision '{revision or 0}'"
            ) from None
        if flow.disabled:
            raise ConflictError("Cannot execute a flow which is disabled")
        return flow

    def revision(self, tenant: str, namespace: str, flow_id: str, revision: int) -> Flow:
        """Return one revision of a flow.

        Raises:
            NotFoundError: there is no such flow or revision.
        """
        known = self._known.get((tenant, namespace, flow_id, revision))
        if known is not None:
            return known
        stored = self._repository.flow(tenant, namespace, flow_id, revision)
        return self._remember(self.load(stored.source), revision)

    def _remember(self, flow: Flow, revision: int) -> Flow:
        flow = flow.model_copy(update={"revision": revision})
        self._known[self._tenant, flow.namespace, flow.id, revision] = flow
        return flow
