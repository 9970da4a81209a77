"""What this package adds to Tiercel; imported at start-up, so it imports nothing itself."""

from __future__ import annotations

from tiercel.plugin import Registration, hookimpl

__all__ = ["register_functions", "register_tasks", "register_triggers"]


@hookimpl
def register_tasks() -> Registration:
    """Return the HTTP tasks."""
    return {
        (
            "io.kestra.plugin.core.http.Request",
            "io.kestra.plugin.fs.http.Request",
        ): "tiercel_http.request:Request",
        (
            "io.kestra.plugin.core.http.Download",
            "io.kestra.plugin.fs.http.Download",
        ): "tiercel_http.download:Download",
        "io.kestra.plugin.core.http.SseRequest": "tiercel_http.sse:SseRequest",
    }


@hookimpl
def register_triggers() -> Registration:
    """Return the trigger that polls a server."""
    return {
        (
            "io.kestra.plugin.core.http.Trigger",
            "io.kestra.plugin.fs.http.Trigger",
        ): "tiercel_http.trigger:Trigger",
    }


@hookimpl
def register_functions() -> Registration:
    """Return the functions for expressions."""
    return {"http": "tiercel_http.function:HTTP"}
