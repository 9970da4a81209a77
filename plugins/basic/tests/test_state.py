"""`Set`, `Get` and `Delete` of states."""

from __future__ import annotations

import pytest

from tiercel import Tiercel
from tiercel.testing import run_task
from tiercel_basic import state

STATE = "io.kestra.plugin.core.state"
KEY = "test-flow_states_tasks-states_default"


def test_entries_are_merged_into_what_is_there():
    old = {"a": 1, "map": {"x": 1, "y": 2}, "list": [1, 2], "kept": "k"}
    new = {"a": "{{ 1 + 1 }}", "map": {"y": 3}, "list": [2, 3], "kept": None}
    result = run_task({"type": f"{STATE}.Set", "data": new}, kv={KEY: old})
    assert result.outputs == {"count": 4, "key": KEY}
    assert result.kv().get(KEY) == {
        "a": "2",
        "map": {"x": 1, "y": 3},
        "list": [1, 2, 3],
        "kept": "k",
    }


@pytest.mark.parametrize(
    ("properties", "variables", "key"),
    [
        ({}, {}, KEY),
        ({"name": "n-{{ flow.id }}"}, {}, "test-flow_states_tasks-states_n-test_flow"),
        ({"namespace": True}, {}, "states_tasks-states_default"),
        ({"taskrunValue": False}, {"taskrun": {"value": "v"}}, KEY),
    ],
)
def test_the_key_says_who_shares_the_state(properties, variables, key):
    result = run_task({"type": f"{STATE}.Set", **properties}, variables=variables)
    assert result.outputs == {"count": 0, "key": key}


def test_each_value_of_a_loop_has_a_state_of_its_own():
    def key(value):
        variables = {"taskrun": {"value": value}}
        return run_task({"type": f"{STATE}.Set"}, variables=variables).outputs["key"]

    assert key("a b/c") == key("a b/c") != key("other")
    assert key("a b/c").startswith(f"{KEY}_")


def test_a_state_is_read_and_deleted():
    kv = {KEY: {"a": 1}}
    assert run_task({"type": f"{STATE}.Get"}, kv=kv).outputs == {"count": 1, "data": {"a": 1}}
    result = run_task({"type": f"{STATE}.Delete"}, kv=kv)
    assert result.outputs == {"deleted": True}
    assert list(result.kv().keys()) == []


@pytest.mark.parametrize(
    ("kind", "outputs"), [("Get", {"count": 0, "data": {}}), ("Delete", {"deleted": False})]
)
def test_a_missing_state_fails_only_when_asked_to(kind, outputs):
    assert run_task({"type": f"{STATE}.{kind}"}).outputs == outputs
    result = run_task({"type": f"{STATE}.{kind}", "errorOnMissing": True})
    assert result.error == f"State {KEY} not found"


@pytest.mark.parametrize("name", ["Set", "Get", "Delete"])
def test_the_older_type_names_work(name):
    assert run_task({"type": f"io.kestra.core.tasks.states.{name}"}).state == "SUCCESS"


@pytest.mark.parametrize("task", [state.Set, state.Get, state.Delete])
def test_the_example_of_the_docs_runs(task):
    with Tiercel(environ={}) as tiercel:
        execution = tiercel.run(task.examples[0].code, timeout=20)
        assert execution.id in [entry.message for entry in tiercel.logs(execution.id)]
