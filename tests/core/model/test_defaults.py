from __future__ import annotations

from typing import Any

from tiercel.model.defaults import apply_defaults

OLD_NAMES = {"old.Echo": "test.Echo"}


def applied(task: dict[str, Any], *defaults: dict[str, Any]) -> dict[str, Any]:
    flow = {"tasks": [task], "pluginDefaults": list(defaults)}
    (result,) = apply_defaults(flow, lambda name: OLD_NAMES.get(name, name))["tasks"]
    return {key: value for key, value in result.items() if key != "type"}


def default(values: Any, **more: Any) -> dict[str, Any]:
    return {"type": "test.Echo", "values": values, **more}


def test_what_the_task_says_wins() -> None:
    task = {"type": "test.Echo", "a": 1}
    assert applied(task, default({"a": 2, "b": 3})) == {"a": 1, "b": 3}


def test_a_forced_default_wins_over_the_task_and_over_others() -> None:
    task = {"type": "test.Echo", "a": 1}
    assert applied(task, default({"a": 2}), default({"a": 3}, forced=True)) == {"a": 3}


def test_of_several_the_first_wins_forced_or_not() -> None:
    task = {"type": "test.Echo"}
    assert applied(task, default({"a": 1}), default({"a": 2})) == {"a": 1}
    forced = [default({"a": 1}, forced=True), default({"a": 2}, forced=True)]
    assert applied(task, *forced) == {"a": 1}


def test_mappings_are_merged_and_lists_replaced() -> None:
    task = {"type": "test.Echo", "map": {"a": 1}, "list": [1]}
    values = {"map": {"a": 9, "b": {"c": 2}}, "list": [2, 3]}
    assert applied(task, default(values)) == {"map": {"a": 1, "b": {"c": 2}}, "list": [1]}


def test_a_default_names_the_beginning_of_types() -> None:
    task = {"type": "test.Echo"}
    assert applied(task, {"type": "test.", "values": {"a": 1}}) == {"a": 1}
    assert applied(task, {"type": "Echo", "values": {"a": 1}}) == {}


def test_a_default_for_an_old_name_reaches_the_present_one_but_not_the_reverse() -> None:
    for_old = {"type": "old.Echo", "values": {"a": 1}}
    assert applied({"type": "test.Echo"}, for_old) == {"a": 1}
    assert applied({"type": "old.Echo"}, default({"a": 1})) == {}


def test_defaults_reach_tasks_inside_tasks() -> None:
    task = {"type": "test.Group", "tasks": [{"type": "test.Echo"}]}
    assert applied(task, default({"a": 1})) == {"tasks": [{"a": 1, "type": "test.Echo"}]}


def test_a_named_default_reaches_only_tasks_that_refer_to_it() -> None:
    named = default({"a": 1}, ref="mine")
    assert applied({"type": "test.Echo"}, named) == {}
    task = {"type": "test.Echo", "pluginDefaultsRef": "mine"}
    assert applied(task, named) == {"a": 1, "pluginDefaultsRef": "mine"}


def test_the_older_property_name_works_and_outside_defaults_come_last() -> None:
    flow = {"tasks": [{"type": "test.Echo"}], "taskDefaults": [default({"a": 1})]}
    outside = [default({"a": 2, "b": 2})]
    (task,) = apply_defaults(flow, lambda name: name, outside)["tasks"]
    assert (task["a"], task["b"]) == (1, 2)


def test_what_was_written_is_not_changed() -> None:
    values = {"map": {"b": 1}}
    flow = {"tasks": [{"type": "test.Echo", "map": {}}], "pluginDefaults": [default(values)]}
    apply_defaults(flow, lambda name: name)
    assert flow["tasks"] == [{"type": "test.Echo", "map": {}}]
    assert values == {"map": {"b": 1}}


def test_a_malformed_declaration_is_left_to_validation() -> None:
    flow = {"tasks": [{"type": "test.Echo"}], "pluginDefaults": ["x", {"type": 5}, {"values": {}}]}
    assert apply_defaults(flow, lambda name: name) == flow
