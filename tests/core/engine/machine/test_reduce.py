"""Transitions of whole executions: what is done next, and how things end."""

from __future__ import annotations

from datetime import timedelta

import pytest
from world import World, ended, flow

from tiercel import State
from tiercel.engine.machine import commands as cmd
from tiercel.engine.machine import events as ev
from tiercel.engine.machine.reduce import reduce

TWO = """
    - {id: a, type: io.kestra.plugin.core.debug.Return}
    - {id: b, type: io.kestra.plugin.core.debug.Return}
"""
ONE = "    - {id: a, type: io.kestra.plugin.core.debug.Return%s}"


def submitted(world: World) -> list[str]:
    """Return the ids of the tasks that workers are to run."""
    runs = world.execution.task_runs
    return [runs[each.task_run_id].task_id for each in world.pending(cmd.SubmitTask)]


def test_the_first_task_is_submitted_at_once():
    world = World(flow(TWO))
    assert submitted(world) == ["a"]
    assert world.execution.state is State.RUNNING


def test_the_next_task_follows_when_one_ends():
    world = World(flow(TWO))
    world.end("a", outputs={"value": 1})
    assert submitted(world) == ["b"]
    assert world.run("a").outputs == {"value": 1}


def test_the_execution_ends_after_its_last_task():
    world = World(flow(TWO))
    world.end("a")
    world.end("b")
    assert world.execution.history.states == (State.CREATED, State.RUNNING, State.SUCCESS)
    assert (world.execution.done, world.outbox) == (True, {})


def test_a_task_run_goes_through_its_states():
    world = World(flow(ONE % ""))
    world.end("a")
    run = world.run("a")
    assert run.history.states == (State.CREATED, State.SUBMITTED, State.RUNNING, State.SUCCESS)
    assert [each.state for each in run.attempts] == [State.SUCCESS]


def test_a_failure_ends_the_flow():
    world = World(flow(TWO))
    world.end("a", State.FAILED, error="broken")
    assert world.execution.state is State.FAILED
    assert (world.run("a").error, world.runs("b")) == ("broken", [])


def test_errors_run_after_a_failure_and_do_not_repair_it():
    world = World(flow(TWO, errors="    - {id: e, type: io.kestra.plugin.core.debug.Return}"))
    world.end("a", State.FAILED)
    assert submitted(world) == ["e"]
    world.end("e")
    assert world.execution.state is State.FAILED


def test_errors_do_not_run_without_a_failure():
    world = World(flow(ONE % "", errors=ONE.replace("id: a", "id: e") % ""))
    world.end("a")
    assert world.runs("e") == []


@pytest.mark.parametrize("state", [State.SUCCESS, State.FAILED])
def test_finally_runs_however_the_tasks_ended(state):
    world = World(flow(ONE % "", finally_=ONE.replace("id: a", "id: z") % ""))
    world.end("a", state)
    assert submitted(world) == ["z"]
    world.end("z", State.FAILED)
    assert world.execution.state is state


def test_after_execution_runs_once_the_state_is_final():
    world = World(flow(ONE % "", afterExecution=ONE.replace("id: a", "id: z") % ""))
    world.end("a")
    assert (world.execution.state, world.execution.done) == (State.SUCCESS, False)
    world.end("z")
    assert world.execution.done


def test_a_disabled_task_leaves_no_run():
    world = World(flow(TWO.replace("id: a,", "id: a, disabled: true,")))
    assert (world.runs("a"), submitted(world)) == ([], ["b"])


def test_an_execution_without_tasks_to_run_is_never_running():
    world = World(flow(ONE % ", disabled: true"))
    assert world.execution.history.states == (State.CREATED, State.SUCCESS)


def test_run_if_is_asked_for_and_skips():
    world = World(flow(TWO.replace("id: a,", "id: a, runIf: '{{ x }}',")))
    assert submitted(world) == []
    world.answer(runIf=False)
    assert world.run("a").history.states == (State.CREATED, State.SKIPPED)
    assert submitted(world) == ["b"]


def test_a_run_if_that_cannot_be_rendered_fails_its_task():
    world = World(flow(ONE % ", runIf: '{{ x }}'"))
    question = world.pending(cmd.Evaluate)[0]
    world.happen(ev.Evaluated(at=world.tick(), command_id=question.id, error="no x"))
    assert world.run("a").history.states == (State.CREATED, State.FAILED)
    assert world.execution.state is State.FAILED


