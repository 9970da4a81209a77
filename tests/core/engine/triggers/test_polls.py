"""Triggers that look for something again and again."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from probe import wait_for
from triggered import START, Look, World, flow

from tiercel import State
from tiercel.engine.triggers.firing import occasion_id
from tiercel.executor.inline import InlineExecutor
from tiercel.plugin import RunContext

LOOK = "{id: t, type: test.Look, interval: PT10S"


@pytest.fixture
def world() -> Iterator[World]:
    world = World(executor=InlineExecutor())
    yield world
    world.tiercel.close()


def answers(*found: Any) -> list[RunContext]:
    """Have polls find these, one after the other, then nothing; return the contexts they got."""
    left, contexts = list(found), []

    def look(ctx: RunContext) -> Any:
        contexts.append(ctx)
        answer = left.pop(0) if left else None
        return answer(ctx) if callable(answer) else answer

    Look.answer = staticmethod(look)
    return contexts


def poll(world: World, contexts: list[RunContext], count: int) -> None:
    """Let time pass until there were so many polls, and all that follows from them."""
    while len(contexts) < count:
        world.clock.move(timedelta(seconds=10))
        world.run_due()
    wait_for(lambda: _settled(world))
    world.settle()


def _settled(world: World) -> bool:
    world.run_due()
    next_date = world.trigger().state.next_date
    return next_date is not None and next_date > world.clock.now()


def test_a_new_trigger_looks_at_once_and_then_every_interval(world: World) -> None:
    contexts = answers()
    world.deploy(LOOK + "}")
    wait_for(lambda: _settled(world))
    assert len(contexts) == 1
    world.clock.move(timedelta(seconds=9))
    world.run_due()
    assert len(contexts) == 1
    poll(world, contexts, 2)
    assert len(contexts) == 2
    assert world.executions() == []


def test_what_a_poll_finds_starts_an_execution(world: World) -> None:
    contexts = answers(None, {"a": [1]}, None, 7)
    world.deploy(LOOK + ", labels: {kind: poll}}")
    poll(world, contexts, 5)
    found = [each.trigger for each in world.executions()]
    assert found == [
        {"id": "t", "type": "test.Look", "variables": {"found": {"a": [1]}}},
        {"id": "t", "type": "test.Look", "variables": {"found": 7}},
    ]
    labels = dict(world.executions()[0].labels)
    assert (labels["system.from"], labels["kind"]) == ("trigger", "poll")


def test_a_poll_logs_into_the_execution_that_it_starts(world: World) -> None:
    contexts = answers(lambda ctx: ctx.log("INFO", "here it is") or 1)
    world.deploy(LOOK + "}")
    poll(world, contexts, 1)
    [execution] = world.executions()
    [line] = [each for each in world.tiercel.logs(execution.id) if each.message == "here it is"]
    assert line.task_run_id is None


def test_files_of_a_poll_belong_to_the_execution_that_it_starts(world: World) -> None:
    def store(ctx: RunContext) -> str:
        with ctx.storage.create("found.txt") as writer:
            writer.write(b"content")
        return writer.uri

    read = "{id: a, type: io.kestra.plugin.core.debug.Return, format: '{{ read(trigger.found) }}'}"
    contexts = answers(store)
    world.deploy(LOOK + "}", tasks=read)
    poll(world, contexts, 1)
    [execution] = world.executions()
    [task_run] = world.tiercel.execution(execution.id).task_runs.values()
    assert task_run.outputs == {"value": "content"}


def test_a_poll_sees_its_flow_and_renders(world: World) -> None:
    contexts = answers(lambda ctx: ctx.render_text("{{ flow.id }} {{ trigger.id }} {{ vars.v }}"))
    world.deploy(LOOK + "}", more="variables: {v: w}")
    poll(world, contexts, 1)
    assert world.executions()[0].trigger == {
        "id": "t",
        "type": "test.Look",
        "variables": {"found": "f t w"},
    }


def broken(_ctx: RunContext) -> Any:
    raise OSError("unreachable")


def test_a_poll_that_fails_starts_nothing_and_is_told(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    contexts = answers(broken, 1)
    world.deploy(LOOK + "}")
    poll(world, contexts, 2)
    assert len(world.executions()) == 1
    assert "Trigger t of company.team.f: OSError: unreachable" in caplog.text


def test_a_poll_that_fails_starts_an_execution_that_failed_when_asked_to(world: World) -> None:
    contexts = answers(broken)
    world.deploy(LOOK + ", failOnTriggerError: true}")
    poll(world, contexts, 1)
    [execution] = world.executions()
    assert execution.history.states == (State.CREATED, State.FAILED)
    messages = [each.message for each in world.tiercel.logs(execution.id)]
    assert "Evaluate Failed with error 'OSError: unreachable'" in messages[-1]


def test_nobody_looks_while_the_execution_runs(world: World) -> None:
    pause = "{id: a, type: io.kestra.plugin.core.flow.Pause}"
    contexts = answers(1, 2)
    world.deploy(LOOK + "}", tasks=pause)
    wait_for(lambda: world.run_due() or world.executions())
    for _ in range(5):
        world.clock.move(timedelta(seconds=10))
        world.run_due()
    assert len(contexts) == 1
    world.tiercel.resume(world.executions()[0].id)
    wait_for(lambda: world.run_due() or len(world.executions()) == 2)


def test_a_trigger_turned_off_looks_no_more(world: World) -> None:
    contexts = answers()
    world.deploy(LOOK + "}")
    poll(world, contexts, 1)
    world.trigger().disable()
    world.clock.move(timedelta(seconds=60))
    world.run_due()
    assert len(contexts) == 1


def test_a_poll_runs_where_tasks_run_and_not_on_the_schedulers_thread() -> None:
    world, seen = World(), threading.Event()
    threads = []

    def look(_ctx: RunContext) -> None:
        threads.append(threading.current_thread().name)
        seen.set()

    Look.answer = staticmethod(look)
    world.deploy(LOOK + "}")
    assert seen.wait(20)
    world.tiercel.close()
    assert threads == ["tiercel-task"]


def test_a_poll_longer_than_a_lease_is_made_once() -> None:
    going, calls = threading.Event(), []

    def look(ctx: RunContext) -> Any:
        calls.append(ctx)
        assert going.wait(20)
        return 1

    Look.answer = staticmethod(look)
    world = World()
    world.deploy(LOOK + "}")
    for _ in range(4):
        world.clock.move(timedelta(seconds=40))
        world.run_due()
    going.set()
    wait_for(lambda: world.run_due() or world.executions())
    world.tiercel.close()
    assert len(calls) == 1


@pytest.mark.parametrize("change", ["disable", "deploy", "delete"])
def test_a_poll_is_stopped_when_its_trigger_is_turned_off_changed_or_deleted(change: str) -> None:
    begun, stopped = threading.Event(), threading.Event()

    def look(ctx: RunContext) -> Any:
        if begun.is_set():
            return None  # what was deployed instead
        begun.set()
        wait_for(lambda: ctx.cancelled)
        stopped.set()
        return 1

    Look.answer = staticmethod(look)
    world = World()
    world.deploy(LOOK + "}")
    assert begun.wait(20)
    if change == "disable":
        world.trigger().disable()
    elif change == "deploy":
        world.clock.move(timedelta(seconds=1))
        world.deploy(LOOK + ", labels: {a: b}}")
    else:
        world.tiercel.flows.delete("company.team", "f")
    wait_for(lambda: world.run_due() or stopped.is_set())
    world.run_due()
    assert world.executions() == []
    world.tiercel.close()


def test_of_several_engines_one_looks(tmp_path: Path) -> None:
    going, calls = threading.Event(), []

    def look(ctx: RunContext) -> Any:
        calls.append(ctx)
        assert going.wait(20)
        return 1

    Look.answer = staticmethod(look)
    one = World(home=tmp_path)
    two = World(one.clock, home=tmp_path)
    one.deploy(LOOK + "}")
    wait_for(lambda: calls)
    for _ in range(3):
        two.run_due()
        two.clock.move(timedelta(seconds=5))
    going.set()
    wait_for(lambda: one.run_due() or one.executions())
    two.run_due()
    assert len(calls) == 1
    two.tiercel.close()
    one.tiercel.close()


def test_a_poll_of_an_engine_that_died_is_made_again_when_its_lease_has_ended(
    world: World,
) -> None:
    contexts = answers(5)
    world.tiercel.save_flow(world.tiercel.load_flow(flow(LOOK + "}")))
    [known] = world.tiercel.repository.triggers()
    poll_id = occasion_id(known, "poll", START.isoformat())
    with world.tiercel.repository.transaction() as work:
        work.claim(poll_id, "dead", START, timedelta(seconds=30))
    for seconds in (0, 29):
        world.clock.move(timedelta(seconds=seconds))
        world.run_due()
    assert contexts == []
    world.clock.move(timedelta(seconds=1))
    wait_for(lambda: world.run_due() or world.executions())
    assert [each.id for each in world.executions()] == [poll_id]
