"""`io.kestra.plugin.serdes.csv`: `CsvToIon` and `IonToCsv`.

Properties and defaults are those of Kestra's serdes plugin.
"""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from tiercel.plugin import Example, Property, RunContext, TaskError, TaskKilledError, ion
from tiercel_serdes.converter import ConvertedOutput, TextConverter, bad_input, codec_of, watched
from tiercel_serdes.csv_columns import Columns, Lists, named
from tiercel_serdes.csv_records import CsvRecords, Dialect, text_blocks
from tiercel_serdes.csv_text import FieldText
from tiercel_serdes.dates import DateStyle
from tiercel_serdes.tables import table_records

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

    from tiercel_serdes.converter import TextSink

__all__ = ["CsvToIon", "IonToCsv"]


class CsvToIon(TextConverter):
    """Convert a CSV file to ION, one record a line. The field `\\N` means null."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Convert a CSV file.",
            """\
id: csv_to_ion
namespace: company.team

inputs:
  - id: file
    type: FILE

tasks:
  - id: to_ion
    type: io.kestra.plugin.serdes.csv.CsvToIon
    from: "{{ inputs.file }}"
""",
        ),
    )

    header: Property[bool] = Property.of(True)
    """Whether the first line names the columns; without, a record is a list."""
    field_separator: Property[str] = Property.of(",")
    """The character between two fields."""
    text_delimiter: Property[str] = Property.of('"')
    """The character around fields that hold separators or line breaks."""
    skip_empty_rows: Property[bool] = Property.of(False)
    """Leave empty lines out; otherwise each is a record with one empty field."""
    skip_rows: Property[int] = Property.of(0)
    """How many records after the header are left out."""
    on_bad_lines: Property[Literal["ERROR", "WARN", "SKIP"]] = Property.of("ERROR")
    """What to do with a record that has not as many fields as the header: fail, or leave it
    out with or without a warning."""
    on_empty_header: Property[Literal["DROP", "RENAME"]] = Property.of("DROP")
    """What to do with columns without a name: drop those at the end, or name them `col_<index>`."""
    max_field_size: Property[int] = Property.of(16 << 20)
    """How many characters a field may have; a record with a longer one is a bad line."""
    max_buffer_size: Property[int] = Property.of(16 << 20)
    """How many characters a record may have; a longer one fails the task."""
    allow_extra_chars_after_closing_quote: Property[bool] = Property.of(False)
    """Take characters after a closing quote for a part of the field; otherwise the line is bad."""
    error_on_different_field_count: Property[bool] | None = Field(
        default=None, deprecated="write `onBadLines`"
    )
    """Use `onBadLines` instead."""

    def run(self, ctx: RunContext) -> ConvertedOutput:
        """Convert the file.

        Raises:
            TaskError: a record is bad, or the file is not text of that character set.
        """
        count = 0
        with (
            self._open(ctx) as stream,
            bad_input("CSV"),
            self._create(ctx, ".ion") as writer,
        ):
            report = self._reporter(ctx)
            records = self._records(ctx, stream, report)
            header = records.one() if ctx.render(self.header) else None
            for _ in range(ctx.render(self.skip_rows)):
                records.one()
            separator = ctx.render(self.field_separator)
            columns = self._columns(ctx, header, report) if header else Lists(separator)
            for part in records.all(columns.plain):
                if ctx.cancelled:
                    raise TaskKilledError("The conversion was stopped")
                made = part if isinstance(part, bytes) else _lines(columns, part)
                writer.write(made)
                count += made.count(b"\n")
        return self._done(ctx, writer, count)

    def _records(
        self, ctx: RunContext, stream: BinaryIO, report: Callable[[str], object]
    ) -> CsvRecords:
        longest = ctx.render(self.max_buffer_size)
        dialect = Dialect(
            separator=_character(ctx.render(self.field_separator), "fieldSeparator"),
            quote=_character(ctx.render(self.text_delimiter), "textDelimiter"),
            strict=not ctx.render(self.allow_extra_chars_after_closing_quote),
            skip_empty=ctx.render(self.skip_empty_rows),
            longest_field=ctx.render(self.max_field_size),
            longest_record=longest,
        )
        blocks = text_blocks(stream, codec_of(ctx.render(self.charset)), longest)
        return CsvRecords(blocks, dialect, report)

    def _reporter(self, ctx: RunContext) -> Callable[[str], None]:
        """Return what is called with the reason why a line is bad."""
        policy = ctx.render(self.on_bad_lines)

        def report(reason: str) -> None:
            if policy == "ERROR":
                raise TaskError(reason, retryable=False)
            if policy == "WARN":
                ctx.log("WARN", reason)

        return report

    def _columns(
        self, ctx: RunContext, header: list[str], report: Callable[[str], object]
    ) -> Columns:
        names = named(header, rename=ctx.render(self.on_empty_header) == "RENAME")
        if len(names) < len(header):
            ctx.log(
                "WARN",
                f"Dropped {len(header) - len(names)} trailing unnamed header column(s); "
                "set `onEmptyHeader: RENAME` to keep them",
            )
        if len({*names}) < len(names):
            ctx.log("WARN", f"Columns of the same name: the last one of them counts: {names}")
        return Columns(names, len(header), report, ctx.render(self.field_separator))


def _lines(columns: Columns | Lists, records: list[list[str]]) -> bytes:
    """Return records as lines of ION."""
    made = columns.batch(records)
    if made is not None:
        return made
    return "".join([f"{ion.dumps(row)}\n" for row in columns.rows(records)]).encode()


def _character(text: str, name: str) -> str:
    if len(text) != 1:
        raise TaskError(f"`{name}` must be one character, got {text!r}", retryable=False)
    return text


class IonToCsv(TextConverter):
    """Convert an ION file to CSV. The first row's columns make the header."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Make a CSV file of a query's result.",
            """\
id: ion_to_csv
namespace: company.team

inputs:
  - id: file
    type: FILE

tasks:
  - id: to_csv
    type: io.kestra.plugin.serdes.csv.IonToCsv
    from: "{{ inputs.file }}"
""",
        ),
    )

    header: Property[bool] = Property.of(True)
    """Whether the first line names the columns."""
    field_separator: Property[str] = Property.of(",")
    """The character between two fields."""
    text_delimiter: Property[str] = Property.of('"')
    """The character around fields that hold separators or line breaks."""
    line_delimiter: Property[str] = Property.of("\n")
    """What ends a line."""
    always_delimit_text: Property[bool] = Property.of(False)
    """Put every field between delimiters; `quoteMode` wins over it."""
    quote_mode: Property[Literal["ALWAYS", "REQUIRED", "NON_NUMERIC"]] | None = None
    """Which fields stand between delimiters: all, those that need it, or all but numbers."""
    date_format: Property[str] = Property.of("yyyy-MM-dd")
    """How dates are written, a pattern of Java's `DateTimeFormatter`."""
    time_format: Property[str] = Property.of("HH:mm:ss[XXX]")
    """How times are written, likewise."""
    date_time_format: Property[str] = Property.of("yyyy-MM-dd'T'HH:mm:ss.SSS[XXX]")
    """How timestamps are written, likewise."""
    time_zone_id: Property[str] = Property.of("UTC")
    """The time zone that timestamps are written in."""

    def run(self, ctx: RunContext) -> ConvertedOutput:
        """Convert the file.

        Raises:
            TaskError: a row does not fit the header, or the file is not ION.
        """
        count = 0
        with self._create(ctx, ".csv") as target:
            sink = self._sink(ctx, target)
            writer, quote = self._writer(ctx, sink)
            text = FieldText(self._dates(ctx), quote)
            header = ctx.render(self.header)
            for record in table_records(watched(ctx, self._rows(ctx)), header=header):
                writer.writerow([text(value) for value in record])
                count += 1
            sink.flush()
        return self._done(ctx, target, max(count - header, 0))

    def _writer(self, ctx: RunContext, sink: TextSink) -> tuple[Any, bool]:
        """Return a CSV writer, and whether it tells numbers from other texts."""
        mode = ctx.render(self.quote_mode)
        if mode is None:
            mode = "ALWAYS" if ctx.render(self.always_delimit_text) else "REQUIRED"
        quoting = {
            "ALWAYS": csv.QUOTE_ALL,
            "REQUIRED": csv.QUOTE_MINIMAL,
            "NON_NUMERIC": csv.QUOTE_NONNUMERIC,
        }[mode]
        writer = csv.writer(
            _Lines(sink, ctx.render(self.line_delimiter)),
            delimiter=_character(ctx.render(self.field_separator), "fieldSeparator"),
            quotechar=_character(ctx.render(self.text_delimiter), "textDelimiter"),
            lineterminator=_END,
            quoting=quoting,  # type: ignore[arg-type]  # a member of csv's own constants
        )
        return writer, mode == "NON_NUMERIC"

    def _dates(self, ctx: RunContext) -> DateStyle:
        return DateStyle(
            ctx,
            date=ctx.render(self.date_format),
            time=ctx.render(self.time_format),
            date_time=ctx.render(self.date_time_format),
            zone=ctx.render(self.time_zone_id),
        )


# What the CSV writer ends a line with: it quotes fields with these characters, and no others do.
_END = "\r\n"


class _Lines:
    """Takes the CSV writer's lines, one at a time, and ends them as wanted."""

    def __init__(self, sink: TextSink, end: str) -> None:
        self._sink = sink
        self._end = end

    def write(self, line: str) -> int:
        return self._sink.write(line.removesuffix(_END) + self._end)
