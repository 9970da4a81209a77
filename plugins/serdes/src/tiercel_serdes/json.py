"""`io.kestra.plugin.serdes.json`: `JsonToIon`, `IonToJson` and `JsonToJsonl`.

Properties and defaults are those of Kestra's serdes plugin. An array of records is read element by
element, so a file need not fit into memory either way.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from datetime import UTC
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar, cast

from tiercel.plugin import Example, Property, RunContext, TaskError, ion
from tiercel_serdes.converter import ConvertedOutput, TextConverter, bad_input, watched
from tiercel_serdes.dates import zone_of
from tiercel_serdes.json_text import Annotated, JsonText

if TYPE_CHECKING:
    from typing import BinaryIO, TextIO

    from tiercel_serdes.converter import TextSink

__all__ = ["IonToJson", "JsonToIon", "JsonToJsonl", "json_values", "write_lines"]

_CHUNK = 1 << 18
# Characters of one element; beyond that the array is taken for broken rather than read on.
_LONGEST = 256 << 20
_SPACE = re.compile(r"[ \t\r\n]*")


class JsonToIon(TextConverter):
    """Convert a JSON file to ION, one record a line."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Convert an array of objects.",
            """\
id: json_to_ion
namespace: company.team

inputs:
  - id: file
    type: FILE

tasks:
  - id: to_ion
    type: io.kestra.plugin.serdes.json.JsonToIon
    from: "{{ inputs.file }}"
    newLine: false
""",
        ),
    )

    new_line: Property[bool] = Property.of(True)
    """Whether each line is a record of its own (JSON lines). Otherwise the file is one value, and
    the elements of an array are the records."""

    def run(self, ctx: RunContext) -> ConvertedOutput:
        """Convert the file.

        Raises:
            TaskError: it is not JSON, or not text of that character set.
        """
        with (
            self._open_text(ctx) as text,
            bad_input("JSON"),
            self._create(ctx, ".ion") as writer,
        ):
            values = json_values(text, lines=ctx.render(self.new_line))
            count = ion.dump_lines(watched(ctx, values), writer)
        return self._done(ctx, writer, count)


class IonToJson(TextConverter):
    """Convert an ION file to JSON."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Make JSON lines of an ION file.",
            """\
id: ion_to_json
namespace: company.team

inputs:
  - id: file
    type: FILE

tasks:
  - id: to_json
    type: io.kestra.plugin.serdes.json.IonToJson
    from: "{{ inputs.file }}"
""",
        ),
    )

    new_line: Property[bool] = Property.of(True)
    """Whether each record is a line of its own (JSON lines). Otherwise the file is one array; a
    single record stands alone."""
    time_zone_id: Property[str] = Property.of("UTC")
    """The time zone that timestamps are written in."""
    should_keep_annotations: Property[bool] = Property.of(False)
    """Write a text with annotations as an object with `ion_annotations` and `value`."""

    def run(self, ctx: RunContext) -> ConvertedOutput:
        """Convert the file.

        Raises:
            TaskError: it is not ION.
        """
        encode = JsonText(zone_of(ctx.render(self.time_zone_id)))
        lines = ctx.render(self.new_line)
        with self._create(ctx, ".jsonl" if lines else ".json") as writer:
            sink = self._sink(ctx, writer)
            texts = map(encode, watched(ctx, self._annotated(ctx)))
            count = write_lines(texts, sink) if lines else _write_array(texts, sink)
            sink.flush()
        return self._done(ctx, writer, count)

    def _annotated(self, ctx: RunContext) -> Iterator[Any]:
        keep = ctx.render(self.should_keep_annotations)
        with self._open(ctx) as stream, bad_input("ION"):
            yield from ion.load_lines(cast("BinaryIO", Annotated(stream, keep=keep)))


class JsonToJsonl(TextConverter):
    """Convert a JSON array, or one value after the other, to JSON lines."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Make an array something that ForEachItem can split.",
            """\
id: json_to_jsonl
namespace: company.team

inputs:
  - id: file
    type: FILE

tasks:
  - id: to_lines
    type: io.kestra.plugin.serdes.json.JsonToJsonl
    from: "{{ inputs.file }}"
""",
        ),
    )

    def run(self, ctx: RunContext) -> ConvertedOutput:
        """Convert the file.

        Raises:
            TaskError: it is not JSON, or not text of that character set.
        """
        with (
            self._open_text(ctx) as text,
            bad_input("JSON"),
            self._create(ctx, ".jsonl") as writer,
        ):
            sink = self._sink(ctx, writer)
            values = watched(ctx, _elements(text, many=True))
            count = write_lines(map(JsonText(UTC), values), sink)
            sink.flush()
        return self._done(ctx, writer, count)


