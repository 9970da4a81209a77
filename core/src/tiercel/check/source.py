"""Where every key and value of a flow stands in its text, down to single characters.

A template in YAML may be plain, quoted, or in a block of several lines, so that the n-th character
of the value is not the n-th of what is written. `Source.span` finds the way back for any part of a
value.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import yaml
from yaml.events import (
    AliasEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from tiercel._record import record
from tiercel.check.types import Path

__all__ = ["Scalar", "Source", "Span", "offsets"]

_PARSER: Any = getattr(yaml, "CSafeLoader", None) or yaml.SafeLoader
_LINE_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
_BREAKS = "\r\n\x85\u2028\u2029"
_BLANKS = " \t"


@record
class Span:
    """A part of a text: offsets of its first character and after its last one."""

    start: int
    end: int


@record
class Scalar:
    """A scalar as it is written.

    Attributes:
        start: offset of its first character, quotes and block headers included.
        end: offset after its last one.
        style: how it is written: empty for plain, otherwise `'`, `"`, `|` or `>`.
        value: its text as YAML reads it.
    """

    start: int
    end: int
    style: str
    value: str


class Source:
    """A flow's text and the places in it.

    Args:
        text: the YAML; a byte order mark in front counts as a character.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._shift = len(text) - len(text.removeprefix("\ufeff"))
        self._offsets: dict[Path, list[int]] = {}

    def line_column(self, offset: int) -> tuple[int, int]:
        """Return one-based line and column of an offset."""
        line = bisect_right(self._lines, offset)
        return line, offset - self._lines[line - 1] + 1

    def offset(self, line: int, column: int) -> int:
        """Return the offset of a one-based line and column, at most that of the text's end."""
        if line > len(self._lines):
            return len(self.text)
        return min(self._lines[max(line, 1) - 1] + max(column, 1) - 1, len(self.text))

    def line(self, number: int) -> str:
        """Return a line's text, without what ends it."""
        start = self._lines[number - 1]
        end = self._lines[number] if number < len(self._lines) else len(self.text)
        return self.text[start:end].rstrip(_BREAKS)

    @cached_property
    def _lines(self) -> list[int]:
        return [0, *(match.end() for match in _LINE_BREAK.finditer(self.text))]

    def key(self, path: Path) -> Span:
        """Return where the key stands that `path` ends in, or the nearest thing around it."""
        found = self._places[1].get(path)
        return Span(found.start, found.end) if found else self.value(path)

    def value(self, path: Path) -> Span:
        """Return where the value at `path` stands; what has no place has that of what is around."""
        values = self._places[0]
        for end in range(len(path), -1, -1):
            found = values.get(path[:end])
            if found is not None:
                return Span(found.start, found.end)
        return Span(0, 0)

    def span(self, path: Path, start: int, end: int, *, on_key: bool = False) -> Span:
        """Return where a part of a scalar stands, given by offsets into its value."""
        places = self._places[1 if on_key else 0]
        found = places.get(path)
        if not isinstance(found, Scalar):
            return self.key(path) if on_key else self.value(path)
        known = self._offsets.get((*path, on_key))
        if known is None:
            known = self._offsets[*path, on_key] = offsets(self.text, found)
        first = known[min(start, len(known) - 1)]
        return Span(first, max(known[min(end, len(known) - 1) - 1] + 1, first) if end else first)

    def scalar_at(self, offset: int) -> tuple[Path, bool, int] | None:
        """Return the scalar that an offset is in: its path, whether it is a key, and the offset
        in its value; None outside of scalars."""
        for on_key, places in enumerate(reversed(self._places)):
            for path, found in places.items():
                if isinstance(found, Scalar) and found.start <= offset <= found.end:
                    known = offsets(self.text, found)
                    inside = bisect_right(known, offset) - 1
                    if known[max(inside, 0)] < offset:
                        inside += 1
                    return path, not on_key, max(0, min(inside, len(found.value)))
        return None

    def starting_at(self, offset: int) -> tuple[Path, Span]:
        """Return the innermost key or value that begins at an offset; else one character."""
        best: tuple[Path, Span] = ((), Span(offset, min(offset + 1, len(self.text))))
        for places in self._places:
            for path, found in places.items():
                if found.start == offset and len(path) >= len(best[0]):
                    best = path, Span(found.start, found.end)
        return best

    def scalar(self, path: Path, *, on_key: bool = False) -> Scalar | None:
        """Return the scalar at a path, or None when it is a list, a map, or nothing."""
        found = self._places[1 if on_key else 0].get(path)
        return found if isinstance(found, Scalar) else None

    @cached_property
    def _places(self) -> tuple[dict[Path, Span | Scalar], dict[Path, Span | Scalar]]:
        reader = _Reader(self._shift)
        try:
            for event in _events(self.text.removeprefix("\ufeff")):
                reader.take(event)
        except (yaml.YAMLError, UnicodeError):
            pass  # what comes before the fault has its places
        return reader.values, reader.keys


