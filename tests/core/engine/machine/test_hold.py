"""An execution that a person holds, as transitions; and kills that nothing can undo."""

from __future__ import annotations

import pytest
from world import World, flow

from tiercel import State
from tiercel.engine.machine import commands as cmd
from tiercel.engine.machine import events as ev

RETURN = "io.kestra.plugin.core.debug.Return"
FLOW = "io.kestra.plugin.core.flow"
TWO = f"    - {{id: a, type: {RETURN}}}\n    - {{id: b, type: {RETURN}}}"
RETRY = (
    f"    - {{id: a, type: {RETURN}, retry: {{type: constant, interval: PT1S, maxAttempts: 3}}}}"
)


def submitted(world: World) -> list[str]:
    runs = world.execution.task_runs
    return sorted(runs[each.task_run_id].task_id for each in world.pending(cmd.SubmitTask))


def hold(world: World) -> World:
    world.happen(ev.PauseRequested(at=world.tick()))
    return world


def resume(world: World) -> World:
    world.happen(ev.Resumed(at=world.tick()))
    return world


def test_what_runs_comes_to_its_end_and_nothing_begins():
    world = hold(World(flow(TWO)))
    assert world.execution.state is State.PAUSED
    world.end("a", outputs={"value": 1})
    assert (world.run("a").state, submitted(world)) == (State.SUCCESS, [])
    resume(world)
    assert (world.execution.state, submitted(world)) == (State.RUNNING, ["b"])
    assert world.replayed() == world.execution


def test_the_end_waits_for_the_person_too():
    world = World(flow(TWO))
    world.end("a")
    hold(world)
    world.end("b", State.FAILED)
    assert (world.execution.state, world.execution.done) == (State.PAUSED, False)
    assert resume(world).execution.state is State.FAILED


def test_a_retry_that_is_due_waits_for_the_person():
    world = World(flow(RETRY))
    hold(world)
    world.end("a", State.FAILED)
    assert world.execution.state is State.PAUSED
    world.fire()
    assert (world.run("a").state, submitted(world)) == (State.RETRYING, [])
    resume(world)
    assert (world.run("a").state, submitted(world)) == (State.SUBMITTED, ["a"])


def test_branches_all_go_on():
    lanes = [
        f"{{id: s{n}, type: {FLOW}.Sequential, tasks: [{{id: {x}, type: {RETURN}}}, "
        f"{{id: {y}, type: {RETURN}}}]}}"
        for n, x, y in ((1, "x1", "y1"), (2, "x2", "y2"))
    ]
    tasks = ", ".join(lanes)
    world = World(flow(f"    - {{id: p, type: {FLOW}.Parallel, tasks: [{tasks}]}}"))
    hold(world)
    world.end("x1")
    world.end("x2")
    assert submitted(resume(world)) == ["y1", "y2"]


def test_holding_twice_is_holding_once():
    world = hold(World(flow(TWO)))
    before = world.execution
    assert hold(world).execution is before


@pytest.mark.parametrize("state", [State.SUCCESS, State.FAILED])
def test_what_has_ended_cannot_be_held(state):
    world = World(flow(TWO))
    world.end("a")
    world.end("b", state)
    before = world.execution
    assert hold(world).execution is before


def test_forcing_it_to_run_is_resuming_it():
    world = hold(World(flow(TWO)))
    world.end("a")
    world.happen(ev.RunForced(at=world.tick()))
    assert submitted(world) == ["b"]


def test_labels_are_merged_by_key():
    world = World(flow(TWO))
    for labels in ((("a", "1"), ("b", "1")), (("b", "2"),)):
        world.happen(ev.LabelsSet(at=world.tick(), labels=labels))
    assert dict(world.execution.labels) == {"a": "1", "b": "2"}


# Kills


def test_a_held_execution_is_killed():
    world = hold(World(flow(TWO)))
    world.kill()
    world.end("a", State.KILLED)
    assert world.execution.history.states[-3:] == (State.PAUSED, State.KILLING, State.KILLED)
    assert (world.execution.done, world.outbox) == (True, {})


def test_a_held_execution_that_is_killed_is_not_resumed():
    world = hold(World(flow(TWO)))
    world.kill()
    before = world.execution
    assert resume(world).execution == before


def test_an_execution_that_waits_for_its_first_answer_is_killed():
    world = World(flow(TWO.replace("id: a,", "id: a, runIf: '{{ x }}',")))
    (question,) = world.pending(cmd.Evaluate)
    world.kill()
    assert (world.execution.state, world.outbox) == (State.KILLED, {})
    before = world.execution
    late = ev.Evaluated(at=world.tick(), command_id=question.id, values={"runIf": True})
    assert world.happen(late) == before


def test_a_restarted_execution_is_killed():
    world = World(flow(TWO))
    world.end("a", State.FAILED)
    world.restart()
    world.kill()
    world.end("a", State.KILLED)
    assert world.run("a").history.states[-1] is State.KILLED
    assert world.execution.history.states[-2:] == (State.KILLING, State.KILLED)
