"""Which engines on this machine are alive: each holds a lock that dies with its process.

A lease alone would make a crashed execution wait until it ends; the lock tells at once, whatever
became of the process, and cannot be fooled by a reused process id.
"""

from __future__ import annotations

import contextlib
import os
import weakref
from pathlib import Path

__all__ = ["EngineLock", "is_dead"]


class EngineLock:
    """A file `{folder}/{owner}.lock`, locked as long as this process lives.

    Args:
        folder: where the lock files are.
        owner: this engine's name in leases.
    """

    def __init__(self, folder: Path, owner: str) -> None:
        import fcntl

        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / f"{owner}.lock"
        self._descriptor: int | None = os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600)
        os.set_inheritable(self._descriptor, False)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        _held.add(self)

    def release(self) -> None:
        """Let go, and remove the file; harmless when repeated."""
        if self._descriptor is not None:
            with contextlib.suppress(OSError):
                self._path.unlink()
            self.let_go()

    def let_go(self) -> None:
        """Let go, and leave the file: others learn from it that the engine has ended."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)


def is_dead(folder: Path, owner: str) -> bool:
    """Return whether an engine of this machine has ended; False when it is not known here.

    Raises:
        OSError: the lock file cannot be read.
    """
    import fcntl

    path = folder / f"{owner}.lock"
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    else:
        return True
    finally:
        os.close(descriptor)


_held: weakref.WeakSet[EngineLock] = weakref.WeakSet()


def _forked() -> None:
    """Keep no lock alive in a child process that may live longer than the engine."""
    for lock in list(_held):
        lock.let_go()


os.register_at_fork(after_in_child=_forked)
