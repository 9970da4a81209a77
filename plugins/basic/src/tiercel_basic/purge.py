"""`PurgeExecutions`: old executions go, with all that is kept of them."""

from __future__ import annotations

from typing import ClassVar

from tiercel.plugin import Example, Output, Property, RunContext, State, Task, moment_of

__all__ = ["PurgeExecutions"]


class PurgeExecutionsOutput(Output):
    """What `PurgeExecutions` gives to later tasks."""

    executions_count: int = 0
    """How many executions were deleted."""
    logs_count: int = 0
    """How many log lines."""
    storages_count: int = 0
    """How many files."""
    metrics_count: int = 0
    """How many measurements."""


class PurgeExecutions(Task[PurgeExecutionsOutput]):
    """Delete executions that have ended, with their logs, metrics and files.

    An execution that is deleted takes its logs and metrics along, whatever `purgeLog` and
    `purgeMetric` say.
    """

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Keep the executions of a month",
            """\
id: purge_executions
namespace: company.team

tasks:
  - id: purge
    type: io.kestra.plugin.core.execution.PurgeExecutions
    endDate: "{{ now() | dateAdd(-1, 'MONTHS') }}"
    states: [SUCCESS, WARNING, FAILED, KILLED, CANCELLED]

  - id: show
    type: io.kestra.plugin.core.log.Log
    message: "{{ outputs.purge.executionsCount }} executions are gone"
""",
        ),
    )

    namespace: Property[str] | None = None
    """Only those of this namespace and the ones below it, or of just this one with `flowId`."""
    flow_id: Property[str] | None = None
    """Only those of this flow of the namespace."""
    start_date: Property[str] | None = None
    """Only executions that began at this moment or later: ISO-8601, UTC without a zone."""
    end_date: Property[str]
    """Only executions that began before this moment."""
    states: Property[list[State]] | None = None
    """Only executions that ended in one of these states."""
    purge_execution: Property[bool] = Property.of(True)
    """Whether the executions themselves go."""
    purge_log: Property[bool] = Property.of(True)
    """Whether their logs go."""
    purge_metric: Property[bool] = Property.of(True)
    """Whether their metrics go."""
    purge_storage: Property[bool] = Property.of(True)
    """Whether their files go."""
    batch_size: Property[int] = Property.of(100)
    """Accepted for compatibility: what is deleted at once is bounded anyway."""

    def run(self, ctx: RunContext) -> PurgeExecutionsOutput:
        """Delete what is asked for.

        Raises:
            TaskError: a date or a state is none.
        """
        start, states = ctx.render(self.start_date), ctx.render(self.states)
        wanted = {
            "executions": self.purge_execution,
            "logs": self.purge_log,
            "metrics": self.purge_metric,
            "files": self.purge_storage,
        }
        counts = ctx.executions.purge(
            ctx.render(self.namespace),
            ctx.render(self.flow_id),
            until=moment_of(ctx.render(self.end_date)),
            since=moment_of(start) if start is not None else None,
            states=states or (),
            parts=[part for part, asked in wanted.items() if ctx.render(asked)],
        )
        return PurgeExecutionsOutput(
            executions_count=counts["executions"],
            logs_count=counts["logs"],
            storages_count=counts["files"],
            metrics_count=counts["metrics"],
        )
