"""What an engine that died has left is gone on with by another one, and by one only."""

from __future__ import annotations

import threading

import pytest
from probe import Engine, wait_for

from tiercel import State
from tiercel.engine.loop.takeover import Takeover
from tiercel.engine.machine import codec
from tiercel.engine.machine.events import KillRequested
from tiercel.errors import ConflictError, NotFoundError, RepositoryError
from tiercel.repository.memory import MemoryRepository
from tiercel.settings import Settings


def refusing(error):
    """Return what adopts every execution but `bad`, and the ids it was asked for."""
    asked = []

    def adopt(execution_id):
        asked.append(execution_id)
        if execution_id == "bad":
            raise error

    return adopt, asked


def test_one_that_cannot_go_on_is_told_once_and_stops_no_other(caplog):
    adopt, asked = refusing(NotFoundError("its flow is gone"))
    takeover = Takeover(lambda: ["a", "bad", "b"], adopt)
    assert [takeover.look(), takeover.look()] == [["a", "b"], ["a", "b"]]
    assert asked == ["a", "bad", "b", "a", "b"]
    assert [each.getMessage() for each in caplog.records] == [
        "Cannot go on with execution bad: its flow is gone"
    ]


def test_one_that_another_engine_took_is_asked_for_again_when_that_one_dies():
    adopt, asked = refusing(ConflictError("too late"))
    takeover = Takeover(lambda: ["bad"], adopt)
    assert (takeover.look(), takeover.look(), asked) == ([], [], ["bad", "bad"])


def test_a_database_that_is_out_of_reach_is_tried_again(caplog):
    adopt, asked = refusing(RepositoryError("locked"))
    takeover = Takeover(lambda: ["bad"], adopt, every=0.001)
    with pytest.raises(RepositoryError):
        takeover.look()
    takeover.start(lambda _execution_id: None)
    wait_for(lambda: len(asked) > 2)
    takeover.close()
    assert "Cannot look for what other engines left: locked" in caplog.text


def test_it_looks_again_and_again_until_it_is_closed():
    left, told = ["a"], []
    takeover = Takeover(lambda: [left.pop()] if left else [], str, every=0.001)
    takeover.start(told.append)
    wait_for(lambda: told == ["a"])
    left.append("b")
    wait_for(lambda: told == ["a", "b"])
    takeover.close()
    assert not takeover._thread.is_alive()


@pytest.fixture
def engine_on(tmp_path):
    """Makes engines on one home and one database."""
    repository = MemoryRepository()
    return lambda: Engine(settings=Settings(home=tmp_path), repository=repository)


@pytest.fixture
def left(engine_on):
    """An execution whose engine died while its one task, `hang`, ran."""
    engine, runs, goes_on = engine_on(), threading.Event(), threading.Event()

    @engine.on
    def hang(_ctx):
        runs.set()
        goes_on.wait(20)

    execution_id = engine.start("hang")
    assert runs.wait(20)
    engine.tiercel._belongings.lock.let_go()  # as the kernel does when a process dies
    yield execution_id
    goes_on.set()
    engine.tiercel.close()


def test_of_two_engines_one_takes_over(left, engine_on):
    first, second = engine_on(), engine_on()

    @second.on
    def hang(_ctx):
        return None

    with first.tiercel as one, second.tiercel as two:
        assert one.interrupted() == two.interrupted() == [left]
        assert one.recover() == [left]
        assert two.recover() == []
        assert one.wait(left, 20).state is State.SUCCESS


def test_who_is_too_late_is_told(left, engine_on):
    first, second = engine_on(), engine_on()
    goes_on = threading.Event()

    @second.on
    def hang(_ctx):
        goes_on.wait(20)

    with first.tiercel as one, second.tiercel as two:
        one.recover([left])
        with pytest.raises(ConflictError, match="runs in another engine"):
            two.recover([left])
        goes_on.set()
        assert one.wait(left, 20).state is State.SUCCESS


def test_a_kill_that_nobody_received_is_done_by_who_takes_over(left, engine_on):
    engine = engine_on()

    @engine.on
    def hang(ctx):
        wait_for(lambda: ctx.cancelled)

    with engine.tiercel as tiercel:
        kill = KillRequested(at=tiercel.clock.now())
        with tiercel.repository.transaction() as work:
            assert work.send(left, *codec.encode(kill))
        assert tiercel.recover() == [left]
        assert tiercel.wait(left, 20).state is State.KILLED
