"""`io.kestra.plugin.serdes.avro`: `AvroToIon`, `IonToAvro` and `InferAvroSchemaFromIon`.

Properties and defaults are those of Kestra's serdes plugin; the work is fastavro's.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from tiercel.plugin import Example, Output, Property, RunContext, TaskError, ion
from tiercel_serdes import avro_schema
from tiercel_serdes.avro_cells import CellError, ValueRules
from tiercel_serdes.avro_values import compiled
from tiercel_serdes.converter import ConvertedOutput, Converter, FileConverter, watched
from tiercel_serdes.dates import DateReader
from tiercel_serdes.library import library

if TYPE_CHECKING:
    from collections.abc import Callable

    from tiercel.plugin import StoredWriter
    from tiercel_serdes.avro_schema import Schema

__all__ = ["AvroToIon", "InferAvroSchemaFromIon", "IonToAvro", "SchemaConverter", "SchemaOutput"]

_NULLS = [
    *("", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN"),
    *("1.#IND", "1.#QNAN", "NA", "n/a", "nan", "null"),
]
_OnBadLines = Literal["ERROR", "WARN", "SKIP"]


class SchemaConverter(Converter):
    """Base of the converters of ION to a format whose columns have types, given as Avro schema."""

    schema_: Property[str] | None = Field(default=None, alias="schema")
    """The Avro schema of the rows, as JSON; inferred from the first rows by default."""
    number_of_rows_to_scan: Property[int] = Property.of(100)
    """How many rows the schema is inferred from."""
    true_values: Property[list[str]] = Property.of(["t", "true", "enabled", "1", "on", "yes"])
    """Texts that mean true, in any case."""
    false_values: Property[list[str]] = Property.of(
        ["f", "false", "disabled", "0", "off", "no", ""]
    )
    """Texts that mean false."""
    null_values: Property[list[str]] = Property.of(_NULLS)
    """Texts that mean null where the schema has the type null."""
    date_format: Property[str] = Property.of(DateReader.DATE)
    """How dates in texts are written, a pattern of Java's `DateTimeFormatter`."""
    time_format: Property[str] = Property.of(DateReader.TIME)
    """How times in texts are written, likewise."""
    datetime_format: Property[str] = Property.of(DateReader.DATE_TIME)
    """How timestamps in texts are written, likewise."""
    decimal_separator: Property[str] = Property.of(".")
    """The decimal point of numbers in texts."""
    strict_schema: Property[bool] = Property.of(False)
    """Whether a field that the schema does not have is an error."""
    infer_all_fields: Property[bool] = Property.of(False)
    """Infer the schema from all rows, and take the texts of `nullValues` for null in every field
    that may be null."""
    time_zone_id: Property[str] = Property.of("UTC")
    """The time zone of timestamps that have none."""
    on_bad_lines: Property[_OnBadLines] = Property.of("ERROR")
    """What to do when a field does not fit its type: fail; or make it null, or leave the row out
    when the field may not be null, with or without a warning."""

    def _schema(self, ctx: RunContext) -> Schema:
        """Return the schema that was given, or that the rows have."""
        text = ctx.render(self.schema_)
        if text is not None:
            return avro_schema.parse(text)
        limit = None if ctx.render(self.infer_all_fields) else _rows_to_scan(self, ctx)
        return avro_schema.infer(islice(watched(ctx, self._rows(ctx)), limit))

    def _converted(self, ctx: RunContext, schema: Schema) -> Iterator[dict[str, Any]]:
        """Yield the rows as the schema wants them; bad ones are reported and left out.

        Raises:
            TaskError: a row does not fit the schema, and that is an error.
        """
        report = self._reporter(ctx)
        convert = compiled(schema, self._rules(ctx, report))
        for number, row in enumerate(watched(ctx, self._rows(ctx)), 1):
            try:
                yield convert(row)
            except CellError as error:
                reason = f"Row {number} does not fit the schema: {error}"
                if report is None:
                    raise TaskError(reason, retryable=False) from error
                report(f"{reason} (skipped)")

    def _reporter(self, ctx: RunContext) -> Callable[[str], None] | None:
        policy = ctx.render(self.on_bad_lines)
        if policy == "ERROR":
            return None
        return lambda reason: ctx.log("WARN", reason) if policy == "WARN" else None

    def _rules(self, ctx: RunContext, report: Callable[[str], None] | None) -> ValueRules:
        dates = DateReader(
            ctx,
            date=ctx.render(self.date_format),
            time=ctx.render(self.time_format),
            date_time=ctx.render(self.datetime_format),
            zone=ctx.render(self.time_zone_id),
        )
        true, false = ctx.render(self.true_values), ctx.render(self.false_values)
        null = ctx.render(self.null_values)
        return ValueRules(
            dates,
            true=true,
            false=false,
            null=null,
            decimal_separator=ctx.render(self.decimal_separator),
            strict=ctx.render(self.strict_schema),
            infer_all=ctx.render(self.infer_all_fields),
            report=report,
        )


class AvroToIon(Converter):
    """Convert an Avro file to ION, one record a line."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Convert an Avro file.",
            """\
id: avro_to_ion
namespace: company.team

inputs:
  - id: file
    type: FILE

tasks:
  - id: to_ion
    type: io.kestra.plugin.serdes.avro.AvroToIon
    from: "{{ inputs.file }}"
