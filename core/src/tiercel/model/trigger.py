"""What every trigger and every condition can declare; the classes themselves come from plugins."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, StringConstraints

from tiercel.model.assets import AssetsDeclaration
from tiercel.model.base import Flag, Text, scalar_text
from tiercel.model.execution import State
from tiercel.model.labels import Labels
from tiercel.model.task import (
    LogLevel,
    TypedModel,
    WorkerGroup,
    kind_schema,
    typed_field,
)

__all__ = ["AnyCondition", "AnyTrigger", "ConditionBase", "TriggerBase"]


def _dump(model: TypedModel) -> dict[str, Any]:
    return model.model_dump(by_alias=True, exclude_unset=True)


class ConditionBase(TypedModel):
    """Something that is true or false about an execution or a moment."""


AnyCondition = Annotated[
    ConditionBase,
    typed_field("condition", ConditionBase),
    PlainSerializer(_dump, return_type=dict),
    kind_schema("condition"),
]
"""A condition of whatever type its `type` names."""


TriggerId = Annotated[
    str,
    StringConstraints(pattern=r"^[a-zA-Z0-9][a-zA-Z0-9_-]*$", min_length=1),
    BeforeValidator(scalar_text),
]
"""A trigger's id: letters, digits, `_` and `-`, as many as one likes."""


class TriggerBase(TypedModel):
    """What every trigger can declare beside its own properties."""

    id: TriggerId
    """Unique among the flow's triggers."""
    description: Text | None = None
    """For people; Markdown."""
    conditions: list[AnyCondition] | None = None
    """All must hold, or the trigger does not start an execution."""
    disabled: Flag = False
    """Leave the trigger out, as if it were not written."""
    labels: Labels | None = None
    """Labels of the executions it starts."""
    stop_after: list[State] | None = None
    """Disable the trigger once an execution of it ends in one of these states."""
    log_level: LogLevel | None = None
    """Log lines below this level are dropped."""
    log_to_file: Flag = False
    """Write the logs to a file in internal storage instead."""
    fail_on_trigger_error: Flag = False
    """Start an execution that fails at once when the trigger cannot be evaluated."""
    allow_concurrent: Flag = False
    """Start an execution even while one of the same trigger is running."""
    worker_group: WorkerGroup | None = None
    """Accepted for compatibility; there are no worker groups."""
    version: Text | None = None
    """Accepted for compatibility; the plugin's installed version runs."""
    plugin_defaults_ref: Text | None = None
    """Which of the flow's named plugin defaults apply."""
    assets: AssetsDeclaration | None = None
    """Accepted for compatibility; there is no catalogue of assets."""


AnyTrigger = Annotated[
    TriggerBase,
    typed_field("trigger", TriggerBase),
    PlainSerializer(_dump, return_type=dict),
    kind_schema("trigger"),
]
"""A trigger of whatever type its `type` names."""
