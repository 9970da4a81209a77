"""Runs jobs in a pool of threads of this process: the default."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue

from tiercel.executor.spi import Job, Outcome

__all__ = ["ThreadExecutor"]


class ThreadExecutor:
    """A pool that grows to `workers` threads as jobs come in.

    The threads are daemons: a task that ignores its kill cannot hold up the process's end, which
    is safe because an attempt without a result is run again after a restart.

    Args:
        workers: how many jobs may run at once.
    """

    def __init__(self, workers: int = 32) -> None:
        self._limit = workers
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._threads = 0
        self._idle = 0
        self._run: Callable[[Job], Outcome] | None = None
        self._report: Callable[[Job, Outcome], None] | None = None

    def start(self, run: Callable[[Job], Outcome], report: Callable[[Job, Outcome], None]) -> None:
        """Get ready: `run` does a job and never raises; `report` takes outcomes from any thread."""
        self._run = run
        self._report = report

    def submit(self, job: Job) -> None:
        """Run a job as soon as a thread is free."""
        self._jobs.put(job)
        with self._lock:
            if self._jobs.qsize() <= self._idle or self._threads >= self._limit:
                return
            self._threads += 1
        threading.Thread(target=self._work, name="tiercel-task", daemon=True).start()

    def close(self) -> None:
        """End the threads that are idle, and the others when their job is done."""
        with self._lock:
            threads = self._threads
        for _ in range(threads):
            self._jobs.put(None)

    def _work(self) -> None:
        assert self._run is not None
        assert self._report is not None
        while True:
            job = self._next()
            if job is None:
                break
            self._report(job, self._run(job))
        with self._lock:
            self._threads -= 1

    def _next(self) -> Job | None:
        try:
            return self._jobs.get_nowait()
        except Empty:
            pass
        with self._lock:
            self._idle += 1
        try:
            return self._jobs.get()
        finally:
            with self._lock:
                self._idle -= 1
