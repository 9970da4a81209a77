"""What this package adds to Tiercel; imported at start-up, so it imports nothing itself."""

from __future__ import annotations

from tiercel.plugin import Registration, hookimpl

__all__ = ["register_tasks"]


@hookimpl
def register_tasks() -> Registration:
    """Return the key-value tasks."""
    return {
        "io.kestra.plugin.core.kv.Set": "tiercel_kv.write:Set",
        "io.kestra.plugin.core.kv.Put": "tiercel_kv.write:Put",
        "io.kestra.plugin.core.kv.Get": "tiercel_kv.read:Get",
        "io.kestra.plugin.core.kv.GetKeys": "tiercel_kv.read:GetKeys",
        "io.kestra.plugin.core.kv.Delete": "tiercel_kv.write:Delete",
        "io.kestra.plugin.core.kv.PurgeKV": "tiercel_kv.purge:PurgeKV",
    }
