"""Tiercel: a workflow orchestrator that speaks Kestra's language.

Door 1, for programs that embed it:

    from tiercel import Tiercel

    with Tiercel() as tiercel:
        execution = tiercel.run("hello.yaml")

Task authors use `tiercel.plugin`, their tests `tiercel.testing`. Nothing is imported before it is
asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiercel._lazy import door

if TYPE_CHECKING:
    from tiercel.embed import Tiercel
    from tiercel.errors import (
        CheckError,
        ExpressionError,
        FlowError,
        InputError,
        NotFoundError,
        PluginError,
        TiercelError,
    )
    from tiercel.model.execution import Execution, LogEntry, State, TaskRun
    from tiercel.model.flow import Flow
    from tiercel.plugin.registry import Registry
    from tiercel.settings import Settings

__all__ = [
    "CheckError",
    "Execution",
    "ExpressionError",
    "Flow",
    "FlowError",
    "InputError",
    "LogEntry",
    "NotFoundError",
    "PluginError",
    "Registry",
    "Settings",
    "State",
    "TaskRun",
    "Tiercel",
    "TiercelError",
]

__getattr__ = door(
    globals(),
    {
        "tiercel.embed": "Tiercel",
        "tiercel.errors": (
            "CheckError ExpressionError FlowError InputError NotFoundError PluginError TiercelError"
        ),
        "tiercel.model.execution": "Execution LogEntry State TaskRun",
        "tiercel.model.flow": "Flow",
        "tiercel.plugin.registry": "Registry",
        "tiercel.settings": "Settings",
    },
)
