"""Which texts of a flow are templates, and which are not."""

from __future__ import annotations

import pytest

LOG = "- {id: t, type: io.kestra.plugin.core.log.Log, message: x}"


@pytest.mark.parametrize(
    ("tasks", "more"),
    [
        ("- {id: t, type: io.kestra.plugin.core.log.Log, message: '{{ nope }}'}", {}),
        ("- {id: t, type: io.kestra.plugin.core.log.Log, message: [a, '{{ nope }}']}", {}),
        ("- {id: t, type: io.kestra.plugin.core.log.Log, message: x, runIf: '{{ nope }}'}", {}),
        ("- {id: t, type: io.kestra.plugin.core.log.Log, message: x, timeout: '{{ nope }}'}", {}),
        (
            "- {id: t, type: io.kestra.plugin.core.http.Request, uri: x, "
            "headers: {'{{ nope }}': y}}",
            {},
        ),
        (
            "- {id: t, type: io.kestra.plugin.core.http.Request, uri: x, "
            "options: {auth: {type: BASIC, username: '{{ nope }}'}}}",
            {},
        ),
        (
            "- {id: t, type: io.kestra.plugin.scripts.shell.Commands, commands: ['{{ nope }}']}",
            {},
        ),
        (
            "- {id: t, type: io.kestra.plugin.core.flow.If, condition: '{{ nope }}', "
            "then: [{id: u, type: io.kestra.plugin.core.log.Log, message: x}]}",
            {},
        ),
        (LOG, {"outputs": "- {id: o, type: STRING, value: '{{ nope }}'}"}),
        (LOG, {"outputs": "- {id: o, type: JSON, value: {a: ['{{ nope }}']}}"}),
        (LOG, {"inputs": "- {id: i, type: STRING, defaults: '{{ nope }}'}"}),
        (LOG, {"inputs": "- {id: i, type: STRING, dependsOn: {condition: '{{ nope }}'}}"}),
        (LOG, {"inputs": "- {id: i, type: SELECT, expression: '{{ nope }}'}"}),
        (LOG, {"variables": "x: {y: '{{ nope }}'}"}),
        (LOG, {"checks": "- {condition: '{{ nope }}', message: m}"}),
        (
            LOG,
            {
                "sla": "- {id: s, type: EXECUTION_ASSERTION, behavior: FAIL, assert: '{{ nope }}'}",
            },
        ),
        (
            LOG,
            {
                "triggers": "- {id: s, type: io.kestra.plugin.core.trigger.Schedule, "
                "cron: '@daily', inputs: {a: '{{ nope }}'}}",
                "inputs": "- {id: a, type: STRING}",
            },
        ),
        (
            LOG,
            {
                "triggers": """
- id: s
  type: io.kestra.plugin.core.trigger.Schedule
  cron: '@daily'
  conditions:
    - {type: io.kestra.plugin.core.condition.Expression, expression: '{{ nope }}'}
""",
            },
        ),
        (
            LOG,
            {
                "pluginDefaults": "- {type: io.kestra.plugin.core.http.Request, "
                "values: {uri: '{{ nope }}'}}",
            },
        ),
    ],
)
def test_an_expression_is_looked_at_there(tasks, more, found, flow) -> None:
    assert found(flow(tasks, **more)) == ["TC101 nope"]


@pytest.mark.parametrize(
    ("tasks", "more"),
    [
        (
            "- {id: t, type: io.kestra.plugin.core.log.Log, message: x, "
            "description: 'see {{ nope }}'}",
            {},
        ),
        ("- {id: t, type: com.acme.Unknown, message: '{{ nope }}'}", {}),
        (LOG, {"inputs": "- {id: i, type: STRING, description: '{{ nope }}'}"}),
    ],
)
def test_text_that_nobody_renders_is_left_alone(tasks, more, found, flow) -> None:
    assert [each for each in found(flow(tasks, **more)) if "TC101" in each] == []


def test_variables_of_a_type_are_seen_by_its_own_expressions_only(found, flow) -> None:
    tasks = """
- id: count
  type: io.kestra.plugin.core.execution.Count
  flows: [{namespace: a, flowId: b}]
  startDate: "2024-01-31"
  expression: "{{ count > 1 }}"
- {id: t, type: io.kestra.plugin.core.debug.Return, format: "{{ count }}"}
"""
    assert [each for each in found(flow(tasks)) if "TC009" not in each] == ["TC101 count"]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("'{{ [1, 2] }}'", []),
        ("'{{ inputs.name }}'", []),
        ("'{{ 5 }}'", ["TC305 {{ 5 }}"]),
        ("'{{ flow }}'", ["TC305 {{ flow }}"]),
    ],
)
def test_a_property_takes_values_of_its_type(value: str, said, found, flow) -> None:
    tasks = f"""
- {{id: t, type: io.kestra.plugin.core.execution.PurgeExecutions, states: {value}, endDate: x}}
"""
    assert found(flow(tasks, inputs="- {id: name, type: STRING}")) == said
