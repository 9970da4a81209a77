"""`Load`: a stored file, into a table."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from tiercel.plugin import (
    Example,
    Metric,
    MetricInfo,
    Model,
    Output,
    Property,
    RunContext,
    Task,
    TaskError,
    TaskKilledError,
)
from tiercel_gcp.bigquery.job import BigQueryConnection, duration, labels, partitioning, table_id

if TYPE_CHECKING:
    from google.cloud.bigquery import LoadJob, LoadJobConfig

__all__ = ["Load"]


class Format(StrEnum):
    """What the file is."""

    CSV = "CSV"
    JSON = "JSON"
    AVRO = "AVRO"
    PARQUET = "PARQUET"
    ORC = "ORC"


class WriteDisposition(StrEnum):
    """What becomes of the rows that the table has."""

    WRITE_TRUNCATE = "WRITE_TRUNCATE"
    WRITE_TRUNCATE_DATA = "WRITE_TRUNCATE_DATA"
    WRITE_APPEND = "WRITE_APPEND"
    WRITE_EMPTY = "WRITE_EMPTY"


class CreateDisposition(StrEnum):
    """Whether the table is made when it is not there."""

    CREATE_IF_NEEDED = "CREATE_IF_NEEDED"
    CREATE_NEVER = "CREATE_NEVER"


class PartitioningType(StrEnum):
    """How long a partition is."""

    DAY = "DAY"
    HOUR = "HOUR"
    MONTH = "MONTH"
    YEAR = "YEAR"


class CsvOptions(Model):
    """How a CSV file is written."""

    field_delimiter: Property[str] | None = None
    """What stands between fields; a comma by default."""
    quote: Property[str] | None = None
    """What stands around fields; a double quote by default."""
    skip_leading_rows: Property[int] | None = None
    """How many lines at the top are no data."""
    allow_jagged_rows: Property[bool] | None = None
    """Accept rows that lack fields at their end."""
    allow_quoted_new_lines: Property[bool] | None = None
    """Accept line breaks in quoted fields."""
    encoding: Property[str] | None = None
    """The file's encoding; UTF-8 by default."""


class AvroOptions(Model):
    """How an Avro file is read."""

    use_avro_logical_types: Property[bool] | None = None
    """Make dates of dates, rather than the numbers that they are stored as."""


_FORMATS = {Format.JSON: "NEWLINE_DELIMITED_JSON"}

METRICS = (
    MetricInfo("bad.records", "counter", "How many rows were bad and left out."),
    MetricInfo("duration", "timer", "How long the job ran."),
    MetricInfo("input.bytes", "counter", "The size of what was loaded, in bytes."),
    MetricInfo("input.files", "counter", "How many files were loaded."),
    MetricInfo("output.bytes", "counter", "The size of the rows in the table, in bytes."),
    MetricInfo("output.rows", "counter", "How many rows were loaded."),
)


class LoadOutput(Output):
    """What `Load` gives to later tasks."""

    job_id: str | None = None
    """The job's id in BigQuery."""
    destination_table: str | None = None
    """The table, in full: project, dataset, table."""
    rows: int | None = None
    """How many rows were loaded."""


class Load(BigQueryConnection, Task[LoadOutput]):
    """Load a file into a table."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Load a CSV file",
            """\
id: load_into_bigquery
namespace: company.team

tasks:
  - id: orders
    type: io.kestra.plugin.core.storage.Write
    extension: .csv
    content: |
      order_id,customer_name
      1,Ada
      2,Bob

  - id: load
    type: io.kestra.plugin.gcp.bigquery.Load
    serviceAccount: "{{ secret('GCP_SERVICE_ACCOUNT') }}"
    from: "{{ outputs.orders.uri }}"
    destinationTable: my-project.demo.orders
    format: CSV
    autodetect: true
    csvOptions:
      fieldDelimiter: ","

  - id: show
    type: io.kestra.plugin.core.log.Log
    message: "{{ outputs.load.rows }} rows in {{ outputs.load.destinationTable }}"
