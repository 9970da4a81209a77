"""Tiercel: a workflow orchestrator that speaks Kestra's language.

Door 1, for programs that embed it:

    from tiercel import Tiercel

    with Tiercel() as tiercel:
        execution = tiercel.run("hello.yaml")

`AsyncTiercel` is the same for programs with an event loop. Task authors use `tiercel.plugin`, their
tests `tiercel.testing`. Nothing is imported before it is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiercel._lazy import door

if TYPE_CHECKING:
    from tiercel.embed.aio import AsyncTiercel
    from tiercel.embed.events import (
        Event,
        ExecutionCreated,
        ExecutionEnded,
        ExecutionStateChanged,
        LogLine,
        Missed,
        TaskRunStateChanged,
    )
    from tiercel.embed.tiercel import Tiercel
    from tiercel.errors import (
        CheckError,
        ConflictError,
        ExpressionError,
        FlowError,
        InputError,
        NotFoundError,
        PluginError,
        TiercelError,
    )
    from tiercel.model.execution import Execution, LogEntry, MetricEntry, State, TaskRun
    from tiercel.model.flow import Flow
    from tiercel.plugin.registry import Registry
    from tiercel.repository.spi import ExecutionQuery
    from tiercel.settings import Settings

__all__ = [
    "AsyncTiercel",
    "CheckError",
    "ConflictError",
    "Event",
    "Execution",
    "ExecutionCreated",
    "ExecutionEnded",
    "ExecutionQuery",
    "ExecutionStateChanged",
    "ExpressionError",
    "Flow",
    "FlowError",
    "InputError",
    "LogEntry",
    "LogLine",
    "MetricEntry",
    "Missed",
    "NotFoundError",
    "PluginError",
    "Registry",
    "Settings",
    "State",
    "TaskRun",
    "TaskRunStateChanged",
    "Tiercel",
    "TiercelError",
]

__getattr__ = door(
    globals(),
    {
        "tiercel.embed.aio": "AsyncTiercel",
        "tiercel.embed.events": (
            "Event ExecutionCreated ExecutionEnded ExecutionStateChanged LogLine Missed "
            "TaskRunStateChanged"
        ),
        "tiercel.embed.tiercel": "Tiercel",
        "tiercel.errors": (
            "CheckError ConflictError ExpressionError FlowError InputError NotFoundError "
            "PluginError TiercelError"
        ),
        "tiercel.model.execution": "Execution LogEntry MetricEntry State TaskRun",
        "tiercel.model.flow": "Flow",
        "tiercel.plugin.registry": "Registry",
        "tiercel.repository.spi": "ExecutionQuery",
        "tiercel.settings": "Settings",
    },
)
