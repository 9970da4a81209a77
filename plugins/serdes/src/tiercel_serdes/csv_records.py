"""A CSV file taken apart: block by block where that is possible, else record by record.

Almost all blocks of almost all files are whole lines with quotes where they should be. Those are
made ready for ION as text, in a handful of steps for the whole block. Where a quoted field goes on
in the next block, or something is odd, Python's CSV reader takes over, until a record begins with
a block again.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, BinaryIO

from tiercel.plugin import TaskError

if TYPE_CHECKING:
    from _csv import Reader

__all__ = ["HIDDEN", "CsvRecords", "Dialect", "text_blocks"]

HIDDEN = "\1"
"""Stands for a separator in a field."""

_BLOCK = 1 << 16
# Stands for a quote.
_EDGE = "\2"
# No separator or quote: they mean something else to a regular expression, or to ION.
_RESERVED = "\0\1\2\n\r\\nrt"
# Few enough to be gone before Python's garbage collector looks at them.
_BATCH = 250
# Lengths are looked after here, by properties of the task: Python has one limit for all readers.
csv.field_size_limit((1 << 31) - 1)


class Dialect:
    """How a file is written, and how long its parts may be.

    Attributes:
        separator: the character between two fields.
        quote: the character around fields.
        strict: whether characters after a closing quote are an error.
        skip_empty: whether empty lines are left out; otherwise each has one empty field.
        longest_field: characters that a field may have.
        longest_record: characters that a record may have.
    """

    def __init__(
        self,
        *,
        separator: str,
        quote: str,
        strict: bool = True,
        skip_empty: bool = False,
        longest_field: int = 16 << 20,
        longest_record: int = 16 << 20,
    ) -> None:
        self.separator = separator
        self.quote = quote
        self.strict = strict
        self.skip_empty = skip_empty
        self.longest_field = longest_field
        self.longest_record = longest_record
        # What ION escapes: in unquoted fields there must be none of it, and in quoted ones
        # nothing beyond what `_escaped` replaces.
        self._special = bytes({*range(32), 127, *b'"\\'} - {ord("\n"), ord(separator)})
        self._control = bytes({*range(32), 127} - {*b"\n\r\t", ord(separator)})
        self._edge = re.compile(
            f"{_EDGE}(?:[^{re.escape(separator)}\n{_EDGE}]|"
            f"(?<=[^{re.escape(separator)}\n{_EDGE}].))"
        )
        self._never = separator in _RESERVED or quote in _RESERVED or separator == quote

    def escaped(self, block: str) -> str | None:
        """Return records as their fields stand between ION's quotes; every line ends in `\n`.

        A separator in a field is `HIDDEN`. None when the records must be read one by one.
        """
        if self._never or len(block) > self.longest_field:
            return None
        parts = block.split(self.quote)
        if not len(parts) % 2:
            # The last quoted field goes on.
            return None
        outside = _EDGE.join(parts[::2]).replace("\r\n", "\n")
        if not self._is_clean(outside, self._special, len(parts) // 2):
            return None
        if len(parts) > 1:
            inside = self._inside(parts[1::2])
            if inside is None or self._edge.search(outside):
                return None
            # Nothing between two quotes is a quote in a field.
            first, *between = outside.split(_EDGE)
            last = between.pop()
            parts[::2] = [first, *[text or '\\"' for text in between], last]
            parts[1::2] = inside
            outside = "".join(parts)
        return outside if outside.endswith("\n") else outside + "\n"

    def _inside(self, fields: list[str]) -> list[str] | None:
        text = _EDGE.join(fields)
        if not self._is_clean(text, self._control, len(fields) - 1):
            return None
        text = text.replace("\\", "\\\\").replace('"', '\\"')
        text = text.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
        return text.replace(self.separator, HIDDEN).split(_EDGE)

    def _is_clean(self, text: str, special: bytes, edges: int) -> bool:
        """Return whether a text has no special bytes beside so many edges."""
        data = text.encode()
        return len(data.translate(None, special)) == len(data) - edges


def text_blocks(stream: BinaryIO, charset: str, longest: int) -> Iterator[str]:
    """Yield a text in blocks of whole lines; a line ends in `\\n`, `\\r` or both.

    Args:
        stream: the bytes.
        charset: the codec's name.
        longest: characters that one line may have.

    Raises:
        TaskError: a line is longer.
        UnicodeDecodeError: the bytes are no text of that character set.
    """
    decoder = codecs.getincrementaldecoder("utf-8-sig" if charset == "utf-8" else charset)()
    read = 0
    begun: list[str] = []
    length = 0
    while data := stream.read(_BLOCK):
        text = _decoded(decoder, data, read)
        read += len(data)
        # The last character may be the first half of a line end.
        cut = max(text.rfind("\n"), text.rfind("\r", 0, -1)) + 1
        begun.append(text[:cut] if cut else text)
        if cut:
            yield "".join(begun)
            begun, length = [text[cut:]], len(text) - cut
        else:
            length += len(text)
        if length > longest:
            raise TaskError(
                f"A line is longer than the {longest} characters of `maxBufferSize`",
                retryable=False,
            )
    begun.append(decoder.decode(b"", final=True))
    if rest := "".join(begun):
        yield rest


def _decoded(decoder: codecs.IncrementalDecoder, data: bytes, read: int) -> str:
    try:
        return decoder.decode(data)
    except UnicodeDecodeError as error:
        # The position in the file, not in the block.
        pending = len(error.object) - len(data)
        error.start += read - pending
        error.end += read - pending
        raise


class CsvRecords:
    """Reads records.

    Args:
        blocks: the text, in blocks of whole lines.
        dialect: how the file is written.
        report: what is called with the reason when a record cannot be read.
    """

    def __init__(
        self, blocks: Iterator[str], dialect: Dialect, report: Callable[[str], object]
    ) -> None:
        self._blocks = blocks
        self._dialect = dialect
        self._report = report
        self._pending: str | None = None
        # The number of the last line that was handed to the reader, and the characters of all
        # lines since the last record that ended where a block ends.
        self._goal = 0
        self._since = 0
        self._reader: Reader = csv.reader(
            self._lines(),
            delimiter=dialect.separator,
            quotechar=dialect.quote,
            strict=dialect.strict,
        )

    def one(self) -> list[str] | None:
        """Return the next record; None at the end."""
        while True:
            try:
                if kept := self._checked([next(self._reader)]):
                    return kept[0]
            except StopIteration:
                return None
            except csv.Error as error:
                self._report(f"Bad line encountered: {error}")

    def all(self, convert: Callable[[str], bytes | None]) -> Iterator[bytes | list[list[str]]]:
        """Yield the remaining records in batches: what `convert` made of a block, or records.

        Args:
            convert: gets what `Dialect.escaped` gave; gives None when records must be read.
        """
        yield from self._records()
        for block in self._blocks:
            escaped = self._dialect.escaped(block)
            made = convert(escaped) if escaped is not None else None
            if made is not None:
                yield made
            else:
                self._pending = block
                yield from self._records(begin=True)

    def _records(self, *, begin: bool = False) -> Iterator[list[list[str]]]:
        """Yield the records of what the reader has begun; of the pending block, too."""
        reader = self._reader
        while begin or reader.line_num < self._goal:
            begin = False
            batch: list[list[str]] = []
            problem = None
            try:
                # What was read before an error stays in the batch. Records may span lines, so
                # fewer are asked for than there are lines, lest the reader begins a new block.
                wanted = min(_BATCH, (self._goal - reader.line_num) // 2)
                batch.extend(islice(reader, max(wanted, 1)))
            except csv.Error as error:
                problem = f"Bad line encountered: {error}"
            if kept := self._checked(batch):
                yield kept
            if problem:
                self._report(problem)
        self._since = 0

    def _checked(self, batch: list[list[str]]) -> list[list[str]]:
        """Leave records with a field that is too long out, after telling so; mend empty lines."""
        if [] in batch:
            skip = self._dialect.skip_empty
            batch = [record or [""] for record in batch if record or not skip]
        longest = self._dialect.longest_field
        if self._since <= longest:
            return batch
        kept = [record for record in batch if all(len(field) <= longest for field in record)]
        for _ in range(len(batch) - len(kept)):
            self._report(
                f"Bad line encountered: a field is longer than the {longest} characters "
                "of `maxFieldSize`"
            )
        return kept

    def _lines(self) -> Iterator[str]:
        """Yield lines for the reader; more blocks than the pending one if a record goes on."""
        for block in self._sources():
            self._since += len(block)
            if self._since > self._dialect.longest_record + 2 * _BLOCK:
                raise TaskError(
                    "A record is longer than the "
                    f"{self._dialect.longest_record} characters of `maxBufferSize`",
                    retryable=False,
                )
            lines = io.StringIO(block, newline="").readlines()
            self._goal += len(lines)
            yield from lines

    def _sources(self) -> Iterator[str]:
        while True:
            block, self._pending = self._pending, None
            block = next(self._blocks, None) if block is None else block
            if block is None:
                return
            yield block
