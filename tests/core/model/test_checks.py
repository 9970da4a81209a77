from __future__ import annotations

from collections.abc import Callable

import pytest

from tiercel.model.load import Report

Look = Callable[..., Report]


def whole(report: Report) -> str:
    (line,) = report.constraints
    return line.removeprefix("Invalid Flow: ")


def test_an_id_may_not_be_used_twice_through_all_lists(look: Look) -> None:
    text = """\
tasks:
  - id: g
    type: test.Group
    tasks: [{id: a, type: test.Echo}]
    errors: [{id: b, type: test.Echo}]
errors: [{id: a, type: test.Echo}]
finally: [{id: b, type: test.Echo}]
"""
    report = look(text)
    assert whole(report) == "Duplicate task id with name [a, b]"
    assert (report.problems[0].line, report.problems[0].column) == (6, 15)


def test_data_that_look_like_a_task_are_none(look: Look) -> None:
    text = "tasks: [{id: a, type: test.Echo, options: {id: a, type: thing}}]"
    assert look(text).flow is not None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("inputs: [{id: a, type: INT}, {id: a, type: INT}]", "Duplicate input with name [a]"),
        (
            "outputs: [{id: a, type: INT, value: 1}, {id: a, type: INT, value: 1}]",
            "Duplicate output with name [a]",
        ),
        (
            "triggers: [{id: t, type: test.Clock, cron: x}, {id: t, type: test.Clock, cron: y}]",
            "Duplicate trigger id with name [t]",
        ),
        (
            "inputs: [{id: a, type: INT, dependsOn: {inputs: [zz]}}]",
            "Input with id 'a' depends on a non-existent input 'zz'.",
        ),
        (
            "inputs: [{id: a, type: INT, dependsOn: {inputs: [a]}}]",
            "Cycle dependency detected for input with id 'a': [a]",
        ),
        (
            "inputs: [{id: a, type: INT}, {id: a.b, type: INT}]",
            "Input path 'a' conflicts with 'a.b'; one cannot be nested under the other.",
        ),
        (
            "inputs: [{id: a, type: FORM, inputs: [{id: b, type: INT}, {id: b, type: INT}]}]",
            "Duplicate input path [a.b]",
        ),
        (
            "inputs: [{id: a, type: FORM, inputs: "
            "[{id: b, type: INT}, {id: c, type: INT, dependsOn: {inputs: [b]}}]}]",
            "Input with id 'a.c' depends on a non-existent input 'b'.",
        ),
        (
            "labels: {system.correlationId: x}",
            "System labels can only be set by Kestra itself, "
            "offending label: system.correlationId=x",
        ),
        (
            "id: f\nnamespace: n\ntasks: [{id: c, type: test.Call, namespace: n, flowId: f}]",
            "Recursive call to flow [n.f]",
        ),
    ],
)
def test_what_one_property_alone_cannot_show(look: Look, text: str, message: str) -> None:
    assert whole(look(text)) == message


def test_inputs_that_wait_for_each_other_are_a_cycle(look: Look) -> None:
    text = """\
inputs:
  - {id: a, type: INT, dependsOn: {inputs: [b]}}
  - {id: b, type: INT, dependsOn: {inputs: [c]}}
  - {id: c, type: INT, dependsOn: {inputs: [a]}}
  - {id: d, type: INT, dependsOn: {inputs: [a]}}
"""
    assert whole(look(text)) == (
        "Cycle dependency detected for input with id 'a': [a, b, c], "
        "Cycle dependency detected for input with id 'b': [b, c, a], "
        "Cycle dependency detected for input with id 'c': [c, a, b]"
    )


SYSTEM = "System labels can only be set by Kestra itself, offending label: system.a=b."


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "triggers: [{id: t, type: test.Clock, cron: x, "
            "labels: [{key: c, value: d}, {key: system.a, value: b}]}]",
            f"triggers[0].labels[1]: {SYSTEM}",
        ),
        (
            "sla: [{id: s, type: MAX_DURATION, duration: PT1S, behavior: NONE, "
            "labels: {c: d, system.a: b}}]",
            f"sla[0].labels[1]: {SYSTEM}",
        ),
        (
            "tasks: [{id: c, type: test.Call, namespace: n, flowId: g, labels: {system.a: b}}]",
            f"c.labels[0]: {SYSTEM}",
        ),
        (
            "pluginDefaults: [{type: test.Echo}]",
            "pluginDefaults[0]: Invalid Plugin Default: No 'values' provided",
        ),
        (
            "pluginDefaults: [{type: test.Echo, values: {TEXT: null, nope: 1}}]",
            "pluginDefaults[0]: Invalid Plugin Default: No value provided for key 'TEXT', "
            "No property 'nope' exists in plugin 'test.Echo'",
        ),
    ],
)
def test_what_the_flow_says_of_others_is_checked(look: Look, text: str, line: str) -> None:
    assert line in look(text).constraints