def _events(text: str) -> Iterator[Any]:
    parser = _PARSER(text)
    while parser.check_event():
        yield parser.get_event()


class _Reader:
    """Takes YAML events and notes places by path."""

    def __init__(self, shift: int) -> None:
        self.shift = shift
        self.values: dict[Path, Span | Scalar] = {}
        self.keys: dict[Path, Span | Scalar] = {}
        self._path: list[Any] = []
        self._open: list[tuple[Path, int]] = []

    def take(self, event: Any) -> None:
        """Note one event; a None at the end of the path waits for a mapping's key."""
        kind, path = type(event), self._path
        if kind in (MappingEndEvent, SequenceEndEvent):
            path.pop()
            opened, start = self._open.pop()
            self.values[opened] = Span(start, event.end_mark.index + self.shift)
            _advance(path)
        elif kind is ScalarEvent and path and path[-1] is None:
            path[-1] = event.value
            self.keys[tuple(path)] = self._scalar(event)
        elif kind in (ScalarEvent, AliasEvent):
            start, end = event.start_mark.index + self.shift, event.end_mark.index + self.shift
            whole = kind is ScalarEvent
            self.values[tuple(path)] = self._scalar(event) if whole else Span(start, end)
            _advance(path)
        elif kind in (MappingStartEvent, SequenceStartEvent):
            start = event.start_mark.index + self.shift
            self._open.append((tuple(path), start))
            self.values[tuple(path)] = Span(start, start)
            path.append(None if kind is MappingStartEvent else 0)

    def _scalar(self, event: Any) -> Scalar:
        start, end = event.start_mark.index + self.shift, event.end_mark.index + self.shift
        return Scalar(start, end, event.style or "", event.value)


def _advance(path: list[Any]) -> None:
    if path:
        path[-1] = path[-1] + 1 if isinstance(path[-1], int) else None


def offsets(text: str, scalar: Scalar) -> list[int]:
    """Return where each character of a scalar's value stands in the text, and where it ends.

    Characters that are not written (a folded line break read as a blank) have the place of what
    they were read from.
    """
    if scalar.style in ("|", ">"):
        return _Block(text, scalar).run()
    return (_Quoted if scalar.style == '"' else _Flow)(text, scalar).run()