""",
        ),
    )
    metrics: ClassVar[tuple[MetricInfo, ...]] = METRICS

    from_: Property[str] = Field(alias="from")
    """The URI of a stored file."""
    destination_table: Property[str]
    """The table: `dataset.table` or `project.dataset.table`."""
    format: Format
    """What the file is."""
    csv_options: CsvOptions | None = None
    """How a CSV file is written."""
    avro_options: AvroOptions | None = None
    """How an Avro file is read."""
    autodetect: Property[bool] | None = None
    """Have BigQuery find out the columns of a CSV or JSON file."""
    schema_: Property[dict[str, Any]] | None = Field(default=None, alias="schema")
    """The columns: `fields`, a list of `name`, `type`, `mode`, `description` and `fields`."""
    write_disposition: Property[WriteDisposition] | None = None
    """What becomes of the rows that the table has; the new ones are added by default."""
    create_disposition: Property[CreateDisposition] | None = None
    """Whether the table is made when it is not there; it is by default."""
    ignore_unknown_values: Property[bool] | None = None
    """Leave out columns that the table has not, rather than count the row as bad."""
    max_bad_records: Property[int] | None = None
    """How many bad rows are left out before the job fails; none by default."""
    clustering_fields: Property[list[str]] | None = None
    """The columns that the table is clustered by."""
    schema_update_options: Property[list[str]] | None = None
    """Changes of columns that are allowed: ALLOW_FIELD_ADDITION, ALLOW_FIELD_RELAXATION."""
    time_partitioning_field: Property[str] | None = None
    """The column that the table is partitioned by."""
    time_partitioning_type: Property[PartitioningType] = Property.of(PartitioningType.DAY)
    """How long a partition is."""
    failed_on_empty: Property[bool] = Property.of(True)
    """Fail when the file is empty."""

    def run(self, ctx: RunContext) -> LoadOutput:
        """Load the file.

        Raises:
            TaskError: the file is empty, or the job failed.
            StorageError: the file cannot be read.
            TaskKilledError: the task is to stop.
        """
        uri = ctx.render(self.from_)
        size = ctx.storage.size(uri)
        if not size:
            if ctx.render(self.failed_on_empty):
                raise TaskError("Can't load an empty file and this one don't contain any data")
            return LoadOutput(rows=0)
        client = self.bigquery(ctx)
        table = table_id(ctx.render(self.destination_table), client.project)
        config = self._config(ctx)

        def begin() -> LoadJob:
            with ctx.storage.open(uri) as file:
                if ctx.cancelled:
                    raise TaskKilledError("The job was stopped")
                return client.load_table_from_file(file, table, size=size, job_config=config)

        job = self.run_job(ctx, begin)
        _measure(ctx, job, ctx.render(self.destination_table))
        return LoadOutput(job_id=job.job_id, destination_table=table, rows=job.output_rows)

    def _config(self, ctx: RunContext) -> LoadJobConfig:
        from google.cloud.bigquery import LoadJobConfig, SchemaField

        schema = ctx.render(self.schema_)
        if schema is not None and "fields" not in schema:
            raise TaskError(
                f"Unable to deserialize schema, no 'fields' with data '{schema}'", retryable=False
            )
        given = {
            "source_format": _FORMATS.get(self.format, self.format.value),
            "autodetect": ctx.render(self.autodetect),
            "schema": schema and [SchemaField.from_api_repr(each) for each in schema["fields"]],
            "write_disposition": ctx.render(self.write_disposition),
            "create_disposition": ctx.render(self.create_disposition),
            "ignore_unknown_values": ctx.render(self.ignore_unknown_values),
            "max_bad_records": ctx.render(self.max_bad_records),
            "clustering_fields": ctx.render(self.clustering_fields),
            "schema_update_options": ctx.render(self.schema_update_options),
            "time_partitioning": partitioning(
                ctx.render(self.time_partitioning_type), ctx.render(self.time_partitioning_field)
            ),
            "labels": labels(ctx),
            **self._format_options(ctx),
        }
        return LoadJobConfig(**{name: value for name, value in given.items() if value is not None})

    def _format_options(self, ctx: RunContext) -> dict[str, Any]:
        if self.format is Format.AVRO and self.avro_options:
            return {"use_avro_logical_types": ctx.render(self.avro_options.use_avro_logical_types)}
        options = self.csv_options
        if self.format is not Format.CSV or options is None:
            return {}
        return {
            "field_delimiter": ctx.render(options.field_delimiter),
            "quote_character": ctx.render(options.quote),
            "skip_leading_rows": ctx.render(options.skip_leading_rows),
            "allow_jagged_rows": ctx.render(options.allow_jagged_rows),
            "allow_quoted_newlines": ctx.render(options.allow_quoted_new_lines),
            "encoding": ctx.render(options.encoding),
        }


def _measure(ctx: RunContext, job: LoadJob, table: str) -> None:
    tags = {"destination_table": table, "project_id": job.project, "location": job.location or ""}
    # The one figure of a load that the library does not hand out.
    bad = job._properties.get("statistics", {}).get("load", {}).get("badRecords")
    counts = {
        "output.rows": job.output_rows,
        "output.bytes": job.output_bytes,
        "bad.records": None if bad is None else int(bad),
        "input.bytes": job.input_file_bytes,
        "input.files": job.input_files,
    }
    for name, count in counts.items():
        if count is not None:
            ctx.metric(Metric.counter(name, count, **tags))
    if length := duration(job):
        ctx.metric(Metric.timer("duration", length, **tags))
