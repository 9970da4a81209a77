"""What this package adds to Tiercel; imported at start-up, so it imports nothing heavy."""

from __future__ import annotations

from tiercel.plugin import Registration, hookimpl

__all__ = ["register_tasks"]


@hookimpl
def register_tasks() -> Registration:
    """Return the Git tasks."""
    return {
        "io.kestra.plugin.git.Clone": "tiercel_git.clone:Clone",
        "io.kestra.plugin.git.Push": "tiercel_git.push_folder:Push",
        "io.kestra.plugin.git.PushFlows": "tiercel_git.push:PushFlows",
        "io.kestra.plugin.git.PushNamespaceFiles": "tiercel_git.push:PushNamespaceFiles",
        "io.kestra.plugin.git.SyncFlow": "tiercel_git.sync:SyncFlow",
        "io.kestra.plugin.git.SyncFlows": "tiercel_git.sync:SyncFlows",
        "io.kestra.plugin.git.SyncNamespaceFiles": "tiercel_git.sync:SyncNamespaceFiles",
    }
