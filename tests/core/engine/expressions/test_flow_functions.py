"""`subflow`: what a flow gives is used while an input is worked out."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tiercel import Tiercel
from tiercel.errors import InputError

RETURN = "io.kestra.plugin.core.debug.Return"
CHILD = f"""
id: child
namespace: company.team
inputs: [{{id: region, type: STRING, defaults: eu}}]
tasks: [{{id: a, type: {RETURN}, format: "dc-{{{{ inputs.region }}}}"}}]
outputs: [{{id: names, type: JSON, value: "{{{{ [outputs.a.value, 'other'] }}}}"}}]
"""
PARENT = """
id: parent
namespace: company.team
inputs: [{{id: dc, type: SELECT, expression: "{{{{ {call} }}}}"}}]
tasks: [{{id: a, type: io.kestra.plugin.core.debug.Return}}]
"""


@pytest.fixture
def tiercel() -> Iterator[Tiercel]:
    with Tiercel(environ={}) as tiercel:
        tiercel.save_flow(tiercel.load_flow(CHILD))
        yield tiercel


def call(arguments: str) -> str:
    return f"subflow(namespace='company.team', {arguments}).outputs.names"


def refusal(tiercel: Tiercel, expression: str) -> str:
    with pytest.raises(InputError) as caught:
        tiercel.run(PARENT.format(call=expression), {"dc": "x"}, timeout=20)
    return str(caught.value)


def test_an_input_chooses_among_what_another_flow_gives(tiercel: Tiercel) -> None:
    flow = PARENT.format(call=call("id='child', inputs={'region': 'us'}"))
    execution = tiercel.run(flow, {"dc": "dc-us"}, timeout=20)
    assert (execution.state, execution.inputs) == ("SUCCESS", {"dc": "dc-us"})
    (child,) = (each for each in tiercel.executions() if each.flow_id == "child")
    assert dict(child.labels)["system.from"] == "subflow"
    assert "must match the values `[dc-us, other]`" in refusal(
        tiercel, call("id='child', inputs={'region': 'us'}")
    )


def test_labels_are_passed_on_and_given_back(tiercel: Tiercel) -> None:
    asked = "subflow(namespace='company.team', id='child', labels={'team': 'a'})"
    execution = tiercel.run(PARENT.format(call=f"[{asked}.labels.team]"), {"dc": "a"}, timeout=20)
    assert execution.state == "SUCCESS"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ("id='nobody'", "There is no flow company.team.nobody"),
        ("id='child', revision=7", "of revision 7"),
        ("id='child', inputs='x'", "'inputs' must be a map"),
        ("id='child', labels={'system.x': 'y'}", "cannot set the system label 'system.x'"),
        ("id='child', labels='x'", "'labels' must be a map"),
        ("id='child', timeout='soon'", "must be an ISO-8601 duration"),
        ("id='child', timeout='PT10M'", "exceeds the maximum allowed (PT5M)"),
        ("inputs={}", "expects the arguments 'namespace' and 'id'"),
    ],
)
def test_what_cannot_be_run_is_told(tiercel: Tiercel, arguments: str, reason: str) -> None:
    assert reason in refusal(tiercel, call(arguments))


def test_a_flow_that_fails_fails_the_input(tiercel: Tiercel) -> None:
    task = "{id: f, type: io.kestra.plugin.core.execution.Fail}"
    failing = f"id: failing\nnamespace: company.team\ntasks: [{task}]"
    tiercel.save_flow(tiercel.load_flow(failing))
    assert "ended in state FAILED" in refusal(tiercel, call("id='failing'"))


def test_a_disabled_flow_is_not_run(tiercel: Tiercel) -> None:
    tiercel.save_flow(tiercel.load_flow(CHILD + "disabled: true\n"))
    assert "Cannot run the disabled flow" in refusal(tiercel, call("id='child'"))


def test_flows_that_call_each_other_come_to_an_end(tiercel: Tiercel) -> None:
    assert "maximum nesting depth of 3" in refusal(tiercel, call("id='parent'"))


def test_a_task_cannot_wait_for_a_flow(tiercel: Tiercel) -> None:
    flow = f"""
id: f
namespace: company.team
tasks: [{{id: a, type: {RETURN}, format: "{{{{ {call("id='child'")} }}}}"}}]
"""
    execution = tiercel.run(flow, timeout=20)
    (task_run,) = execution.task_runs.values()
    assert "only be used at flow-input render time" in str(task_run.error)


def test_the_inputs_of_a_flow_that_a_task_begins_cannot_wait_either(tiercel: Tiercel) -> None:
    tiercel.save_flow(tiercel.load_flow(PARENT.format(call=call("id='child'"))))
    subflow = "io.kestra.plugin.core.flow.Subflow"
    flow = f"""
id: f
namespace: company.team
tasks:
  - {{id: s, type: {subflow}, namespace: company.team, flowId: parent, inputs: {{dc: other}}}}
"""
    execution = tiercel.run(flow, timeout=20)
    assert execution.state == "FAILED"
    assert "nobody can wait for a flow here" in tiercel.logs(execution.id)[-1].message
