"""Conditions on the execution that changed its state, and on the trigger's own flow."""

from __future__ import annotations

import pytest

from tiercel.plugin import TaskError
from tiercel.testing import load_condition, trigger_context

CONDITION = "io.kestra.plugin.core.condition."


@pytest.mark.parametrize(
    ("name", "properties", "expected"),
    [
        ("ExecutionFlow", {"namespace": "company.team", "flowId": "etl"}, True),
        ("ExecutionFlow", {"namespace": "company.team", "flowId": "other"}, False),
        ("ExecutionFlow", {"namespace": "company", "flowId": "etl"}, False),
        ("ExecutionNamespace", {"namespace": "company.team"}, True),
        ("ExecutionNamespace", {"namespace": "company"}, False),
        ("ExecutionNamespace", {"namespace": "company", "prefix": True}, True),
        ("ExecutionNamespace", {"namespace": "company", "comparison": "PREFIX"}, True),
        ("ExecutionNamespace", {"namespace": "team", "comparison": "SUFFIX"}, True),
        (
            "ExecutionNamespace",
            {"namespace": "company", "comparison": "EQUALS", "prefix": True},
            False,
        ),
        ("ExecutionNamespace", {"namespace": "{{ flow.namespace }}"}, True),
        ("ExecutionStatus", {"in": ["WARNING", "FAILED"]}, True),
        ("ExecutionStatus", {"in": ["SUCCESS"]}, False),
        ("ExecutionStatus", {"notIn": ["WARNING"]}, False),
        ("ExecutionStatus", {"in": ["WARNING"], "notIn": ["FAILED"]}, True),
        ("ExecutionStatus", {"in": "{{ ['WARNING'] }}"}, True),
        ("ExecutionStatus", {}, True),
        ("HasRetryAttempt", {"in": ["FAILED"]}, True),
        ("HasRetryAttempt", {"in": ["SUCCESS"]}, False),
        ("HasRetryAttempt", {"notIn": ["FAILED"]}, False),
        ("ExecutionLabels", {"labels": {"env": "prod"}}, True),
        ("ExecutionLabels", {"labels": [{"key": "env", "value": "prod"}]}, True),
        ("ExecutionLabels", {"labels": {"env": "prod", "team": "web"}}, False),
    ],
)
def test_an_execution_is_compared(holds, execution, name, properties, expected):
    assert holds(name, properties, execution=execution) is expected


def test_outputs_are_seen_as_the_triggers(execution):
    condition = load_condition(
        {
            "type": CONDITION + "ExecutionOutputs",
            "expression": "{{ trigger.outputs.status == 'done' }}",
        }
    )
    for outputs, expected in ((execution.outputs, True), ({"status": "half"}, False)):
        context = trigger_context({"trigger": {"outputs": outputs}}, execution=execution)
        assert condition.holds(context) is expected


@pytest.mark.parametrize(
    ("name", "properties"),
    [
        ("ExecutionFlow", {"namespace": "a", "flowId": "b"}),
        ("ExecutionNamespace", {"namespace": "a"}),
        ("ExecutionStatus", {"in": ["SUCCESS"]}),
        ("ExecutionLabels", {"labels": {"a": "b"}}),
        ("ExecutionOutputs", {"expression": "true"}),
        ("HasRetryAttempt", {}),
    ],
)
def test_without_an_execution_there_is_nothing_to_compare(holds, name, properties):
    with pytest.raises(TaskError, match="Invalid condition with null execution"):
        holds(name, properties)


def test_a_condition_on_an_execution_says_nothing_about_dates():
    condition = load_condition({"type": CONDITION + "ExecutionStatus", "in": ["SUCCESS"]})
    assert not condition.is_about_dates()


@pytest.mark.parametrize(
    ("name", "properties", "expected"),
    [
        ("FlowCondition", {"namespace": "company.team", "flowId": "test_flow"}, True),
        ("FlowCondition", {"namespace": "company.team", "flowId": "etl"}, False),
        ("FlowNamespaceCondition", {"namespace": "company.team"}, True),
        ("FlowNamespaceCondition", {"namespace": "company"}, False),
        ("FlowNamespaceCondition", {"namespace": "company", "prefix": True}, True),
    ],
)
def test_the_older_conditions_look_at_the_triggers_own_flow(holds, name, properties, expected):
    assert holds(name, properties) is expected
