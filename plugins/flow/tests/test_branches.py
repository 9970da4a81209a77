"""`Sequential`, `AllowFailure`, `Parallel`, `Dag`, `If`, `Switch`: who runs, and in which order."""

from __future__ import annotations

import pytest

from tiercel import FlowError, State

FLOW = "io.kestra.plugin.core.flow"
RETURN = "type: io.kestra.plugin.core.debug.Return"
FAIL = "type: io.kestra.plugin.core.execution.Fail"
SLEEP = f"type: {FLOW}.Sleep, duration: PT0.1S"
SWITCH = f"""
    - id: s
      type: {FLOW}.Switch
      value: "%s"
      cases: {{a: [{{id: a, {RETURN}}}], "true": [{{id: b, {RETURN}}}]}}
"""
IF = f"""
    - id: i
      type: {FLOW}.If
      condition: "%s"
      then: [{{id: yes, {RETURN}}}]
      else: [{{id: no, {RETURN}}}]
"""
DAG = f"""
    - id: d
      type: {FLOW}.Dag
      concurrent: %d
      tasks:
        - {{task: {{id: last, {RETURN}}}, dependsOn: [left, right]}}
        - {{task: {{id: left, {RETURN}}}, dependsOn: [first]}}
        - {{task: {{id: right, {RETURN}}}, dependsOn: [first]}}
        - {{task: {{id: first, {RETURN}}}}}
"""
BOTH = f"""
    - id: p
      type: {FLOW}.Parallel
      %s
      tasks: [{{id: bad, {FAIL}}}, {{id: s, type: {FLOW}.Sequential, tasks: [
        {{id: slow, {SLEEP}}}, {{id: next, {RETURN}}}]}}]
      errors: [{{id: e, {RETURN}}}]
      finally: [{{id: z, {RETURN}}}]
"""


def test_a_failure_skips_the_rest_of_a_sequence(play, states):
    tasks = f"[{{id: a, {FAIL}}}, {{id: b, {RETURN}}}]"
    found = play(f"    - {{id: s, type: {FLOW}.Sequential, tasks: {tasks}}}")
    assert states(found) == {"s": "FAILED", "a": "FAILED"}


def test_allow_failure_lets_the_flow_go_on_with_a_warning(play, states):
    found = play(
        f"    - {{id: s, type: {FLOW}.AllowFailure, tasks: [{{id: a, {FAIL}}}]}}\n"
        f"    - {{id: b, {RETURN}}}"
    )
    assert states(found) == {"s": "WARNING", "a": "FAILED", "b": "SUCCESS"}
    assert found.state is State.WARNING


def test_parallel_tasks_run_at_the_same_time(play, runs):
    tasks = f"[{{id: a, {SLEEP}}}, {{id: b, {SLEEP}}}]"
    found = runs(play(f"    - {{id: p, type: {FLOW}.Parallel, tasks: {tasks}}}"))
    assert found["a"].history.started < found["b"].history.ended
    assert found["b"].history.started < found["a"].history.ended


def test_a_limit_of_one_makes_parallel_tasks_a_sequence(play, runs):
    tasks = f"[{{id: a, {RETURN}}}, {{id: b, {RETURN}}}]"
    found = runs(play(f"    - {{id: p, type: {FLOW}.Parallel, concurrent: 1, tasks: {tasks}}}"))
    assert found["a"].history.ended <= found["b"].history.started


def test_a_failure_waits_for_what_runs_and_begins_nothing_more(play, states):
    found = states(play(BOTH % ""))
    assert (found["slow"], found["p"]) == ("SUCCESS", "FAILED")
    assert "next" not in found


def test_errors_and_finally_of_a_flowable_run_after_what_was_running(play, runs):
    found = runs(play(BOTH % ""))
    assert found["slow"].history.ended <= found["e"].history.started
    assert found["e"].history.ended <= found["z"].history.started


def test_errors_of_a_flowable_do_not_repair_it_but_allow_failure_does(play):
    assert play(BOTH % "").state is State.FAILED
    assert play(BOTH % "allowFailure: true").state is State.WARNING


@pytest.mark.parametrize("concurrent", [0, 1])
def test_a_dag_runs_in_the_order_of_its_dependencies(play, runs, concurrent):
    found = runs(play(DAG % concurrent))
    began = {name: run.history.started for name, run in found.items()}
    ended = {name: run.history.ended for name, run in found.items()}
    assert ended["first"] <= min(began["left"], began["right"])
    assert max(ended["left"], ended["right"]) <= began["last"]


def test_what_depends_on_a_failed_task_does_not_begin(play, states):
    found = states(play((DAG % 0).replace(f"id: first, {RETURN}", f"id: first, {FAIL}")))
    assert found == {"d": "FAILED", "first": "FAILED"}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [("dependsOn: [nobody]", "Not existing task id"), ("dependsOn: [last]", "Cyclic dependency")],
)
def test_dependencies_that_make_no_order_are_refused(tiercel, text_of, wrong, message):
    with pytest.raises(FlowError, match=message):
        tiercel.load_flow(text_of((DAG % 0).replace("dependsOn: [first]", wrong, 1)))


@pytest.mark.parametrize("text", ["true", "1", "yes", "[]", "FALSE", "0.0", "{{ 1 == 1 }}"])
def test_if_takes_the_first_branch_for_what_holds(play, states, text):
    assert states(play(IF % text)) == {"i": "SUCCESS", "yes": "SUCCESS"}


@pytest.mark.parametrize("text", ["false", "0", "-0", "", "  ", "{{ null }}", "{{ 1 == 2 }}"])
def test_if_takes_the_other_branch_for_what_does_not(play, states, text):
    assert states(play(IF % text)) == {"i": "SUCCESS", "no": "SUCCESS"}


def test_a_condition_that_cannot_be_rendered_fails_the_if(play, states):
    assert states(play(IF % "{{ nothing }}")) == {"i": "FAILED"}


@pytest.mark.parametrize(("value", "runs_task"), [("a", "a"), ("{{ 1 == 1 }}", "b")])
def test_switch_runs_the_case_that_the_value_names(play, states, value, runs_task):
    assert states(play(SWITCH % value)) == {"s": "SUCCESS", runs_task: "SUCCESS"}


def test_switch_without_a_case_and_without_defaults_fails(play, states):
    assert states(play(SWITCH % "c")) == {"s": "FAILED"}


def test_switch_runs_its_defaults_when_no_case_fits(play, runs):
    found = runs(play(f"{SWITCH % 'c'}      defaults: [{{id: d, {RETURN}}}]"))
    assert found["d"].state is State.SUCCESS
    assert found["s"].outputs == {"value": "c", "defaults": True}
