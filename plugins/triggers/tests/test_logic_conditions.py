"""Conditions on expressions, and those that combine others."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from tiercel.testing import load_condition

CONDITION = "io.kestra.plugin.core.condition."
MONDAY = "2024-01-01T10:00:00Z"


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("{{ true }}", True),
        ("{{ 1 == 2 }}", False),
        ("", False),
        ("  {{ '' }} ", False),
        (" false ", False),
        ("FALSE", True),
        ("{{ 0 }}", True),
        ("anything", True),
    ],
)
def test_an_expression_holds_unless_it_is_blank_or_false(holds, expression, expected):
    assert holds("Expression", {"expression": expression}) is expected


def test_an_expression_sees_the_date_and_the_keys(holds):
    expression = {"expression": "{{ (trigger.date | date('d')) == kv('day') }}"}
    assert holds("Expression", expression, MONDAY, kv={"day": "1"})
    assert not holds("Expression", expression, MONDAY, kv={"day": "2"})


def day(name):
    return {"type": CONDITION + "DayWeek", "dayOfWeek": name}


def test_or_holds_when_one_does(holds):
    assert holds("Or", {"conditions": [day("SUNDAY"), day("MONDAY")]}, MONDAY)
    assert not holds("Or", {"conditions": [day("SUNDAY"), day("TUESDAY")]}, MONDAY)


def test_not_holds_when_none_does(holds):
    assert holds("Not", {"conditions": [day("SUNDAY"), day("TUESDAY")]}, MONDAY)
    assert not holds("Not", {"conditions": [day("SUNDAY"), day("MONDAY")]}, MONDAY)


@pytest.mark.parametrize("name", ["Or", "Not"])
def test_there_must_be_something_to_combine(name):
    with pytest.raises(ValidationError, match="at least 1 item"):
        load_condition({"type": CONDITION + name, "conditions": []})


@pytest.mark.parametrize(
    ("expression", "expected"),
    [("{{ trigger.date | date('d') }}", True), ("{{ kv('day') }}", False), ("true", False)],
)
def test_what_reads_the_date_alone_can_be_asked_ahead(expression, expected):
    inner = {"type": CONDITION + "Expression", "expression": expression}
    for name in ("Or", "Not"):
        outer = {"type": CONDITION + name, "conditions": [day("MONDAY"), inner]}
        assert load_condition(outer).is_about_dates() is expected
