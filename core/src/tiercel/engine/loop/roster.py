"""`Roster`: which executions this engine runs, and who waits for their end."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tiercel.engine.loop.live import Live
    from tiercel.errors import EngineBug

__all__ = ["Roster"]


class Roster:
    """Changed by the driver's thread alone; `watch`, `forget`, `wait` are for every other one."""

    def __init__(self) -> None:
        self._live: dict[str, Live] = {}
        self._away: set[str] = set()
        self._broken: dict[str, EngineBug] = {}
        self._waiters: dict[str, list[Callable[[], None]]] = {}
        self._is_closed = False
        self._lock = threading.Lock()

    def __contains__(self, execution_id: object) -> bool:
        return execution_id in self._live

    def __iter__(self) -> Iterator[Live]:
        return iter(self._live.values())

    def __len__(self) -> int:
        return len(self._live)

    def get(self, execution_id: str) -> Live | None:
        """Return an execution, or None when it does not run here."""
        return self._live.get(execution_id)

    def runs(self, execution_id: str) -> bool:
        """Return whether more is to happen in an execution here."""
        is_known = execution_id in self._live or execution_id in self._away
        return is_known and not self._is_closed

    def add(self, live: Live) -> None:
        """Note that an execution runs here."""
        with self._lock:
            self._live[live.execution.id] = live
            self._away.discard(live.execution.id)

    def send_away(self, execution_id: str) -> None:
        """Note that an execution is to come back: those who wait go on waiting."""
        with self._lock:
            del self._live[execution_id]
            self._away.add(execution_id)

    def drop(self, execution_id: str, bug: EngineBug | None = None) -> None:
        """Note that an execution is over, or cannot go on because of a bug."""
        with self._lock:
            if bug is not None:
                self._broken[execution_id] = bug
            self._live.pop(execution_id, None)
            self._away.discard(execution_id)
            waiters = self._waiters.pop(execution_id, [])
        for tell in waiters:
            tell()

    def let_everybody_go(self) -> None:
        """End every wait: nothing will happen any more."""
        with self._lock:
            self._is_closed = True
            waiters = [each for waiting in self._waiters.values() for each in waiting]
            self._waiters.clear()
        for tell in waiters:
            tell()

    def watch(self, execution_id: str, tell: Callable[[], None]) -> bool:
        """Have `tell` called, by the driver's thread, once nothing more happens in an execution.

        Returns False, and forgets `tell`, when nothing does already. `tell` must be quick.
        """
        with self._lock:
            runs = self.runs(execution_id)
            if runs:
                self._waiters.setdefault(execution_id, []).append(tell)
        return runs

    def forget(self, execution_id: str, tell: Callable[[], None]) -> None:
        """Call `tell` no more; harmless when it was called."""
        with self._lock, suppress(KeyError, ValueError):
            waiters = self._waiters[execution_id]
            waiters.remove(tell)
            if not waiters:
                del self._waiters[execution_id]

    def check(self, execution_id: str) -> None:
        """Raise what keeps an execution from going on, if anything does.

        Raises:
            EngineBug: it cannot go on.
        """
        if execution_id in self._broken:
            raise self._broken[execution_id]

    def wait(self, execution_id: str, timeout: float | None) -> bool:
        """Return True when nothing more happens in an execution, False after `timeout` seconds.

        Raises:
            EngineBug: it cannot go on.
        """
        done = threading.Event()
        ended = not self.watch(execution_id, done.set) or done.wait(timeout)
        if not ended:
            self.forget(execution_id, done.set)
        self.check(execution_id)
        return ended
