"""`PurgeLogs`: old log lines go."""

from __future__ import annotations

from typing import ClassVar

from tiercel.plugin import Example, Output, Property, RunContext, Task, moment_of
from tiercel_log.log import Level

__all__ = ["PurgeLogs"]


class PurgeLogsOutput(Output):
    """What `PurgeLogs` gives to later tasks."""

    count: int = 0
    """How many lines were deleted."""


class PurgeLogs(Task[PurgeLogsOutput]):
    """Delete log lines of executions that have ended; those that are running keep theirs."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Once a month all but errors go",
            """\
id: purge_logs
namespace: company.team

tasks:
  - id: purge
    type: io.kestra.plugin.core.log.PurgeLogs
    endDate: "{{ now() | dateAdd(-1, 'MONTHS') }}"
    logLevels: [TRACE, DEBUG, INFO, WARN]

  - id: show
    type: io.kestra.plugin.core.log.Log
    message: "{{ outputs.purge.count }} lines are gone"
""",
        ),
    )

    namespace: Property[str] | None = None
    """Only those of this namespace and the ones below it, or of just this one with `flowId`."""
    flow_id: Property[str] | None = None
    """Only those of this flow of the namespace."""
    execution_id: Property[str] | None = None
    """Only those of this execution."""
    log_levels: Property[list[Level]] | None = None
    """Only lines of these levels."""
    start_date: Property[str] | None = None
    """Only lines of this moment or later: ISO-8601 with a zone, UTC without one."""
    end_date: Property[str]
    """Only lines before this moment."""

    def run(self, ctx: RunContext) -> PurgeLogsOutput:
        """Delete the lines.

        Raises:
            TaskError: a date is none.
        """
        start, levels = ctx.render(self.start_date), ctx.render(self.log_levels)
        count = ctx.executions.purge_logs(
            ctx.render(self.namespace),
            ctx.render(self.flow_id),
            ctx.render(self.execution_id),
            until=moment_of(ctx.render(self.end_date)),
            since=moment_of(start) if start is not None else None,
            levels=levels or (),
        )
        return PurgeLogsOutput(count=count)
