"""What this package adds to Tiercel; imported at start-up, so it imports nothing heavy."""

from __future__ import annotations

from tiercel.plugin import Registration, hookimpl

__all__ = ["register_tasks"]


@hookimpl
def register_tasks() -> Registration:
    """Return the DuckDB tasks."""
    return {
        "io.kestra.plugin.jdbc.duckdb.Query": "tiercel_duckdb.query:Query",
        "io.kestra.plugin.jdbc.duckdb.Queries": "tiercel_duckdb.query:Queries",
    }
