"""Crash points: an engine that dies at a named moment, in the test's own process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from tiercel.executor.inline import InlineExecutor

if TYPE_CHECKING:
    from tiercel.executor.spi import Job

__all__ = ["Crash", "Crashed", "DoomedExecutor", "DoomedRepository", "Faults"]

CrashPoint = Literal["commit-before", "commit-after", "dispatch-before", "dispatch-after"]
"""Just before or after a commit that decides something, or a task's attempt."""


@dataclass(frozen=True)
class Crash:
    """When the engine dies.

    Attributes:
        at: the point: `commit-before`, `commit-after`, `dispatch-before`, `dispatch-after`.
        number: the how-manieth time that it is reached, counted over all engines of the test.
    """

    at: CrashPoint
    number: int = 1


class Crashed(BaseException):
    """An engine dies here: nothing of it may handle this."""


class Faults:
    """Counts how often each point is reached, and lets the engine die at those that are asked for.

    Attributes:
        left: the crashes that have not happened yet.
    """

    def __init__(self, crashes: Sequence[Crash]) -> None:
        self.left = list(crashes)
        self._reached: dict[str, int] = {}

    def reach(self, point: str) -> None:
        """Note that a point is reached.

        Raises:
            Crashed: this is the time.
        """
        self._reached[point] = number = self._reached.get(point, 0) + 1
        for crash in self.left:
            if (crash.at, crash.number) == (point, number):
                self.left.remove(crash)
                raise Crashed


class DoomedRepository:
    """A repository on which an engine dies before or after a commit that decides something."""

    def __init__(self, whole: Any, faults: Faults) -> None:
        self._whole = whole
        self._faults = faults

    def __getattr__(self, name: str) -> Any:
        return getattr(self._whole, name)

    @contextmanager
    def transaction(self) -> Iterator[Any]:
        """Begin a unit of work."""
        decides = False
        with self._whole.transaction() as work:
            append = work.append_events

            def noting(events: Any) -> None:
                nonlocal decides
                events = list(events)
                decides = decides or bool(events)
                append(events)

            work.append_events = noting
            yield work
            if decides:
                self._faults.reach("commit-before")
        if decides:
            self._faults.reach("commit-after")


class DoomedExecutor(InlineExecutor):
    """An executor on which an engine dies before or after an attempt."""

    def __init__(self, faults: Faults) -> None:
        super().__init__()
        self._faults = faults

    def submit(self, job: Job) -> None:
        """Run a job and report its outcome."""
        self._faults.reach("dispatch-before")
        super().submit(job)
        self._faults.reach("dispatch-after")
