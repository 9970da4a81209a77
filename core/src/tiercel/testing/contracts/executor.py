"""What every executor must do.

from tiercel.testing import ExecutorContract

class TestMyExecutor(ExecutorContract):
    room = 2

    @pytest.fixture
    def executor(self):
        return MyExecutor(workers=2)        # not started, used by one test
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, ClassVar

import pytest

from tiercel.executor.spi import Executor, Job, Outcome
from tiercel.model.execution import State

if TYPE_CHECKING:
    from typing import Any

__all__ = ["ExecutorContract"]

_NOW = datetime(2024, 1, 1, tzinfo=UTC)
# Long enough that what is not to happen would have happened.
_MOMENT = 0.1


class _Bench:
    """A started executor, and what it did: jobs call functions of the test."""

    def __init__(self, executor: Executor, patience: float) -> None:
        self.executor = executor
        self.runs: list[Job] = []
        self.reports: SimpleQueue[tuple[Job, Outcome]] = SimpleQueue()
        self.on_report: Callable[[Job], object] = lambda _job: None
        self.release = threading.Event()
        self._patience = patience
        self._calls: dict[Job, Callable[[], Outcome | None]] = {}
        self._lock = threading.Lock()
        executor.start(self._run, self._report)

    def _run(self, job: Job) -> Outcome:
        with self._lock:
            self.runs.append(job)
        return self._calls[job]() or outcome()

    def _report(self, job: Job, outcome: Outcome) -> None:
        self.reports.put((job, outcome))
        self.on_report(job)

    def submit(self, call: Callable[[], Outcome | None] = lambda: None) -> Job:
        """Submit a job that calls a function."""
        with self._lock:
            job = Job("execution", f"run-{len(self._calls)}", 1)
            self._calls[job] = call
        self.executor.submit(job)
        return job

    def hold(self) -> Job:
        """Submit a job that runs until it is released, and return once it does run."""
        begun = threading.Event()

        def wait() -> None:
            begun.set()
            self.release.wait(4 * self._patience)  # longer than anybody waits for it

        job = self.submit(wait)
        assert begun.wait(self._patience), "A job does not begin, though there is room for it"
        return job

    def ended(self, count: int = 1) -> list[Job]:
        """Return the next jobs that are reported."""
        return [self.reports.get(timeout=self._patience)[0] for _ in range(count)]

    def silent(self) -> bool:
        """Return whether nothing more is reported for a moment."""
        with suppress(Empty):
            self.reports.get(timeout=_MOMENT)
            return False
        return True


def outcome(state: State = State.SUCCESS, **more: Any) -> Outcome:
    """Return how an attempt ended."""
    return Outcome(state=state, started=_NOW, ended=_NOW, **more)


class ExecutorContract:
    """Tests for an `Executor`; a subclass gives a fixture `executor`, not yet started."""

    room: ClassVar[int] = 2
    """How many jobs the executor of the fixture runs at once."""
    runs_while_submitting: ClassVar[bool] = False
    """Whether `submit` returns only when the job is done: an executor for tests."""
    patience: ClassVar[float] = 20
    """Seconds that a job may take to begin and to be reported."""

    @pytest.fixture
    def bench(self, executor: Executor) -> Iterator[_Bench]:
        """Yield the executor, started."""
        bench = _Bench(executor, self.patience)
        yield bench
        bench.release.set()
        executor.close()

    def test_it_has_what_the_protocol_asks_for(self, executor: Executor) -> None:
        assert isinstance(executor, Executor)

    def test_a_job_is_run_once_and_reported_once(self, bench: _Bench) -> None:
        job = bench.submit()
        assert bench.ended() == [job]
        assert bench.runs == [job]
        assert bench.silent()

    def test_the_outcome_comes_back_as_it_is(self, bench: _Bench) -> None:
        made = outcome(State.FAILED, error="It broke", outputs={"rows": 3}, retryable=False)
        job = bench.submit(lambda: made)
        assert bench.reports.get(timeout=self.patience) == (job, made)

    def test_a_failed_job_keeps_no_other_from_running(self, bench: _Bench) -> None:
        jobs = [bench.submit(lambda: outcome(State.FAILED, error="It broke")) for _ in range(10)]
        jobs.append(bench.submit())
        assert sorted(bench.ended(11), key=str) == sorted(jobs, key=str)

    def test_many_jobs_are_each_run_once(self, bench: _Bench) -> None:
        jobs = [bench.submit() for _ in range(200)]
        assert set(bench.ended(200)) == set(bench.runs) == set(jobs)
        assert len(bench.runs) == 200

    def test_threads_may_submit_at_once(self, bench: _Bench) -> None:
        with ThreadPoolExecutor(8) as pool:
            jobs = list(pool.map(lambda _: bench.submit(), range(100)))
        assert set(bench.ended(100)) == set(jobs)
        assert len(bench.runs) == 100

    def test_what_takes_reports_may_submit(self, bench: _Bench) -> None:
        def chain(_job: Job) -> None:
            if len(bench.runs) < 20:
                bench.submit()

        bench.on_report = chain
        bench.submit()
        bench.ended(20)
        assert bench.silent()

    def test_submit_does_not_wait_for_the_job(self, bench: _Bench) -> None:
        self._needs_threads()
        job = bench.submit(lambda: _then(bench.release.wait(4 * self.patience)))
        assert bench.silent()
        bench.release.set()
        assert bench.ended() == [job]

    def test_as_many_run_at_once_as_there_is_room_for(self, bench: _Bench) -> None:
        self._needs_threads()
        held = {bench.hold() for _ in range(self.room)}
        last = bench.submit()
        time.sleep(_MOMENT)
        assert last not in bench.runs, f"More than {self.room} jobs run at once"
        bench.release.set()
        assert set(bench.ended(self.room + 1)) == {*held, last}

    def test_a_job_given_up_keeps_no_other_waiting(self, bench: _Bench) -> None:
        self._needs_threads()
        stuck = [bench.hold() for _ in range(self.room)]
        waiting = bench.submit()
        bench.executor.abandon(stuck[0])
        assert bench.ended() == [waiting]

    def test_giving_up_what_has_ended_or_never_began_is_no_error(self, bench: _Bench) -> None:
        ended = bench.submit()
        assert bench.ended() == [ended]
        bench.executor.abandon(ended)
        bench.executor.abandon(Job("execution", "never", 1))
        after = bench.submit()
        assert bench.ended() == [after]

    def test_closing_does_not_wait_for_jobs(self, bench: _Bench) -> None:
        self._needs_threads()
        bench.hold()
        begun = time.monotonic()
        bench.executor.close()
        assert time.monotonic() - begun < self.patience / 2

    def test_what_waits_when_it_is_closed_never_begins(self, bench: _Bench) -> None:
        self._needs_threads()
        held = {bench.hold() for _ in range(self.room)}
        waiting = bench.submit()
        bench.executor.close()
        bench.release.set()
        time.sleep(_MOMENT)
        assert waiting not in bench.runs
        assert set(bench.runs) == held

    def test_closing_twice_is_harmless(self, bench: _Bench) -> None:
        bench.submit()
        bench.ended()
        bench.executor.close()
        bench.executor.close()

    def _needs_threads(self) -> None:
        if self.runs_while_submitting:
            pytest.skip("It runs a job before `submit` returns")


def _then(_waited: bool) -> None:
    """Return nothing, whatever was waited for."""