def test_defaults_of_many_types_or_of_none_may_be_anything(look: Look) -> None:
    text = "pluginDefaults: [{type: none., values: {a: 1}}, {type: none.Such, values: {b: 2}}]"
    assert look(text).flow is not None


@pytest.mark.parametrize("name", ["pause", "search", "force-run"])
def test_words_of_the_servers_addresses_are_no_flow_ids(look: Look, name: str) -> None:
    assert whole(look(f"id: {name}")).startswith(f"Flow id is a reserved keyword: {name}. List of")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("text: '{{ outputs.my-task.value }}'", "output"),
        ("options: {deep: ['{{outputs.my-task.value }}']}", "output"),
        ("text: '{{ inputs.my-in }}'", "input"),
    ],
)
def test_a_dash_in_a_reference_means_a_subtraction(look: Look, text: str, what: str) -> None:
    flow = (
        "inputs: [{id: my-in, type: STRING}]\n"
        f"tasks: [{{id: my-task, type: test.Echo}}, {{id: b, type: test.Echo, {text}}}]"
    )
    message = whole(look(flow))
    assert message.startswith(f"Invalid {what} reference: use {what}s[key-name] instead")
    assert message.endswith("offending tasks: [b]")


def test_a_flow_output_with_a_dashed_reference_is_found_too(look: Look) -> None:
    text = (
        "tasks: [{id: my-task, type: test.Echo}]\n"
        "outputs: [{id: o, type: STRING, value: '{{ outputs.my-task.value }}'}]"
    )
    assert whole(look(text)).endswith("offending outputs: [o]")


def test_brackets_around_a_dashed_key_are_right(look: Look) -> None:
    text = (
        "tasks: [{id: my-task, type: test.Echo}, "
        "{id: b, type: test.Echo, text: \"{{ outputs['my-task'].value }}\"}]"
    )
    assert look(text).flow is not None


def test_old_types_and_properties_are_listed(look: Look) -> None:
    text = """\
inputs: [{id: a, type: BOOLEAN}, {name: b, type: STRING}, {id: c, type: BOOL}]
taskDefaults: []
listeners: [{tasks: [{id: l, type: test.Echo}]}]
tasks:
  - id: g
    type: test.Group
    tasks: [{id: o, type: test.OldGroup, tasks: [{id: a, type: test.Echo}]}]
"""
    assert look(text).deprecations == (
        "listeners",
        "taskDefaults",
        "inputs[0]",
        "inputs[1].name",
        "tasks[0].tasks[0]",
    )


def test_an_old_name_of_a_type_is_told_wherever_it_is_written(look: Look) -> None:
    text = "tasks: [{id: a, type: old.Echo}, {id: b, type: old.Echo}, {id: c, type: test.Echo}]"
    assert look(text).infos == ("old.Echo is replaced by test.Echo",) * 2


def test_a_timeout_on_a_task_that_only_decides_is_a_warning(look: Look) -> None:
    text = "tasks: [{id: g, type: test.Group, timeout: PT1S, tasks: [{id: a, type: test.Echo}]}]"
    (warning,) = look(text).warnings
    assert "The task 'g' cannot use the 'timeout' property" in warning.message
    assert (warning.path, warning.line, warning.column) == ("g.timeout", 1, 35)


def test_what_a_task_or_trigger_advises_against_is_a_warning(look: Look) -> None:
    group = "id: g, type: test.Group, tasks: [{id: a, type: test.Echo}]"
    text = f"tasks: [{{{group}, taskCache: {{enabled: true}}}}]"
    (warning,) = look(text).warnings
    assert warning.message.startswith("The task 'g' cannot use the 'taskCache' property")


def test_a_literal_that_a_property_cannot_hold_is_a_warning() -> None:
    from typing import ClassVar

    from tiercel.model.load import examine
    from tiercel.model.task import TaskBase
    from tiercel.plugin.property import Property

    class Wait(TaskBase):
        type_name: ClassVar[str] = "test.Wait"
        times: Property[int]

    Wait.model_rebuild(_types_namespace={"Property": Property, "ClassVar": ClassVar})
    text = "id: f\nnamespace: n\ntasks: [{id: w, type: test.Wait, times: many}]"
    (warning,) = examine(text, resolve=lambda _name, _kind: Wait).warnings
    assert (warning.path, warning.column) == ("w.times", 41)
