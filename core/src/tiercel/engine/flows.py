"""`FlowBook`: the flows of a tenant, as texts in the repository and as models in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiercel.model.load import examine, load
from tiercel.repository.spi import StoredFlow

if TYPE_CHECKING:
    from tiercel._time import Clock
    from tiercel.model.flow import Flow
    from tiercel.model.load import Report
    from tiercel.plugin.registry import Registry
    from tiercel.repository.spi import Repository

__all__ = ["FlowBook"]


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

    def save(self, flow: Flow) -> Flow:
        """Store a flow, as a new revision unless its source is the newest one's; return it."""
        revision = 1
        revisions = self._repository.flow_revisions(self._tenant, flow.namespace, flow.id)
        if revisions:
            newest = revisions[-1]
            if newest.source == flow.source and not newest.deleted:
                return self._remember(flow, newest.revision)
            revision = newest.revision + 1
        stored = StoredFlow(
            self._tenant, flow.namespace, flow.id, revision, flow.source, self._clock.now()
        )
        with self._repository.transaction() as work:
            work.save_flow(stored)
        return self._remember(flow, revision)

    def newest(self, namespace: str, flow_id: str, revision: int | None = None) -> Flow:
        """Return a stored flow, its newest revision by default.

        Raises:
            NotFoundError: there is no such flow or revision.
        """
        stored = self._repository.flow(self._tenant, namespace, flow_id, revision)
        return self.revision(self._tenant, namespace, flow_id, stored.revision)

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
