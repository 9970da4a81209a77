"""`concurrency`: how many executions of a flow run at once, and what becomes of the others."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from world import World, flow

from tiercel import Execution, State, Tiercel
from tiercel.engine.machine import commands as cmd
from tiercel.engine.machine import events as ev
from tiercel.errors import ConflictError

FLOW = """
id: f
namespace: a.b
{limit}
tasks:
  - {{id: wait, type: io.kestra.plugin.core.flow.Pause}}
"""
ONE = "concurrency: {limit: 1}"
TASK = "    - {id: a, type: io.kestra.plugin.core.debug.Return}"


@pytest.fixture
def tiercel() -> Iterator[Tiercel]:
    with Tiercel() as engine:
        yield engine


@pytest.fixture
def until(tiercel: Tiercel) -> Callable[..., None]:
    """Waits until executions are in these states."""

    def wait(*wanted: tuple[str, State]) -> None:
        deadline = time.monotonic() + 20
        while found := [each for each in wanted if tiercel.execution(each[0]).state is not each[1]]:
            assert time.monotonic() < deadline, found
            tiercel.driver.wait(found[0][0], 0.01)

    return wait


def limited(**more: str) -> World:
    return World(flow(TASK, concurrency_="  limit: 1", **more))


# The state machine


def admitted(world: World, state: State) -> Execution:
    return world.happen(ev.Admitted(at=world.tick(), state=state))


def test_nothing_begins_before_the_answer():
    world = limited()
    assert [type(each) for each in world.outbox.values()] == [cmd.Admit]
    assert (world.execution.state, len(world.execution.task_runs)) == (State.CREATED, 0)


def test_what_is_let_in_later_was_queued_meanwhile():
    world = limited()
    admitted(world, State.QUEUED)
    admitted(world, State.RUNNING)
    world.end("a")
    states = (State.CREATED, State.QUEUED, State.RUNNING, State.SUCCESS)
    assert world.execution.history.states == states
    assert world.execution == world.replayed()


@pytest.mark.parametrize("state", [State.CANCELLED, State.FAILED])
def test_what_is_refused_ends_at_once(state):
    world = limited()
    admitted(world, state)
    assert world.execution.history.states == (State.CREATED, state)
    assert (world.execution.done, world.outbox) == (True, {})


def test_a_second_answer_changes_nothing():
    world = limited()
    running = admitted(world, State.RUNNING)
    assert admitted(world, State.CANCELLED) is running


@pytest.mark.parametrize("waits", [True, False])
def test_what_waits_can_be_killed(waits):
    world = limited()
    if waits:
        admitted(world, State.QUEUED)
    world.kill()
    assert world.execution.history.states[-2:] == (State.KILLING, State.KILLED)
    assert (world.execution.done, world.outbox) == (True, {})


def test_what_waits_can_be_forced_to_run():
    world = limited()
    admitted(world, State.QUEUED)
    world.happen(ev.RunForced(at=world.tick()))
    assert world.execution.state is State.RUNNING
    assert len(world.pending(cmd.SubmitTask)) == 1


def test_a_restarted_execution_asks_again():
    world = limited()
    admitted(world, State.RUNNING)
    world.end("a", State.FAILED)
    world.happen(ev.Restarted(at=world.tick()))
    assert [type(each) for each in world.outbox.values()] == [cmd.Admit]
    admitted(world, State.QUEUED)
    admitted(world, State.RUNNING)
    world.end("a")
    states = (State.FAILED, State.RESTARTED, State.QUEUED, State.RUNNING, State.SUCCESS)
    assert world.execution.history.states[-5:] == states


# The engine


def test_executions_begin_in_the_order_in_which_they_were_asked_for(tiercel, until):
    first, second, third = (tiercel.start(FLOW.format(limit=ONE)) for _ in range(3))
    until((first, State.PAUSED), (second, State.QUEUED), (third, State.QUEUED))
    for running, following, waiting in ((first, second, third), (second, third, None)):
        tiercel.resume(running)
        until((running, State.SUCCESS), (following, State.PAUSED))
        assert waiting is None or tiercel.execution(waiting).state is State.QUEUED


@pytest.mark.parametrize(
    ("behavior", "state", "told"),
    [
        ("CANCEL", State.CANCELLED, []),
        ("FAIL", State.FAILED, ["Execution is FAILED due to concurrency limit exceeded"]),
    ],
)
def test_one_too_many_is_refused_as_the_flow_says(tiercel, until, behavior, state, told):
    text = FLOW.format(limit=f"concurrency: {{limit: 1, behavior: {behavior}}}")
    first = tiercel.start(text)
    until((first, State.PAUSED))
    refused = tiercel.run(text, timeout=20)
    assert (refused.state, [each.message for each in tiercel.logs(refused.id)]) == (state, told)


@pytest.mark.parametrize("state", [State.RUNNING, State.FAILED, State.CANCELLED])
def test_a_person_can_take_an_execution_out_of_the_queue(tiercel, until, state):
    first, second = (tiercel.start(FLOW.format(limit=ONE)) for _ in range(2))
    until((first, State.PAUSED), (second, State.QUEUED))
    tiercel.operations.unqueue(second, state)
    until((second, State.PAUSED if state is State.RUNNING else state))
    assert tiercel.logs(second) == []
    with pytest.raises(ConflictError, match="Only QUEUED execution can be unqueued"):
        tiercel.operations.unqueue(second, state)


def test_out_of_the_queue_nothing_goes_on_to_any_other_state(tiercel, until):
    first, second = (tiercel.start(FLOW.format(limit=ONE)) for _ in range(2))
    until((first, State.PAUSED), (second, State.QUEUED))
    with pytest.raises(ConflictError, match=r"Valid states are: \[RUNNING, FAILED, CANCELLED\]"):
        tiercel.operations.unqueue(second, State.SUCCESS)


def test_a_limit_that_is_raised_lets_those_in_who_wait(tiercel, until):
    first, second, third = (tiercel.start(FLOW.format(limit=ONE)) for _ in range(3))
    until((first, State.PAUSED), (second, State.QUEUED), (third, State.QUEUED))
    tiercel.save_flow(tiercel.load_flow(FLOW.format(limit="concurrency: {limit: 2}")))
    until((second, State.PAUSED))
    assert tiercel.execution(third).state is State.QUEUED
    tiercel.save_flow(tiercel.load_flow(FLOW.format(limit="")))
    until((third, State.PAUSED))


def test_a_limit_that_is_lowered_lets_nobody_in_before_there_is_room(tiercel, until):
    two = FLOW.format(limit="concurrency: {limit: 2}")
    first, second, third = (tiercel.start(two) for _ in range(3))
    until((first, State.PAUSED), (second, State.PAUSED), (third, State.QUEUED))
    tiercel.save_flow(tiercel.load_flow(FLOW.format(limit=ONE)))
    tiercel.resume(first)
    until((first, State.SUCCESS))
    assert not tiercel.driver.wait(third, 0.2)
    assert tiercel.execution(third).state is State.QUEUED
    tiercel.resume(second)
    until((third, State.PAUSED))


def test_a_killed_execution_frees_its_place(tiercel, until):
    first, second = (tiercel.start(FLOW.format(limit=ONE)) for _ in range(2))
    until((first, State.PAUSED), (second, State.QUEUED))
    tiercel.kill(first)
    until((first, State.KILLED), (second, State.PAUSED))


def test_executions_that_wait_go_on_waiting_after_the_engine_ends(tmp_path: Path):
    text = FLOW.format(limit=ONE)
    with Tiercel(tmp_path) as before:
        first, second = before.start(text), before.start(text)
    with Tiercel(tmp_path) as tiercel:
        tiercel.recover()
        for execution_id in (first, second):
            deadline = time.monotonic() + 20
            while tiercel.execution(execution_id).state is not State.PAUSED:
                assert time.monotonic() < deadline
                tiercel.driver.wait(execution_id, 0.01)
            tiercel.resume(execution_id)
            assert tiercel.wait(execution_id, 20).state is State.SUCCESS


def test_two_engines_of_one_home_share_a_limit(tmp_path: Path):
    text = FLOW.format(limit=ONE)
    with Tiercel(tmp_path) as one, Tiercel(tmp_path) as other:
        first, second = one.start(text), other.start(text)
        deadline = time.monotonic() + 20
        while one.execution(second).state is not State.QUEUED:
            assert time.monotonic() < deadline
            one.driver.wait(first, 0.01)
        one.resume(first)
        while one.execution(second).state is not State.PAUSED:
            assert time.monotonic() < deadline
            other.driver.wait(second, 0.01)


def test_a_service_level_also_counts_the_time_in_the_queue():
    level = "  - {id: l, type: MAX_DURATION, duration: PT1M, behavior: CANCEL}"
    world = limited(sla=level)
    admitted(world, State.QUEUED)
    world.fire()
    assert world.execution.history.states == (State.CREATED, State.QUEUED, State.CANCELLED)
    assert (world.execution.done, world.outbox) == (True, {})
