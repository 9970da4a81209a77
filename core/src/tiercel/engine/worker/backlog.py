"""`Backlog`: makes tasks that log faster than the database writes wait for it."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tiercel.model.execution import LogEntry

__all__ = ["Backlog"]

_LIMIT = 16 << 20
"""Bytes of log lines that may be on their way at once."""
_OVERHEAD = 200
"""What a line weighs beside its text."""
_WIDEST = 4
"""Bytes that a character may take as soon as one in the text is beyond ASCII."""


class Backlog:
    """Counts log lines from the moment a task hands them over until they are written."""

    def __init__(self, limit: int = _LIMIT) -> None:
        self._limit = limit
        self._waiting = 0
        self._room = threading.Condition()
        self._closed = False

    def add(self, lines: Iterable[LogEntry]) -> None:
        """Note lines that were handed over."""
        with self._room:
            self._waiting += _weight(lines)

    def remove(self, lines: Iterable[LogEntry]) -> None:
        """Note that lines were written, or given up."""
        with self._room:
            self._waiting -= _weight(lines)
            self._room.notify_all()

    def close(self) -> None:
        """Let everybody go: nothing is written any more."""
        with self._room:
            self._closed = True
            self._room.notify_all()

    def wait(self) -> None:
        """Return when there is room for more."""
        with self._room:
            self._room.wait_for(lambda: self._closed or self._waiting < self._limit)


def _weight(lines: Iterable[LogEntry]) -> int:
    messages = (line.message for line in lines)
    return sum(len(m) * (1 if m.isascii() else _WIDEST) + _OVERHEAD for m in messages)
