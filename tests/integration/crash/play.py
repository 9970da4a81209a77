"""One process of the crash tests: `play.py HOME [FAULT]`.

Begins the reference flow, or goes on with what it finds in HOME, until all is over. A FAULT is a
point by name, such as `commit-before:17`: when it is reached for that time, the process kills
itself. The points: just before and just after each commit that decides something, and before and
after each job that is handed to the executor.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tiercel import Registry, State, Tiercel
from tiercel.executor.threads import ThreadExecutor
from tiercel.parts import open_repository
from tiercel.repository.spi import ExecutionQuery
from tiercel.settings import Settings

HERE = Path(__file__).parent
MAIN = "main"


class Faults:
    """Counts how often each point is reached, and ends the process at the one that is named."""

    def __init__(self, wanted: str) -> None:
        self._point, _, number = wanted.partition(":")
        self._left = int(number or 0)

    def reach(self, point: str) -> None:
        """Note that a point is reached."""
        if point == self._point:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


class Watched:
    """Something whose other attributes are those of what it stands for."""

    def __init__(self, whole: Any, faults: Faults) -> None:
        self._whole = whole
        self._faults = faults

    def __getattr__(self, name: str) -> Any:
        return getattr(self._whole, name)


class WatchedUnit(Watched):
    """A unit of work that knows whether it decides something."""

    decides = False

    def append_events(self, events: Any) -> None:
        """Append, and note it."""
        events = list(events)
        self.decides = self.decides or bool(events)
        self._whole.append_events(events)


class WatchedRepository(Watched):
    """Reaches a point before and after each commit that decides something."""

    @contextmanager
    def transaction(self) -> Iterator[WatchedUnit]:
        """Begin a unit of work."""
        with self._whole.transaction() as whole:
            unit = WatchedUnit(whole, self._faults)
            yield unit
            if unit.decides:
                self._faults.reach("commit-before")
        if unit.decides:
            self._faults.reach("commit-after")


class WatchedExecutor(Watched):
    """Reaches a point before and after each job."""

    def submit(self, job: Any) -> None:
        """Hand over a job."""
        self._faults.reach("dispatch-before")
        self._whole.submit(job)
        self._faults.reach("dispatch-after")


def main(home: Path, fault: str = "") -> None:
    """Begin, or go on, and stay until the reference flow's execution is over."""
    faults, registry = Faults(fault), Registry()
    settings = Settings(home=home)
    parts: dict[str, Any] = {
        "repository": WatchedRepository(open_repository(settings, registry), faults),
        "executor": WatchedExecutor(ThreadExecutor(8), faults),
        "registry": registry,
    }
    with Tiercel(settings=settings, **parts) as tiercel:
        tiercel.save_flow(tiercel.load_flow((HERE / "child.yaml").read_text()))
        tiercel.recover()
        execution_id = _begun(tiercel) or _begin(tiercel, home)
        _until(lambda: _is_over(tiercel, execution_id))


def _begun(tiercel: Tiercel) -> str | None:
    """Return the execution that an earlier process began; it may not have lived to know."""
    found = tiercel.executions(ExecutionQuery(flow_id="reference"))
    return found[0].id if found else None


def _begin(tiercel: Tiercel, home: Path) -> str:
    execution_id = tiercel.start(HERE / "reference.yaml")
    (home / "acknowledged").write_text(execution_id)
    return execution_id


def _is_over(tiercel: Tiercel, execution_id: str) -> bool:
    """Return whether all executions are over; resume the one that waits for a person."""
    execution = tiercel.execution(execution_id)
    paused = [each for each in execution.task_runs.values() if each.state is State.PAUSED]
    if execution.state is State.PAUSED and any(each.task_id == "approval" for each in paused):
        tiercel.resume(execution_id, {"reason": "approved"})
    return not tiercel.repository.unfinished()


def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        if time.monotonic() > deadline:
            sys.exit("It does not come to an end")
        time.sleep(0.01)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
