"""Offsets in a text, and the positions that the language server protocol has for them.

A position is a line from 0 and a character from 0, counted in the units that client and server have
agreed on. Lines end as the protocol says, with `\\n`, `\\r\\n` or `\\r`; YAML knows more line ends.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable

from lsprotocol import types

from tiercel.check.source import Span

__all__ = ["Positions"]

_LINE_END = re.compile(r"\r\n|\n|\r")
_UNITS: dict[str, Callable[[str], int]] = {
    "utf-8": lambda text: len(text.encode("utf-8", "surrogatepass")),
    "utf-16": lambda text: len(text.encode("utf-16-le", "surrogatepass")) // 2,
    "utf-32": len,
}


class Positions:
    """The positions of one text.

    Args:
        text: the text.
        encoding: the unit of characters: `utf-8`, `utf-16` or `utf-32`.
    """

    def __init__(self, text: str, encoding: str = "utf-16") -> None:
        self._text = text
        self._length = _UNITS[encoding]
        self._starts = [0, *(match.end() for match in _LINE_END.finditer(text))]

    def offset(self, position: types.Position) -> int:
        """Return the offset of a position; one beyond its line is that line's end."""
        if position.line >= len(self._starts):
            return len(self._text)
        start = self._starts[position.line]
        line = self._line(position.line)
        if line.isascii():
            return start + min(position.character, len(line))
        units = 0
        for index, character in enumerate(line):
            if units >= position.character:
                return start + index
            units += self._length(character)
        return start + len(line)

    def position(self, offset: int) -> types.Position:
        """Return the position of an offset."""
        line = bisect_right(self._starts, offset) - 1
        before = self._text[self._starts[line] : offset]
        return types.Position(line, len(before) if before.isascii() else self._length(before))

    def range(self, span: Span) -> types.Range:
        """Return the range of a part of the text."""
        return types.Range(self.position(span.start), self.position(span.end))

    def _line(self, number: int) -> str:
        after = self._starts[number + 1] if number + 1 < len(self._starts) else len(self._text)
        return self._text[self._starts[number] : after].rstrip("\r\n")
