from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tiercel.model.flow import Flow

Read = Callable[..., Flow]
FACTS = json.loads(
    Path(__file__).parents[2].joinpath("conformance/schema/flow.json").read_text(encoding="utf-8")
)


def aliases(model: Any) -> set[str]:
    return {field.alias or name for name, field in model.model_fields.items()}


def test_a_flow_has_the_properties_that_kestra_knows() -> None:
    assert aliases(Flow) == {*FACTS["properties"], "tenantId", "source"}


def test_labels_may_be_a_list_or_a_map(read: Read) -> None:
    as_list = read("labels: [{key: team, value: data}, {key: num, value: 3}]")
    as_map = read("labels: {team: data, num: 3}")
    pairs = (("team", "data"), ("num", "3"))
    assert (as_list.label_pairs(), as_map.label_pairs()) == (pairs, pairs)


def test_a_flow_without_labels_has_none(read: Read) -> None:
    assert read("").label_pairs() == ()


def test_lists_of_tasks_come_by_their_names(read: Read) -> None:
    text = "finally: [{id: f, type: test.Echo}]\nafterExecution: [{id: x, type: test.Echo}]"
    flow = read(text)
    found = [(name, [task.id for task in tasks]) for name, tasks in flow.all_lists()]
    assert found == [("tasks", ["a"]), ("finally", ["f"]), ("afterExecution", ["x"])]


def test_a_task_of_the_flows_own_lists_is_found_by_id(read: Read) -> None:
    flow = read("errors: [{id: e, type: test.Echo}]")
    assert (flow.task("e"), flow.task("nope")) == (flow.errors[0], None)  # type: ignore[index]


def test_a_property_without_a_value_is_not_there(read: Read) -> None:
    flow = read("description:\ninputs:\ndisabled: ~\nlabels: null")
    assert (flow.description, flow.inputs, flow.disabled, flow.labels) == (None, None, False, None)


def test_scalars_become_text_where_text_is_asked_for(read: Read) -> None:
    flow = read("description: 5\nlabels: {a: true, b: 1.5, c: 2024-01-01}")
    assert flow.description == "5"
    assert [value for _, value in flow.label_pairs()] == ["true", "1.5", "2024-01-01"]


def test_the_older_name_of_plugin_defaults_is_read(read: Read) -> None:
    flow = read("taskDefaults: [{type: test.Echo, values: {text: x}}]")
    assert [default.type for default in flow.__dict__["task_defaults"]] == ["test.Echo"]
    assert flow.tasks[0].text == "x"  # type: ignore[attr-defined]


def test_service_levels_and_checks_are_read(read: Read) -> None:
    flow = read(
        "sla:\n- {id: d, type: MAX_DURATION, behavior: FAIL, duration: PT1M}\n"
        "- {id: x, type: EXECUTION_ASSERTION, behavior: NONE, assert: 'true', labels: {a: b}}\n"
        "checks: [{condition: '{{ true }}', message: m}]"
    )
    limit, assertion = flow.sla or ()
    assert limit.duration == timedelta(minutes=1)  # type: ignore[union-attr]
    assert assertion.assert_ == "true"  # type: ignore[union-attr]
    assert [(c.behavior, c.style) for c in flow.checks or ()] == [("BLOCK_EXECUTION", "INFO")]


@pytest.mark.parametrize("name", ["Concurrency", "DependsOn", "Output", "PluginDefault"])
def test_nested_models_have_the_properties_that_kestra_knows(name: str) -> None:
    from tiercel.model import flow, input_base

    ours = {
        "Concurrency": flow.Concurrency,
        "DependsOn": input_base.DependsOn,
        "Output": flow.FlowOutput,
        "PluginDefault": flow.PluginDefault,
    }[name]
    assert aliases(ours) == set(FACTS["definitions"][f"io.kestra.core.models.flows.{name}"])
