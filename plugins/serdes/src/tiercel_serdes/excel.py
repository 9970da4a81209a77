"""`io.kestra.plugin.serdes.excel`: `ExcelToIon` and `IonToExcel`.

Properties and defaults are those of Kestra's serdes plugin; the work is that of openpyxl
and XlsxWriter. Rows are read and written one by one. A workbook is a ZIP file, read from its end,
so both tasks keep a copy on local disk; the texts that a workbook shares between cells are kept in
memory while it is read.
"""

from __future__ import annotations

import json
import re
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from tiercel.plugin import (
    Example,
    Metric,
    MetricInfo,
    Output,
    Property,
    RunContext,
    Task,
    TaskError,
    ion,
    scratch_file,
)
from tiercel_serdes.converter import ConvertedOutput, FileConverter, created, ion_rows, watched
from tiercel_serdes.dates import iso_text, zone_of
from tiercel_serdes.excel_formats import shown
from tiercel_serdes.excel_sheet import SheetCells, excel_format
from tiercel_serdes.library import library
from tiercel_serdes.tables import table_records

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["ExcelToIon", "IonToExcel", "SheetsOutput"]

# Of a part of a workbook that is kept in memory, unpacked.
_LARGEST_PART = 512 << 20
_MOST_ROWS = 1 << 20
_DATE_TIME = "yyyy-MM-dd'T'HH:mm:ss.SSS[XXX]"


class SheetsOutput(Output):
    """The sheets of a workbook."""

    uris: dict[str, str]
    """The stored ION files by the name of their sheets."""
    size: int
    """How many rows all sheets have together."""


class ExcelToIon(FileConverter[SheetsOutput]):
    """Convert an Excel workbook (.xlsx) to ION, a file for each sheet."""

    metrics: ClassVar[tuple[MetricInfo, ...]] = (
        MetricInfo("sheets", "counter", "How many sheets the workbook has."),
    )
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Convert a workbook, and read one of its sheets.",
            """\
id: excel_to_ion
namespace: company.team

inputs:
  - id: file
    type: FILE

tasks:
  - id: to_ion
    type: io.kestra.plugin.serdes.excel.ExcelToIon
    from: "{{ inputs.file }}"

  - id: show
    type: io.kestra.plugin.core.log.Log
    message: "{{ read(outputs.to_ion.uris['Sheet']) }}"
""",
        ),
    )

    sheets_title: Property[list[str]] | None = None
    """The names of the sheets to convert; all by default."""
    charset: Property[str] = Property.of("UTF-8")
    """Accepted for compatibility; a workbook says itself how its texts are encoded."""
    value_render: Property[Literal["FORMATTED_VALUE", "UNFORMATTED_VALUE", "FORMULA"]] = (
        Property.of("UNFORMATTED_VALUE")
    )
    """Cells as Excel shows them, or as they are; formulas as their results either way."""
    date_time_render: Property[
        Literal["SERIAL_NUMBER", "FORMATTED_STRING", "UNFORMATTED_VALUE"]
    ] = Property.of("UNFORMATTED_VALUE")
    """Dates as Excel counts them, as it shows them, or as ISO 8601 texts."""
    header: Property[bool] = Property.of(True)
    """Whether the first row names the columns; without, a record is a list."""
    skip_empty_rows: Property[bool] = Property.of(False)
    """Leave rows without any value out."""
    skip_rows: Property[int] = Property.of(0)
    """How many rows at the start of each sheet are left out; the header is the one after."""

    def run(self, ctx: RunContext) -> SheetsOutput:
        """Convert the workbook.

        Raises:
            TaskError: it is no workbook, or lacks a sheet.
        """
        path = scratch_file(ctx, ".xlsx")
        with self._open(ctx) as source, path.open("wb") as target:
            shutil.copyfileobj(source, target, 1 << 20)
        workbook = _opened(path)
        try:
            uris, size = self._sheets(ctx, workbook)
        finally:
            workbook.close()
        ctx.metric(Metric.counter("sheets", len(workbook.worksheets)))
        return SheetsOutput(uris=uris, size=size)

    def _sheets(self, ctx: RunContext, workbook: Any) -> tuple[dict[str, str], int]:
        wanted = ctx.render(self.sheets_title)
        known = [sheet.title for sheet in workbook.worksheets]
        if missing := [name for name in wanted or () if name not in known]:
            raise TaskError(
                f"No sheet {', '.join(map(repr, missing))}; there are {', '.join(known)}",
                retryable=False,
            )
        cells = _Cells(
            ctx.render(self.value_render), ctx.render(self.date_time_render), workbook.epoch
        )
        uris, size = {}, 0
        for sheet in workbook.worksheets:
            if not wanted or sheet.title in wanted:
                with created(ctx, ".ion") as writer:
                    rows = self._rows_of(ctx, sheet, cells)
                    size += ion.dump_lines(watched(ctx, rows), writer)
                uris[sheet.title] = writer.uri
        return uris, size

    def _rows_of(self, ctx: RunContext, sheet: Any, cells: _Cells) -> Iterator[Any]:
        """Yield the rows of a sheet; those that are not in the file do not count."""
        empty = library("openpyxl.cell.read_only", "excel").EMPTY_CELL
        rows = (row for row in sheet.iter_rows() if any(cell is not empty for cell in row))
        for _ in range(ctx.render(self.skip_rows)):
            next(rows, None)
        first = next(rows, None) if ctx.render(self.header) else None
        columns = _Columns(first, cells) if first else None
        skip_empty = ctx.render(self.skip_empty_rows)
        width = 0
        for row in rows:
            width = width or len(row)
            record = columns.record(row) if columns else [cells.value(c) for c in row[:width]]
            values = record.values() if isinstance(record, dict) else record
            if not skip_empty or any(value is not None for value in values):
                yield record


