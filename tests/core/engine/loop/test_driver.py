"""The loop: what goes wrong in one execution, in the repository or in a listener stops nothing."""

from __future__ import annotations

import logging
import threading
from contextlib import contextmanager

import pytest
from probe import Engine, flow, wait_for

from tiercel import State
from tiercel.engine.machine.events import KillRequested
from tiercel.errors import ConflictError, EngineBug, NotFoundError, RepositoryError
from tiercel.repository.memory import MemoryRepository


class Flaky(MemoryRepository):
    """A repository that refuses some transactions.

    Attributes:
        refusals: errors for the next transactions in which something is written about executions.
        poison: an execution id that cannot be written.
    """

    def __init__(self):
        super().__init__()
        self.refusals = []
        self.poison = None

    @contextmanager
    def transaction(self):
        with super().transaction() as work:
            save = work.save_execution
            append = work.append_events

            def append_events(events):
                if self.refusals:
                    raise self.refusals.pop(0)
                append(events)

            def save_execution(execution):
                if execution.id == self.poison:
                    raise UnicodeError("cannot be written")
                save(execution)

            work.append_events, work.save_execution = append_events, save_execution
            yield work


@pytest.fixture
def repository():
    return Flaky()


@pytest.fixture
def engine(repository):
    engine = Engine(repository=repository)
    with engine.tiercel:
        yield engine


@pytest.fixture
def gate(engine):
    """A task `wait` that runs until the gate is opened; `entered` tells that it runs."""
    event = threading.Event()
    event.entered = threading.Event()

    @engine.on
    def wait(ctx):
        event.entered.set()
        ctx.on_kill(event.set)
        event.wait(20)

    @engine.on
    def quick(ctx):
        return 1

    yield event
    event.set()


# Bugs


@pytest.mark.filterwarnings("ignore")
def test_a_flowable_that_leaves_the_program_fails_alone(engine, gate, caplog):
    with pytest.raises(EngineBug, match="SystemExit: 3"):
        engine.tiercel.run(flow("id: bad, type: test.Impure"), timeout=20)
    assert engine.run("quick").state is State.SUCCESS
    assert "Cannot handle" in caplog.text


def test_what_cannot_be_written_costs_one_execution(engine, gate, repository, caplog):
    victim, other = engine.start("wait"), engine.start("wait")
    repository.poison = victim
    gate.set()
    with pytest.raises(EngineBug, match="UnicodeError: cannot be written"):
        engine.tiercel.wait(victim, 20)
    assert engine.tiercel.wait(other, 20).state is State.SUCCESS
    assert engine.run("quick").state is State.SUCCESS


def test_a_listener_that_fails_does_not_stop_the_run(caplog):
    engine = Engine(listener=lambda *change: 1 / 0)
    engine.on(named("quick", lambda ctx: 1))
    with engine.tiercel:
        assert engine.run("quick").state is State.SUCCESS
    assert "A listener failed" in caplog.text


def test_a_listener_hears_of_every_change_once_it_is_durable(repository):
    heard = []

    def listen(execution, changed, lines):
        stored = repository.execution(execution.id)
        heard.append((stored.state is execution.state, [each.message for each in lines]))

    engine = Engine(repository=repository, listener=listen)

    @engine.on
    def talk(ctx):
        ctx.log("INFO", "hello")

    with engine.tiercel:
        engine.run("talk")
    assert all(durable for durable, _ in heard)
    assert [line for _, lines in heard for line in lines] == ["hello"]


# The repository


def test_an_execution_that_cannot_be_begun_is_told(engine, gate, repository):
    repository.refusals = [RepositoryError("disk full")]
    with pytest.raises(RepositoryError, match="disk full"):
        engine.start("quick")
    assert engine.run("quick").state is State.SUCCESS


def test_a_repository_that_is_away_for_a_while_is_waited_for(engine, gate, repository, caplog):
    execution_id = engine.start("wait")
    assert gate.entered.wait(20)
    repository.refusals = [RepositoryError("away")]
    gate.set()
    execution = engine.tiercel.wait(execution_id, 20)
    assert execution.state is State.SUCCESS
    assert [each.state for each in execution.task_runs.values()] == [State.SUCCESS]
    assert f"Cannot write execution {execution_id}: away" in caplog.text


def test_an_execution_that_somebody_else_has_taken_is_let_go(engine, gate, repository):
    execution_id = engine.start("wait")
    assert gate.entered.wait(20)
    repository.refusals = [ConflictError("taken")]
    gate.set()
    assert engine.tiercel.wait(execution_id, 20).state is State.RUNNING
    assert engine.run("quick").state is State.SUCCESS


# Waiting, closing


def test_waiting_in_small_steps_leaves_nothing_behind(engine, gate):
    execution_id = engine.start("wait")
    driver = engine.tiercel.driver
    assert not any(driver.wait(execution_id, 0) for _ in range(50))
    assert driver._roster._waiters == {}


def test_events_for_an_execution_that_is_not_here_are_refused(engine):
    event = KillRequested(at=engine.tiercel.clock.now())
    with pytest.raises(NotFoundError, match="'nope' does not run here"):
        engine.tiercel.driver.send("nope", event).wait()


def test_whoever_waits_is_let_go_when_the_engine_closes(engine, gate):
    execution_id = engine.start("wait")
    ended = []
    waiter = threading.Thread(
        target=lambda: ended.append(engine.tiercel.driver.wait(execution_id, 20))
    )
    waiter.start()
    wait_for(lambda: engine.tiercel.driver._roster._waiters.get(execution_id))
    engine.tiercel.close()
    waiter.join(20)
    assert ended == [True]


def test_a_closed_engine_refuses_work(engine, gate):
    engine.run("quick")
    engine.tiercel.close()
    with pytest.raises(RepositoryError, match="The engine is closed"):
        engine.start("quick")


def test_a_closed_engine_gives_its_executions_back(repository):
    first = Engine(repository=repository)
    release = threading.Event()
    first.on(named("wait", lambda ctx: release.wait(20)))
    execution_id = first.start("wait")
    first.tiercel.close()
    release.set()
    second = Engine(repository=repository)
    second.on(named("wait", lambda ctx: 2))
    with second.tiercel:
        assert second.tiercel.interrupted() == [execution_id]
        assert second.tiercel.recover() == [execution_id]
        assert second.tiercel.wait(execution_id, 20).state is State.SUCCESS


def named(name, function):
    function.__name__ = name
    return function


# Other engines


def test_another_engine_kills_through_the_repository(engine, gate, repository):
    execution_id = engine.start("wait")
    assert gate.entered.wait(20)
    other = Engine.__new__(Engine)
    other.tiercel = type(engine.tiercel)(
        repository=repository, registry=engine.tiercel.registry, environ={}
    )
    other.tiercel.kill(execution_id)
    assert engine.tiercel.wait(execution_id, 20).state is State.KILLED
    other.tiercel.close()


def test_a_resume_that_is_impossible_is_told(engine, gate, repository):
    with pytest.raises(NotFoundError):
        engine.tiercel.recover(["nope"])
    execution_id = engine.start("wait")
    other = type(engine.tiercel)(
        repository=repository, registry=engine.tiercel.registry, environ={}
    )
    with pytest.raises(ConflictError, match="runs in another engine"), other:
        other.recover([execution_id])


def test_nothing_is_logged_when_nothing_goes_wrong(engine, gate, caplog):
    with caplog.at_level(logging.WARNING):
        engine.run("quick")
    assert caplog.text == ""
