"""ION text for plugins: rows in storage files, one value a line, as Kestra keeps them.

    with ctx.storage.create("rows.ion") as writer:
        count = ion.dump_lines(rows, writer)
    with ctx.storage.open(uri) as stream:
        for row in ion.load_lines(stream): ...

Neither holds more than a part of the file in memory.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from tiercel import _ion
from tiercel._ion import IonTextError, dumps, load_lines, loads

__all__ = ["IonTextError", "dump_lines", "dumps", "load_lines", "loads"]


class _Sink(Protocol):
    def write(self, data: bytes, /) -> int: ...


def dump_lines(rows: Iterable[Any], sink: _Sink) -> int:
    """Write each row as one line of UTF-8, and return how many there were.

    Raises:
        IonTextError: a row holds what is no plain data.
    """
    return _ion.dump_lines(rows, _Utf8(sink))


class _Utf8:
    def __init__(self, sink: _Sink) -> None:
        self._sink = sink

    def write(self, text: str, /) -> int:
        return self._sink.write(text.encode())
