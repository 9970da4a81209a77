"""Runs each job at once, in the caller's thread: for tests and simulations."""

from __future__ import annotations

from collections.abc import Callable

from tiercel.executor.spi import Job, Outcome

__all__ = ["InlineExecutor"]


class InlineExecutor:
    """No threads at all: `submit` returns when the job is done and reported."""

    def __init__(self) -> None:
        self._run: Callable[[Job], Outcome] | None = None
        self._report: Callable[[Job, Outcome], None] | None = None

    def start(self, run: Callable[[Job], Outcome], report: Callable[[Job, Outcome], None]) -> None:
        """Get ready: `run` does a job and never raises; `report` takes its outcome."""
        self._run = run
        self._report = report

    def submit(self, job: Job) -> None:
        """Run a job and report its outcome."""
        assert self._run is not None
        assert self._report is not None
        self._report(job, self._run(job))

    def abandon(self, job: Job) -> None:
        """Nothing is left to do: by now the job has ended."""

    def close(self) -> None:
        """Nothing is held."""
