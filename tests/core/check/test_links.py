"""Values that are given to inputs."""

from __future__ import annotations

import pytest

OTHER = """
id: other
namespace: company.team
inputs:
  - {id: name, type: STRING}
  - {id: count, type: INT, defaults: 3}
  - {id: names, type: ARRAY, itemType: STRING, required: false}
  - {id: db.host, type: STRING, required: false}
  - {id: form, type: FORM, inputs: [{id: size, type: INT, required: false}]}
  - {id: size, type: SELECT, values: [S, M], defaults: S}
tasks: [{id: t, type: io.kestra.plugin.core.log.Log, message: x}]
"""


def call(inputs: str, flow_id: str = "other") -> str:
    return f"""
- id: made
  type: io.kestra.plugin.core.debug.Return
  format: x
- id: sub
  type: io.kestra.plugin.core.flow.Subflow
  namespace: company.team
  flowId: {flow_id}
  {inputs}
"""


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ("inputs: {name: Ada}", []),
        ("inputs: {name: Ada, count: 5, names: [a], size: M}", []),
        ("inputs: {name: '{{ outputs.made.value }}', count: '{{ 1 + 1 }}'}", []),
        ("inputs: {name: Ada, db.host: x, form.size: 1}", []),
        ("inputs: {name: Ada, db: {host: x}, form: {size: 1}}", []),
        ("inputs: {name: Ada, names: '[\"a\"]'}", []),
        ("inputs: '{{ outputs.made.value }}'", None),
        ("inputs: {'{{ flow.id }}': x}", []),
        ("", ["TC403 other"]),
        ("inputs: {}", ["TC403 inputs"]),
        ("inputs: {nmae: Ada}", ["TC403 inputs", "~TC402 nmae"]),
        ("inputs: {name: Ada, count: many}", ["TC404 many"]),
        ("inputs: {name: Ada, size: XL}", ["TC404 XL"]),
        ("inputs: {name: Ada, count: '{{ [1] }}'}", ["TC404 '{{ [1] }}'"]),
        ("inputs: {name: Ada, names: '{{ 5 }}'}", ["TC404 '{{ 5 }}'"]),
        ("inputs: {name: Ada, db: {prot: 1}}", ["~TC402 prot"]),
    ],
)
def test_what_is_given_to_a_subflow_is_compared_with_its_inputs(inputs, said, found, flow) -> None:
    if said is not None:
        assert found(flow(call(inputs)), OTHER) == said


def test_a_flow_that_is_not_among_those_of_its_namespace_is_told(found, flow, report) -> None:
    text = flow(call("inputs: {name: Ada}", "othr"))
    assert found(text, OTHER) == ["~TC401 othr"]
    assert report(text, OTHER).findings[0].suggestion == "other"


def test_of_a_namespace_of_which_nothing_is_known_any_flow_may_be_there(found, flow) -> None:
    assert found(flow(call("inputs: {name: Ada}", "othr"))) == []


def test_which_flow_an_expression_names_is_not_known(found, flow) -> None:
    assert found(flow(call("", '"{{ flow.id }}"')), OTHER) == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("inputs: {name: Ada}", []),
        ("inputs: {name: '{{ trigger.body.name }}'}", []),
        ("inputs: {nmae: Ada}", ["~TC403 inputs", "~TC402 nmae"]),
        ("key: k", ["~TC403 hook"]),
    ],
)
def test_what_a_trigger_gives_is_compared_with_the_flows_inputs(given, said, found, flow) -> None:
    trigger = f"""
- id: hook
  type: io.kestra.plugin.core.trigger.Webhook
  {given}
"""
    trigger = trigger if "key" in trigger else trigger + "  key: k\n"
    log = "- {id: t, type: io.kestra.plugin.core.log.Log, message: x}"
    assert found(flow(log, inputs="- {id: name, type: STRING}", triggers=trigger)) == said


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("type: INT, defaults: 5", []),
        ("type: INT, defaults: many", ["TC306 many"]),
        ("type: INT, defaults: 5, max: 3", ["TC306 5"]),
        ("type: INT, defaults: '{{ [1] }}'", ["TC306 {{ [1] }}"]),
        ("type: INT, defaults: '{{ 1 + 1 }}'", []),
        ("type: DATE, defaults: yesterday", ["TC306 yesterday"]),
        ("type: ARRAY, itemType: INT, defaults: [1, x]", ["TC306 [1, x]"]),
        ("type: SELECT, values: [a, b], defaults: c", ["TC306 c"]),
        ("type: SELECT, expression: '{{ [1] }}', defaults: c", []),
        ("type: STRING, defaults: [1]", []),
        ("type: FILE, defaults: 'nsfile:///x.csv'", []),
        ("type: STRING, defaults: '{{ inputs.other }}'", ["TC104 other"]),
        ("type: STRING, defaults: '{{ inputs.other }}', dependsOn: {inputs: [other]}", []),
        ("type: STRING, defaults: '{{ taskrun.id }}'", ["TC101 taskrun"]),
    ],
)
def test_defaults_are_such_as_the_input_takes(entry: str, said, found, flow) -> None:
    inputs = f"- {{id: name, {entry}}}\n- {{id: other, type: STRING}}"
    log = "- {id: t, type: io.kestra.plugin.core.log.Log, message: x}"
    assert found(flow(log, inputs=inputs)) == said
