"""Makes sure that no script outlives the program that started it, even after `kill -9`.

A tiny shell process of its own session reads from a pipe which scripts run: their process groups,
and the marks that their processes carry (`strays`). When the pipe closes, because this program
ended in whatever way, it kills what is still on its list. One such guard serves all scripts of
the program; it starts with the first one, in about a millisecond.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from tiercel_scripts.strays import MARK

__all__ = ["guarded"]

_GUARD = f"""
trap '' HUP INT TERM
runs=' '
while read -r sign run; do
  case $sign in
    +) runs="$runs$run " ;;
    -) runs="${{runs%% "$run" *}} ${{runs#* "$run" }}" ;;
  esac
done
exec 2>/dev/null
for run in $runs; do
  case $run in group:*) kill -KILL "-${{run#group:}}" ;; esac
done
for run in $runs; do
  case $run in group:*) continue ;; esac
  tries=0
  while [ $((tries += 1)) -lt 20 ]; do
    left=$(grep -lsF "{MARK}=$run" /proc/[0-9]*/environ)
    [ "$left" ] || break
    for file in $left; do file=${{file%/environ}}; kill -KILL "${{file#/proc/}}"; done
  done
done
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
def guarded(mark: str) -> Iterator[Callable[[int], None]]:
    """Have a script killed if this program ends inside the block.

    Args:
        mark: the mark of its processes; on the list before the first of them starts, for what
            starts first and is told afterwards can be missed.

    Yields:
        A function to call with the script's process group, for systems without marks.
    """
    told = [mark]

    def add(group: int) -> None:
        told.append(f"group:{group}")
        _guard.tell(f"+ {told[-1]}\n")

    _guard.tell(f"+ {mark}\n")
    try:
        yield add
    finally:
        # A program on its way out has other worries than a list that nobody will read.
        with suppress(OSError):
            _guard.tell("".join(f"- {each}\n" for each in told))