def _opened(path: Path) -> Any:
    openpyxl = library("openpyxl", "excel")
    invalid = library("openpyxl.utils.exceptions", "excel").InvalidFileException
    try:
        with zipfile.ZipFile(path) as archive:
            for part in archive.infolist():
                # Sheets are read row by row.
                if "worksheets/" not in part.filename and part.file_size > _LARGEST_PART:
                    raise TaskError(
                        f"Part {part.filename!r} of the workbook has {part.file_size} bytes, "
                        f"more than {_LARGEST_PART}",
                        retryable=False,
                    )
        return openpyxl.load_workbook(path, read_only=True, data_only=True)
    except (zipfile.BadZipFile, invalid, KeyError, ValueError, SyntaxError) as error:
        raise TaskError(f"The file is no Excel workbook: {error}", retryable=False) from error


class _Columns:
    """A header: the columns of a sheet from the first to the last that has a name."""

    def __init__(self, row: tuple[Any, ...], cells: _Cells) -> None:
        used = [index for index, cell in enumerate(row) if cell.value is not None] or [0]
        self._from, self._until = used[0], used[-1] + 1
        values = [cells.value(cell) for cell in row[self._from : self._until]]
        self._names = [
            f"Column{index}" if value is None else str(value)
            for index, value in enumerate(values, self._from)
        ]
        self._cells = cells

    def record(self, row: tuple[Any, ...]) -> dict[str, Any]:
        """Return a row by column name."""
        values = [self._cells.value(cell) for cell in row[self._from : self._until]]
        values += [None] * (len(self._names) - len(values))
        return dict(zip(self._names, values, strict=True))


class _Cells:
    """Turns cells into values."""

    def __init__(self, render: str, date_render: str, epoch: datetime) -> None:
        self._formatted = render == "FORMATTED_VALUE"
        self._dates = date_render
        self._epoch = epoch

    def value(self, cell: Any) -> Any:
        """Return a cell's value; None when it is empty or an error."""
        value = cell.value
        if value is None or cell.data_type == "e":
            return None
        if isinstance(value, date | time | timedelta):
            return self._date(value, cell.number_format)
        return shown(value, cell.number_format) if self._formatted else value

    def _date(self, value: Any, number_format: str) -> Any:
        if self._dates == "SERIAL_NUMBER":
            return library("openpyxl.utils.datetime", "excel").to_excel(value, self._epoch)
        if self._formatted or self._dates == "FORMATTED_STRING":
            return shown(value, number_format)
        if isinstance(value, datetime):
            # A date is a timestamp at midnight to Excel.
            midnight = value.time() == time()
            return value.date().isoformat() if midnight else iso_text(value, UTC)
        return str(value) if isinstance(value, timedelta) else value.isoformat()


