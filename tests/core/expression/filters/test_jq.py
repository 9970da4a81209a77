from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tiercel.errors import EvaluationError, LimitError
from tiercel.expression import temporal
from tiercel.expression.environment import Environment
from tiercel.expression.runtime import Limits
from tiercel.expression.values import Entry, Uri, ValueSet


def evaluate(program: str, value: Any) -> Any:
    return Environment().evaluate("{{ v | jq(p) }}", {"v": value, "p": program})


def test_results_come_as_a_list_even_when_there_is_one() -> None:
    assert evaluate(".a", {"a": 1}) == [1]
    assert evaluate("empty", {}) == []


def test_a_text_is_read_as_json_and_what_follows_is_ignored() -> None:
    assert evaluate(".[0]", "[7] rest") == [7]


def test_null_stays_null() -> None:
    assert evaluate(".", None) is None


def test_null_members_are_dropped_from_a_map_but_not_from_a_text() -> None:
    assert evaluate("keys", {"a": None, "b": [None]}) == [["b"]]
    assert evaluate("keys", '{"a":null}') == [["a"]]


def test_a_uri_is_a_value_rather_than_json() -> None:
    assert evaluate(".", Uri("kestra:///a")) == ["kestra:///a"]


def test_an_empty_text_holds_nothing_that_could_be_indexed() -> None:
    assert evaluate(".", "") == [None]
    with pytest.raises(EvaluationError, match="Cannot index boolean"):
        evaluate(".a", " ")


def test_values_of_the_language_become_json() -> None:
    value = {
        1: temporal.from_tag("$instant", "2024-03-05T07:08:09Z"),
        "set": ValueSet(["a"]),
        "entry": Entry("k", 1),
        "decimal": Decimal("12.50"),
        "duration": temporal.from_tag("$duration", "PT1.5S"),
    }
    assert evaluate('.["1"], .set, .entry, .decimal, .duration', value) == [
        "2024-03-05T07:08:09Z",
        ["a"],
        {"k": 1},
        Decimal("12.5"),
        Decimal("1.5"),
    ]


@pytest.mark.parametrize(("program", "value"), [(1, {}), (None, {}), (".", "{bad"), (".a", 1)])
def test_what_kestra_refuses_is_refused(program: Any, value: Any) -> None:
    with pytest.raises(EvaluationError):
        evaluate(program, value)


def test_data_nested_without_end_is_an_error_of_ours() -> None:
    value: list[Any] = []
    value.append(value)
    with pytest.raises(LimitError):
        evaluate(".", value)


def test_a_program_gets_no_more_time_than_the_rendering() -> None:
    environment = Environment(limits=Limits(seconds=0.2))
    with pytest.raises(LimitError):
        environment.render("{{ 1 | jq('last(range(1e12))') }}", {})
