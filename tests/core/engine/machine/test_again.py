"""`retry` with CREATE_NEW_EXECUTION: a failed execution is followed by a new one."""

from __future__ import annotations

import pytest
from world import World, flow

from tiercel import Execution, State, Tiercel
from tiercel.engine.machine import commands as cmd
from tiercel.engine.machine import events as ev

RETURN = "io.kestra.plugin.core.debug.Return"
POLICY = "type: constant, interval: PT0.01S, maxAttempts: 3, behavior: CREATE_NEW_EXECUTION"
TASK = f"    - {{id: a, type: {RETURN}, retry: {{{POLICY}}}}}"
FAILING = f"""
id: f
namespace: a.b
inputs: [{{id: n, type: INT, defaults: 3}}]
retry: {{{POLICY}}}
tasks:
  - {{id: a, type: io.kestra.plugin.core.execution.Fail, condition: "%s"}}
"""


def chain(tiercel: Tiercel, last: Execution) -> list[Execution]:
    """Return an execution and those that it repeats, the first one first."""
    if last.parent_id is None:
        return [last]
    return [*chain(tiercel, tiercel.execution(last.parent_id)), last]


def test_the_failed_execution_ends_retried_and_waits_for_the_new_one():
    world = World(flow(TASK))
    world.end("a", State.FAILED)
    assert world.execution.history.states[-2:] == (State.FAILED, State.RETRIED)
    assert world.run("a").history.states[-2:] == (State.FAILED, State.RETRIED)
    assert not world.execution.done


def test_the_new_execution_is_begun_when_it_is_due():
    world = World(flow(TASK))
    world.end("a", State.FAILED)
    world.fire()
    (begin,) = world.pending(cmd.StartChild)
    world.happen(
        ev.ChildCreated(at=world.tick(), command_id=begin.id, execution_id=begin.execution_id)
    )
    assert (world.execution.done, world.outbox) == (True, {})


def test_what_runs_beside_the_failed_task_is_stopped_first():
    tasks = f"[{{id: a, type: {RETURN}, retry: {{{POLICY}}}}}, {{id: b, type: {RETURN}}}]"
    world = World(
        flow(f"    - {{id: p, type: io.kestra.plugin.core.flow.Parallel, tasks: {tasks}}}")
    )
    world.end("a", State.FAILED)
    assert world.execution.state is State.RUNNING
    world.end("b", State.KILLED)
    assert (world.run("p").state, world.run("b").state) == (State.RETRIED, State.KILLED)
    assert world.execution.state is State.RETRIED


@pytest.mark.parametrize("before", [0, 1])
def test_a_kill_calls_the_new_execution_off(before):
    tasks = f"[{{id: a, type: {RETURN}, retry: {{{POLICY}}}}}, {{id: b, type: {RETURN}}}]"
    world = World(
        flow(f"    - {{id: p, type: io.kestra.plugin.core.flow.Parallel, tasks: {tasks}}}")
    )
    world.end("a", State.FAILED)
    if before:
        world.kill()
    world.end("b", State.KILLED)
    world.kill()
    assert (world.execution.done, world.outbox) == (True, {})
    assert world.execution.state is (State.KILLED if before else State.RETRIED)


def test_a_flow_is_run_anew_until_its_attempts_are_used_up():
    with Tiercel() as tiercel:
        last = tiercel.run(FAILING % "true", {"n": 7}, {"team": "data"}, timeout=20)
        found = chain(tiercel, last)
    assert [each.state for each in found] == [State.RETRIED, State.RETRIED, State.FAILED]
    assert {each.original_id for each in found} == {found[0].id}
    assert [dict(each.inputs) for each in found] == [{"n": 7}] * 3
    labels = dict(last.labels)
    assert (labels["team"], labels["system.replay"]) == ("data", "true")


def test_after_the_end_a_task_that_fails_makes_no_new_execution():
    with Tiercel() as tiercel:
        fail = f"{{id: a, type: io.kestra.plugin.core.execution.Fail, retry: {{{POLICY}}}}}"
        tasks = f"tasks: [{{id: t, type: {RETURN}}}]\nafterExecution: [{fail}]\n"
        execution = tiercel.run(f"id: f\nnamespace: a.b\n{tasks}", timeout=20)
        states = {each.task_id: each.state for each in execution.task_runs.values()}
        assert (execution.state, states["a"]) == (State.SUCCESS, State.FAILED)
        assert len(list(tiercel.executions())) == 1


def test_a_new_execution_can_end_well():
    with Tiercel() as tiercel:
        condition = "{{ execution.id == execution.originalId }}"
        last = tiercel.run(FAILING % condition, timeout=20)
        assert [each.state for each in chain(tiercel, last)] == [State.RETRIED, State.SUCCESS]


def test_a_new_execution_that_was_pending_begins_after_a_crash(tmp_path):
    text = (FAILING % "true").replace("PT0.01S", "PT1S").replace("maxAttempts: 3", "maxAttempts: 2")
    with Tiercel(tmp_path) as tiercel:
        first = tiercel.start(text)
        while tiercel.execution(first).state is not State.RETRIED:
            tiercel.driver.wait(first, 0.01)
    with Tiercel(tmp_path) as tiercel:
        assert tiercel.interrupted() == [first]
        tiercel.recover()
        successor = tiercel.successor(tiercel.wait(first, 10))
        assert successor is not None
        assert tiercel.wait(successor, 10).state is State.FAILED
