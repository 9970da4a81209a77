"""What becomes of an attempt: results, failures, time limits, kills, and tasks that obey none."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from probe import Engine, TaskError, flow, wait_for

from tiercel import State
from tiercel.engine.loop import driver
from tiercel.engine.worker import attempts
from tiercel.executor.threads import ThreadExecutor
from tiercel.plugin import RunContext


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait only a moment for tasks that were told to stop."""
    grace = timedelta(seconds=0.2)
    monkeypatch.setattr(attempts, "GRACE", grace)
    monkeypatch.setattr(driver, "GRACE", grace)


@pytest.fixture
def engine(impatient: None) -> Iterator[Engine]:
    """An engine that is impatient."""
    engine = Engine()
    with engine.tiercel:
        yield engine


def only(execution):
    (task_run,) = execution.task_runs.values()
    return task_run


# Results


def named(name, function):
    function.__name__ = name
    return function


@pytest.mark.parametrize("value", [1, 0, "", "text", [1], {"a": None}, True])
def test_outputs_are_what_the_task_returned(engine, value):
    engine.on(named("give", lambda ctx: value))
    assert only(engine.run("give")).outputs == {"value": value}


def test_a_task_may_return_nothing(engine):
    engine.on(named("give", lambda ctx: None))
    assert only(engine.run("give")).outputs is None


# Failures


ERRORS = {
    "an exception": (ValueError("no such day"), "ValueError: no such day"),
    "an exception without text": (KeyboardInterrupt(), "KeyboardInterrupt"),
    "sys.exit": (SystemExit(3), "SystemExit: 3"),
    "an error of the task": (TaskError("The server said no"), "The server said no"),
    "too much recursion": (RecursionError("deep"), "RecursionError: deep"),
    "no memory": (MemoryError(), "MemoryError"),
}


@pytest.mark.parametrize("case", ERRORS)
def test_whatever_a_task_raises_is_its_failure(engine, case):
    error, message = ERRORS[case]

    @engine.on
    def fail(ctx):
        raise error

    execution = engine.run("fail")
    assert execution.state is State.FAILED
    assert only(execution).error == message
    assert engine.messages(execution, "ERROR") == [message]


def test_a_strangers_exception_is_logged_with_its_traceback_for_debugging(engine):
    @engine.on
    def fail(ctx):
        raise ValueError("x")

    (trace,) = engine.messages(engine.run("fail"), "DEBUG")
    assert trace.startswith("Traceback")
    assert "in fail" in trace


def test_a_failed_task_keeps_the_outputs_it_had(engine):
    @engine.on
    def half(ctx):
        raise TaskError("Only half", outputs={"value": 7})

    assert only(engine.run("half")).outputs == {"value": 7}


@pytest.mark.parametrize(("retryable", "attempts_made"), [(True, 3), (False, 1)])
def test_only_what_may_pass_is_tried_again(engine, retryable, attempts_made):
    @engine.on
    def fail(ctx):
        raise TaskError("no", retryable=retryable)

    retry = ", retry: {type: constant, interval: PT0.01S, maxAttempts: 3}"
    assert len(only(engine.run("fail", options=retry)).attempts) == attempts_made


# Time limits


def test_a_task_that_exceeds_its_limit_is_told_to_stop(engine):
    @engine.on
    def obedient(ctx):
        stopped = threading.Event()
        ctx.on_kill(stopped.set)
        assert stopped.wait(20)

    execution = engine.run("obedient", options=", timeout: PT0.05S")
    assert execution.state is State.FAILED
    assert engine.messages(execution) == ["Timeout after 00:00:00.050"]


def test_a_task_that_ignores_its_limit_is_left_behind(engine):
    release = threading.Event()

    @engine.on
    def stubborn(ctx):
        release.wait(20)
        ctx.log("INFO", "too late")
        return "too late"

    execution = engine.run("stubborn", options=", timeout: PT0.05S")
    release.set()
    assert execution.state is State.FAILED
    assert only(execution).error == "Timeout after 00:00:00.050"
    error, note = engine.messages(execution)
    assert error == "Timeout after 00:00:00.050"
    assert note == "The task still runs 0.2 s after it was told to stop; it was left behind"


@pytest.mark.parametrize("limit", ["P300000D", "PT1H"])
def test_a_limit_that_is_not_reached_does_nothing(engine, limit):
    engine.on(named("quick", lambda ctx: 1))
    assert engine.run("quick", options=f", timeout: {limit}").state is State.SUCCESS


@pytest.mark.parametrize("limit", ["soon", "5"])
def test_a_limit_that_is_none_fails_the_task_for_good(engine, limit):
    engine.on(named("quick", lambda ctx: 1))
    retry = ", retry: {type: constant, interval: PT0.01S, maxAttempts: 3}"
    execution = engine.run("quick", options=f", timeout: '{{{{ \"{limit}\" }}}}'{retry}")
    assert only(execution).error.startswith(f"Invalid timeout '{limit}'")
    assert len(only(execution).attempts) == 1


# Kills


def kill_when_running(engine, execution_id):
    """Kill an execution once its task runs, and return how it ended."""
    wait_for(lambda: engine.running.is_set())
    engine.tiercel.kill(execution_id)
    return engine.tiercel.wait(execution_id, 20)


