"""`PurgeStorage`: old files of executions go."""

from __future__ import annotations

from typing import ClassVar

from tiercel.plugin import (
    Example,
    Metric,
    MetricInfo,
    Output,
    Property,
    RunContext,
    Task,
    TaskError,
    moment_of,
)

__all__ = ["PurgeStorage"]


class PurgeStorageOutput(Output):
    """What `PurgeStorage` gives to later tasks."""

    scanned_count: int = 0
    """How many executions have files."""
    purged_count: int = 0
    """How many of them have files of the time in question."""
    deleted_files_count: int = 0
    """How many files were deleted; none with `dryRun`."""


class PurgeStorage(Task[PurgeStorageOutput]):
    """Delete files of executions by the date on which they were stored.

    Unlike `PurgeExecutions` it finds files of executions and flows that no longer exist.
    """

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "See how many executions have old files",
            """\
id: purge_storage
namespace: company.team

tasks:
  - id: purge
    type: io.kestra.plugin.core.storage.PurgeStorage
    namespace: company
    endDate: "{{ now() | dateAdd(-7, 'DAYS') }}"

  - id: show
    type: io.kestra.plugin.core.log.Log
    message: "{{ outputs.purge.purgedCount }} of {{ outputs.purge.scannedCount }} executions"
""",
        ),
    )
    metrics: ClassVar[tuple[MetricInfo, ...]] = (
        MetricInfo("scanned", "counter", "Executions with files"),
        MetricInfo("purged", "counter", "Executions with files of the time in question"),
        MetricInfo("deleted.files", "counter", "Files that were deleted"),
    )

    namespace: Property[str] | None = None
    """Only files of this namespace and the ones below it, or of just this one with `flowId`."""
    flow_id: Property[str] | None = None
    """Only files of this flow of the namespace."""
    start_date: Property[str] | None = None
    """Only files stored at this moment or later: ISO-8601 with a zone, UTC without one."""
    end_date: Property[str]
    """Only files stored before this moment, or at it."""
    dry_run: Property[bool] = Property.of(True)
    """Only count; delete nothing."""

    def run(self, ctx: RunContext) -> PurgeStorageOutput:
        """Delete the files.

        Raises:
            TaskError: a date is none, or there is a `flowId` without a `namespace`.
        """
        namespace, flow_id = ctx.render(self.namespace), ctx.render(self.flow_id)
        if flow_id is not None and namespace is None:
            raise TaskError("'namespace' is required when 'flowId' is set.", retryable=False)
        start, dry_run = ctx.render(self.start_date), ctx.render(self.dry_run)
        since = moment_of(start) if start is not None else None
        until = moment_of(ctx.render(self.end_date))
        scanned: set[str] = set()
        purged: set[str] = set()
        deleted = 0
        for file in ctx.storage.execution_files(namespace, flow_id):
            scanned.add(file.execution_id)
            if file.modified <= until and (since is None or file.modified >= since):
                purged.add(file.execution_id)
                deleted += not dry_run and ctx.storage.delete(file.uri)
        ctx.metric(Metric.counter("scanned", len(scanned)))
        ctx.metric(Metric.counter("purged", len(purged)))
        ctx.metric(Metric.counter("deleted.files", deleted))
        return PurgeStorageOutput(
            scanned_count=len(scanned), purged_count=len(purged), deleted_files_count=deleted
        )
