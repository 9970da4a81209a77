"""Stand-ins for what a test wants to own: time and identifiers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

__all__ = ["FakeClock", "SequentialIds", "clock_at"]


class FakeClock:
    """A clock that stands still until it is moved.

    Args:
        start: the first instant, aware; the beginning of 2024 in UTC by default.
    """

    def __init__(self, start: datetime = datetime(2024, 1, 1, tzinfo=UTC)) -> None:
        self._start = start
        self._now = start

    def now(self) -> datetime:
        """Return the instant it stands at."""
        return self._now

    def monotonic(self) -> float:
        """Return the seconds it was moved so far."""
        return (self._now - self._start).total_seconds()

    def move(self, by: timedelta) -> None:
        """Move it forward.

        Raises:
            ValueError: `by` is negative.
        """
        if by < timedelta():
            raise ValueError(f"A clock does not go backward: {by}")
        self._now += by


def clock_at(clock: FakeClock | datetime | None) -> FakeClock:
    """Return a clock that stands at a moment, if it is not a clock already."""
    if isinstance(clock, FakeClock):
        return clock
    return FakeClock() if clock is None else FakeClock(clock)


class SequentialIds:
    """Ids that count: `0000000000000000000001`, `…2`, and so on."""

    def __init__(self) -> None:
        self._last = 0

    def new(self) -> str:
        """Return the next id."""
        self._last += 1
        return f"{self._last:022}"
