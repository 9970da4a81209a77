"""`io.kestra.plugin.serdes.parquet`: `ParquetToIon` and `IonToParquet`.

Properties and defaults are those of Kestra's serdes plugin; the work is pyarrow's. A Parquet file
is read and written from its end, so both tasks keep a copy on local disk.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from tiercel.plugin import Example, Property, RunContext, TaskError, ion, scratch_file
from tiercel_serdes.arrow import arrow_schema, cell_writer, plain_rows
from tiercel_serdes.avro import SchemaConverter
from tiercel_serdes.converter import ConvertedOutput, Converter, watched
from tiercel_serdes.library import library

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["IonToParquet", "ParquetToIon"]

# Rows that are turned into Python objects, or into columns, at once.
_BATCH = 1000


class ParquetToIon(Converter):
    """Convert a Parquet file to ION, one row a line."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Convert a Parquet file.",
            """\
id: parquet_to_ion
namespace: company.team

inputs:
  - id: file
    type: FILE

tasks:
  - id: to_ion
    type: io.kestra.plugin.serdes.parquet.ParquetToIon
    from: "{{ inputs.file }}"
""",
        ),
    )

    def run(self, ctx: RunContext) -> ConvertedOutput:
        """Convert the file.

        Raises:
            TaskError: it is no Parquet file, or it is damaged.
        """
        path = scratch_file(ctx, ".parquet")
        with self._open(ctx) as source, path.open("wb") as target:
            shutil.copyfileobj(source, target, 1 << 20)
        with self._create(ctx, ".ion") as writer:
            count = ion.dump_lines(watched(ctx, _rows(path)), writer)
        return self._done(ctx, writer, count)


def _rows(path: Path) -> Iterator[Any]:
    pa = library("pyarrow", "parquet")
    parquet = library("pyarrow.parquet", "parquet")
    try:
        with parquet.ParquetFile(path, coerce_int96_timestamp_unit="us") as file:
            for batch in file.iter_batches(_BATCH):
                yield from plain_rows(batch)
    except (pa.ArrowException, OSError) as error:
        raise TaskError(f"The file is not Parquet: {error}", retryable=False) from error


class IonToParquet(SchemaConverter):
    """Convert an ION file to Parquet."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Give the columns of a CSV file types, and write them to Parquet.",
            """\
id: csv_to_parquet
namespace: company.team

inputs:
  - id: file
    type: FILE

tasks:
  - id: to_ion
    type: io.kestra.plugin.serdes.csv.CsvToIon
    from: "{{ inputs.file }}"

  - id: to_parquet
    type: io.kestra.plugin.serdes.parquet.IonToParquet
    from: "{{ outputs.to_ion.uri }}"
    compressionCodec: ZSTD
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

    compression_codec: Property[Literal["UNCOMPRESSED", "SNAPPY", "GZIP", "ZSTD"]] = Property.of(
        "GZIP"
    )
    """How the file is compressed."""
    parquet_version: Property[Literal["V1", "V2"]] = Property.of("V2")
    """The version of the format."""
    row_group_size: Property[int] = Property.of(128 << 20)
    """How many bytes of rows make a row group, before compression; so many are kept in memory."""
    page_size: Property[int] = Property.of(1 << 20)
    """How many bytes make a page."""
    dictionary_page_size: Property[int] = Property.of(1 << 20)
    """How many bytes the dictionary of a column may have; beyond, values are written plainly."""

    def run(self, ctx: RunContext) -> ConvertedOutput:
        """Convert the file.

        Raises:
            TaskError: the schema is invalid, or a row does not fit it.
        """
        pa = library("pyarrow", "parquet")
        schema = self._schema(ctx)
        try:
            columns = arrow_schema(schema)
        except (ValueError, pa.ArrowException) as error:
            raise TaskError(f"The schema has no Parquet form: {error}", retryable=False) from error
        path = scratch_file(ctx, ".parquet")
        rows = self._converted(ctx, schema)
        try:
            with self._writer(ctx, path, columns) as target:
                count = _write(pa, target, rows, ctx.render(self.row_group_size))
        except pa.ArrowException as error:
            raise TaskError(f"Cannot write Parquet: {error}", retryable=False) from error
        with path.open("rb") as source, self._create(ctx, ".parquet") as writer:
            shutil.copyfileobj(source, writer, 1 << 20)
        return self._done(ctx, writer, count)

    def _writer(self, ctx: RunContext, path: Path, columns: Any) -> Any:
        first = ctx.render(self.parquet_version) == "V1"
        codec = ctx.render(self.compression_codec)
        return library("pyarrow.parquet", "parquet").ParquetWriter(
            path,
            columns,
            version="1.0" if first else "2.6",
            data_page_version="1.0" if first else "2.0",
            compression="NONE" if codec == "UNCOMPRESSED" else codec,
            data_page_size=ctx.render(self.page_size),
            dictionary_pagesize_limit=ctx.render(self.dictionary_page_size),
        )


def _write(pa: Any, target: Any, rows: Iterator[dict[str, Any]], group_size: int) -> int:
    """Write rows in groups; return how many there were."""
    schema = target.schema
    writers = [(field.name, cell_writer(field)) for field in schema]
    count = size = 0
    batches: list[Any] = []
    while chunk := list(islice(rows, _BATCH)):
        arrays = [
            pa.array([write(row[name]) for row in chunk] if write else [r[name] for r in chunk], t)
            for (name, write), t in zip(writers, schema.types, strict=True)
        ]
        batches.append(pa.record_batch(arrays, schema=schema))
        count += len(chunk)
        size += batches[-1].nbytes
        if size >= group_size:
            target.write_table(pa.Table.from_batches(batches), row_group_size=count)
            batches.clear()
            size = 0
    if batches or not count:
        target.write_table(pa.Table.from_batches(batches, schema=schema), max(count, 1))
    return count
