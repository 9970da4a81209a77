"""ION rows as the records of a table: a header, and values below their columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tiercel.plugin import TaskError

__all__ = ["table_records"]


def table_records(rows: Iterable[Any], *, header: bool) -> Iterator[Iterable[Any]]:
    """Yield records; the first row's columns are those of all.

    Args:
        rows: structs or lists.
        header: whether the first record names the columns.

    Raises:
        TaskError: a row has a column that the first one lacks, or is a list below a header.
    """
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
