"""Ends that come from several sides at once: each has its move in the tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tiercel import Execution, Tiercel

RETURN = "type: io.kestra.plugin.core.debug.Return"
FAIL = "type: io.kestra.plugin.core.execution.Fail"
EXIT = "type: io.kestra.plugin.core.execution.Exit, state: CANCELED"
PARALLEL = "type: io.kestra.plugin.core.flow.Parallel"
SUBFLOW = "type: io.kestra.plugin.core.flow.Subflow, namespace: a.b, flowId: killed"
RETRY = "retry: {type: constant, interval: PT1H}"
KILLED = """
id: killed
namespace: a.b
tasks: [{id: k, type: io.kestra.plugin.core.execution.Exit, state: KILLED}]
"""


@pytest.fixture
def tiercel() -> Iterator[Tiercel]:
    """An engine with a flow that is killed whenever it runs."""
    with Tiercel(environ={}) as engine:
        engine.save_flow(engine.load_flow(KILLED))
        yield engine


@pytest.fixture
def run(tiercel: Tiercel) -> Callable[[str], Execution]:
    """Run a flow with these lists of tasks."""
    return lambda body: tiercel.run(f"id: f\nnamespace: a.b\n{body}", timeout=20)


def states(execution: Execution) -> str:
    return " ".join(str(each) for each in execution.history.states)


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (f"tasks: [{{id: t, {RETURN}}}]\nfinally: ", "CREATED RUNNING RETRYING RUNNING SUCCESS"),
        ("tasks: ", "CREATED RUNNING RETRYING RUNNING FAILED"),
    ],
)
def test_a_failure_beside_a_task_that_waits_for_its_retry_calls_that_off(run, where, expected):
    both = f"[{{id: a, {FAIL}, {RETRY}}}, {{id: b, {FAIL}}}]"
    execution = run(f"{where}[{{id: p, {PARALLEL}, tasks: {both}}}]\n")
    assert states(execution) == expected


def test_outputs_that_cannot_be_rendered_fail_what_was_killed(run):
    outputs = "outputs: [{id: o, type: STRING, value: '{{ nothing }}'}]"
    execution = run(f"tasks: [{{id: s, {SUBFLOW}}}]\n{outputs}\n")
    assert states(execution) == "CREATED RUNNING KILLED FAILED"


def test_a_subflow_that_has_not_begun_is_cancelled_with_the_execution(run, tiercel):
    both = f"[{{id: s, {SUBFLOW}}}, {{id: x, {EXIT}}}]"
    execution = run(f"tasks: [{{id: p, {PARALLEL}, tasks: {both}}}]\n")
    assert states(execution) == "CREATED RUNNING CANCELLED"
    assert {str(each.state) for each in execution.task_runs.values()} == {"CANCELLED"}
    tiercel.restart(execution.id)
    again = tiercel.wait(execution.id, 20)
    assert states(again).endswith("CANCELLED RESTARTED RUNNING CANCELLED")
