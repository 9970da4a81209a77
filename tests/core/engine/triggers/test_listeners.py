"""Triggers that react to executions: told of each change of state once, whatever crashes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from triggered import World

from tiercel import State
from tiercel.repository.memory import MemoryRepository

AFTER = "{id: t, type: io.kestra.plugin.core.trigger.Flow"
OUTPUTS = "outputs: [{id: o, type: STRING, value: done}]"


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    world.deploy("", "up", more=OUTPUTS)
    yield world
    world.tiercel.close()


def run(world: World, flow_id: str = "up", **options: Any) -> str:
    """Run a deployed flow and return the execution's id."""
    flow = world.tiercel.flow("company.team", flow_id)
    return world.tiercel.run(flow, timeout=20, **options).id


def test_an_execution_is_started_when_another_one_has_ended(world: World) -> None:
    world.deploy(AFTER + "}")
    upstream = run(world, labels={"a.b": "c"})
    world.settle()
    [execution] = world.executions()
    assert execution.trigger is not None
    assert execution.trigger["variables"] == {
        "executionId": upstream,
        "executionLabels": {"a": {"b": "c"}},
        "state": "SUCCESS",
        "namespace": "company.team",
        "flowId": "up",
        "flowRevision": 1,
        "outputs": {"o": "done"},
    }


def test_executions_of_one_chain_share_the_correlation_id(world: World) -> None:
    world.deploy(AFTER + "}")
    upstream = run(world)
    world.settle()
    assert world.executions()[0].labels == (("system.correlationId", upstream),)


def test_inputs_see_the_other_execution(world: World) -> None:
    inputs = "{a: '{{ trigger.outputs.o }}', b: '{{ outputs.a.value }}', c: '{{ execution.id }}'}"
    declared = ", ".join(f"{{id: {name}, type: STRING}}" for name in "abc")
    world.deploy(f"{AFTER}, inputs: {inputs}}}", more=f"inputs: [{declared}]")
    upstream = run(world)
    world.settle()
    assert world.executions()[0].inputs == {"a": "done", "b": "x", "c": upstream}


def test_a_flow_does_not_start_itself(world: World) -> None:
    world.deploy(AFTER + "}")
    run(world)
    run(world)
    world.settle()
    assert len(world.executions()) == 2


def test_only_awaited_states_count(world: World) -> None:
    world.deploy(AFTER + ", states: [RUNNING, FAILED]}")
    run(world)
    world.settle()
    [execution] = world.executions()
    assert execution.trigger is not None
    assert execution.trigger["variables"]["state"] == "RUNNING"


def test_each_pause_counts_by_itself(world: World) -> None:
    pauses = ", ".join(f"{{id: {n}, type: io.kestra.plugin.core.flow.Pause}}" for n in "ab")
    world.deploy("", "up", tasks=pauses)
    world.deploy(AFTER + ", states: [PAUSED]}")
    upstream = world.tiercel.start(world.tiercel.flow("company.team", "up"))
    for number in (1, 2):
        while world.tiercel.execution(upstream).state is not State.PAUSED:
            pass
        world.run_due()
        assert len(world.executions()) == number
        world.tiercel.resume(upstream)
    world.tiercel.wait(upstream, 20)


def test_an_end_is_told_when_what_runs_after_the_execution_has_run(world: World) -> None:
    log = "{id: l, type: io.kestra.plugin.core.log.Log, message: after}"
    world.deploy("", "up", more=f"afterExecution: [{log}]")
    world.deploy(AFTER + "}")
    upstream = run(world)
    assert {run.task_id for run in world.tiercel.execution(upstream).task_runs.values()} > {"l"}
    world.settle()
    assert len(world.executions()) == 1


