"""What this package adds to Tiercel; imported at start-up, so it imports nothing heavy."""

from __future__ import annotations

from tiercel.plugin import Registration, hookimpl

__all__ = ["register_tasks", "register_triggers"]


@hookimpl
def register_tasks() -> Registration:
    """Return the DuckDB tasks."""
    return {
        "io.kestra.plugin.jdbc.duckdb.Query": "tiercel_duckdb.query:Query",
        "io.kestra.plugin.jdbc.duckdb.Queries": "tiercel_duckdb.query:Queries",
    }


@hookimpl
def register_triggers() -> Registration:
    """Return the DuckDB trigger."""
    return {"io.kestra.plugin.jdbc.duckdb.Trigger": "tiercel_duckdb.query:Trigger"}