class _Flow:
    """Walks through a plain or single-quoted scalar and its value side by side."""

    def __init__(self, text: str, scalar: Scalar) -> None:
        self.text = text
        self.value = scalar.value
        self.quote = scalar.style
        self.at = scalar.start
        self.end = max(scalar.end - len(scalar.style), self.at)
        self.found: list[int] = []

    def run(self) -> list[int]:
        """Return the offset of each character of the value, and that of its end."""
        self._skip_properties()
        self.at += len(self.quote)
        while len(self.found) < len(self.value) and self.at < self.end:
            self.step()
        missing = len(self.value) - len(self.found)
        return [*self.found, *[min(self.at, self.end)] * (missing + 1)]

    def _skip_properties(self) -> None:
        # A tag or an anchor stands before the text.
        while self.text[self.at : self.at + 1] in ("!", "&"):
            while self.at < self.end and not self.text[self.at].isspace():
                self.at += 1
            while self.at < self.end and self.text[self.at].isspace():
                self.at += 1

    def step(self) -> None:
        """Match one character, or one run of line breaks."""
        if self.broken():
            self.fold()
        elif self.quote == "'" and self.text.startswith("''", self.at):
            self.take(2)
        else:
            self.take(1)

    def take(self, length: int) -> None:
        """Match one character of the value with so many of the text."""
        self.found.append(self.at)
        self.at += length

    def broken(self) -> bool:
        """Return whether nothing but blanks comes before the line's end."""
        here = self.at
        while here < self.end and self.text[here] in _BLANKS:
            here += 1
        return here < self.end and self.text[here] in _BREAKS

    def fold(self) -> None:
        """Pass over line breaks: one is a blank in the value, more are one less."""
        start, breaks = self.at, 0
        while self.at < self.end and self.text[self.at] in _BLANKS + _BREAKS:
            match = _LINE_BREAK.match(self.text, self.at)
            breaks += match is not None
            self.at = match.end() if match else self.at + 1
        self.found += [start] * max(breaks - 1, 1)


class _Quoted(_Flow):
    """The same for a double-quoted scalar, with its escapes."""

    _LENGTHS = {"x": 4, "u": 6, "U": 10}  # noqa: RUF012  # a table, never written

    def step(self) -> None:
        """Match one character, one escape, or one run of line breaks."""
        if self.text[self.at] != "\\":
            super().step()
            return
        after = self.text[self.at + 1 : self.at + 2]
        if after and after in _BREAKS:
            # An escaped line break is nothing, and so are the blanks that begin the next line.
            self.at += 1
            match = _LINE_BREAK.match(self.text, self.at)
            self.at = match.end() if match else self.at + 1
            while self.at < self.end and self.text[self.at] in _BLANKS:
                self.at += 1
        else:
            self.take(self._LENGTHS.get(after, 2))


class _Block:
    """Walks through a block scalar line by line."""

    def __init__(self, text: str, scalar: Scalar) -> None:
        self.text = text
        self.value = scalar.value
        self.literal = scalar.style == "|"
        header = _LINE_BREAK.search(text, scalar.start)
        self.start = header.end() if header else scalar.end
        self.end = scalar.end
        self.found: list[int] = []

    def run(self) -> list[int]:
        """Return the offset of each character of the value, and that of its end."""
        lines = self._lines()
        indent = self._indent(lines)
        broken_at = self.start
        for start, end in lines:
            content = min(start + indent, end)
            if content >= end and not self.text[start:end].strip(_BLANKS):
                broken_at = min(broken_at, start) if not self.found else broken_at
                continue
            self._breaks(broken_at)
            self._content(content, end)
            broken_at = end
        missing = len(self.value) - len(self.found)
        return [*self.found, *[min(broken_at, self.end)] * (missing + 1)][: len(self.value) + 1]

    def _lines(self) -> list[tuple[int, int]]:
        lines, start = [], self.start
        while start < self.end:
            match = _LINE_BREAK.search(self.text, start, self.end)
            lines.append((start, match.start() if match else self.end))
            start = match.end() if match else self.end
        return lines

    def _indent(self, lines: list[tuple[int, int]]) -> int:
        """Return how many blanks begin each line that are not content.

        The first line with content tells: what it has more than its value is the indentation.
        """
        content = self.value.lstrip("\n")
        own = len(content) - len(content.lstrip(" "))
        for start, end in lines:
            line = self.text[start:end]
            if line.strip(_BLANKS):
                return max(len(line) - len(line.lstrip(" ")) - own, 0)
        return 0

    def _breaks(self, at: int) -> None:
        """Match the line breaks in the value since the last content."""
        value, here = self.value, len(self.found)
        if here < len(value) and value[here] == "\n":
            while here < len(value) and value[here] == "\n":
                self.found.append(at)
                here += 1
        elif self.found and not self.literal and here < len(value) and value[here] == " ":
            self.found.append(at)

    def _content(self, start: int, end: int) -> None:
        room = len(self.value) - len(self.found)
        self.found += range(start, min(end, start + room))
