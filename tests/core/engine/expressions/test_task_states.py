"""`tasks`: which state the task runs so far are in, for expressions of every kind."""

from __future__ import annotations

import pytest

from tiercel import Execution, Tiercel

RETURN = "type: io.kestra.plugin.core.debug.Return"
FAIL = "type: io.kestra.plugin.core.execution.Fail"
EACH = "type: io.kestra.plugin.core.flow.ForEach"


@pytest.fixture
def run():
    """Run a flow with these lists of tasks."""
    with Tiercel(environ={}) as tiercel:
        yield lambda body: tiercel.run(f"id: f\nnamespace: a.b\n{body}", timeout=20)


def value(execution: Execution, task_id: str) -> str:
    (found,) = (each for each in execution.task_runs.values() if each.task_id == task_id)
    return found.outputs["value"]


def test_a_tasks_state_is_under_its_id(run):
    shown = f"{{id: c, {RETURN}, format: '{{{{ tasks.a.state }}}} {{{{ tasks.b.state }}}}'}}"
    execution = run(f"tasks: [{{id: a, {RETURN}}}, {{id: b, {FAIL}, allowFailure: true}}, {shown}]")
    assert value(execution, "c") == "SUCCESS WARNING"


def test_a_task_sees_itself_as_created(run):
    execution = run(f"tasks: [{{id: a, {RETURN}, format: '{{{{ tasks.a.state }}}}'}}]")
    assert value(execution, "a") == "CREATED"


def test_in_a_loop_each_value_has_its_own(run):
    task = f"{{id: t, {RETURN}, runIf: \"{{{{ taskrun.value == '1' }}}}\"}}"
    shown = f"{{id: c, {RETURN}, format: '{{{{ tasks.t }}}}'}}"
    execution = run(f"tasks: [{{id: l, {EACH}, values: [1, 2], tasks: [{task}]}}, {shown}]")
    assert value(execution, "c") == '{"1":{"state":"SUCCESS"},"2":{"state":"SKIPPED"}}'


@pytest.mark.parametrize(("state", "ends_in"), [("FAILED", "SUCCESS"), ("KILLED", "SKIPPED")])
def test_a_condition_sees_which_tasks_have_a_state(run, state, ends_in):
    condition = f"{{{{ tasksWithState(state='{state}') is not empty }}}}"
    execution = run(
        f'tasks: [{{id: a, {FAIL}}}]\nfinally: [{{id: z, {RETURN}, runIf: "{condition}"}}]'
    )
    states = {each.task_id: str(each.state) for each in execution.task_runs.values()}
    assert states == {"a": "FAILED", "z": ends_in}
