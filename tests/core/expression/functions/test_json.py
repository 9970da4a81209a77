from __future__ import annotations

from typing import Any

import pytest

from tiercel.errors import EvaluationError
from tiercel.expression.functions.json import from_ion, from_json, json, yaml


def test_null_stays_null_but_for_yaml() -> None:
    assert from_json(None) is json(None) is from_ion(None) is None
    with pytest.raises(EvaluationError, match="'yaml'"):
        yaml(None)


def test_the_first_value_counts() -> None:
    assert from_json("[1] rest") == [1]
    assert yaml("a: 1\n---\nb: 2") == {"a": 1}
    assert from_ion("{a:1}{a:2}") == {"a": 1}


def test_ion_gives_all_rows_when_asked_for() -> None:
    assert from_ion("{a:1}\n{a:2}", True) == [{"a": 1}, {"a": 2}]
    assert from_ion("", True) == []
    assert from_ion("") is None


@pytest.mark.parametrize(
    ("call", "text", "words"),
    [
        (from_json, "{a:1}", "Invalid json"),
        (from_json, {}, "argument 'json'"),
        (yaml, "a: b: c", "Invalid yaml"),
        (from_ion, "{bad", "Invalid ion"),
        (from_ion, "null", "a row is null"),
        (from_ion, 7, "argument 'ion'"),
    ],
)
def test_what_cannot_be_read_is_refused(call: Any, text: Any, words: str) -> None:
    with pytest.raises(EvaluationError, match=words):
        call(text)
