"""`io.kestra.plugin.serdes.csv`: `CsvToIon` and `IonToCsv`.

Properties and defaults are those of Kestra's serdes plugin.
"""

from __future__ import annotations

import base64
import csv
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time
from itertools import chain, islice
from itertools import count as counting
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from tiercel.plugin import Example, Property, RunContext, TaskError, TaskKilledError, ion
from tiercel_serdes.converter import ConvertedOutput, Converter, bad_input, watched
from tiercel_serdes.dates import DateStyle

if TYPE_CHECKING:
    pass

__all__ = ["CsvToIon", "IonToCsv"]

# One field may be as long as 16 Mi characters; Python's own limit, for all readers, is 128 Ki.
csv.field_size_limit(16 << 20)

_BATCH = 100
_NULL = "\\N"
# What makes a text more than itself between ION's quotes, or means null.
_NOT_LITERAL = re.compile(r'["\\\x00-\x1f\x7f\ud800-\udfff]')
_NUMERIC = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d*)")


class CsvToIon(Converter):
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
    error_on_different_field_count: Property[bool] | None = Field(default=None, deprecated=True)
    """Use `onBadLines` instead."""

    def run(self, ctx: RunContext) -> ConvertedOutput:
        """Convert the file.

        Raises:
            TaskError: a record is bad, or the file is not text of that character set.
        """
        with (
            self._open_text(ctx) as text,
            bad_input("CSV"),
            self._create(ctx, ".ion") as writer,
        ):
            reader = csv.reader(
                text,
                delimiter=_character(ctx.render(self.field_separator), "fieldSeparator"),
                quotechar=_character(ctx.render(self.text_delimiter), "textDelimiter"),
                strict=True,
            )
            batches = self._batches(ctx, reader)
            first = next(batches, [])
            header, skip = ctx.render(self.header), ctx.render(self.skip_rows)
            columns = self._columns(ctx, first.pop(0)) if first and header else None
            count = 0
            for batch in _without_first(chain([first], batches), skip):
                block = columns.block(batch) if columns else None
                if block is not None:
                    writer.write(block)
                    count += len(batch)
                else:
                    rows = columns.rows(batch, self._bad(ctx)) if columns else map(_nulls, batch)
                    count += ion.dump_lines(rows, writer)
        return self._done(ctx, writer, count)

    def _batches(self, ctx: RunContext, reader: Iterator[list[str]]) -> Iterator[list[list[str]]]:
        """Yield the records in batches, so that most are handled without a loop of Python's."""
        skip_empty = ctx.render(self.skip_empty_rows)
        ended = False
        while not ended:
            if ctx.cancelled:
                raise TaskKilledError("The conversion was stopped")
            batch: list[list[str]] = []
            try:
                # What was read before an error stays in the batch.
                batch.extend(islice(reader, _BATCH))
                ended = not batch
            except csv.Error as error:
                self._bad(ctx).report(f"Bad line encountered: {error}")
            if [] in batch:
                batch = [record or [""] for record in batch if record or not skip_empty]
            if batch:
                yield batch

    def _bad(self, ctx: RunContext) -> _BadLines:
        return _BadLines(ctx, ctx.render(self.on_bad_lines))

    def _columns(self, ctx: RunContext, names: list[str]) -> _Columns:
        width = len(names)
        if ctx.render(self.on_empty_header) == "RENAME":
            names = [name or _free(f"col_{index}", names) for index, name in enumerate(names)]
        elif any(names):
            names = names[: max(index for index, name in enumerate(names) if name) + 1]
        if len(names) < width:
            ctx.log(
                "WARN",
                f"Dropped {width - len(names)} trailing unnamed header column(s); "
                "set `onEmptyHeader: RENAME` to keep them",
            )
        if len({*names}) < len(names):
            ctx.log("WARN", f"Columns of the same name: the last one of them counts: {names}")
        return _Columns(names, width)


def _without_first(batches: Iterable[list[list[str]]], number: int) -> Iterator[list[list[str]]]:
    """Yield the batches without the first `number` records."""
    for batch in batches:
        yield batch[number:]
        number = max(number - len(batch), 0)


