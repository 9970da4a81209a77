"""`ForEach` and its older names, and `LoopUntil`."""

from __future__ import annotations

import pytest

from tiercel import State

EACH = """
    - id: loop
      type: io.kestra.plugin.core.flow.ForEach
      %s
      tasks: [{id: t, type: io.kestra.plugin.core.debug.Return, format: "{{ taskrun.value }}"}]
"""
UNTIL = """
    - id: loop
      type: io.kestra.plugin.core.flow.LoopUntil
      condition: "%s"
      checkFrequency: {interval: PT0.01S%s}
      tasks: [{id: t, type: io.kestra.plugin.core.debug.Return}]
"""
NESTED = """
    - id: outer
      type: io.kestra.plugin.core.flow.ForEach
      values: [a, b]
      tasks:
        - id: inner
          type: io.kestra.plugin.core.flow.ForEach
          values: [1, 2]
          concurrencyLimit: 0
          tasks:
            - id: t
              type: io.kestra.plugin.core.debug.Return
              format: "{{ parent.taskrun.value }}{{ taskrun.value }}"
    - id: last
      type: io.kestra.plugin.core.debug.Return
      format: "{{ outputs.t['b']['2'].value }}"
"""


def test_each_value_has_a_round_with_its_number(play, runs):
    found = runs(play(EACH % "values: [x, 2, {k: 1}]"))
    rounds = {name: run.iteration for name, run in found.items() if name != "loop"}
    assert rounds == {"t[x]": 0, "t[2]": 1, 't[{"k":1}]': 2}
    assert found["t[2]"].outputs == {"value": "2"}


@pytest.mark.parametrize(
    ("values", "state"),
    [("[a, 1.5]", "FAILED"), ("[a, '1.5']", "SUCCESS"), ("'[1.5]'", "SUCCESS")],
)
def test_a_fraction_in_a_list_that_is_spelled_out_is_refused(play, values, state):
    assert str(play(EACH % f"values: {values}").state) == state


def test_a_thousand_rounds_all_run_once_in_order(play):
    execution = play(EACH % 'values: "{{ range(1, 1000) }}"')
    rounds = [each for each in execution.task_runs.values() if each.task_id == "t"]
    rounds.sort(key=lambda each: each.iteration)
    assert [each.outputs["value"] for each in rounds] == [str(n) for n in range(1, 1001)]
    starts = [each.history.started for each in rounds]
    assert starts == sorted(starts)


def test_equal_values_have_rounds_of_their_own(play):
    execution = play(EACH % "values: [x, x]")
    rounds = [each for each in execution.task_runs.values() if each.task_id == "t"]
    assert sorted(each.iteration for each in rounds) == [0, 1]


def test_no_values_are_no_failure(play, states):
    assert states(play(EACH % "values: []")) == {"loop": "SUCCESS"}


@pytest.mark.parametrize("values", ["[a, null]", "'no list'", "'{{ nothing }}'"])
def test_values_that_are_no_list_fail_the_loop(play, states, values):
    assert states(play(EACH % f"values: {values}")) == {"loop": "FAILED"}


def test_a_loop_in_a_loop_sees_both_values(play, runs):
    execution = play(NESTED)
    inner = [each.outputs["value"] for each in execution.task_runs.values() if each.task_id == "t"]
    assert sorted(inner) == ["a1", "a2", "b1", "b2"]
    assert runs(execution)["last"].outputs == {"value": "b2"}


def test_the_limit_bounds_how_many_rounds_are_open(play):
    execution = play(EACH % "values: [1, 2, 3, 4, 5]\n      concurrencyLimit: 2")
    moves = sorted(
        (at, 1 if state is State.CREATED else -1)
        for run in execution.task_runs.values()
        if run.task_id == "t"
        for state, at in (run.history.entries[0], run.history.entries[-1])
    )
    open_now = [sum(change for _, change in moves[: n + 1]) for n in range(len(moves))]
    assert max(open_now) <= 2


def test_after_a_failed_round_no_other_begins(play, states):
    fail = EACH.replace("debug.Return, format", "execution.Fail, errorMessage")
    assert states(play(fail % "values: [1, 2, 3]")) == {"loop": "FAILED", "t[1]": "FAILED"}


@pytest.mark.parametrize("name", ["EachSequential", "EachParallel"])
def test_the_older_loops_still_run(play, states, name):
    execution = play(EACH.replace("ForEach", name) % 'value: \'["a", "b"]\'')
    assert states(execution) == {"loop": "SUCCESS", "t[a]": "SUCCESS", "t[b]": "SUCCESS"}


def test_a_loop_ends_when_its_condition_holds(play, runs):
    found = play(UNTIL % ("{{ outputs.loop.iterationCount >= 3 }}", ""))
    assert runs(found)["loop"].outputs["iterationCount"] == 3


def test_a_loop_gives_up_after_its_last_round(play, runs):
    execution = play(UNTIL % ("false", ", maxIterations: 2"))
    rounds = [each for each in execution.task_runs.values() if each.task_id == "t"]
    assert (len(rounds), execution.state) == (2, State.SUCCESS)


def test_a_loop_that_must_not_give_up_fails(play):
    text = UNTIL.replace("condition", "failOnMaxReached: true\n      condition")
    assert play(text % ("false", ", maxIterations: 2")).state is State.FAILED


def test_a_loop_gives_up_when_its_time_is_over(play):
    execution = play(UNTIL % ("false", ", maxDuration: PT0.1S"))
    assert execution.state is State.SUCCESS


def test_a_failed_round_ends_the_loop(play, states):
    text = UNTIL.replace("debug.Return", "execution.Fail")
    assert states(play(text % ("false", ""))) == {"loop": "FAILED", "t": "FAILED"}


WORKING = """
    - id: loop
      type: io.kestra.plugin.core.flow.ForEach
      values: [a, b]
      tasks:
        - id: folder
          type: io.kestra.plugin.core.flow.WorkingDirectory
          tasks:
            - id: t
              type: io.kestra.plugin.core.debug.Return
              format: "{{ taskrun.value }} {{ workerTaskrun.value }} {{ parent.taskrun.value }}"
"""


def test_a_task_in_a_working_directory_has_the_value_of_its_round(play) -> None:
    execution = play(WORKING)
    runs = (each for each in execution.task_runs.values() if each.task_id == "t")
    assert sorted(each.outputs["value"] for each in runs) == ["a a a", "b b b"]


@pytest.mark.slow
def test_a_hundred_times_a_hundred_rounds_run_each_once(play):
    values = list(range(100))
    inner = "{id: t, type: io.kestra.plugin.core.debug.Return}"
    inner = (
        f"{{id: inner, type: io.kestra.plugin.core.flow.ForEach, values: {values}, "
        f"concurrencyLimit: 0, tasks: [{inner}]}}"
    )
    execution = play(
        f"    - {{id: outer, type: io.kestra.plugin.core.flow.ForEach, values: {values}, "
        f"concurrencyLimit: 10, tasks: [{inner}]}}"
    )
    done = [run for run in execution.task_runs.values() if run.task_id == "t"]
    assert (len(done), {str(run.state) for run in done}) == (10_000, {"SUCCESS"})
