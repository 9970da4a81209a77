"""What this package brings; imports no database driver."""

from __future__ import annotations

from tiercel.plugin import Registration, hookimpl

__all__ = ["register_repositories"]


@hookimpl
def register_repositories() -> Registration:
    """Return repositories by the scheme of their URL."""
    return {"sqlite": "tiercel_sql.sqlite:open_repository"}
