"""What other processes send to an execution: heeded until its end, and kept no longer."""

from __future__ import annotations

from probe import Engine

from tiercel import State
from tiercel.engine.machine import codec
from tiercel.engine.machine.events import KillRequested, LabelsSet
from tiercel.repository.memory import MemoryRepository
from tiercel.testing import FakeClock


def engine_that_is_sent(*requests):
    """Return an engine that never looks for messages, and sends these to what it runs."""
    engine = Engine(clock=FakeClock(), repository=MemoryRepository())

    @engine.on
    def send(ctx):
        for request in requests:
            with engine.tiercel.repository.transaction() as work:
                assert work.send(ctx.variables["execution"]["id"], *codec.encode(request))

    return engine


def left_behind(engine, execution):
    with engine.tiercel.repository.transaction() as work:
        return list(work.messages(execution.id))


def test_what_is_sent_while_the_last_task_runs_is_heeded_at_the_end():
    labels = LabelsSet(at=FakeClock().now(), labels=(("a", "b"),))
    with (engine := engine_that_is_sent(labels)).tiercel:
        execution = engine.run("send")
        assert (execution.state, dict(execution.labels)["a"]) == (State.SUCCESS, "b")
        assert left_behind(engine, execution) == []


def test_a_kill_that_comes_too_late_is_not_kept():
    kill = KillRequested(at=FakeClock().now())
    with (engine := engine_that_is_sent(kill)).tiercel:
        execution = engine.run("send")
        assert (execution.state, left_behind(engine, execution)) == (State.SUCCESS, [])
        with engine.tiercel.repository.transaction() as work:
            assert not work.send(execution.id, *codec.encode(kill))


def test_labels_reach_an_execution_that_has_just_ended():
    with (engine := engine_that_is_sent()).tiercel:
        execution = engine.run("send")
        engine.tiercel.operations.set_labels(execution.id, {"a": "b"})
        assert dict(engine.tiercel.execution(execution.id).labels)["a"] == "b"
