"""What this package adds to Tiercel; imported at start-up, so it imports nothing heavy."""

from __future__ import annotations

from tiercel.plugin import Registration, hookimpl

__all__ = ["register_storages"]


@hookimpl
def register_storages() -> Registration:
    """Return internal storage in a container: `azure://container/prefix`."""
    return {("azure", "az"): "tiercel_azure.storage:open_storage"}
