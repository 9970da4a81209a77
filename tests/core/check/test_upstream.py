"""What a Flow trigger tells of the outputs of the flows that it waits for."""

from __future__ import annotations

import pytest

EXTRACT = """
id: extract
namespace: company.team
outputs:
  - {id: rows, type: INT, value: "{{ 3 }}"}
  - {id: file, type: STRING, value: x}
tasks: [{id: t, type: io.kestra.plugin.core.log.Log, message: x}]
"""
CLEAN = EXTRACT.replace("id: extract", "id: clean").replace("id: rows", "id: cells")
BARE = (
    EXTRACT.replace("id: extract", "id: bare")
    .replace("outputs:", "variables:")
    .replace("- {id", "#")
)

ONE = "preconditions: {id: p, flows: [{namespace: company.team, flowId: extract}]}"
BOTH = """
  preconditions:
    id: p
    flows: [{namespace: company.team, flowId: extract}, {namespace: company.team, flowId: clean}]
"""
CONDITION = """
  conditions:
    - {type: io.kestra.plugin.core.condition.ExecutionStatus, in: [SUCCESS]}
    - type: io.kestra.plugin.core.condition.ExecutionFlow
      namespace: company.team
      flowId: extract
"""
MULTIPLE = """
  conditions:
    - type: io.kestra.plugin.core.condition.MultipleCondition
      id: m
      conditions:
        one: {type: io.kestra.plugin.core.condition.ExecutionFlow, namespace: company.team, flowId: extract}
        two: {type: io.kestra.plugin.core.condition.ExecutionFlow, namespace: company.team, flowId: clean}
"""  # noqa: E501


def triggered(awaited: str, expression: str) -> tuple[str, str]:
    """Return the tasks and triggers of a flow that reads what its trigger tells."""
    tasks = f'- {{id: t, type: io.kestra.plugin.core.log.Log, message: "{{{{ {expression} }}}}"}}'
    return tasks, f"- id: after\n  type: io.kestra.plugin.core.trigger.Flow\n  {awaited.strip()}"


def errors(found: list[str]) -> list[str]:
    """Return what is no mere warning: of older conditions, and of triggers by all flows."""
    return [each for each in found if not each.startswith("~")]


@pytest.mark.parametrize(
    ("awaited", "expression", "said"),
    [
        (ONE, "trigger.outputs.rows", []),
        (ONE, "trigger.outputs.rwos", ["TC103 rwos"]),
        (ONE, "trigger.outputs.file | upper", []),
        (ONE, "trigger.outputs.rows.x", ["TC105 x"]),
        (BOTH, "trigger.outputs.rows ~ trigger.outputs.cells", []),
        (BOTH, "trigger.outputs.other", ["TC103 other"]),
        (CONDITION, "trigger.outputs.rows", []),
        (CONDITION, "trigger.outputs.cells", ["TC103 cells"]),
        (MULTIPLE, "trigger.outputs.cells", []),
        (MULTIPLE, "trigger.outputs.other", ["TC103 other"]),
    ],
)
def test_outputs_of_the_flows_that_are_waited_for_are_known(
    awaited, expression, said, found, flow
) -> None:
    tasks, triggers = triggered(awaited, expression)
    assert errors(found(flow(tasks, triggers=triggers), EXTRACT, CLEAN)) == said


@pytest.mark.parametrize(
    "awaited",
    [
        "states: [SUCCESS]",
        "preconditions: {id: p, flows: [{namespace: company.team}]}",
        "preconditions: {id: p, flows: [{namespace: company.team, flowId: unknown}]}",
        ONE.replace("flowId: extract", "flowId: '{{ vars.x }}'"),
        ONE.replace(
            "flows:",
            "where: [{id: w, filters: [{field: FLOW_ID, type: EQUAL_TO, value: x}]}], flows:",
        ),
    ],
    ids=["any", "of a namespace", "not known", "computed", "by a filter"],
)
def test_where_any_flow_may_be_meant_any_output_may_be_there(awaited, found, flow) -> None:
    tasks, triggers = triggered(awaited, "trigger.outputs.whatever")
    assert errors(found(flow(tasks, triggers=triggers), EXTRACT)) == []


def test_a_trigger_knows_them_where_it_gives_them_to_inputs(found, flow) -> None:
    tasks, triggers = triggered(ONE, "inputs.rows")
    text = flow(
        tasks,
        inputs="- {id: rows, type: INT}",
        triggers=f"{triggers}\n  inputs: {{rows: '{{{{ trigger.outputs.rws }}}}'}}",
    )
    assert found(text, EXTRACT) == ["TC103 rws"]


def test_a_flow_may_have_another_trigger_too(found, flow) -> None:
    tasks, triggers = triggered(ONE, "trigger.outputs.rows ~ trigger.body.x")
    webhook = "- {id: w, type: io.kestra.plugin.core.trigger.Webhook, key: k}"
    assert found(flow(tasks, triggers=f"{triggers}\n{webhook}"), EXTRACT) == []


def test_they_are_completed(opened, flow) -> None:
    from tiercel.check.complete import completions_at

    tasks, triggers = triggered(ONE, "trigger.outputs.")
    text = flow(tasks, triggers=triggers)
    offset = text.index("trigger.outputs.") + len("trigger.outputs.")
    found = {each.label: each for each in completions_at(opened(text, EXTRACT), offset)}
    assert found.keys() == {"rows", "file"}
    assert "`extract`" in found["rows"].doc
