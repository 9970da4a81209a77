"""YAML is written with Jackson's quotes and indentation, and read as YAML 1.1 within limits."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiercel.expression.values import Entry
from tiercel.expression.yaml_text import YamlTextError, read_yaml, write_yaml


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        ("", '--- ""\n'),
        ({"a": 1, "b": [1, 2.0, None, True]}, "a: 1\nb:\n - 1\n - 2.0\n - null\n - true\n"),
        ([{"id": 1, "x": {}}, []], " -\n  id: 1\n  x: {}\n - []\n"),
        ([[1, [2]]], " -\n   - 1\n   -\n     - 2\n"),
        ({"k": "l1\nl2\n"}, "k: |\n  l1\n  l2\n"),
        ({"k": ["\n  l2\n", " l1\nl2"]}, "k:\n - |2\n\n    l2\n - |2-\n   l1\n  l2\n"),
        ({"y": "no", "null": "~x"}, '"y": "no"\n"null": "~x"\n'),
        ({"0x1F": "0x1F", "": 1}, '"0x1F": 0x1F\n? ""\n: 1\n'),
        (["a: b", "a:b", "x #y", "#", "[1]", "- a", "@a", " b "],
         ' - "a: b"\n - a:b\n - "x #y"\n - "#"\n - "[1]"\n - \'- a\'\n - \'@a\'\n - \' b \'\n'),
        (Entry("k", 1e7), "k: 1.0E7\n"),
        ("x" * 300 + " y", "x" * 300 + " y\n"),
    ],
)  # fmt: skip
def test_a_value_is_written(value: Any, text: str) -> None:
    assert write_yaml(value) == text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 1", {"a": 1}),
        ("{a: 1, b: [x, y]}", {"a": 1, "b": ["x", "y"]}),
        ("a: 010\nb: 0x1F\nc: 1_000\nd: 0b11", {"a": 8, "b": 31, "c": 1000, "d": 3}),
        ("[1e3, .5, 1., -.inf, 1e, 0o7]", [1000.0, 0.5, 1.0, float("-inf"), "1e", "0o7"]),
        ("1:30", "1:30"),
        ("[yes, Off, TRUE, y, yEs]", [True, False, True, "y", "yEs"]),
        ("[~, null, '', \"1\", 2024-01-01]", [None, None, "", "1", "2024-01-01"]),
        ("a:\n1: b", {"a": None, "1": "b"}),
        ("[!!str 1, !!int '3', !!float 2, !custom x]", ["1", 3, 2, "x"]),
        ("a: &x [1]\nb: *x", {"a": [1], "b": [1]}),
        ("a: 1\na: 2", {"a": 2}),
        ("--- 1\n--- 2", 1),
    ],
)  # fmt: skip
def test_a_text_is_read(text: str, value: Any) -> None:
    assert repr(read_yaml(text)) == repr(value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "No content"),
        ("# only a comment", "No content"),
        ("a: b: c", "mapping values"),
        ("? [a]\n: 1", "key must be a scalar"),
        ("a: *b", r"undefined alias|no anchor"),
        ("&a [*a]", r"undefined alias|no anchor"),
        ("[" * 300, "nested deeper"),
        ("a: !!python/object:os.system [x]\n  y", "line"),
    ],
)
def test_a_bad_text_is_refused(text: str, words: str) -> None:
    with pytest.raises(YamlTextError, match=words):
        read_yaml(text)


def test_tags_make_no_objects() -> None:
    assert read_yaml("!!python/object/apply:os.getcwd []") == []


def test_aliases_cannot_explode() -> None:
    lines = ["a0: &a0 [1,1,1,1,1,1,1,1,1,1]"]
    lines += [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    with pytest.raises(YamlTextError, match="more than 1000000 nodes"):
        read_yaml("\n".join(lines))


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8"), max_size=20),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("abc:- #", max_size=5), inner),
    max_leaves=12,
)


@given(PLAIN)
def test_whatever_is_written_is_yaml(value: Any) -> None:
    read_yaml(write_yaml([value]))


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        read_yaml(text)
    except YamlTextError:
        return
