"""How an execution begins: what defaults of inputs see, and what the log says of inputs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tiercel import Execution, Tiercel

FLOW = """
id: f
namespace: company.team
labels: {{team: blue}}
variables: {{greeting: hello}}
inputs: [{inputs}]
tasks: [{{id: t, type: io.kestra.plugin.core.debug.Return, format: "{{{{ {shown} }}}}"}}]
"""
LEFT_OUT = """
  {id: ftp, type: BOOL, defaults: false},
  {id: host, type: STRING, defaults: local, dependsOn: {inputs: [ftp], condition: "%s"}}
"""


@pytest.fixture
def tiercel() -> Iterator[Tiercel]:
    with Tiercel() as engine:
        yield engine


def warned(tiercel: Tiercel, execution: Execution) -> list[str]:
    return [line.message for line in tiercel.logs(execution.id) if line.level == "WARN"]


def test_defaults_see_the_execution_its_labels_and_the_flows_variables(tiercel: Tiercel) -> None:
    default = "{{ execution.id }} {{ labels.team }} {{ vars.greeting }} {{ flow.revision }}"
    declared = f"{{id: a, type: STRING, defaults: '{default}'}}"
    execution = tiercel.run(FLOW.format(inputs=declared, shown="inputs.a"))
    assert execution.inputs["a"] == f"{execution.id} blue hello 1"


def test_labels_that_are_empty_are_left_out(tiercel: Tiercel) -> None:
    text = FLOW.format(inputs="", shown="labels")
    labels = dict(tiercel.run(text, labels={"team": "", "mood": "good"}).labels)
    assert labels.pop("system.correlationId")
    assert labels == {"team": "blue", "mood": "good"}


def test_a_default_of_an_input_that_is_left_out_is_seen_all_the_same(tiercel: Tiercel) -> None:
    text = FLOW.format(inputs=LEFT_OUT % "{{ inputs.ftp }}", shown="inputs.host")
    execution = tiercel.run(text)
    assert execution.inputs == {"ftp": False}
    assert [run.outputs for run in execution.task_runs.values()] == [{"value": "local"}]


def test_a_value_for_an_input_that_is_left_out_is_worth_a_warning(tiercel: Tiercel) -> None:
    text = FLOW.format(inputs=LEFT_OUT % "{{ inputs.ftp }}", shown="inputs.ftp")
    warnings = warned(tiercel, tiercel.run(text, {"host": "far", "nope": 1}))
    assert [line.split(" for ")[0] for line in warnings] == [
        "Input nope was provided",
        "Input host was provided",
    ]


def test_a_broken_condition_is_told(tiercel: Tiercel) -> None:
    text = FLOW.format(inputs=LEFT_OUT % "{{ nope }}", shown="inputs.ftp")
    (warning,) = warned(tiercel, tiercel.run(text))
    assert "Invalid condition: " in warning
