"""What this package adds to Tiercel; imported at start-up, so it imports nothing heavy."""

from __future__ import annotations

from tiercel.plugin import Registration, hookimpl

__all__ = ["register_task_runners"]


@hookimpl
def register_task_runners() -> Registration:
    """Return the runner that runs commands in containers."""
    return {"io.kestra.plugin.scripts.runner.docker.Docker": "tiercel_docker.runner:Docker"}
