"""Tasks that change their execution, in flows on the real engine."""

from __future__ import annotations

import pytest

from tiercel import Tiercel

EXECUTION = "io.kestra.plugin.core.execution"
RETURN = "io.kestra.plugin.core.debug.Return"


@pytest.fixture
def run():
    """Run tasks, given as YAML list items, and return the execution and its log messages."""
    with Tiercel(environ={}) as tiercel:

        def run(tasks: str, more: str = ""):
            source = f"id: changing\nnamespace: company.team\n{more}\ntasks:\n{tasks}"
            execution = tiercel.run(source, timeout=20)
            return execution, [entry.message for entry in tiercel.logs(execution.id)]

        yield run


def states(execution):
    return {each.task_id: str(each.state) for each in execution.task_runs.values()}


@pytest.mark.parametrize(
    ("written", "state"),
    [
        ("SUCCESS", "SUCCESS"),
        ("WARNING", "WARNING"),
        ("FAILED", "FAILED"),
        ("KILLED", "KILLED"),
        ("CANCELED", "CANCELLED"),
        ("\"{{ 'CANCELLED' }}\"", "CANCELLED"),
    ],
)
def test_exit_ends_the_execution_in_its_state(run, written, state):
    more = f"errors: [{{id: e, type: {RETURN}}}]\nfinally: [{{id: f, type: {RETURN}}}]"
    execution, _ = run(
        f"- {{id: x, type: {EXECUTION}.Exit, state: {written}}}\n- {{id: b, type: {RETURN}}}", more
    )
    assert execution.state == state
    assert states(execution) == {"x": state}
    assert [str(each) for each in execution.history.states] == ["CREATED", "RUNNING", state]


@pytest.mark.parametrize("state", ["SUCCESS", "WARNING", "FAILED", "KILLED", "CANCELLED"])
def test_an_execution_that_exits_has_no_outputs(run, state):
    more = "outputs: [{id: o, type: STRING, value: x}]"
    execution, _ = run(f"- {{id: x, type: {EXECUTION}.Exit, state: {state}}}", more)
    assert (str(execution.state), execution.outputs) == (state, None)


def test_a_state_that_is_none_is_told_by_its_property(run):
    execution, messages = run(f"- {{id: x, type: {EXECUTION}.Exit, state: FOO}}")
    assert states(execution) == {"x": "FAILED"}
    assert messages[-1].startswith("Invalid value of state: Input should be 'SUCCESS'")


def test_exit_never_goes_through_a_worker(run):
    execution, _ = run(f"- {{id: x, type: {EXECUTION}.Exit}}")
    (task_run,) = execution.task_runs.values()
    assert [str(each) for each in task_run.history.states] == ["CREATED", "RUNNING", "SUCCESS"]


def test_after_execution_runs_after_an_exit(run):
    more = f"afterExecution: [{{id: after, type: {RETURN}}}]"
    execution, _ = run(f"- {{id: x, type: {EXECUTION}.Exit, state: WARNING}}", more)
    assert states(execution) == {"x": "WARNING", "after": "SUCCESS"}


def test_exit_to_an_unknown_state_fails(run):
    execution, logs = run(f"- {{id: x, type: {EXECUTION}.Exit, state: \"{{{{ 'GONE' }}}}\"}}")
    assert execution.state == "FAILED"
    assert "'SUCCESS'" in logs[-1]


@pytest.mark.parametrize(
    "labels",
    [
        '{a: "1", b: "{{ flow.id }}"}',
        '[{key: a, value: "1"}, {key: b, value: "{{ flow.id }}"}]',
        '\'{"a": "1", "b": "{{ flow.id }}"}\'',
        "{a: 1, b: changing, none: null}",
    ],
)
def test_labels_are_added_and_replaced(run, labels):
    execution, _ = run(
        f"- {{id: l, type: {EXECUTION}.Labels, labels: {labels}}}", "labels: {keep: k, a: old}"
    )
    labels = {key: value for key, value in execution.labels if not key.startswith("system.")}
    assert labels == {"keep": "k", "a": "1", "b": "changing"}


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (
            '{system.x: "1"}',
            "System labels can only be set by Kestra itself, offending label: system.x=1",
        ),
        ("{a: ''}", "A label needs a key and a value, offending label: a="),
        ("[{key: '', value: v}]", "A label needs a key and a value, offending label: =v"),
        ("'5'", "Labels are a map or a list of key and value, not 5"),
    ],
)
def test_labels_that_cannot_be_set_fail_the_task(run, labels, message):
    execution, logs = run(f"- {{id: l, type: {EXECUTION}.Labels, labels: {labels}}}")
    assert execution.state == "FAILED"
    assert logs == [message]


def test_later_tasks_see_variables_that_were_set(run):
    execution, _ = run(
        f"""\
- id: s
  type: {EXECUTION}.SetVariables
  variables: {{v: "new {{{{ flow.id }}}}", n: 3, m: {{b: 2}}}}
- {{id: r, type: {RETURN}, format: "{{{{ vars.v }}}} {{{{ vars.n + 1 }}}} {{{{ vars.m }}}}"}}
""",
        "variables: {v: old, keep: k, m: {a: 1}}",
    )
    assert execution.variables == {"v": "new changing", "keep": "k", "m": {"a": 1, "b": 2}, "n": 3}
    outputs = {each.task_id: each.outputs for each in execution.task_runs.values()}
    assert outputs["r"] == {"value": 'new changing 4 {"a":1,"b":2}'}


def test_variables_that_may_not_be_replaced_fail_the_task(run):
    execution, logs = run(
        f"- {{id: s, type: {EXECUTION}.SetVariables, overwrite: false, variables: {{v: n, w: m}}}}",
        "variables: {v: old, w: old}",
    )
    assert execution.variables == {"v": "old", "w": "old"}
    assert logs == ["`overwrite` is set to false and the following variables already exist: v,w"]


def test_variables_are_removed_by_dotted_names(run):
    execution, _ = run(
        f'- {{id: u, type: {EXECUTION}.UnsetVariables, variables: [a, m.x, "m.{{{{ 1 }}}}"]}}',
        'variables: {a: 1, m: {x: 1, y: 2, "1": 3}}',
    )
    assert execution.variables == {"m": {"y": 2}}


@pytest.mark.parametrize(("ignore", "state"), [("true", "SUCCESS"), ("false", "FAILED")])
def test_a_missing_variable_is_ignored_or_fails_the_task(run, ignore, state):
    execution, logs = run(
        f"- {{id: u, type: {EXECUTION}.UnsetVariables, ignoreMissing: {ignore}, variables: [m.z]}}",
        "variables: {m: {x: 1}}",
    )
    assert execution.state == state
    assert logs == (
        []
        if ignore == "true"
        else ["Variable 'm.z' does not exist, and `ignoreMissing` is set to false"]
    )


def test_allow_failure_forgives_a_change_that_failed(run):
    execution, _ = run(
        f"- {{id: l, type: {EXECUTION}.Labels, allowFailure: true, labels: {{system.x: y}}}}"
    )
    assert execution.state == "WARNING"
