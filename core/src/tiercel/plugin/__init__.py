"""Door 2, for authors of tasks: everything a plugin may import.

`hookimpl` and the hook specifications are light; the rest loads when it is first asked for, so a
plugin's `hooks` module costs next to nothing to import.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiercel._lazy import door
from tiercel.plugin.hookspecs import Registration, hookimpl

if TYPE_CHECKING:
    from tiercel.errors import (
        ConflictError,
        EvaluationError,
        ExpressionError,
        FlowError,
        NotFoundError,
        OutboundError,
        StorageError,
        StorageUriError,
        StoredFileNotFoundError,
        TaskError,
        TaskKilledError,
        TaskTimeoutError,
        TiercelError,
        UnknownTypeError,
    )
    from tiercel.expression.meta import references
    from tiercel.expression.runtime import EvaluationContext
    from tiercel.expression.table import Entry
    from tiercel.expression.zones import zone_of
    from tiercel.model.base import Dynamic, Flag, Model, Text, Uri
    from tiercel.model.duration import Duration
    from tiercel.model.execution import State
    from tiercel.model.input_base import AnyInput
    from tiercel.model.labels import Labels
    from tiercel.model.retry import Retry
    from tiercel.model.task import AnyTask, TaskBase, TaskList
    from tiercel.plugin import ion
    from tiercel.plugin.container import ContainerOptions
    from tiercel.plugin.context import (
        ExecutionFile,
        Executions,
        Flows,
        FlowSource,
        KvStore,
        Metric,
        RunContext,
        StoredWriter,
        TaskStorage,
    )
    from tiercel.plugin.deprecation import (
        deprecated_alias,
        deprecated_property,
        deprecated_type,
        old_value,
    )
    from tiercel.plugin.files import (
        NamespaceFiles,
        glob_matches,
        load_namespace_files,
        localize,
        scratch_file,
        selected,
        store_file,
        store_output_files,
        working_files,
        write_input_files,
    )
    from tiercel.plugin.lines import LineSplitter
    from tiercel.plugin.namespaces import chosen_namespaces, moment_of, wildcard_matches
    from tiercel.plugin.outbound import OutboundPolicy, outbound_policy
    from tiercel.plugin.property import Property
    from tiercel.plugin.rendering import render_with
    from tiercel.plugin.runner import AnyTaskRunner, RunnerCommand, RunnerResult, TaskRunner
    from tiercel.plugin.split import SplitOptions, stored_lines
    from tiercel.plugin.task import (
        Child,
        Decision,
        Evaluate,
        Example,
        ExecutionTask,
        Finish,
        FlowableTask,
        FlowableView,
        Lane,
        MetricInfo,
        Mirrors,
        Open,
        Output,
        Pause,
        RunFlow,
        Task,
        TaskOrder,
        Update,
        Wait,
    )
    from tiercel.plugin.trigger import (
        Accept,
        AnyCondition,
        Condition,
        ConditionContext,
        Execution,
        ExecutionTrigger,
        FlowRef,
        Ignore,
        PollingTrigger,
        Refuse,
        Remember,
        Request,
        RequestTrigger,
        ScheduledTrigger,
        Start,
        Trigger,
    )
    from tiercel.plugin.truth import is_true

__all__ = [
    "Accept",
    "AnyCondition",
    "AnyInput",
    "AnyTask",
    "AnyTaskRunner",
    "Child",
    "Condition",
    "ConditionContext",
    "ConflictError",
    "ContainerOptions",
    "Decision",
    "Duration",
    "Dynamic",
    "Entry",
    "Evaluate",
    "EvaluationContext",
    "EvaluationError",
    "Example",
    "Execution",
    "ExecutionFile",
    "ExecutionTask",
    "ExecutionTrigger",
    "Executions",
    "ExpressionError",
    "Finish",
    "Flag",
    "FlowError",
    "FlowRef",
    "FlowSource",
    "FlowableTask",
    "FlowableView",
    "Flows",
    "Ignore",
    "KvStore",
    "Labels",
    "Lane",
    "LineSplitter",
    "Metric",
    "MetricInfo",
    "Mirrors",
    "Model",
    "NamespaceFiles",
    "NotFoundError",
    "Open",
    "OutboundError",
    "OutboundPolicy",
    "Output",
    "Pause",
    "PollingTrigger",
    "Property",
    "Refuse",
    "Registration",
    "Remember",
    "Request",
    "RequestTrigger",
    "Retry",
    "RunContext",
    "RunFlow",
    "RunnerCommand",
    "RunnerResult",
    "ScheduledTrigger",
    "SplitOptions",
    "Start",
    "State",
    "StorageError",
    "StorageUriError",
    "StoredFileNotFoundError",
    "StoredWriter",
    "Task",
    "TaskBase",
    "TaskError",
    "TaskKilledError",
    "TaskList",
    "TaskOrder",
    "TaskRunner",
    "TaskStorage",
    "TaskTimeoutError",
    "Text",
    "TiercelError",
    "Trigger",
    "UnknownTypeError",
    "Update",
    "Uri",
    "Wait",
    "chosen_namespaces",
    "deprecated_alias",
    "deprecated_property",
    "deprecated_type",
    "glob_matches",
    "hookimpl",
    "ion",
    "is_true",
    "load_namespace_files",
    "localize",
    "moment_of",
    "old_value",
    "outbound_policy",
    "references",
    "render_with",
    "scratch_file",
    "selected",
    "store_file",
    "store_output_files",
    "stored_lines",
    "wildcard_matches",
    "working_files",
    "write_input_files",
    "zone_of",
]

__getattr__ = door(
    globals(),
    {
        "tiercel.errors": (
            "ConflictError EvaluationError ExpressionError FlowError NotFoundError OutboundError "
            "StorageError StorageUriError StoredFileNotFoundError TaskError TaskKilledError "
            "TaskTimeoutError TiercelError UnknownTypeError"
        ),
        "tiercel.expression.meta": "references",
        "tiercel.expression.runtime": "EvaluationContext",
        "tiercel.expression.table": "Entry",
        "tiercel.expression.zones": "zone_of",
        "tiercel.model.base": "Dynamic Flag Model Text Uri",
        "tiercel.model.duration": "Duration",
        "tiercel.model.execution": "State",
        "tiercel.model.input_base": "AnyInput",
        "tiercel.model.labels": "Labels",
        "tiercel.model.retry": "Retry",
        "tiercel.model.task": "AnyTask TaskBase TaskList",
        "tiercel.plugin.container": "ContainerOptions",
        "tiercel.plugin.context": (
            "ExecutionFile Executions FlowSource Flows KvStore Metric RunContext StoredWriter "
            "TaskStorage"
        ),
        "tiercel.plugin.deprecation": (
            "deprecated_alias deprecated_property deprecated_type old_value"
        ),
        "tiercel.plugin.files": (
            "NamespaceFiles glob_matches load_namespace_files localize scratch_file selected "
            "store_file store_output_files working_files write_input_files"
        ),
        "tiercel.plugin.lines": "LineSplitter",
        "tiercel.plugin.namespaces": "chosen_namespaces moment_of wildcard_matches",
        "tiercel.plugin.outbound": "OutboundPolicy outbound_policy",
        "tiercel.plugin.property": "Property",
        "tiercel.plugin.rendering": "render_with",
        "tiercel.plugin.runner": "AnyTaskRunner RunnerCommand RunnerResult TaskRunner",
        "tiercel.plugin.split": "SplitOptions stored_lines",
        "tiercel.plugin.trigger": (
            "Accept AnyCondition Condition ConditionContext Execution ExecutionTrigger FlowRef "
            "Ignore PollingTrigger Refuse Remember Request RequestTrigger ScheduledTrigger Start "
            "Trigger"
        ),
        "tiercel.plugin.truth": "is_true",
        "tiercel.plugin.task": (
            "Child Decision Evaluate Example ExecutionTask Finish FlowableTask FlowableView Lane "
            "MetricInfo Mirrors Open Output Pause RunFlow Task TaskOrder Update Wait"
        ),
    },
)
