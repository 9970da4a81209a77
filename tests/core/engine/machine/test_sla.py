"""Service levels: time limits and assertions on executions."""

from __future__ import annotations

from datetime import timedelta

import pytest
from world import World, flow

from tiercel import State, Tiercel
from tiercel.engine.machine import commands as cmd
from tiercel.engine.machine import events as ev

TWO = """
    - {id: a, type: io.kestra.plugin.core.debug.Return}
    - {id: b, type: io.kestra.plugin.core.debug.Return}
"""
LIMIT = "    - {id: quick, type: MAX_DURATION, duration: PT1M, behavior: %s, labels: {sla: late}}"
CLAIM = "    - {id: good, type: EXECUTION_ASSERTION, assert: '{{ x }}', behavior: %s}"


def answers(world: World, *, holds: bool | None) -> None:
    """Answer every assertion that is open; None when it cannot be rendered."""
    for question in world.pending(cmd.Evaluate):
        error = "no x" if holds is None else None
        values = None if holds is None else {"holds": holds}
        world.happen(
            ev.Evaluated(at=world.tick(), command_id=question.id, values=values, error=error)
        )


def test_a_limit_sets_a_timer_from_the_beginning():
    world = World(flow(TWO, sla=LIMIT % "FAIL"))
    (timer,) = world.pending(cmd.StartTimer)
    assert timer.due == world.execution.history.started + timedelta(minutes=1)


@pytest.mark.parametrize(
    ("behavior", "state"), [("FAIL", State.FAILED), ("CANCEL", State.CANCELLED)]
)
def test_what_runs_is_stopped_when_the_time_is_over(behavior, state):
    world = World(flow(TWO, sla=LIMIT % behavior, errors=TWO.replace("id: ", "id: e")))
    world.fire()
    assert world.pending(cmd.KillTask)
    world.end("a", State.KILLED)
    assert (world.execution.state, world.runs("b"), world.runs("ea")) == (state, [], [])
    assert (world.execution.done, world.outbox) == (True, {})


def test_a_level_without_consequences_gives_its_labels():
    world = World(flow(TWO, sla=LIMIT % "NONE"))
    world.fire()
    assert dict(world.execution.labels) == {"sla": "late"}
    world.end("a")
    world.end("b")
    assert world.execution.state is State.SUCCESS


def test_the_timer_is_taken_back_when_the_execution_ends_in_time():
    world = World(flow(TWO, sla=LIMIT % "FAIL"))
    world.end("a")
    world.end("b")
    assert (world.execution.state, world.outbox) == (State.SUCCESS, {})


def test_an_assertion_that_cannot_be_rendered_yet_says_nothing():
    world = World(flow(TWO, sla=CLAIM % "FAIL"))
    answers(world, holds=None)
    assert world.execution.state is State.RUNNING


def test_an_assertion_that_is_false_ends_the_execution():
    world = World(flow(TWO, sla=CLAIM % "FAIL"))
    answers(world, holds=True)
    world.end("a")
    answers(world, holds=False)
    world.end("b", State.KILLED)
    assert world.execution.state is State.FAILED


def test_the_last_task_too_is_looked_at_before_the_end():
    world = World(flow(TWO, sla=CLAIM % "CANCEL"))
    answers(world, holds=True)
    world.end("a")
    answers(world, holds=True)
    world.end("b")
    assert world.execution.state is State.RUNNING
    answers(world, holds=False)
    assert world.execution.history.states[-2:] == (State.RUNNING, State.CANCELLED)


def test_a_violated_assertion_is_told_once():
    sla = "sla: [{id: s, type: EXECUTION_ASSERTION, assert: 'false', behavior: NONE}]"
    with Tiercel() as tiercel:
        execution = tiercel.run(f"id: f\nnamespace: a.b\n{sla}\ntasks:{TWO}", timeout=10)
        lines = [line.message for line in tiercel.logs(execution.id) if line.level == "WARN"]
    assert lines == ["SLA 's' violated: assertion is false: false."]
