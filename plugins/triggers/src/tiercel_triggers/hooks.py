"""What this package adds to Tiercel; imported at start-up, so it imports nothing itself."""

from __future__ import annotations

from tiercel.plugin import Registration, hookimpl

__all__ = ["register_conditions", "register_tasks", "register_triggers"]

_TRIGGERS = "io.kestra.plugin.core.trigger."
_OLD_TRIGGERS = "io.kestra.core.models.triggers.types."
_CONDITIONS = "io.kestra.plugin.core.condition."
_OLD_CONDITIONS = "io.kestra.core.models.conditions.types."


@hookimpl
def register_triggers() -> Registration:
    """Return the triggers."""
    return {}


@hookimpl
def register_conditions() -> Registration:
    """Return the conditions."""
    return {}


@hookimpl
def register_tasks() -> Registration:
    """Return the tasks that turn triggers on and off."""
    return {}