def test_allow_failure_does_not_forgive_a_run_if_that_cannot_be_rendered():
    world = World(flow(ONE % ", runIf: '{{ x }}', allowFailure: true"))
    question = world.pending(cmd.Evaluate)[0]
    world.happen(ev.Evaluated(at=world.tick(), command_id=question.id, error="no x"))
    assert world.run("a").history.states == (State.CREATED, State.FAILED)
    assert world.execution.state is State.FAILED


def test_allow_failure_makes_a_warning_of_a_failure():
    world = World(flow(TWO.replace("id: a,", "id: a, allowFailure: true,")))
    world.end("a", State.FAILED)
    world.end("b")
    assert world.run("a").state is State.WARNING
    assert [each.state for each in world.run("a").attempts] == [State.FAILED]
    assert world.execution.state is State.WARNING


def test_the_flows_retry_leaves_alone_what_allow_failure_forgives():
    retry = "  {type: constant, interval: PT1S, maxAttempts: 2}"
    world = World(flow(ONE % ", allowFailure: true", retry=retry))
    world.end("a", State.FAILED)
    assert len(world.run("a").attempts) == 1
    assert world.execution.state is State.WARNING


def test_allow_warning_makes_a_success_of_a_warning():
    world = World(flow(ONE % ", allowWarning: true"))
    world.end("a", State.WARNING)
    assert world.execution.state is State.SUCCESS


RETRY = ", retry: {type: constant, interval: PT10S, maxAttempts: 2}"


def test_a_retry_waits_and_runs_the_task_again():
    world = World(flow(ONE % RETRY))
    world.end("a", State.FAILED)
    (timer,) = world.pending(cmd.StartTimer)
    assert timer.due == world.now + timedelta(seconds=10)
    assert world.execution.state is State.RETRYING
    world.fire()
    assert submitted(world) == ["a"]
    world.end("a")
    assert world.execution.state is State.SUCCESS
    assert [each.state for each in world.run("a").attempts] == [State.FAILED, State.SUCCESS]


def test_a_further_attempt_asks_its_run_if_again():
    world = World(flow(ONE % f", runIf: '{{{{ x }}}}'{RETRY}"))
    world.answer(runIf=True)
    world.end("a", State.FAILED)
    world.fire()
    assert submitted(world) == []
    world.answer(runIf=False)
    assert [each.state for each in world.run("a").attempts] == [State.FAILED, State.SKIPPED]
    assert world.execution.state is State.SUCCESS


@pytest.mark.parametrize(
    ("more", "failures", "state"),
    [
        ("", 1, State.WARNING),
        ("", 0, State.SUCCESS),
        (", allowWarning: true", 1, State.SUCCESS),
    ],
)
def test_a_success_that_needed_a_retry_is_a_warning_where_the_policy_says_so(more, failures, state):
    world = World(flow(ONE % RETRY.replace("}", f", warningOnRetry: true}}{more}")))
    for _ in range(failures):
        world.end("a", State.FAILED)
        world.fire()
    world.end("a")
    assert (world.run("a").state, world.execution.state) == (state, state)
    assert world.run("a").attempts[-1].state is State.SUCCESS


def test_retries_are_used_up():
    world = World(flow(ONE % RETRY))
    world.end("a", State.FAILED)
    world.fire()
    world.end("a", State.FAILED)
    assert world.execution.state is State.FAILED
    assert len(world.run("a").attempts) == 2


def test_a_failure_that_a_retry_cannot_help_is_not_retried():
    world = World(flow(ONE % RETRY))
    world.end("a", State.FAILED, retryable=False)
    assert world.execution.state is State.FAILED


def test_a_stale_result_changes_nothing():
    world = World(flow(ONE % RETRY))
    first = world.pending(cmd.SubmitTask)[0]
    world.end("a", State.FAILED)
    world.fire()
    before = world.execution
    late = reduce(before, ended(first, world.tick(), State.SUCCESS))
    assert late.execution is before


def test_a_result_that_comes_twice_changes_nothing():
    world = World(flow(TWO))
    first = world.pending(cmd.SubmitTask)[0]
    world.end("a")
    again = reduce(world.execution, ended(first, world.tick(), State.FAILED))
    assert (again.execution is world.execution, again.commands) == (True, ())


