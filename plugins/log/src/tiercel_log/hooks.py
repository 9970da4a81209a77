"""What this package adds to Tiercel; imported at start-up, so it imports nothing itself."""

from __future__ import annotations

from tiercel.plugin import Registration, hookimpl

__all__ = ["register_tasks"]


@hookimpl
def register_tasks() -> Registration:
    """Return the log tasks."""
    return {
        (
            "io.kestra.plugin.core.log.Log",
            "io.kestra.core.tasks.log.Log",
        ): "tiercel_log.log:Log",
        (
            "io.kestra.plugin.core.log.Fetch",
            "io.kestra.core.tasks.log.Fetch",
        ): "tiercel_log.fetch:Fetch",
        "io.kestra.plugin.core.log.PurgeLogs": "tiercel_log.purge:PurgeLogs",
    }
