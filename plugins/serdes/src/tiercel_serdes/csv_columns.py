"""Records of a CSV file as lines of ION, many at a time."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import chain
from itertools import count as counting
from typing import Any

from tiercel.plugin import ion
from tiercel_serdes.csv_records import HIDDEN

__all__ = ["Columns", "Lists", "named"]

_NULL = "\\N"
# What ION escapes, and what of it `_escaped` does not replace.
_SPECIAL = bytes([*range(32), 127, *b'"\\'])
_CONTROL = bytes({*range(1, 32), 127} - {*b"\n\r\t"})
# A text that is `\N` and nothing else: quotes inside of a text are escaped, so they follow `\`.
_NULL_TEXT = re.compile(r'(?<=[:,\[])"\\\\N"')


class Columns:
    """Rows by column name.

    Args:
        names: the columns that are kept.
        width: how many fields a record must have; those beyond the names are dropped.
        report: what is called with the reason when a record has more or less.
        separator: the character between two fields.
    """

    def __init__(
        self, names: Sequence[str], width: int, report: Callable[[str], object], separator: str
    ) -> None:
        self._names = names
        self._width = width
        self._report = report
        self._separator = separator
        # `{name:"` is what ION writes before the text of a row's only column.
        fields = [ion.dumps({name: ""})[1:-2].replace("%", "%%") + '%s"' for name in names]
        dropped = "%.0s" * (width - len(names))
        unique = len(names) == len({*names})
        self._line = "{" + ",".join(fields) + "}" + dropped + "\n" if unique else None

    def plain(self, block: str) -> bytes | None:
        """Return the lines of an escaped block; None when it must be read as records."""
        if self._line is None or (self._width == 1 and _has_empty_line(block)):
            return None
        return _filled(self._line, self._width, block, self._separator)

    def batch(self, records: list[list[str]]) -> bytes | None:
        """Return the lines of a batch made in one go; None when it must be done row by row."""
        width = self._width
        if self._line is None or {*map(len, records)} != {width}:
            return None
        return _escaped(self._line, records)

    def rows(self, records: list[list[str]]) -> Iterator[Any]:
        """Yield the rows of a batch, bad records reported and left out."""
        for record in records:
            if len(record) == self._width:
                yield dict(zip(self._names, _nulls(record), strict=False))
            else:
                self._report(
                    "Bad line encountered (field count mismatch): "
                    f"Expected {self._width}, got {len(record)} fields."
                )


class Lists:
    """Rows as lists, for files without a header; each may have a length of its own.

    Args:
        separator: the character between two fields.
    """

    def __init__(self, separator: str) -> None:
        self._separator = separator

    def plain(self, block: str) -> bytes | None:
        """Return the lines of an escaped block; None when it must be read as records."""
        width = block.count(self._separator, 0, block.index("\n")) + 1
        if width == 1 and _has_empty_line(block):
            return None
        return _filled(_list_line(width), width, block, self._separator)

    def batch(self, records: list[list[str]]) -> bytes | None:
        """Return the lines of a batch made in one go; None when it must be done row by row."""
        width = len(records[0])
        if {*map(len, records)} != {width}:
            return None
        return _escaped(_list_line(width), records)

    def rows(self, records: list[list[str]]) -> Iterator[Any]:
        """Yield the rows of a batch."""
        return map(_nulls, records)


def named(names: list[str], *, rename: bool) -> list[str]:
    """Return the columns of a header to keep.

    Args:
        names: the header, whose columns without a name are to be dropped or renamed.
        rename: give each a name; otherwise those at the end are dropped, but never all.
    """
    if rename:
        return [name or _free(f"col_{index}", names) for index, name in enumerate(names)]
    if not any(names):
        return names
    return names[: max(index for index, name in enumerate(names) if name) + 1]


def _free(name: str, taken: Sequence[str]) -> str:
    candidates = chain([name], (f"{name}_{number}" for number in counting(2)))
    return next(candidate for candidate in candidates if candidate not in taken)


def _nulls(record: list[str]) -> list[str | None]:
    return [None if field == _NULL else field for field in record]


@lru_cache(maxsize=64)
def _list_line(width: int) -> str:
    return "[" + ",".join(['"%s"'] * width) + "]\n"


def _has_empty_line(block: str) -> bool:
    return block.startswith("\n") or "\n\n" in block


def _filled(line: str, width: int, block: str, separator: str) -> bytes | None:
    """Fill the fields of an escaped block in; None if a line has not as many as it should."""
    # Each line end becomes a field of its own, which the template swallows: one split for all.
    fields = block.replace("\n", f"{separator}\n{separator}").split(separator)
    fields.pop()
    count, rest = divmod(len(fields), width + 1)
    if rest or fields[width :: width + 1].count("\n") != count or block.count("\n") != count:
        return None
    made: str = f"{line}%.0s" * count % tuple(fields)
    if HIDDEN in block:
        made = made.replace(HIDDEN, separator)
    return (_NULL_TEXT.sub("null", made) if "\\\\N" in block else made).encode()


def _escaped(line: str, records: list[list[str]]) -> bytes | None:
    """Fill the fields of records in, escaped where they must be."""
    fields = list(chain.from_iterable(records))
    gaps = len(fields) - 1
    text = "\0".join(fields)
    data = text.encode()
    template = line * len(records)
    if len(data.translate(None, _SPECIAL)) == len(data) - gaps:
        return (template % tuple(fields)).encode()
    if text.count("\0") != gaps or len(data.translate(None, _CONTROL)) != len(data):
        return None
    text = text.replace("\\", "\\\\").replace('"', '\\"')
    text = text.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
    made: str = template % tuple(text.split("\0"))
    return (_NULL_TEXT.sub("null", made) if "\\\\N" in text else made).encode()
