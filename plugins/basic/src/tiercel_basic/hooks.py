"""What this package adds to Tiercel; imported at start-up, so it imports nothing itself."""

from __future__ import annotations

from tiercel.plugin import Registration, hookimpl

__all__ = ["register_tasks"]


@hookimpl
def register_tasks() -> Registration:
    """Return the debug, output, execution, metric, state and templating tasks."""
    return {
        (
            "io.kestra.plugin.core.debug.Return",
            "io.kestra.core.tasks.debugs.Return",
        ): "tiercel_basic.debug:Return",
        (
            "io.kestra.plugin.core.debug.Echo",
            "io.kestra.core.tasks.debugs.Echo",
        ): "tiercel_basic.debug:Echo",
        "io.kestra.plugin.core.output.OutputValues": "tiercel_basic.output:OutputValues",
        (
            "io.kestra.plugin.core.execution.Fail",
            "io.kestra.core.tasks.executions.Fail",
        ): "tiercel_basic.execution:Fail",
        "io.kestra.plugin.core.execution.Assert": "tiercel_basic.execution:Assert",
        "io.kestra.plugin.core.execution.Exit": "tiercel_basic.change:Exit",
        (
            "io.kestra.plugin.core.execution.Labels",
            "io.kestra.core.tasks.executions.Labels",
        ): "tiercel_basic.change:Labels",
        "io.kestra.plugin.core.execution.SetVariables": "tiercel_basic.change:SetVariables",
        "io.kestra.plugin.core.execution.UnsetVariables": "tiercel_basic.change:UnsetVariables",
        (
            "io.kestra.plugin.core.execution.Count",
            "io.kestra.core.tasks.executions.Counts",
        ): "tiercel_basic.others:Count",
        "io.kestra.plugin.core.execution.Resume": "tiercel_basic.others:Resume",
        (
            "io.kestra.plugin.core.execution.PurgeExecutions",
            "io.kestra.core.tasks.storages.Purge",
            "io.kestra.plugin.core.storage.Purge",
        ): "tiercel_basic.purge:PurgeExecutions",
        "io.kestra.plugin.core.metric.Publish": "tiercel_basic.metric:Publish",
        **{
            (
                f"io.kestra.plugin.core.state.{name}",
                f"io.kestra.core.tasks.states.{name}",
            ): f"tiercel_basic.state:{name}"
            for name in ("Delete", "Get", "Set")
        },
        (
            "io.kestra.plugin.core.templating.TemplatedTask",
            "io.kestra.core.tasks.templating.TemplatedTask",
        ): "tiercel_basic.templating:TemplatedTask",
    }