""",
        ),
    )

    on_bad_lines: Property[_OnBadLines] = Property.of("ERROR")
    """What to do where the file is damaged: fail, or end there with or without a warning."""

    def run(self, ctx: RunContext) -> ConvertedOutput:
        """Convert the file.

        Raises:
            TaskError: it is no Avro file, or it is damaged and that is an error.
        """
        with self._open(ctx) as stream, self._create(ctx, ".ion") as writer:
            count = ion.dump_lines(watched(ctx, self._records(ctx, stream)), writer)
        return self._done(ctx, writer, count)

    def _records(self, ctx: RunContext, stream: Any) -> Iterator[Any]:
        reader = library("fastavro", "avro").reader
        try:
            records = reader(stream)
        except Exception as error:  # fastavro raises what Python raises: ValueError, KeyError, …
            raise TaskError(f"The file is not Avro: {error}", retryable=False) from error
        unwrap = _is_wrapped(records.writer_schema)
        try:
            for record in records:
                yield _ion_like(record["value"] if unwrap else record)
        except Exception as error:  # likewise, for a block that is damaged
            reason = f"Bad Avro record encountered: {error or type(error).__name__}"
            policy = ctx.render(self.on_bad_lines)
            if policy == "ERROR":
                raise TaskError(reason, retryable=False) from error
            if policy == "WARN":
                ctx.log("WARN", f"{reason} (what follows is left out)")


def _is_wrapped(schema: Schema) -> bool:
    """Return whether a record only holds the list that a row was before `IonToAvro`."""
    if not isinstance(schema, Mapping) or schema.get("type") != "record":
        return False
    fields = schema["fields"]
    return (
        str(schema["name"]).rpartition(".")[2] == "root"
        and [field["name"] for field in fields] == ["value"]
        and isinstance(fields[0]["type"], Mapping)
        and fields[0]["type"].get("type") == "array"
    )


def _ion_like(value: Any) -> Any:
    """Return a value with what ION lacks as text."""
    if isinstance(value, dict):
        return {key: _ion_like(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_ion_like(each) for each in value]
    # A UUID.
    return str(value) if hasattr(value, "bytes_le") else value


class IonToAvro(SchemaConverter):
    """Convert an ION file to Avro."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Give the columns of a CSV file types.",
            """\
id: csv_to_avro
namespace: company.team

inputs:
  - id: file
    type: FILE

tasks:
  - id: to_ion
    type: io.kestra.plugin.serdes.csv.CsvToIon
    from: "{{ inputs.file }}"

  - id: to_avro
    type: io.kestra.plugin.serdes.avro.IonToAvro
    from: "{{ outputs.to_ion.uri }}"
    schema: |
      {
        "type": "record",
        "name": "Product",
        "fields": [
          {"name": "name", "type": "string"},
          {"name": "price", "type": ["null", "double"]}
        ]
      }
""",
        ),
    )

    def run(self, ctx: RunContext) -> ConvertedOutput:
        """Convert the file.

        Raises:
            TaskError: the schema is invalid, or a row does not fit it.
        """
        write = library("fastavro", "avro").writer
        schema = self._schema(ctx)
        if self.schema_ is None:
            schema = avro_schema.parse(json.dumps(avro_schema.with_unique_names(schema)))
        count = _Count()
        with self._create(ctx, ".avro") as writer:
            # Kestra's files are not compressed either.
            write(_Stream(writer), schema, count.all(self._converted(ctx, schema)))
        return self._done(ctx, writer, count.value)


class _Count:
    """Counts what is iterated over."""

    def __init__(self) -> None:
        self.value = 0

    def all(self, rows: Iterator[Any]) -> Iterator[Any]:
        for row in rows:
            self.value += 1
            yield row


class _Stream:
    """A stored file as fastavro wants it."""

    def __init__(self, writer: StoredWriter) -> None:
        self.write = writer.write

    def seekable(self) -> bool:
        """Return that there is nothing to append to."""
        return False

    def flush(self) -> None:
        """Do nothing: the file is written when it is closed."""


class SchemaOutput(Output):
    """An inferred schema."""

    uri: str
    """The stored schema, an `.avsc` file."""


class InferAvroSchemaFromIon(FileConverter[SchemaOutput]):
    """Infer an Avro schema from the first rows of an ION file."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Infer a schema, to be reviewed and kept.",
            """\
id: infer_schema
namespace: company.team

inputs:
  - id: file
    type: FILE

tasks:
  - id: infer
    type: io.kestra.plugin.serdes.avro.InferAvroSchemaFromIon
    from: "{{ inputs.file }}"
""",
        ),
    )

    number_of_rows_to_scan: Property[int] = Property.of(100)
    """How many rows the schema is inferred from."""

    def run(self, ctx: RunContext) -> SchemaOutput:
        """Infer the schema.

        Raises:
            TaskError: the file is empty, or no schema fits its rows.
        """
        rows = islice(watched(ctx, self._rows(ctx)), _rows_to_scan(self, ctx))
        schema = avro_schema.with_unique_names(avro_schema.infer(rows))
        with self._create(ctx, ".avsc") as writer:
            writer.write(json.dumps(schema, ensure_ascii=False).encode())
        return SchemaOutput(uri=writer.uri)


def _rows_to_scan(task: SchemaConverter | InferAvroSchemaFromIon, ctx: RunContext) -> int:
    number = ctx.render(task.number_of_rows_to_scan)
    if number < 1:
        raise TaskError(f"`numberOfRowsToScan` must be 1 at least, got {number}", retryable=False)
    return number
