"""What this package adds to Tiercel; imported at start-up, so it imports nothing itself."""

from __future__ import annotations

from tiercel.plugin import Registration, hookimpl

__all__ = ["register_tasks"]

_NEW = "io.kestra.plugin.core.storage"
_OLD = "io.kestra.core.tasks.storages"
_TASKS = {
    "Concat": "concat:Concat",
    "DeduplicateItems": "items:DeduplicateItems",
    "Delete": "file:Delete",
    "FilterItems": "items:FilterItems",
    "LocalFiles": "local:LocalFiles",
    "Reverse": "reverse:Reverse",
    "Size": "file:Size",
    "Split": "split:Split",
}


@hookimpl
def register_tasks() -> Registration:
    """Return the storage tasks."""
    return {
        **{
            (f"{_NEW}.{name}", f"{_OLD}.{name}"): f"tiercel_storage.{home}"
            for name, home in _TASKS.items()
        },
        f"{_NEW}.Write": "tiercel_storage.file:Write",
        f"{_NEW}.PurgeStorage": "tiercel_storage.purge:PurgeStorage",
        (
            f"{_NEW}.PurgeCurrentExecutionFiles",
            f"{_OLD}.PurgeExecution",
            f"{_NEW}.PurgeExecution",
        ): "tiercel_storage.file:PurgeCurrentExecutionFiles",
    }