class _Columns:
    """A header: the names that make a row, and how many fields a record must have."""

    def __init__(self, names: Sequence[str], width: int) -> None:
        self._names = names
        self._width = width
        # `{name:"` is what ION writes before the text of a row's only column.
        fields = [ion.dumps({name: ""})[1:-2].replace("%", "%%") + '%s"' for name in names]
        whole = len(names) == width == len({*names})
        self._line = "{" + ",".join(fields) + "}\n" if whole else None

    def block(self, batch: list[list[str]]) -> bytes | None:
        """Return the lines of a batch made at one go; None when it must be done row by row."""
        width = self._width
        if self._line is None or any(len(record) != width for record in batch):
            return None
        fields = tuple(chain.from_iterable(batch))
        if _NOT_LITERAL.search("".join(fields)):
            return None
        return (self._line * len(batch) % fields).encode()

    def rows(self, batch: list[list[str]], bad: _BadLines) -> Iterator[dict[str, str | None]]:
        """Yield the rows of a batch, bad records reported and left out."""
        for record in batch:
            if len(record) == self._width:
                yield dict(zip(self._names, _nulls(record), strict=False))
            else:
                bad.report(
                    "Bad line encountered (field count mismatch): "
                    f"Expected {self._width}, got {len(record)} fields."
                )


class _BadLines:
    """What is done about bad lines."""

    def __init__(self, ctx: RunContext, policy: str) -> None:
        self._ctx = ctx
        self._policy = policy

    def report(self, message: str) -> None:
        if self._policy == "ERROR":
            raise TaskError(message, retryable=False)
        if self._policy == "WARN":
            self._ctx.log("WARN", message)


def _nulls(record: list[str]) -> list[str | None]:
    return [None if field == _NULL else field for field in record]


def _free(name: str, taken: Sequence[str]) -> str:
    candidates = chain([name], (f"{name}_{number}" for number in counting(2)))
    return next(candidate for candidate in candidates if candidate not in taken)


def _character(text: str, name: str) -> str:
    if len(text) != 1:
        raise TaskError(f"`{name}` must be one character, got {text!r}", retryable=False)
    return text


class IonToCsv(Converter):
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
            text = _Text(self._dates(ctx), quote)
            for record in self._records(ctx, watched(ctx, self._rows(ctx))):
                writer.writerow([text(value) for value in record])
                count += 1
            sink.flush()
        return self._done(ctx, target, max(count - ctx.render(self.header), 0))

    def _writer(self, ctx: RunContext, sink: Any) -> tuple[Any, bool]:
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
            sink,
            delimiter=_character(ctx.render(self.field_separator), "fieldSeparator"),
            quotechar=_character(ctx.render(self.text_delimiter), "textDelimiter"),
            lineterminator=ctx.render(self.line_delimiter),
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

    def _records(self, ctx: RunContext, rows: Iterable[Any]) -> Iterator[Iterable[Any]]:
        header = ctx.render(self.header)
        names: tuple[Any, ...] | None = None
        for number, row in enumerate(rows, 1):
            if isinstance(row, Mapping):
                if names is None:
                    names = tuple(row)
                    if header:
                        yield names
                yield row.values() if tuple(row) == names else _aligned(row, names, number)
            elif header:
                kind = "List" if isinstance(row, list) else type(row).__name__
                raise TaskError(f"Invalid data of type {kind} with header", retryable=False)
            else:
                yield row if isinstance(row, list) else [row]


def _aligned(row: Mapping[Any, Any], names: tuple[Any, ...], number: int) -> list[Any]:
    extra = [name for name in row if name not in names]
    if extra:
        raise TaskError(
            f"Row {number} has columns that the first row lacks: {', '.join(map(str, extra))}",
            retryable=False,
        )
    return [row.get(name) for name in names]


class _Number(str):
    """A text that the CSV writer takes for a number, and so leaves bare."""

    __slots__ = ()

    def __float__(self) -> float:
        return float(str(self))


class _Text:
    """Turns values into fields."""

    def __init__(self, dates: DateStyle, tell_numbers: bool) -> None:
        self._dates = dates
        self._tell_numbers = tell_numbers

    def __call__(self, value: Any) -> str:
        text = value if value.__class__ is str else self._text(value)
        if self._tell_numbers and _NUMERIC.fullmatch(text):
            return _Number(text)
        return text

    def _text(self, value: Any) -> str:
        match value:
            case None:
                return ""
            case bool():
                return "true" if value else "false"
            case datetime():
                return self._dates.moment(value)
            case date():
                return self._dates.date(value)
            case time():
                return self._dates.time(value)
            case bytes():
                return base64.b64encode(value).decode()
            case dict() | list():
                return json.dumps(value, ensure_ascii=False, default=str)
        return str(value)
