"""`Pause`: ended by a time, by a person, in every way there is."""

from __future__ import annotations

import pytest

from tiercel import InputError, State
from tiercel.plugin import ConflictError

PAUSE = """
    - {id: p, type: io.kestra.plugin.core.flow.Pause%s}
    - {id: after, type: io.kestra.plugin.core.debug.Return, format: "{{ outputs.p | json }}"}
"""
ASKING = PAUSE % ", onResume: [{id: reason, type: STRING}, {id: n, type: INT, defaults: 3}]"


def test_a_pause_ends_by_itself_when_its_time_has_come(play, states):
    execution = play(PAUSE % ", pauseDuration: PT0.05S")
    assert states(execution) == {"p": "SUCCESS", "after": "SUCCESS"}
    assert [str(each) for each in execution.history.states] == [
        "CREATED",
        "RUNNING",
        "PAUSED",
        "RESTARTED",
        "RUNNING",
        "SUCCESS",
    ]


@pytest.mark.parametrize(
    ("behavior", "ended", "whole", "goes_on"),
    [
        ("RESUME", "SUCCESS", "SUCCESS", True),
        ("WARN", "WARNING", "WARNING", True),
        ("FAIL", "FAILED", "FAILED", False),
        ("CANCEL", "CANCELLED", "CANCELLED", False),
    ],
)
def test_the_behavior_says_how_a_pause_that_is_over_ends(
    play, states, behavior, ended, whole, goes_on
):
    execution = play(PAUSE % f", pauseDuration: PT0.05S, behavior: {behavior}")
    assert (states(execution)["p"], execution.state) == (ended, whole)
    assert ("after" in states(execution)) is goes_on


@pytest.mark.parametrize(("behavior", "to"), [("RESUME", "SUCCESS"), ("WARN", "WARNING")])
def test_a_pause_that_is_over_tells_later_tasks_the_state_it_ended_in(play, runs, behavior, to):
    execution = play(PAUSE % f", pauseDuration: PT0.05S, behavior: {behavior}")
    assert runs(execution)["p"].outputs["resumed"]["to"] == to


def test_a_pause_without_a_time_waits_for_a_person(tiercel, text_of, until, runs):
    execution_id = tiercel.start(text_of(PAUSE % ""))
    until(execution_id, State.PAUSED)
    tiercel.resume(execution_id)
    execution = tiercel.wait(execution_id, 10)
    assert execution.state is State.SUCCESS
    assert runs(execution)["p"].outputs["resumed"]["to"] == "RUNNING"


def test_who_resumes_gives_inputs_that_are_typed(tiercel, text_of, until, runs):
    execution_id = tiercel.start(text_of(ASKING))
    until(execution_id, State.PAUSED)
    tiercel.resume(execution_id, {"reason": "ok", "n": "7"})
    execution = tiercel.wait(execution_id, 10)
    assert runs(execution)["p"].outputs["onResume"] == {"reason": "ok", "n": 7}


def test_a_missing_input_leaves_the_execution_paused(tiercel, text_of, until):
    execution_id = tiercel.start(text_of(ASKING))
    until(execution_id, State.PAUSED)
    with pytest.raises(InputError, match="reason"):
        tiercel.resume(execution_id)
    assert tiercel.execution(execution_id).state is State.PAUSED


@pytest.mark.parametrize("state", [State.WARNING, State.FAILED, State.CANCELLED])
def test_who_resumes_can_say_what_the_pause_ends_in(tiercel, text_of, until, states, state):
    execution_id = tiercel.start(text_of(PAUSE % ""))
    until(execution_id, State.PAUSED)
    tiercel.resume(execution_id, state=state)
    execution = tiercel.wait(execution_id, 10)
    assert (states(execution)["p"], execution.state) == (state, state)


def test_what_is_not_paused_cannot_be_resumed(tiercel, play):
    execution = play(PAUSE % ", pauseDuration: PT0.01S")
    with pytest.raises(ConflictError, match="not paused"):
        tiercel.resume(execution.id)


def test_a_paused_execution_can_be_killed(tiercel, text_of, until, states):
    execution_id = tiercel.start(text_of(PAUSE % ""))
    until(execution_id, State.PAUSED)
    tiercel.kill(execution_id)
    execution = tiercel.wait(execution_id, 10)
    assert (execution.state, states(execution)) == (State.KILLED, {"p": "KILLED"})


def test_on_pause_runs_before_the_wait(tiercel, text_of, until, states):
    tell = ", onPause: {id: tell, type: io.kestra.plugin.core.log.Log, message: waiting}"
    execution_id = tiercel.start(text_of(PAUSE % tell))
    assert states(until(execution_id, State.PAUSED))["tell"] == "SUCCESS"


def test_tasks_of_a_pause_run_after_it(play, states):
    inner = ", pauseDuration: PT0.01S, tasks: [{id: t, type: io.kestra.plugin.core.debug.Return}]"
    assert states(play(PAUSE % inner))["t"] == "SUCCESS"


def test_a_restart_of_what_failed_after_the_pause_does_not_pause_again(tiercel, text_of, runs):
    fails = "{{ kv('open', errorOnMissing=false) is null }}"
    inner = f'[{{id: t, type: io.kestra.plugin.core.execution.Fail, condition: "{fails}"}}]'
    text = text_of(PAUSE % f", pauseDuration: PT0.01S, tasks: {inner}")
    failed = tiercel.run(text, timeout=10)
    tiercel.services.kv_store("company.team").set("open", True)
    tiercel.restart(failed.id)
    execution = tiercel.wait(failed.id, 10)
    assert (execution.state, execution.history.states.count(State.PAUSED)) == (State.SUCCESS, 1)
    assert runs(execution)["p"].outputs == runs(failed)["p"].outputs


def test_a_restart_of_a_pause_that_took_too_long_pauses_again(play, tiercel):
    execution = play(PAUSE % ", timeout: PT0.01S")
    assert execution.state is State.FAILED
    tiercel.restart(execution.id)
    after = tiercel.wait(execution.id, 10)
    assert after.history.states.count(State.PAUSED) == 2


def test_the_end_of_a_pause_counts_when_its_tasks_end_well(play, states):
    task = "{id: t, type: io.kestra.plugin.core.debug.Return}"
    execution = play(PAUSE % f", pauseDuration: PT0.01S, behavior: WARN, tasks: [{task}]")
    assert (states(execution)["t"], states(execution)["p"]) == ("SUCCESS", "WARNING")


def test_a_timeout_that_is_shorter_than_the_pause_fails_it(play, states):
    execution = play(PAUSE % ", pauseDuration: PT20S, timeout: PT0.05S")
    assert states(execution) == {"p": "FAILED"}


def test_a_length_of_time_that_is_none_is_told_by_its_property(play, tiercel):
    execution = play("    - {id: p, type: io.kestra.plugin.core.flow.Pause, pauseDuration: soon}")
    assert execution.state is State.FAILED
    assert tiercel.logs(execution.id)[-1].message.startswith("pauseDuration: Not an ISO-8601")
