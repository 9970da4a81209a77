"""What this package adds to Tiercel; imported at start-up, so it imports nothing heavy."""

from __future__ import annotations

from tiercel.plugin import Registration, hookimpl

__all__ = ["register_tasks", "register_triggers"]

_SQLITE = "io.kestra.plugin.jdbc.sqlite"
_POSTGRES = "io.kestra.plugin.jdbc.postgresql"


@hookimpl
def register_tasks() -> Registration:
    """Return the tasks of SQLite and PostgreSQL."""
    return {
        f"{_SQLITE}.Query": "tiercel_jdbc.sqlite:Query",
        f"{_SQLITE}.Queries": "tiercel_jdbc.sqlite:Queries",
        f"{_POSTGRES}.Query": "tiercel_jdbc.postgresql:Query",
        f"{_POSTGRES}.Queries": "tiercel_jdbc.postgresql:Queries",
        f"{_POSTGRES}.Batch": "tiercel_jdbc.postgresql_batch:Batch",
        f"{_POSTGRES}.CopyIn": "tiercel_jdbc.postgresql_copy:CopyIn",
        f"{_POSTGRES}.CopyOut": "tiercel_jdbc.postgresql_copy:CopyOut",
    }


@hookimpl
def register_triggers() -> Registration:
    """Return the triggers of SQLite and PostgreSQL."""
    return {
        f"{_SQLITE}.Trigger": "tiercel_jdbc.sqlite:Trigger",
        f"{_POSTGRES}.Trigger": "tiercel_jdbc.postgresql:Trigger",
    }