def test_kill_tells_the_worker_and_waits_for_it():
    world = World(flow(TWO))
    world.kill()
    assert world.execution.state is State.KILLING
    assert [type(each) for each in world.outbox.values()] == [cmd.KillTask]
    world.end("a", State.KILLED)
    assert world.execution.history.states[-2:] == (State.KILLING, State.KILLED)
    assert (world.execution.done, world.outbox) == (True, {})


def test_kill_ends_a_pending_retry_for_good():
    world = World(flow(ONE % RETRY))
    world.end("a", State.FAILED)
    timer = world.pending(cmd.StartTimer)[0]
    world.kill()
    assert (world.execution.state, world.run("a").state) == (State.KILLED, State.KILLED)
    assert world.happen(ev.TimerFired(at=world.tick(), command_id=timer.id)).state is State.KILLED


def test_kill_skips_errors_and_finally_but_not_after_execution():
    extra = "    - {id: %s, type: io.kestra.plugin.core.debug.Return}"
    world = World(
        flow(ONE % "", errors=extra % "e", finally_=extra % "z", afterExecution=extra % "x")
    )
    world.kill()
    world.end("a", State.KILLED)
    assert (world.runs("e"), world.runs("z"), submitted(world)) == ([], [], ["x"])


def test_a_second_kill_changes_nothing():
    world = World(flow(ONE % ""))
    world.kill()
    before = world.execution
    assert world.kill() is before


def test_flow_outputs_are_asked_for_last():
    world = World(flow(ONE % "", outputs="    - {id: o, type: STRING, value: x}"))
    world.end("a")
    assert world.execution.state is State.RUNNING
    world.answer(o="x")
    assert (world.execution.state, world.execution.outputs) == (State.SUCCESS, {"o": "x"})


def test_outputs_that_cannot_be_rendered_fail_a_failure_no_second_time():
    world = World(flow(ONE % "", outputs="    - {id: o, type: STRING, value: x}"))
    world.end("a", State.FAILED)
    question = world.pending(cmd.Evaluate)[0]
    world.happen(ev.Evaluated(at=world.tick(), command_id=question.id, error="no o"))
    assert world.execution.history.states == (State.CREATED, State.RUNNING, State.FAILED)
    assert world.execution.error == "no o"


def test_outputs_that_cannot_be_rendered_fail_a_success():
    world = World(flow(ONE % "", outputs="    - {id: o, type: STRING, value: '{{ x }}'}"))
    world.end("a")
    world.happen(ev.Evaluated(at=world.tick(), command_id="outputs", error="no x"))
    assert world.execution.history.states[-2:] == (State.SUCCESS, State.FAILED)


PARALLEL = """
    - id: p
      type: io.kestra.plugin.core.flow.Parallel
      tasks:
        - {id: a, type: io.kestra.plugin.core.debug.Return}
        - {id: b, type: io.kestra.plugin.core.debug.Return}
        - id: s
          type: io.kestra.plugin.core.flow.Sequential
          tasks:
            - {id: c, type: io.kestra.plugin.core.debug.Return}
            - {id: d, type: io.kestra.plugin.core.debug.Return}
"""


def test_a_failed_branch_lets_the_others_finish_what_they_run_and_begin_nothing():
    world = World(flow(PARALLEL))
    world.end("a", State.FAILED)
    world.end("b")
    assert world.execution.state is State.RUNNING
    world.end("c")
    assert world.runs("d") == []
    assert world.run("s").state is State.KILLED
    assert (world.run("p").state, world.execution.state) == (State.FAILED, State.FAILED)


def test_kill_reaches_every_branch():
    world = World(flow(PARALLEL))
    world.kill()
    for task_id in ("a", "b", "c"):
        world.end(task_id, State.KILLED)
    assert {each.state for each in world.execution.task_runs.values()} == {State.KILLED}
    assert world.execution.state is State.KILLED


def test_the_log_leads_to_the_same_execution_again():
    world = World(flow(PARALLEL))
    world.end("a", outputs={"value": [1, None, "x"]})
    world.end("c", State.WARNING)
    world.kill()
    assert world.replayed() == world.execution
