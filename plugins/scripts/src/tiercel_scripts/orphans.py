"""Makes sure that no script outlives the program that started it, even after `kill -9`.

A tiny shell process of its own session reads process groups from a pipe. When the pipe closes,
because this program ended in whatever way, it kills the groups still on its list. One such guard
serves all scripts of the program; it starts with the first one, in about a millisecond.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

__all__ = ["guarded"]

_GUARD = """
trap '' HUP INT TERM
groups=' '
while read -r sign id; do
  case $sign in
    +) groups="$groups$id " ;;
    -) groups="${groups%% "$id" *} ${groups#* "$id" }" ;;
  esac
done
for id in $groups; do kill -KILL "-$id"; done 2>/dev/null
"""


class _Guard:
    """The pipe to the guard of this process; starts one when there is none."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._owner = 0
        self._pipe = -1

    def tell(self, line: str) -> None:
        with self._lock:
            # A forked child holds its parent's pipe: it needs a guard of its own.
            if self._owner != os.getpid():
                self._start()
            try:
                os.write(self._pipe, line.encode())
            except BrokenPipeError:
                self._start()
                os.write(self._pipe, line.encode())

    def _start(self) -> None:
        if self._pipe >= 0:
            os.close(self._pipe)
        read, write = os.pipe()
        os.posix_spawn(
            "/bin/sh",
            ["sh", "-c", _GUARD],
            {},
            file_actions=[
                (os.POSIX_SPAWN_DUP2, read, 0),
                (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
                (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
            ],
            setsid=True,
        )
        os.close(read)
        self._owner, self._pipe = os.getpid(), write


_guard = _Guard()


@contextmanager
def guarded(group: int) -> Iterator[None]:
    """Have a process group killed if this program ends inside the block."""
    _guard.tell(f"+ {group}\n")
    try:
        yield
    finally:
        # A program on its way out has other worries than a list that nobody will read.
        with suppress(OSError):
            _guard.tell(f"- {group}\n")
