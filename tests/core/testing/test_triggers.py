"""Triggers and conditions by themselves, as tests of plugins have them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from tiercel.errors import ExpressionError, UnknownTypeError
from tiercel.testing import load_condition, load_trigger, trigger_context

EXPRESSION = "io.kestra.plugin.core.condition.Expression"
DAILY = {"type": "io.kestra.plugin.core.trigger.Schedule", "cron": "@daily"}


def test_a_condition_sees_the_variables_it_is_given() -> None:
    condition = load_condition({"type": EXPRESSION, "expression": "{{ trigger.ok }}"})
    assert condition.holds(trigger_context({"trigger": {"ok": True}}))
    assert not condition.holds(trigger_context({"trigger": {"ok": False}}))


def test_a_condition_sees_the_flow_and_the_keys_of_its_namespace() -> None:
    condition = load_condition({"type": EXPRESSION, "expression": "{{ kv(flow.id) == 'go' }}"})
    assert condition.holds(trigger_context(kv={"test_flow": "go"}))


def test_a_wrong_expression_is_told() -> None:
    condition = load_condition({"type": EXPRESSION, "expression": "{{ missing.thing }}"})
    with pytest.raises(ExpressionError, match="missing"):
        condition.holds(trigger_context())


def test_a_trigger_is_asked_for_its_dates() -> None:
    trigger = load_trigger(DAILY)
    after = datetime(2024, 1, 31, 12, tzinfo=UTC)
    assert trigger.id == "trigger"
    assert trigger.next_date(after, trigger_context()) == datetime(2024, 2, 1, tzinfo=UTC)


def test_a_wrong_property_and_an_unknown_type_are_refused() -> None:
    with pytest.raises(ValidationError, match="Field required"):
        load_condition({"type": EXPRESSION})
    with pytest.raises(UnknownTypeError):
        load_trigger({"type": "com.example.Nothing"})
