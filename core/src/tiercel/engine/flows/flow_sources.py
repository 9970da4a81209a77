"""`FlowSources`: the stored flows as texts, as a task may read and write them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from tiercel.errors import NotFoundError
from tiercel.plugin.context import FlowSource

if TYPE_CHECKING:
    from tiercel.engine.flows.flows import FlowBook
    from tiercel.repository.spi import Repository, StoredFlow

__all__ = ["FlowSources"]


class FlowSources:
    """The flows of a tenant.

    Args:
        book: reads and stores them.
        repository: where their texts are.
        tenant: whose they are.
    """

    def __init__(self, book: FlowBook, repository: Repository, tenant: str) -> None:
        self._book = book
        self._repository = repository
        self._tenant = tenant

    def find(self, namespace: str, *, below: bool = False) -> Iterator[FlowSource]:
        """Return the flows of a namespace, by namespace and id."""
        for stored in self._repository.flows(self._tenant, None if below else namespace):
            if stored.namespace == namespace or stored.namespace.startswith(f"{namespace}."):
                yield _source(stored)

    def check(self, source: str) -> FlowSource:
        """Return what `save` would return, without storing anything."""
        flow = self._book.load(source)
        stored = None
        with suppress(NotFoundError):
            stored = self._repository.flow(self._tenant, flow.namespace, flow.id)
        if stored is not None and stored.source == flow.source:
            return _source(stored)
        revisions = self._repository.flow_revisions(self._tenant, flow.namespace, flow.id)
        newest = revisions[-1].revision if revisions else 0
        return FlowSource(flow.namespace, flow.id, newest + 1, flow.source)

    def save(self, source: str) -> FlowSource:
        """Store and deploy a flow; a text that is stored already makes no new revision."""
        flow = self._book.save(self._book.load(source), deploy=True)
        return FlowSource(flow.namespace, flow.id, flow.revision or 1, flow.source)

    def delete(self, namespace: str, flow_id: str) -> None:
        """Delete a flow; its executions stay."""
        self._book.delete(namespace, flow_id)


def _source(stored: StoredFlow) -> FlowSource:
    return FlowSource(stored.namespace, stored.id, stored.revision, stored.source)
