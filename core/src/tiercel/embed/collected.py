"""`Belongings`: what an engine must give back, even when nobody closes it."""

from __future__ import annotations

import os
import warnings
import weakref
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tiercel.engine.loop.owner import EngineLock
    from tiercel.repository.spi import Repository
    from tiercel.storage.spi import StorageBackend

__all__ = ["Belongings"]


class Belongings:
    """The database, the files and the lock of an engine; knows nothing of the engine itself.

    Args:
        repository: the database.
        storage: the files.

    Attributes:
        lock: tells other engines of this machine that this one is alive; None when it is in memory,
            or does not work yet.
        is_working: whether the engine has a thread of its own.
    """

    def __init__(self, repository: Repository, storage: StorageBackend) -> None:
        self._repository = repository
        self._storage = storage
        self._process = os.getpid()
        self._is_closed = False
        self.lock: EngineLock | None = None
        self.is_working = False

    def watch(self, engine: object) -> None:
        """Let go of the lock when an engine is collected, and warn about one that worked."""
        weakref.finalize(engine, self._collected, type(engine).__name__).atexit = False

    def close(self) -> None:
        """Give everything back; harmless when repeated."""
        self._is_closed = True
        if self.lock is not None:
            self.lock.release()
        self._repository.close()
        self._storage.close()

    def _collected(self, name: str) -> None:
        # Whose thread this is, and what that thread is in the middle of, nobody knows: so nothing
        # is done that may have to wait. Connections and threads end as they are collected.
        if self._is_closed or os.getpid() != self._process:
            return
        if self.lock is not None:
            self.lock.let_go()  # the file stays, and tells that this engine has ended
        if self.is_working:
            text = f"A {name} was never closed; use it in a `with` block, or call its `close`"
            warnings.warn(text, ResourceWarning, stacklevel=2)
