"""JSON is read as strictly as Jackson reads it, exactly, and within limits."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiercel.expression.json_reader import DEEPEST, JsonTextError, read_json


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (' {"a": [1, 2.50, null]} ', {"a": [1, 2.5, None]}),
        ("123456789012345678901234567890", 123456789012345678901234567890),
        ("0.1234567890123456789", 0.12345678901234568),
        ("1e3", 1000.0),
        ('{"a":1} extra', {"a": 1}),
        ("1 2", 1),
        ('"\\ud83d\\ude00"', "😀"),
        ('"\\ud83d"', "\ufffd"),
    ],
)
def test_the_first_value_is_read(text: str, value: Any) -> None:
    assert repr(read_json(text)) == repr(value)


@pytest.mark.parametrize(
    "text",
    ["", " ", "{", "[1,]", "{'a':1}", "{a:1}", "NaN", "-Infinity", "//\n1", "01", "1x", "truex"],
)
def test_broken_json_is_refused(text: str) -> None:
    with pytest.raises(JsonTextError):
        read_json(text)


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_nesting_has_a_limit(opening: str) -> None:
    with pytest.raises(JsonTextError, match=f"deeper than {DEEPEST}"):
        read_json(opening * 100_000)


def test_brackets_inside_texts_do_not_count_as_nesting() -> None:
    assert read_json(json.dumps(["[" * 500, '\\"[{'])) == ["[" * 500, '\\"[{']


def test_a_number_has_a_longest_length() -> None:
    with pytest.raises(JsonTextError, match="5000 digits"):
        read_json("1" * 5000)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)  # fmt: skip


@given(JSON)
def test_what_json_writes_is_read_back(value: Any) -> None:
    assert read_json(json.dumps(value, ensure_ascii=False)) == value
