"""The pool of threads: as many jobs at once as it has room for, whatever they do."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from queue import SimpleQueue

import pytest

from tiercel.executor.spi import Executor, Job, Outcome
from tiercel.executor.threads import ThreadExecutor
from tiercel.model.execution import State

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PATIENCE = 20


class Bench:
    """An executor whose jobs call functions of the test, by number."""

    def __init__(self, workers: int) -> None:
        self.executor = ThreadExecutor(workers)
        self.outcomes: SimpleQueue[Job] = SimpleQueue()
        self._calls: dict[Job, Callable[[], object]] = {}
        self.executor.start(self._run, lambda job, _: self.outcomes.put(job))

    def _run(self, job: Job) -> Outcome:
        self._calls[job]()
        return Outcome(state=State.SUCCESS, started=NOW, ended=NOW)

    def submit(self, call: Callable[[], object]) -> Job:
        job = Job("e", str(len(self._calls)), 1)
        self._calls[job] = call
        self.executor.submit(job)
        return job

    def hold(self, release: threading.Event) -> Job:
        """Submit a job that runs until it is released, and return once it does run."""
        running = threading.Event()
        job = self.submit(lambda: (running.set(), release.wait(PATIENCE)))
        assert running.wait(PATIENCE)
        return job

    def ended(self) -> Job:
        """Return the next job that ends."""
        return self.outcomes.get(timeout=PATIENCE)


@pytest.fixture
def release() -> threading.Event:
    return threading.Event()


def test_it_is_an_executor() -> None:
    assert isinstance(ThreadExecutor(), Executor)


def test_a_thread_that_is_free_is_used_again() -> None:
    bench = Bench(workers=8)
    threads: set[int] = set()
    for _ in range(20):
        bench.submit(lambda: threads.add(threading.get_ident()))
        bench.ended()
    assert len(threads) == 1


def test_jobs_that_wait_for_each_other_run_at_once() -> None:
    for _ in range(300):
        bench = Bench(workers=2)
        bench.submit(lambda: None)
        bench.ended()
        meeting = threading.Barrier(2)
        for _each in range(2):
            bench.submit(lambda meeting=meeting: meeting.wait(PATIENCE))
        assert {bench.ended().task_run_id, bench.ended().task_run_id} == {"1", "2"}
        bench.executor.close()


def test_no_more_run_at_once_than_there_is_room_for(release: threading.Event) -> None:
    bench = Bench(workers=2)
    held = {bench.hold(release), bench.hold(release)}
    last = bench.submit(lambda: None)
    assert bench.outcomes.empty()
    release.set()
    assert {bench.ended() for _ in range(3)} == {*held, last}


def test_a_job_that_does_not_end_keeps_no_other_waiting(release: threading.Event) -> None:
    bench = Bench(workers=1)
    stuck = bench.hold(release)
    waiting = bench.submit(lambda: None)
    bench.executor.abandon(stuck)
    assert bench.ended() == waiting
    # Its thread is one too many by now, and ends with it.
    release.set()
    last = bench.submit(lambda: None)
    assert bench.ended() == last
    assert bench.outcomes.empty()


def test_as_many_threads_as_there_are_workers_are_replaced(
    release: threading.Event, caplog: pytest.LogCaptureFixture
) -> None:
    bench = Bench(workers=1)
    bench.executor.abandon(bench.hold(release))
    second = bench.hold(release)
    bench.executor.abandon(second)
    bench.submit(lambda: None)
    assert caplog.messages == ["2 threads are held by tasks that do not stop"]
    assert bench.outcomes.empty()
    release.set()
    assert bench.ended() == second


def test_an_abandoned_job_that_has_ended_or_never_began_changes_nothing(
    release: threading.Event,
) -> None:
    bench = Bench(workers=1)
    first = bench.submit(lambda: None)
    assert bench.ended() == first
    held = bench.hold(release)
    waiting = bench.submit(lambda: None)
    bench.executor.abandon(first)
    bench.executor.abandon(waiting)
    assert bench.outcomes.empty()
    release.set()
    assert [bench.ended(), bench.ended()] == [held, waiting]


def test_what_waits_when_it_is_closed_never_begins(release: threading.Event) -> None:
    bench = Bench(workers=1)
    held = bench.hold(release)
    begun = threading.Event()
    bench.submit(begun.set)
    bench.executor.close()
    release.set()
    assert bench.ended() == held
    assert not begun.wait(0.05)


def test_a_system_without_more_threads_makes_do_with_those_there_are(
    release: threading.Event, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    bench = Bench(workers=2)
    held = bench.hold(release)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        waiting = bench.submit(lambda: None)
        assert caplog.messages == ["can't start new thread: 1 must do"]
        with pytest.raises(RuntimeError):
            Bench(workers=2).submit(lambda: None)
    release.set()
    assert [bench.ended(), bench.ended()] == [held, waiting]