def write_lines(texts: Iterable[str], sink: TextSink) -> int:
    """Write each text as a line; return how many there were."""
    count = 0
    for text in texts:
        sink.write(text + "\n")
        count += 1
    return count


def _write_array(texts: Iterator[str], sink: TextSink) -> int:
    first = next(texts, None)
    if first is None:
        return 0
    count = 1
    for text in texts:
        sink.write(f"[{first}" if count == 1 else "")
        sink.write(f",{text}")
        count += 1
    sink.write(first if count == 1 else "]")
    return count


def _reject(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


_decoder = json.JSONDecoder(parse_constant=_reject)
# From text to text, no digit may be lost.
_exact_decoder = json.JSONDecoder(parse_constant=_reject, parse_float=Decimal)


def json_values(text: TextIO, *, lines: bool) -> Iterator[Any]:
    """Yield the values of a JSON file.

    Args:
        text: the JSON.
        lines: whether each line is a value of its own; otherwise the file is one value, and the
            elements of an array are the values.

    Raises:
        TaskError: a line is not JSON.
        ValueError: the file is not JSON.
    """
    return _lines(text) if lines else _elements(text)


def _lines(text: TextIO) -> Iterator[Any]:
    for number, line in enumerate(text, 1):
        if not line.isspace():
            try:
                yield _decoder.decode(line)
            except ValueError as error:
                raise TaskError(
                    f"Line {number} is not JSON: {error}; "
                    "set `newLine: false` if the file is a single value",
                    retryable=False,
                ) from error


def _elements(text: TextIO, *, many: bool = False) -> Iterator[Any]:
    """Yield the elements of an array, or the value itself when it is none.

    Args:
        text: the JSON.
        many: whether more values may follow a value that is no array.
    """
    buffer = _Buffer(text, _exact_decoder if many else _decoder)
    first = buffer.peek()
    if first == "[":
        yield from _array(buffer)
    elif first:
        yield buffer.value()
    while many and first != "[" and buffer.peek():
        yield buffer.value()
    if buffer.peek():
        raise buffer.error("More than one value; with one a line, set `newLine: true`")


def _array(buffer: _Buffer) -> Iterator[Any]:
    buffer.skip()
    following = buffer.peek()
    while following != "]":
        yield buffer.value()
        following = buffer.peek()
        if following == ",":
            buffer.skip()
        elif following != "]":
            raise buffer.error("Expected `,` or `]`")
    buffer.skip()


class _Buffer:
    """The part of a text that is being decoded."""

    def __init__(self, text: TextIO, decoder: json.JSONDecoder) -> None:
        self._text = text
        self._decoder = decoder
        self._data = ""
        self._at = 0
        self._before = 0
        self._ended = False

    def peek(self) -> str:
        """Return the next character that is no white space; empty at the end."""
        while True:
            found = _SPACE.match(self._data, self._at)
            assert found is not None
            self._at = found.end()
            if self._at < len(self._data):
                return self._data[self._at]
            if self._ended:
                return ""
            self._more()

    def skip(self) -> None:
        """Go past the next character."""
        self._at += 1

    def value(self) -> Any:
        """Return the next value."""
        self.peek()
        while True:
            try:
                value, end = self._decoder.raw_decode(self._data, self._at)
            except json.JSONDecodeError as error:
                if self._ended or len(self._data) > _LONGEST:
                    self._at = error.pos
                    raise self.error(error.msg) from error
            else:
                # A number at the end of what is known may go on.
                if end < len(self._data) or self._ended:
                    self._at = end
                    return value
            self._more()

    def error(self, reason: str) -> ValueError:
        """Return an error that tells the place."""
        return ValueError(f"{reason} at character {self._before + self._at}")

    def _more(self) -> None:
        self._before += self._at
        rest = self._data[self._at :]
        # As much again as there is, so that one long value is not decoded over and over.
        chunk = self._text.read(max(_CHUNK, len(rest)))
        self._data, self._at, self._ended = rest + chunk, 0, not chunk
