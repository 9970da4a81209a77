"""Blocks that are converted in one go become what the CSV reader makes of them, row by row."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tiercel.plugin import ion
from tiercel_serdes import csv_records
from tiercel_serdes.csv_columns import Columns, Lists
from tiercel_serdes.csv_records import CsvRecords, Dialect, text_blocks

PIECES = st.sampled_from(
    [*"a,;'\"\n\r\\\0\1\2\t\x7fé\u2028", '"a,b"', '"x""y"', "\\N", "\r\n", '"\\N"', '"\n"', "a,b\n"]
)
TEXTS = st.lists(PIECES, max_size=40).map("".join)


def bad(reason: str) -> None:
    raise ValueError(reason)


def converted(text: str, columns: Any, **dialect: Any) -> list[str]:
    """Return the lines of ION that the converter makes, or the reason why it stops."""
    rules = Dialect(**{"separator": ",", "quote": '"', **dialect})
    blocks = text_blocks(io.BytesIO(text.encode()), "utf-8", 1 << 20)

    def lines() -> Iterator[str]:
        for part in CsvRecords(blocks, rules, bad).all(columns.plain):
            if isinstance(part, bytes):
                yield part.decode()
            elif (made := columns.batch(part)) is not None:
                yield made.decode()
            else:
                yield from (ion.dumps(row) + "\n" for row in columns.rows(part))

    try:
        return "".join(lines()).split("\n")
    except ValueError as error:
        return [str(error)]


def read(text: str, width: int | None) -> list[str]:
    """Return the same by Python's CSV reader and the ION writer alone."""
    rows: list[str] = []
    try:
        for record in csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True):
            fields = [None if field == "\\N" else field for field in record or [""]]
            if width is None:
                rows.append(ion.dumps(fields))
            elif len(fields) == width:
                rows.append(ion.dumps(dict(zip("ab", fields, strict=False))))
            else:
                reason = f"Expected {width}, got {len(fields)} fields."
                return [f"Bad line encountered (field count mismatch): {reason}"]
    except csv.Error as error:
        return [f"Bad line encountered: {error}"]
    return [*rows, ""]


@pytest.mark.parametrize("block", [1, 5, 1 << 16])
@pytest.mark.parametrize("width", [None, 1, 2])
@given(text=TEXTS)
@example(text='"a""b",c\r\n"\r\n",\\N\n')
@example(text='"a\nb",c\nd,e\n')
@example(text='a,"b\n')
@example(text='"",""\n')
@example(text='""""\n')
@example(text="a\rb\r")
def test_a_block_is_worth_its_records(text: str, width: int | None, block: int) -> None:
    columns = Lists(",") if width is None else Columns("ab"[:width], width, bad, ",")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_records, "_BLOCK", block)
        assert converted(text, columns) == read(text, width)


@pytest.mark.parametrize(("separator", "quote"), [("\t", '"'), (";", "'"), ("n", '"'), (".", "^")])
def test_any_separator_and_quote_will_do(separator: str, quote: str) -> None:
    text = "a,'b,''n',\\\nc;d,.e\n".replace(",", separator).replace("'", quote)
    lines = converted(text, Lists(separator), separator=separator, quote=quote)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator, quotechar=quote)
    assert lines == [*map(ion.dumps, rows), ""]


def test_a_half_read_record_is_no_reason_to_read_the_rest_one_by_one() -> None:
    rules = Dialect(separator=",", quote='"')
    blocks = iter(['a,"x\n', 'y",b\n', "c,d\n"])
    parts = list(CsvRecords(blocks, rules, bad).all(str.encode))
    assert parts == [[["a", "x\ny", "b"]], b"c,d\n"]
