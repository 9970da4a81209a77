"""`Fail` and `Assert` on the engine's own worker."""

from __future__ import annotations

import pytest

from tiercel.testing import run_task

FAIL = "io.kestra.plugin.core.execution.Fail"
ASSERT = "io.kestra.plugin.core.execution.Assert"


def test_fail_fails_with_its_message():
    assert run_task({"type": FAIL}).error == "Task failure"
    assert run_task({"type": FAIL, "errorMessage": "No {{ 'rows' }}"}).error == "No rows"


@pytest.mark.parametrize("condition", ["{{ 1 == 2 }}", "false", "0", "-0", "", "  "])
def test_fail_lets_a_condition_that_does_not_hold_pass(condition):
    assert run_task({"type": FAIL, "condition": condition}).state == "SUCCESS"


@pytest.mark.parametrize("condition", ["{{ 1 == 1 }}", "yes", "FALSE", "0.0", "[]"])
def test_fail_fails_on_a_condition_that_holds(condition):
    result = run_task({"type": FAIL, "condition": condition, "errorMessage": "Too bad"})
    assert result.error == "Fail on a condition"
    assert result.messages("ERROR") == ["Too bad", "Fail on a condition"]


def test_assert_passes_when_all_conditions_hold():
    result = run_task({"type": ASSERT, "conditions": ["{{ 1 < 2 }}", "text"]})
    assert result.state == "SUCCESS"
    assert [(m.name, m.value) for m in result.metrics] == [("success", 2), ("failed", 0)]


def test_assert_lists_what_does_not_hold():
    conditions = ["{{ n > 3 }}", "{{ n < 10 }}", "{{ n < 20 }}"]
    result = run_task(
        {"type": ASSERT, "conditions": conditions, "errorMessage": "n was {{ n }}"},
        variables={"n": 50},
    )
    assert result.messages("ERROR") == [
        "Assertion `{{ n < 10 }}` failed!",
        "Assertion `{{ n < 20 }}` failed!",
        "2 assertions failed!\nn was 50",
    ]
    assert [(m.name, m.value) for m in result.metrics] == [("success", 1), ("failed", 2)]


@pytest.mark.parametrize("condition", ["0", "", "false"])
def test_assert_speaks_of_one_assertion_in_the_singular(condition):
    assert run_task({"type": ASSERT, "conditions": [condition]}).error == "1 assertion failed!"


def test_assert_counts_a_condition_that_cannot_be_rendered_as_failed():
    result = run_task({"type": ASSERT, "conditions": ["{{ nothing.here }}", "{{ 0 }}"]})
    assert result.error == "2 assertions failed!"
    assert "failed to render" in result.messages("ERROR")[0]
