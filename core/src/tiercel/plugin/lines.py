"""Cuts a program's output into lines, holding no more than a bounded part of any of them."""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = ["LineSplitter"]

LONGEST_KEPT = 8 << 20
"""Bytes of one line that are kept; what follows, up to its end, is dropped."""

_BREAK = re.compile(rb"\r\n|\n|\r")


class LineSplitter:
    """Takes chunks of bytes and gives back whole lines, as text.

    A line ends at `\\n`, `\\r\\n` or `\\r` (progress bars), as Java's `readLine` sees it.

    Args:
        longest: how many bytes of a line are kept.
    """

    def __init__(self, longest: int = LONGEST_KEPT) -> None:
        self._longest = longest
        self._parts: list[bytes] = []
        self._kept = 0
        self._dropped = 0
        self._after_return = False

    def feed(self, chunk: bytes) -> Iterator[str]:
        """Yield the lines that `chunk` completes."""
        if not chunk:
            return
        if self._after_return:
            chunk = chunk.removeprefix(b"\n")
        self._after_return = chunk.endswith(b"\r")
        *complete, rest = _BREAK.split(chunk)
        for part in complete:
            self._keep(part)
            yield self._take()
        self._keep(rest)

    def end(self) -> Iterator[str]:
        """Yield the last line when the output ended without a line break."""
        if self._parts:
            yield self._take()

    def _keep(self, part: bytes) -> None:
        room = self._longest - self._kept
        if len(part) > room:
            self._dropped += len(part) - room
            part = part[:room]
        if part:
            self._parts.append(part)
            self._kept += len(part)

    def _take(self) -> str:
        text = b"".join(self._parts).decode("utf-8", "replace")
        if self._dropped:
            text += f"… ({self._dropped} more bytes in this line)"
        self._parts.clear()
        self._kept = self._dropped = 0
        return text
