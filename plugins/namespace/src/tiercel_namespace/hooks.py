"""What this package adds to Tiercel; imported at start-up, so it imports nothing itself."""

from __future__ import annotations

from tiercel.plugin import Registration, hookimpl

__all__ = ["register_tasks"]


@hookimpl
def register_tasks() -> Registration:
    """Return the tasks on namespace files."""
    return {
        "io.kestra.plugin.core.namespace.UploadFiles": "tiercel_namespace.upload:UploadFiles",
        "io.kestra.plugin.core.namespace.DownloadFiles": "tiercel_namespace.download:DownloadFiles",
        "io.kestra.plugin.core.namespace.DeleteFiles": "tiercel_namespace.delete:DeleteFiles",
        "io.kestra.plugin.core.namespace.PurgeFiles": "tiercel_namespace.purge:PurgeFiles",
    }
