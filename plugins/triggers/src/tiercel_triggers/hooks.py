"""What this package adds to Tiercel; imported at start-up, so it imports nothing itself."""

from __future__ import annotations

from tiercel.plugin import Registration, hookimpl

__all__ = ["register_conditions", "register_tasks", "register_triggers"]

_TRIGGERS = "io.kestra.plugin.core.trigger."
_OLD_TRIGGERS = "io.kestra.core.models.triggers.types."
_CONDITIONS = "io.kestra.plugin.core.condition."
_OLD_CONDITIONS = "io.kestra.core.models.conditions.types."
_CONDITION_CLASSES = {
    "dates": ("DateTimeBetween", "DayWeek", "DayWeekInMonth", "TimeBetween", "Weekend"),
    "holiday": ("PublicHoliday",),
    "executions": (
        "ExecutionFlow",
        "ExecutionLabels",
        "ExecutionNamespace",
        "ExecutionOutputs",
        "ExecutionStatus",
        "HasRetryAttempt",
    ),
    "logic": ("Expression", "Not", "Or"),
    "flows": ("FlowCondition", "FlowNamespaceCondition"),
}
"""Module in `conditions` → the conditions in it."""


@hookimpl
def register_triggers() -> Registration:
    """Return the triggers."""
    return {
        (_TRIGGERS + "Schedule", _OLD_TRIGGERS + "Schedule"): "tiercel_triggers.schedule:Schedule",
        _TRIGGERS + "ScheduleOnDates": "tiercel_triggers.schedule_on_dates:ScheduleOnDates",
        (_TRIGGERS + "Flow", _OLD_TRIGGERS + "Flow"): "tiercel_triggers.flow:Flow",
        (_TRIGGERS + "Webhook", _OLD_TRIGGERS + "Webhook"): "tiercel_triggers.webhook:Webhook",
    }


@hookimpl
def register_conditions() -> Registration:
    """Return the conditions, each with its older names."""
    conditions: dict[str | tuple[str, ...], str] = {
        _condition_names(name): f"tiercel_triggers.conditions.{module}:{name}"
        for module, names in _CONDITION_CLASSES.items()
        for name in names
    }
    multiple = "MultipleCondition"
    conditions[_condition_names(multiple)] = f"tiercel_triggers.preconditions:{multiple}"
    return conditions


def _condition_names(name: str) -> tuple[str, ...]:
    if name.endswith("Condition"):
        return _CONDITIONS + name, _OLD_CONDITIONS + name
    older = "Variable" if name == "Expression" else name
    return (
        _CONDITIONS + name,
        f"{_CONDITIONS}{name}Condition",
        f"{_OLD_CONDITIONS}{older}Condition",
    )


@hookimpl
def register_tasks() -> Registration:
    """Return the task that turns triggers on and off."""
    older = "io.kestra.core.tasks.trigger.Toggle"
    return {(_TRIGGERS + "Toggle", older): "tiercel_triggers.toggle:Toggle"}
