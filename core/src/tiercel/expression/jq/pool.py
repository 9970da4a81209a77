"""Processes that run jq programs for this one, started when they are first needed.

The jq library holds the interpreter's lock for as long as a program runs, shows it the process's
environment, and cannot be stopped. So it runs in processes of its own: nothing to see, a limit of
memory, and killed at the deadline. They end with this process.
"""

from __future__ import annotations

import atexit
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from time import monotonic

from tiercel.errors import LimitError
from tiercel.expression.jq.worker import ANSWER, REQUEST

__all__ = ["Pool", "pool"]

_WORKER = Path(__file__).with_name("worker.py")
_PROCESSES = 4
_MEMORY = 1 << 30
_FROM_OUTSIDE = (-signal.SIGKILL, -signal.SIGTERM)
# Zero would mean: do not wait at all.
_SHORTEST = 0.001


class _Worker:
    """One process and the socket to it; used by one thread at a time."""

    def __init__(self) -> None:
        library = find_spec("jq")
        if library is None or library.origin is None:
            raise ModuleNotFoundError("The 'jq' filter needs the jq library", name="jq")
        # Read without a buffer: that has a lock, which a fork would copy while it is held, and the
        # new process could not even close what it inherits.
        self._channel, theirs = socket.socketpair()
        command = [sys.executable, "-I", "-S", str(_WORKER), str(Path(library.origin).parent)]
        with theirs:
            self.process: subprocess.Popen[bytes] = subprocess.Popen(
                [*command, str(_MEMORY), str(os.getpid())],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={},
                cwd="/",
                # Ctrl-C is for the engine, which may still want to finish.
                start_new_session=True,
            )

    def ask(self, program: str, data: str, most: int, deadline: float) -> tuple[int, str]:
        """Have a program run; raise `TimeoutError` at the deadline, `OSError` when it is dead."""
        texts = program.encode("utf-8", "replace"), data.encode("utf-8", "replace")
        self._limit(deadline)
        self._channel.sendall(b"".join((REQUEST.pack(len(texts[0]), len(texts[1]), most), *texts)))
        status, size = ANSWER.unpack(self._receive(ANSWER.size, deadline))
        return status, self._receive(size, deadline).decode()

    def _receive(self, size: int, deadline: float) -> bytearray:
        received = bytearray(size)
        rest = memoryview(received)
        while rest:
            self._limit(deadline)
            count = self._channel.recv_into(rest)
            if count == 0:
                raise ConnectionResetError("The process is gone")
            rest = rest[count:]
        return received

    def _limit(self, deadline: float) -> None:
        self._channel.settimeout(max(deadline - monotonic(), _SHORTEST))

    def stop(self) -> int:
        """Kill the process and return how it ended."""
        self._channel.close()
        self.process.kill()
        return self.process.wait()

    def disown(self) -> None:
        """Forget a process that belongs to the process this one was forked from."""
        self._channel.close()
        self.process.returncode = 0


class Pool:
    """A few worker processes, shared by all threads.

    Args:
        size: how many may run at once; further callers wait.
    """

    def __init__(self, size: int = _PROCESSES) -> None:
        self._free = threading.BoundedSemaphore(size)
        self._idle: list[_Worker] = []
        self._all: set[_Worker] = set()
        # The system ends a worker with the *thread* that started it, so a lasting one does.
        self._starter = ThreadPoolExecutor(1, "jq-starter")

    def run(self, program: str, data: str, *, most: int, seconds: float) -> tuple[int, str]:
        """Run a program on a JSON text; return the worker's status and text.

        Args:
            program: jq.
            data: one JSON value.
            most: characters the results may have together.
            seconds: wall time it may take, waiting for a free process included.

        Raises:
            LimitError: it takes too long, or more memory than a process has.
        """
        deadline = monotonic() + seconds
        if not self._free.acquire(timeout=max(seconds, 0)):
            raise LimitError(f"No process was free to run the jq program in {seconds:g} seconds")
        try:
            return self._ask(lambda worker: worker.ask(program, data, most, deadline))
        except TimeoutError:
            raise LimitError(f"The jq program runs longer than {seconds:g} seconds") from None
        finally:
            self._free.release()

    def _ask(self, ask: Callable[[_Worker], tuple[int, str]]) -> tuple[int, str]:
        for _attempt in range(_PROCESSES + 1):
            worker = self._take()
            try:
                answer = ask(worker)
            except ConnectionError:
                ended = self._drop(worker)
            except BaseException:
                self._drop(worker)
                raise
            else:
                self._idle.append(worker)
                return answer
            # Killed from outside, and while it was idle as a rule: another one does as well.
            if ended not in _FROM_OUTSIDE:
                break
        raise LimitError(
            f"The jq program ended its process (status {ended}); "
            f"it may use {_MEMORY >> 20} MB of memory"
        )

    def _take(self) -> _Worker:
        try:
            return self._idle.pop()
        except IndexError:
            worker = self._starter.submit(_Worker).result()
            self._all.add(worker)
            return worker

    def _drop(self, worker: _Worker) -> int:
        self._all.discard(worker)
        return worker.stop()

    def close(self) -> None:
        """Stop all processes."""
        self._starter.shutdown()
        for worker in list(self._all):
            self._drop(worker)
        self._idle.clear()

    def disown(self) -> None:
        """Forget all processes, in a process that was forked from theirs."""
        for worker in self._all:
            worker.disown()


_pool: Pool | None = None
_pool_lock = threading.Lock()


def pool() -> Pool:
    """Return the pool of this process."""
    global _pool
    with _pool_lock:
        if _pool is None:
            _pool = Pool()
        return _pool


def _close() -> None:
    if _pool is not None:
        _pool.close()


def _forked() -> None:
    global _pool, _pool_lock
    if _pool is not None:
        _pool.disown()
    _pool, _pool_lock = None, threading.Lock()


atexit.register(_close)
os.register_at_fork(after_in_child=_forked)
