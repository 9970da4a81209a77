"""What this package adds to Tiercel; imported at start-up, so it imports nothing heavy."""

from __future__ import annotations

from tiercel.plugin import Registration, hookimpl
from tiercel_scripts.languages import LANGUAGES

__all__ = ["register_task_runners", "register_tasks", "register_triggers"]


@hookimpl
def register_tasks() -> Registration:
    """Return `Script` and `Commands` of every language."""
    return {
        language.type_of(kind): f"tiercel_scripts.tasks:{language.class_of(kind)}"
        for language in LANGUAGES
        for kind in ("Script", "Commands")
    }


@hookimpl
def register_triggers() -> Registration:
    """Return the triggers of the languages that have them."""
    return {
        language.type_of(kind): f"tiercel_scripts.triggers:{language.class_of(kind)}"
        for language in LANGUAGES
        for kind in ("ScriptTrigger", "CommandsTrigger")
        if language.has_triggers
    }


@hookimpl
def register_task_runners() -> Registration:
    """Return the runner that starts processes on this machine."""
    return {"io.kestra.plugin.core.runner.Process": "tiercel_scripts.process:Process"}