class IonToExcel(Task[ConvertedOutput]):
    """Convert ION files to an Excel workbook (.xlsx), a sheet for each file.

    A text that begins with `Formula:` is a formula; no other text is.
    """

    metrics: ClassVar[tuple[MetricInfo, ...]] = (
        MetricInfo("records", "counter", "How many records were converted, once for each sheet."),
    )
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Make a workbook of two files.",
            """\
id: excel
namespace: company.team

inputs:
  - id: file
    type: FILE

tasks:
  - id: to_ion
    type: io.kestra.plugin.serdes.csv.CsvToIon
    from: "{{ inputs.file }}"

  - id: to_excel
    type: io.kestra.plugin.serdes.excel.IonToExcel
    from:
      Products: "{{ outputs.to_ion.uri }}"
      Copy: "{{ outputs.to_ion.uri }}"
""",
        ),
    )

    from_: Property[Any] = Field(alias="from")
    """URI of the stored file to convert; or the names of sheets with the URIs of their files."""
    sheets_title: Property[str] = Property.of("Sheet")
    """The name of the sheet when there is one file."""
    charset: Property[str] = Property.of("UTF-8")
    """Accepted for compatibility; a workbook says itself how its texts are encoded."""
    header: Property[bool] = Property.of(True)
    """Whether the first row names the columns."""
    styles: Property[bool] = Property.of(True)
    """Whether dates have a format; without, they are the numbers that Excel counts days with."""
    date_format: Property[str] = Property.of("yyyy-MM-dd")
    """How dates are shown, a pattern of Java's `DateTimeFormatter`."""
    time_format: Property[str] = Property.of("HH:mm:ss[XXX]")
    """How times are shown, likewise."""
    date_time_format: Property[str] = Property.of(_DATE_TIME)
    """How timestamps are shown, likewise; `yyyy-MM-dd HH:mm:ss` by default."""
    time_zone_id: Property[str] = Property.of("UTC")
    """The time zone that timestamps are written in: Excel knows none."""

    def run(self, ctx: RunContext) -> ConvertedOutput:
        """Convert the files.

        Raises:
            TaskError: one is not ION, or does not fit into a sheet.
        """
        path = scratch_file(ctx, ".xlsx")
        workbook = library("xlsxwriter", "excel").Workbook(
            path, {"constant_memory": True, "tmpdir": str(path.parent)}
        )
        size = 0
        try:
            cells = self._cells(ctx, workbook)
            for title, uri in self._sources(ctx).items():
                sheet = workbook.add_worksheet(_title(title))
                size += self._fill(ctx, sheet, cells, uri)
        finally:
            # Closes its temporary files, too.
            workbook.close()
        with path.open("rb") as source, created(ctx, ".xlsx") as writer:
            shutil.copyfileobj(source, writer, 1 << 20)
        return ConvertedOutput(uri=writer.uri, size=size)

    def _sources(self, ctx: RunContext) -> dict[str, str]:
        """Return URIs by the names of sheets."""
        sources = ctx.render(self.from_)
        if isinstance(sources, str) and sources.lstrip().startswith("{"):
            sources = json.loads(sources)
        if isinstance(sources, str):
            return {ctx.render(self.sheets_title): sources}
        if not isinstance(sources, Mapping) or not sources:
            kind = type(sources).__name__
            raise TaskError(f"`from` must be a URI or a map of them, got {kind}", retryable=False)
        return {str(title): str(uri) for title, uri in sources.items()}

    def _fill(self, ctx: RunContext, sheet: Any, cells: SheetCells, uri: str) -> int:
        """Write the rows of a file to a sheet; return how many there were."""
        header = ctx.render(self.header)
        count = 0
        rows = watched(ctx, ion_rows(ctx, uri))
        for count, record in enumerate(table_records(rows, header=header), 1):
            if count > _MOST_ROWS:
                raise TaskError(f"A sheet cannot have more than {_MOST_ROWS} rows", retryable=False)
            cells.write(sheet, count - 1, list(record))
        count = max(count - header, 0)
        ctx.metric(Metric.counter("records", count))
        return count

    def _cells(self, ctx: RunContext, workbook: Any) -> SheetCells:
        date_time = ctx.render(self.date_time_format)
        patterns = {
            date: ctx.render(self.date_format),
            time: ctx.render(self.time_format),
            datetime: "yyyy-MM-dd HH:mm:ss" if date_time == _DATE_TIME else date_time,
        }
        styles = ctx.render(self.styles)
        formats = {
            kind: workbook.add_format({"num_format": excel_format(pattern)}) if styles else None
            for kind, pattern in patterns.items()
        }
        return SheetCells(zone_of(ctx.render(self.time_zone_id)), formats)


def _title(name: str) -> str:
    if not name or len(name) > 31 or re.search(r"[\\*?:/\[\]]|^'|'$", name):
        raise TaskError(
            f"Invalid name of a sheet {name!r}: 1 to 31 characters, none of \\ * ? : / [ ]",
            retryable=False,
        )
    return name