@pytest.fixture
def running(engine):
    """Set by a task when it runs."""
    engine.running = threading.Event()
    return engine.running


def test_a_killed_task_ends_the_execution(engine, running):
    @engine.on
    def obedient(ctx):
        stopped = threading.Event()
        ctx.on_kill(stopped.set)
        running.set()
        stopped.wait(20)

    execution = kill_when_running(engine, engine.start("obedient"))
    assert (execution.state, only(execution).state) == (State.KILLED, State.KILLED)


def test_a_task_that_ignores_its_kill_is_left_behind(engine, running):
    release = threading.Event()

    @engine.on
    def stubborn(ctx):
        running.set()
        release.wait(20)

    execution = kill_when_running(engine, engine.start("stubborn"))
    release.set()
    assert (execution.state, only(execution).state) == (State.KILLED, State.KILLED)
    assert "was left behind" in engine.messages(execution, "WARN")[0]


@pytest.mark.usefixtures("impatient")
def test_a_task_that_was_left_behind_holds_up_no_other():
    engine = Engine(executor=ThreadExecutor(1))
    engine.running, release = threading.Event(), threading.Event()

    @engine.on
    def stubborn(ctx):
        engine.running.set()
        release.wait(20)

    engine.on(named("quick", lambda ctx: 1))
    with engine.tiercel:
        kill_when_running(engine, engine.start("stubborn"))
        assert engine.run("quick").state is State.SUCCESS
        release.set()


def test_a_kill_callback_that_blocks_holds_up_nobody(engine, running):
    release = threading.Event()

    @engine.on
    def slow_to_stop(ctx):
        ctx.on_kill(lambda: release.wait(20))
        running.set()
        release.wait(20)

    engine.on(named("quick", lambda ctx: 1))
    execution = kill_when_running(engine, engine.start("slow_to_stop"))
    assert engine.run("quick").state is State.SUCCESS
    release.set()
    assert execution.state is State.KILLED


def test_a_kill_callback_that_fails_does_not_keep_the_others_from_being_called(engine, running):
    @engine.on
    def obedient(ctx):
        stopped = threading.Event()
        ctx.on_kill(lambda: 1 / 0)
        ctx.on_kill(stopped.set)
        running.set()
        assert stopped.wait(20)

    execution = kill_when_running(engine, engine.start("obedient"))
    assert execution.state is State.KILLED
    assert "A kill callback failed: division by zero" in engine.messages(execution, "WARN")


def test_a_coroutine_is_cancelled(engine):
    execution_id = engine.tiercel.start(flow("id: c, type: test.Coroutine"))
    wait_for(lambda: engine.tiercel.logs(execution_id))
    engine.tiercel.kill(execution_id)
    assert engine.tiercel.wait(execution_id, 20).state is State.KILLED


def test_a_task_that_no_worker_has_taken_up_is_killed_at_once(monkeypatch):
    engine = Engine(executor=ThreadExecutor(1))
    release, running = threading.Event(), threading.Event()

    @engine.on
    def occupy(ctx):
        running.set()
        release.wait(20)

    engine.on(named("quick", lambda ctx: 1))
    with engine.tiercel:
        busy = engine.start("occupy")
        assert running.wait(20)
        waiting = engine.start("quick")
        began = time.monotonic()
        engine.tiercel.kill(waiting)
        assert engine.tiercel.wait(waiting, 20).state is State.KILLED
        assert time.monotonic() - began < 3
        release.set()
        assert engine.tiercel.wait(busy, 20).state is State.SUCCESS
        # The worker has found the killed job by now, and takes the next one.
        assert engine.run("quick").state is State.SUCCESS


# Log lines


def test_lines_are_there_while_the_task_runs(engine):
    release = threading.Event()

    @engine.on
    def talk(ctx):
        ctx.log("INFO", "first")
        release.wait(20)

    execution_id = engine.start("talk")
    wait_for(lambda: engine.tiercel.logs(execution_id))
    release.set()
    execution = engine.tiercel.wait(execution_id, 20)
    assert engine.messages(execution) == ["first"]


def test_many_lines_stay_in_order_and_none_is_lost(engine):
    @engine.on
    def flood(ctx):
        for number in range(5000):
            ctx.log("INFO", str(number))

    assert engine.messages(engine.run("flood")) == [str(number) for number in range(5000)]


def test_a_message_holds_what_a_database_can_keep(engine):
    engine.on(named("odd", lambda ctx: ctx.log("INFO", "nul \0 half \ud800 ü 🎉")))
    assert engine.messages(engine.run("odd")) == ["nul \ufffd half \ufffd ü 🎉"]


def test_the_working_folder_is_made_on_demand_and_removed(engine):
    folders = []

    @engine.on
    def work(ctx: RunContext):
        (ctx.working_dir / "file").write_text("x")
        folders.append(ctx.working_dir)
        return ctx.render_text("{{ workingDir }}")

    outputs = only(engine.run("work")).outputs
    assert outputs == {"value": str(folders[0])}
    assert not folders[0].exists()
