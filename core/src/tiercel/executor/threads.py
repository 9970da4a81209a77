"""Runs jobs in a pool of threads of this process: the default."""

from __future__ import annotations

import logging
import threading
import weakref
from collections.abc import Callable
from queue import SimpleQueue

from tiercel.executor.spi import Job, Outcome

__all__ = ["ThreadExecutor"]

_log = logging.getLogger(__name__)


class ThreadExecutor:
    """A pool that grows to `workers` threads as jobs come in.

    The threads are daemons: a task that ignores its kill cannot hold up the process's end, which
    is safe because an attempt without a result is run again after a restart. Nor does it keep
    another one waiting: the thread it holds is replaced. As many as `workers` threads may be held
    in this way at once; from then on each one more leaves less room.

    Threads that are idle do not keep the pool: one that nobody refers to any more ends them.

    Args:
        workers: how many jobs may run at once.
    """

    def __init__(self, workers: int = 32) -> None:
        self._limit = workers
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        weakref.finalize(self, self._jobs.put, None).atexit = False
        self._lock = threading.Lock()
        # All below by the lock only. A thread that has taken a job counts as idle, and the job as
        # waiting, until it says so: both or neither, so that comparing them is never wrong.
        self._threads = 0
        self._idle = 0
        self._waiting = 0
        self._running: set[Job] = set()
        self._held: set[Job] = set()
        self._closed = False
        self._run: Callable[[Job], Outcome] | None = None
        self._report: Callable[[Job, Outcome], None] | None = None

    def start(self, run: Callable[[Job], Outcome], report: Callable[[Job, Outcome], None]) -> None:
        """Get ready: `run` does a job and never raises; `report` takes outcomes from any thread."""
        self._run = run
        self._report = report

    def submit(self, job: Job) -> None:
        """Run a job as soon as a thread is free."""
        with self._lock:
            self._waiting += 1
            grows = self._wants_thread()
        self._jobs.put(job)
        if grows:
            self._begin_thread()

    def abandon(self, job: Job) -> None:
        """Give the place of a job that does not end to others."""
        with self._lock:
            if job not in self._running:
                return
            if len(self._held) >= self._limit:
                _log.warning("%d threads are held by tasks that do not stop", len(self._held) + 1)
                return
            self._running.remove(job)
            self._held.add(job)
            self._threads -= 1
            grows = self._wants_thread()
        if grows:
            self._begin_thread()

    def close(self) -> None:
        """End the threads that are idle, and the others when their job is done; begin no other."""
        self._closed = True
        self._jobs.put(None)

    def _wants_thread(self) -> bool:
        """Return whether a thread is to be started, and count it; the lock is held."""
        if self._waiting <= self._idle or self._threads >= self._limit:
            return False
        self._threads += 1
        self._idle += 1
        return True

    def _begin_thread(self) -> None:
        try:
            known = (weakref.ref(self), self._jobs)
            threading.Thread(target=_work, args=known, name="tiercel-task", daemon=True).start()
        except RuntimeError as error:  # the system gives no more
            with self._lock:
                self._threads -= 1
                self._idle -= 1
                if self._threads == 0:
                    raise
            _log.warning("%s: %d must do", error, self._threads)

    def perform(self, job: Job) -> bool:
        """Run a job on the thread that calls this; return whether the thread is to take another."""
        assert self._run is not None
        assert self._report is not None
        if self._closed:
            return False
        with self._lock:
            self._idle -= 1
            self._waiting -= 1
            self._running.add(job)
        outcome = self._run(job)
        with self._lock:
            if job in self._held:  # another thread has this one's place
                self._held.remove(job)
                return False
            self._running.remove(job)
            self._idle += 1
        self._report(job, outcome)
        return True


def _work(reference: weakref.ref[ThreadExecutor], jobs: SimpleQueue[Job | None]) -> None:
    """Take jobs until there are no more to come."""
    goes_on = True
    while goes_on and (job := jobs.get()) is not None:
        executor = reference()
        goes_on = executor is not None and executor.perform(job)
        del executor, job
    if goes_on:
        jobs.put(None)  # the next thread is to end, too
