"""Rows of a sheet in the making: values as Excel can hold them."""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from typing import Any

from tiercel.plugin import TaskError
from tiercel_serdes.dates import iso_text

__all__ = ["SheetCells", "excel_format"]

_MOST_COLUMNS = 1 << 14
_LONGEST_TEXT = 32767
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_FORMULA = "Formula:"
_DAY_0 = date(1899, 12, 31)
_DAY = timedelta(days=1)
_TOKEN = re.compile(r"'([^']*)'|\[[^\]]*\]|(S+)|(a+)|([XxZzV]+)|(.)", re.DOTALL)


def excel_format(pattern: str) -> str:
    """Return what Excel calls a pattern of `DateTimeFormatter`."""
    parts = []
    for literal, fraction, half, _zone, other in _TOKEN.findall(pattern):
        if literal:
            parts.append(f'"{literal}"')
        elif fraction:
            parts.append("0" * len(fraction))
        else:
            parts.append("AM/PM" if half else other)
    return "".join(parts)


class SheetCells:
    """Writes records to the rows of sheets.

    Args:
        zone: the time zone that timestamps are written in: Excel knows none.
        formats: XlsxWriter's formats of dates, times and timestamps, by their classes.
    """

    def __init__(self, zone: tzinfo, formats: Mapping[type, Any]) -> None:
        self._zone = zone
        self._formats = formats

    def write(self, sheet: Any, row: int, values: list[Any]) -> None:
        """Write a record; rows count from 0, and each comes after the one before it."""
        if len(values) > _MOST_COLUMNS:
            raise TaskError(
                f"Row {row + 1} has {len(values)} columns; a sheet has {_MOST_COLUMNS} at most",
                retryable=False,
            )
        for column, value in enumerate(values):
            cell = self._cell(value)
            if isinstance(cell, bool):
                sheet.write_boolean(row, column, cell)
            elif isinstance(cell, int | float):
                sheet.write_number(row, column, cell)
            elif isinstance(cell, str):
                self._write_text(sheet, row, column, cell)
            elif cell is not None:
                sheet.write_number(row, column, _serial(cell), self._formats[type(cell)])

    def _cell(self, value: Any) -> Any:
        """Return a value as something that a cell can hold."""
        match value:
            case None | bool() | str():
                return value
            case float():
                return value if math.isfinite(value) else str(value)
            case int():
                # Beyond 53 bits, a cell's number would lose digits.
                return value if abs(value) < 1 << 53 else str(value)
            case Decimal():
                same = value.is_finite() and Decimal(repr(float(value))) == value
                return float(value) if same else f"{value:f}"
            case datetime():
                local = value.astimezone(self._zone) if value.tzinfo else value
                # Excel counts days from 1900 on.
                return local.replace(tzinfo=None) if value.year >= 1900 else iso_text(value, UTC)
            case date():
                return value if value.year >= 1900 else value.isoformat()
            case time():
                return value.replace(tzinfo=None)
            case bytes():
                return base64.b64encode(value).decode()
        return json.dumps(value, ensure_ascii=False, default=str)

    def _write_text(self, sheet: Any, row: int, column: int, text: str) -> None:
        problem = None
        if len(text) > _LONGEST_TEXT:
            problem = f"a text of {len(text)} characters; a cell has {_LONGEST_TEXT} at most"
        elif found := _FORBIDDEN.search(text):
            problem = f"the character {found[0]!r}, which Excel cannot hold"
        if problem:
            where = f"Row {row + 1}, column {column + 1}"
            raise TaskError(f"{where} has {problem}", retryable=False)
        if text.startswith(_FORMULA):
            sheet.write_formula(row, column, "=" + text.removeprefix(_FORMULA).removeprefix("="))
        else:
            sheet.write_string(row, column, text)


def _serial(value: date | time) -> float:
    """Return the days that Excel counts, which takes 1900 for a leap year."""
    if isinstance(value, time):
        return (datetime.combine(_DAY_0, value) - datetime.combine(_DAY_0, time())) / _DAY
    moment = value if isinstance(value, datetime) else datetime.combine(value, time())
    days = (moment - datetime.combine(_DAY_0, time())) / _DAY
    return days + 1 if days >= 60 else days
