"""Filters on lists and maps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tiercel.errors import EvaluationError
from tiercel.expression.values import Array, Character, Long, ValueSet


@pytest.mark.parametrize(
    ("filters", "value", "result"),
    [
        ("default('d')", "", "d"),
        ("default('d')", [], "d"),
        ("default('d')", 0, 0),
        ("default", None, None),
        ("length", "😀", 2),
        ("length", {"a": 1}, 1),
        ("length", 5, 0),
        ("first", [3, 1], 3),
        ("first", "abc", Character("a")),
        ("first", "😀", Character("?")),
        ("first", [], None),
        ("last", ValueSet(["p", "q"]), "q"),
        ("join('-')", [1, None, "x"], "1-null-x"),
        ("join", ["a", "b"], "ab"),
        ("keys", {"a": 1}, ValueSet(["a"])),
        ("keys", ["x", "y"], [0, 1]),
        ("values", {"a": 1}, ValueSet([1])),
        ("sort", [3, 1, 2], [1, 2, 3]),
        ("sort", ["b", "A", "c"], ["A", "b", "c"]),
        ("sort", ["\uffff", "😀"], ["😀", "\uffff"]),
        ("rsort", [1, 3], [3, 1]),
        ("rsort", [{"a": 1}], [{"a": 1}]),
        ("reverse", [1, 2], [2, 1]),
        ("distinct", [1, Long(1), 1, "1", [1], [1]], [1, Long(1), "1", [1]]),
        ("flatten", [[1], [2, [3]], 4], [1, 2, [3], 4]),
        ("chunk(2)", [1, 2, 3], [[1, 2], [3]]),
        ("merge([9])", [1], [1, 9]),
        ("merge({'b': 2})", {"a": 1}, {"a": 1, "b": 2}),
        ("merge([9])", {"a": 1}, {"a": 1, "9": 9}),
        ("merge([9])", None, [9]),
        ("merge(null)", [1], [1]),
        ("slice(1, 3)", "hello", "el"),
        ("slice(fromIndex=1)", [1, 2, 3], [2, 3]),
        ("slice(0, 1)", Array([1, 2]), Array([1])),
    ],
)
def test_a_filter_gives_what_kestras_gives(
    evaluate: Callable[..., Any], filters: str, value: Any, result: Any
) -> None:
    made = evaluate(f"{{{{ value | {filters} }}}}", value=value)
    assert made == result
    assert made is result or isinstance(made, type(result))


@pytest.mark.parametrize(
    ("filters", "value"),
    [
        ("first", ""),
        ("last", {"a": 1}),
        ("join(',')", "text"),
        ("keys", "text"),
        ("values", [1]),
        ("sort", [1, "a"]),
        ("sort", [1, None]),
        ("sort", [1, 1.5]),
        ("sort", ValueSet([2, 1])),
        ("sort", [{"a": 1}, {"b": 1}]),
        ("reverse", "text"),
        ("reverse", Array([1])),
        ("distinct", {"a": 1}),
        ("flatten", "text"),
        ("chunk(0)", [1]),
        ("chunk('2')", [1]),
        ("merge([1])", "text"),
        ("merge(null)", None),
        ("slice(5)", [1]),
        ("slice(2, 1)", [1, 2]),
        ("slice(-1)", [1]),
        ("slice(0, 1)", ValueSet([1])),
    ],
)
def test_unsuitable_values_are_refused(
    render: Callable[..., str], filters: str, value: Any
) -> None:
    with pytest.raises(EvaluationError):
        render(f"{{{{ value | {filters} }}}}", value=value)
