"""The tests: `is defined`, `is empty`, `is even` …"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tiercel.errors import EvaluationError, UndefinedError
from tiercel.expression.values import Array, ValueSet


@pytest.mark.parametrize(
    ("test", "value", "result"),
    [
        ("defined", None, False),
        ("defined", 0, True),
        ("null", None, True),
        ("empty", None, True),
        ("empty", " \n", True),
        ("empty", [], True),
        ("empty", {}, True),
        ("empty", 0, False),
        ("even", 4, True),
        ("odd", -3, True),
        ("iterable", Array(), True),
        ("iterable", ValueSet(), True),
        ("iterable", {}, False),
        ("iterable", "abc", False),
        ("map", {}, True),
        ("json", '{"a": 1} x', True),
        ("json", "", True),
        ("json", "{a:1}", False),
    ],
)
def test_a_test_tells(evaluate: Callable[..., Any], test: str, value: Any, result: bool) -> None:
    assert evaluate(f"{{{{ value is {test} }}}}", value=value) is result
    assert evaluate(f"{{{{ value is not {test} }}}}", value=value) is not result


@pytest.mark.parametrize(
    ("test", "value"), [("even", "4"), ("odd", 1.0), ("even", True), ("json", 1), ("json", None)]
)
def test_a_test_is_choosy(render: Callable[..., str], test: str, value: Any) -> None:
    with pytest.raises(EvaluationError):
        render(f"{{{{ value is {test} }}}}", value=value)


def test_only_defined_takes_what_is_missing(render: Callable[..., str]) -> None:
    assert render("{{ a.b is defined }}") == "false"
    with pytest.raises(UndefinedError):
        render("{{ a.b is empty }}")
