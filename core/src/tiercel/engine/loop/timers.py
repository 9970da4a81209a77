"""What is due when: the driver's timers."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from datetime import datetime
from typing import Any

__all__ = ["Timers"]


class Timers:
    """Messages that are to be handled at a time; of one instant, in the order they were set."""

    def __init__(self) -> None:
        self._heap: list[tuple[datetime, int, str, tuple[Any, ...]]] = []
        self._newest: dict[tuple[Any, ...], int] = {}
        self._count = 0

    def set(self, due: datetime, kind: str, *arguments: Any) -> None:
        """Have a message handled at a time, and at no other: a time set before counts no more."""
        self._count += 1
        self._newest[kind, *arguments] = self._count
        heapq.heappush(self._heap, (due, self._count, kind, arguments))

    def next_due(self) -> datetime | None:
        """Return when the next one is due; None when there is none."""
        return self._heap[0][0] if self._heap else None

    def seconds_left(self, now: datetime, otherwise: float) -> float:
        """Return the seconds until the next one is due, at most `otherwise`."""
        if not self._heap:
            return otherwise
        return min(otherwise, max((self._heap[0][0] - now).total_seconds(), 0.0))

    def due(self, now: datetime) -> Iterator[tuple[str, tuple[Any, ...]]]:
        """Take out and yield (kind, arguments) of all that are due, the earliest first."""
        while self._heap and self._heap[0][0] <= now:
            _, number, kind, arguments = heapq.heappop(self._heap)
            if self._newest.get((kind, *arguments)) == number:
                del self._newest[kind, *arguments]
                yield kind, arguments
