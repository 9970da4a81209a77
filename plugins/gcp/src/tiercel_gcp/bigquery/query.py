"""`Query`: SQL, and what becomes of its result."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from tiercel.plugin import (
    Duration,
    Example,
    Metric,
    MetricInfo,
    Output,
    Property,
    RunContext,
    Task,
    TaskKilledError,
    Text,
    ion,
    old_value,
)
from tiercel_gcp.bigquery.job import BigQueryConnection, duration, labels, partitioning, table_id
from tiercel_gcp.bigquery.load import CreateDisposition, PartitioningType, WriteDisposition
from tiercel_gcp.bigquery.values import Row, json_like, row_maker
from tiercel_gcp.connection import told

if TYPE_CHECKING:
    from google.cloud.bigquery import QueryJob, QueryJobConfig

__all__ = ["Query"]


class FetchType(StrEnum):
    """What becomes of a query's result."""

    FETCH = "FETCH"
    FETCH_ONE = "FETCH_ONE"
    STORE = "STORE"
    NONE = "NONE"


class Priority(StrEnum):
    """Whether a query runs at once, or when there is room."""

    INTERACTIVE = "INTERACTIVE"
    BATCH = "BATCH"


class Table(Output):
    """A table's id, in parts."""

    project: str
    """The project."""
    dataset: str
    """The dataset."""
    table: str
    """The table."""


class QueryOutput(Output):
    """What `Query` gives to later tasks."""

    job_id: str
    """The job's id in BigQuery."""
    rows: list[dict[str, Any]] | None = None
    """All rows, with FETCH."""
    row: dict[str, Any] | None = None
    """The first row, with FETCH_ONE."""
    uri: str | None = None
    """The stored ION file of all rows, with STORE."""
    size: int | None = None
    """How many rows were fetched."""
    destination_table: Table | None = None
    """The table that holds the result."""


class Query(BigQueryConnection, Task[QueryOutput]):
    """Run SQL in BigQuery."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Fetch the rows of a query",
            """\
id: query_bigquery
namespace: company.team

tasks:
  - id: query
    type: io.kestra.plugin.gcp.bigquery.Query
    serviceAccount: "{{ secret('GCP_SERVICE_ACCOUNT') }}"
    projectId: my-project
    sql: SELECT name, price FROM demo.products
    fetchType: FETCH

  - id: show
    type: io.kestra.plugin.core.log.Log
    message: "{{ outputs.query.size }} products, the first is {{ outputs.query.rows[0].name }}"
""",
        ),
        Example(
            "Write the result of a query to a table",
            """\
id: query_into_table
namespace: company.team

tasks:
  - id: query
    type: io.kestra.plugin.gcp.bigquery.Query
    serviceAccount: "{{ secret('GCP_SERVICE_ACCOUNT') }}"
    projectId: my-project
    sql: SELECT name, price FROM demo.products
    destinationTable: my-project.demo.copy
    writeDisposition: WRITE_TRUNCATE