def test_inputs_that_do_not_fit_start_nothing_and_are_told(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.deploy(
        AFTER + ", inputs: {n: '{{ trigger.nope }}'}}", more="inputs: [{id: n, type: INT}]"
    )
    run(world)
    world.settle()
    assert world.executions() == []
    assert "does not start for execution" in caplog.text
    assert "Unable to find `nope`" in caplog.text


def test_what_was_not_told_yet_outlives_the_engine() -> None:
    repository = MemoryRepository()
    first = World(repository=repository)
    first.deploy("", "up")
    first.deploy(AFTER + "}")
    run(first)
    first.tiercel.close()
    second = World(first.clock, repository=repository)
    second.settle()
    third = World(first.clock, repository=repository)
    third.settle()
    assert len(third.executions()) == 1
    second.tiercel.close()
    third.tiercel.close()


def test_nothing_is_kept_for_triggers_that_are_off(world: World) -> None:
    world.deploy(AFTER + "}")
    world.deploy(AFTER + ", disabled: true}", "other")
    world.trigger().disable()
    run(world)
    assert list(world.tiercel.repository.changes()) == []
    world.trigger().enable()
    world.settle()
    assert world.executions() == []


def test_what_is_kept_for_a_trigger_turned_off_meanwhile_is_dropped(world: World) -> None:
    world.deploy(AFTER + "}")
    run(world)
    world.trigger().disable()
    world.settle()
    assert world.executions() == []
    assert list(world.tiercel.repository.changes()) == []


def test_a_deleted_execution_starts_nothing(world: World) -> None:
    world.deploy(AFTER + "}")
    world.tiercel.repository.purge([run(world)])
    world.settle()
    assert world.executions() == []


def test_engines_that_are_told_of_the_same_end_start_one_execution(tmp_path: Path) -> None:
    one = World(home=tmp_path)
    two = World(one.clock, home=tmp_path)
    one.deploy("", "up")
    one.deploy(AFTER + "}")
    for _ in range(8):
        run(one)
        both = [threading.Thread(target=each.run_due) for each in (one, two)]
        for thread in both:
            thread.start()
        for thread in both:
            thread.join()
    one.settle()
    causes = [
        each.trigger and each.trigger["variables"]["executionId"] for each in one.executions()
    ]
    two.tiercel.close()
    one.tiercel.close()
    assert len(causes) == 8
    assert len(set(causes)) == 8


def test_several_flows_together_start_an_execution_once(world: World) -> None:
    world.deploy("", "up2")
    flows = ", ".join(f"{{namespace: company.team, flowId: {name}}}" for name in ("up", "up2"))
    world.deploy(f"{AFTER}, preconditions: {{id: both, flows: [{flows}]}}}}")
    for flow_id, count in (("up", 0), ("up", 0), ("up2", 1), ("up2", 1), ("up", 2)):
        run(world, flow_id)
        world.settle()
        assert len(world.executions()) == count


def test_what_came_together_is_remembered_by_the_next_engine() -> None:
    repository = MemoryRepository()
    flows = ", ".join(f"{{namespace: company.team, flowId: {name}}}" for name in ("up", "up2"))
    world = World(repository=repository)
    world.deploy("", "up")
    world.deploy("", "up2")
    world.deploy(f"{AFTER}, preconditions: {{id: both, flows: [{flows}]}}}}")
    for flow_id in ("up", "up2"):
        run(world, flow_id)
        world.settle()
        found = len(world.executions())
        world.tiercel.close()
        world = World(world.clock, repository=repository)
    world.tiercel.close()
    assert found == 1


def test_a_trigger_that_stopped_reacts_no_more(world: World) -> None:
    fail = "{id: a, type: io.kestra.plugin.core.execution.Fail}"
    world.deploy(AFTER + ", stopAfter: [FAILED]}", tasks=fail)
    run(world)
    world.settle()
    run(world)
    world.settle()
    assert len(world.executions()) == 1
    assert world.trigger().state.disabled


def test_the_thread_of_the_scheduler_starts_what_is_due_by_itself() -> None:
    world = World()
    world.deploy("", "up")
    world.deploy(AFTER + "}")
    world.tiercel.triggers.start()
    run(world)
    woken = threading.Event()
    for _ in range(200):
        if world.executions() or woken.wait(0.05):
            break
    world.clock.move(timedelta(seconds=1))
    world.tiercel.close()
    assert len(world.executions()) == 1
