"""Values as Java text, as JSON, and as an output shows them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tiercel.errors import EvaluationError
from tiercel.expression.printing import java_text, json_text, output_text
from tiercel.expression.values import (
    Array,
    BigInteger,
    Character,
    Entry,
    Float32,
    Long,
    Uri,
    ValueSet,
)

VALUES: list[tuple[Any, str, str, str]] = [
    # value, Java text, JSON, output
    (None, "null", "null", ""),
    (True, "true", "true", "true"),
    (7, "7", "7", "7"),
    (Long(7), "7", "7", "7"),
    (BigInteger(10**30), str(10**30), str(10**30), str(10**30)),
    (1e7, "1.0E7", "1.0E7", "1.0E7"),
    (float("inf"), "Infinity", '"Infinity"', "Infinity"),
    (Float32("0.1"), "0.1", "0.1", "0.1"),
    (Decimal("1E-7"), "1E-7", "1E-7", "0.0000001"),
    (Decimal("12.50"), "12.50", "12.50", "12.50"),
    ('q"', 'q"', '"q\\""', 'q"'),
    (Character("c"), "c", '"c"', "c"),
    (Uri("kestra:///a"), "kestra:///a", '"kestra:///a"', "kestra:///a"),
    ([1, None, "a"], "[1, null, a]", '[1,null,"a"]', '[1,null,"a"]'),
    (Array([1]), "[1]", "[1]", "[1]"),
    (ValueSet(["a"]), "[a]", '["a"]', '["a"]'),
    ({"k": None, "v": [1]}, "{k=null, v=[1]}", '{"v":[1]}', '{"v":[1]}'),
    ({1: "x"}, "{1=x}", '{"1":"x"}', '{"1":"x"}'),
    (Entry("k", 1), "k=1", '{"k":1}', "k=1"),
    (date(2024, 3, 5), "2024-03-05", '"2024-03-05"', "2024-03-05"),
    (timedelta(minutes=90), "PT1H30M", "5400.000000000", "PT1H30M"),
    (
        datetime(2024, 3, 5, 7, tzinfo=UTC),
        "2024-03-05T07:00Z",
        '"2024-03-05T07:00:00Z"',
        "2024-03-05T07:00Z",
    ),
]


@pytest.mark.parametrize(("value", "java", "json", "output"), VALUES)
def test_a_value_prints_as_in_kestra(value: Any, java: str, json: str, output: str) -> None:
    assert java_text(value) == java
    assert json_text(value) == json
    assert output_text(value) == output


def test_nulls_can_be_kept_in_json() -> None:
    assert json_text({"a": None}, keep_nulls=True) == '{"a":null}'


@pytest.mark.parametrize("value", [object(), print, int, Decimal("1e999999")])
def test_what_is_no_plain_data_is_not_shown(value: Any) -> None:
    with pytest.raises(EvaluationError):
        output_text(value)


def test_subclasses_of_plain_data_print_like_them() -> None:
    class Name(str):
        pass

    class Bag(dict[str, int]):
        pass

    assert output_text(Name("x")) == "x"
    assert output_text(Bag(a=1)) == '{"a":1}'
    assert output_text((1, 2)) == "[1,2]"