""",
        ),
    )
    metrics: ClassVar[tuple[MetricInfo, ...]] = (
        MetricInfo("cache.hit", "counter", "1 when the result came from the cache, 0 otherwise."),
        MetricInfo("duration", "timer", "How long the job ran."),
        MetricInfo("estimated.bytes.processed", "counter", "How much was expected to be read."),
        MetricInfo("total.bytes.billed", "counter", "How much is billed, in bytes."),
        MetricInfo("total.bytes.processed", "counter", "How much was read, in bytes."),
        MetricInfo("total.partitions.processed", "counter", "How many partitions were read."),
        MetricInfo("total.slot.ms", "counter", "The time of all slots, in milliseconds."),
        MetricInfo("num.dml.affected.rows", "counter", "How many rows were changed."),
        MetricInfo("referenced.tables", "counter", "How many tables the query names."),
        MetricInfo("num.child.jobs", "counter", "How many jobs a script has run."),
        MetricInfo("total.rows", "counter", "How many rows the result has."),
        MetricInfo("fetch.rows", "counter", "How many rows were fetched."),
    )

    sql: Property[str]
    """The SQL."""
    fetch_type: Property[FetchType] = Property.of(FetchType.NONE)
    """FETCH all rows or FETCH_ONE as an output, STORE them as an ION file, or NONE."""
    destination_table: Property[str] | None = None
    """The table to write the result to: `dataset.table` or `project.dataset.table`."""
    write_disposition: Property[WriteDisposition] | None = None
    """What becomes of the rows that the table has; the query fails by default."""
    create_disposition: Property[CreateDisposition] | None = None
    """Whether the table is made when it is not there; it is by default."""
    default_dataset: Property[str] | None = None
    """The dataset of tables that are named without one."""
    dry_run: Property[bool] = Property.of(False)
    """Only check the query, and tell how much it would read."""
    job_timeout: Property[Duration] | None = None
    """How long the job may run."""
    labels: Property[dict[str, Text]] | None = None
    """Labels of the job."""
    priority: Property[Priority] = Property.of(Priority.INTERACTIVE)
    """INTERACTIVE to run at once, BATCH to run when there is room."""
    use_query_cache: Property[bool] | None = None
    """Take the result from the cache if it is there; it is looked up by default."""
    maximum_bytes_billed: Property[int] | None = None
    """Fail rather than bill more than this many bytes."""
    maximum_billing_tier: Property[int] | None = None
    """The highest billing tier allowed."""
    max_results: Property[int] | None = None
    """How many rows are fetched with one request."""
    clustering_fields: Property[list[str]] | None = None
    """The columns that the destination table is clustered by."""
    schema_update_options: Property[list[str]] | None = None
    """Changes of columns that are allowed: ALLOW_FIELD_ADDITION, ALLOW_FIELD_RELAXATION."""
    time_partitioning_field: Property[str] | None = None
    """The column that the destination table is partitioned by."""
    time_partitioning_type: Property[PartitioningType] = Property.of(PartitioningType.DAY)
    """How long a partition is."""
    range_partitioning_field: Property[str] | None = None
    """The column of numbers that the destination table is partitioned by."""
    range_partitioning_start: Property[int] | None = None
    """Where the first range begins."""
    range_partitioning_end: Property[int] | None = None
    """Where the last range ends."""
    range_partitioning_interval: Property[int] | None = None
    """How wide a range is."""
    allow_large_results: Property[bool] | None = None
    """Allow results of any size, in legacy SQL."""
    flatten_results: Property[bool] = Property.of(True)
    """Flatten nested fields, in legacy SQL."""
    legacy_sql: Property[bool] = Property.of(False)
    """Read the SQL as legacy SQL."""
    use_legacy_sql: Property[bool] = Property.of(False)
    """Another name of `legacySql`."""
    fetch: bool = Field(default=False, deprecated="write `fetchType: FETCH`")
    """Use `fetchType: FETCH` instead."""
    fetch_one: bool = Field(default=False, deprecated="write `fetchType: FETCH_ONE`")
    """Use `fetchType: FETCH_ONE` instead."""
    store: bool = Field(default=False, deprecated="write `fetchType: STORE`")
    """Use `fetchType: STORE` instead."""

    def run(self, ctx: RunContext) -> QueryOutput:
        """Run the query, and fetch its result.

        Raises:
            TaskError: the job failed.
            TaskKilledError: the task is to stop.
        """
        client = self.bigquery(ctx)
        config, sql = self._config(ctx, client.project), ctx.render(self.sql)
        is_dry = ctx.render(self.dry_run)
        job = self.run_job(
            ctx,
            # What is tried again is `retryAuto`'s to say.
            lambda: client.query(sql, job_config=config, job_retry=None),
            wait=not is_dry,
        )
        kind = self._fetch_type(ctx)
        tags = _tags(job, kind)
        _measure(ctx, job, tags)
        output = QueryOutput(job_id=job.job_id, destination_table=_destination(job))
        if kind is FetchType.NONE or is_dry:
            return output
        with told(f"Cannot fetch the result of job {job.job_id}"):
            result = job.result(page_size=ctx.render(self.max_results), job_retry=None)
            ctx.metric(Metric.counter("total.rows", result.total_rows or 0, **tags))
            _fetch(ctx, result, kind, output)
        ctx.metric(Metric.counter("fetch.rows", output.size or 0, **tags))
        return output

    def _fetch_type(self, ctx: RunContext) -> FetchType:
        older = {
            "fetch": FetchType.FETCH,
            "store": FetchType.STORE,
            "fetch_one": FetchType.FETCH_ONE,
        }
        for name, kind in older.items():
            if old_value(self, name):
                return kind
        return ctx.render(self.fetch_type)

    def _config(self, ctx: RunContext, project: str) -> QueryJobConfig:
        from google.cloud.bigquery import QueryJobConfig

        table, dataset = ctx.render(self.destination_table), ctx.render(self.default_dataset)
        timeout = ctx.render(self.job_timeout)
        given = {
            "destination": table and table_id(table, project),
            "default_dataset": dataset and (dataset if "." in dataset else f"{project}.{dataset}"),
            "write_disposition": ctx.render(self.write_disposition),
            "create_disposition": ctx.render(self.create_disposition),
            "dry_run": ctx.render(self.dry_run),
            "job_timeout_ms": timeout and int(timeout.total_seconds() * 1000),
            "labels": labels(ctx) | (ctx.render(self.labels) or {}),
            "priority": ctx.render(self.priority),
            "use_query_cache": ctx.render(self.use_query_cache),
            "maximum_bytes_billed": ctx.render(self.maximum_bytes_billed),
            "maximum_billing_tier": ctx.render(self.maximum_billing_tier),
            "clustering_fields": ctx.render(self.clustering_fields),
            "schema_update_options": ctx.render(self.schema_update_options),
            "time_partitioning": partitioning(
                ctx.render(self.time_partitioning_type), ctx.render(self.time_partitioning_field)
            ),
            "range_partitioning": self._ranges(ctx),
            "allow_large_results": ctx.render(self.allow_large_results),
            "flatten_results": ctx.render(self.flatten_results),
            "use_legacy_sql": ctx.render(self.legacy_sql) or ctx.render(self.use_legacy_sql),
        }
        return QueryJobConfig(**{name: value for name, value in given.items() if value is not None})

    def _ranges(self, ctx: RunContext) -> Any:
        from google.cloud.bigquery import PartitionRange, RangePartitioning

        field = ctx.render(self.range_partitioning_field)
        return field and RangePartitioning(
            field=field,
            range_=PartitionRange(
                start=ctx.render(self.range_partitioning_start),
                end=ctx.render(self.range_partitioning_end),
                interval=ctx.render(self.range_partitioning_interval),
            ),
        )


def _fetch(ctx: RunContext, result: Any, kind: FetchType, output: QueryOutput) -> None:
    rows = _rows(ctx, result)
    match kind:
        case FetchType.STORE:
            with ctx.storage.create(f"{secrets.token_hex(8)}.ion") as writer:
                output.size = ion.dump_lines(rows, writer)
            output.uri = writer.uri
        case FetchType.FETCH:
            output.rows = [json_like(row) for row in rows]
            output.size = len(output.rows)
        case FetchType.FETCH_ONE:
            first = next(rows, None)
            output.row = json_like(first or {})
            output.size = 0 if first is None else 1


def _rows(ctx: RunContext, result: Any) -> Iterator[Row]:
    make = row_maker(result.schema)
    for page in result.pages:
        if ctx.cancelled:
            raise TaskKilledError("Fetching the result was stopped")
        for row in page:
            yield make(row.values())


def _destination(job: QueryJob) -> Table | None:
    table = job.destination
    return table and Table(project=table.project, dataset=table.dataset_id, table=table.table_id)


def _tags(job: QueryJob, kind: FetchType) -> dict[str, str]:
    return {
        "statement_type": job.statement_type or "",
        "fetch": str(kind in (FetchType.FETCH, FetchType.FETCH_ONE)).lower(),
        "store": str(kind is FetchType.STORE).lower(),
        "project_id": job.project,
        "location": job.location or "",
    }


def _measure(ctx: RunContext, job: QueryJob, tags: dict[str, str]) -> None:
    # The one figure of a query that the library does not hand out.
    statistics = job._properties.get("statistics", {}).get("query", {})
    partitions = statistics.get("totalPartitionsProcessed")
    counts = {
        "estimated.bytes.processed": job.estimated_bytes_processed,
        "num.dml.affected.rows": job.num_dml_affected_rows,
        "total.bytes.billed": job.total_bytes_billed,
        "total.bytes.processed": job.total_bytes_processed,
        "total.partitions.processed": None if partitions is None else int(partitions),
        "referenced.tables": len(job.referenced_tables) or None,
        "total.slot.ms": job.slot_millis,
        "num.child.jobs": job.num_child_jobs or None,
        "cache.hit": None if job.cache_hit is None else int(job.cache_hit),
    }
    for name, count in counts.items():
        if count is not None:
            ctx.metric(Metric.counter(name, count, **tags))
    if length := duration(job):
        ctx.metric(Metric.timer("duration", length, **tags))
