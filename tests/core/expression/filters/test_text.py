"""Filters on texts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tiercel.errors import EvaluationError, LimitError
from tiercel.expression.environment import Environment
from tiercel.expression.runtime import Limits


@pytest.mark.parametrize(
    ("filters", "value", "result"),
    [
        ("upper", "straße", "STRASSE"),
        ("upper", [1, "a"], "[1, A]"),
        ("lower", True, "true"),
        ("capitalize", "hELLO wORLD", "HELLO wORLD"),
        ("capitalize", "ßa", "ßa"),
        ("title", "o'neil mc-donald", "O'neil Mc-donald"),
        ("trim", " \t\x01x\n", "x"),
        ("string", {"k": [1]}, "{k=[1]}"),
        ("nl2br", "a\r\nb\nc", "a<br />b<br />c"),
        ("abbreviate(8)", "hello world", "hello..."),
        ("abbreviate(11)", "hello world", "hello wo..."),
        ("abbreviate(12)", "hello world", "hello world"),
        ("abbreviate(2)", "hello world", "he"),
        ("abbreviate(2)", "abc", "abc"),
        ("startsWith('he')", "hello", "true"),
        ("endsWith('lo')", "hello", "true"),
        ("substringBefore('/')", "a/b/c", "a"),
        ("substringBefore('')", "a/b/c", ""),
        ("substringBeforeLast('/')", "a/b/c", "a/b"),
        ("substringAfter('/')", "a/b/c", "b/c"),
        ("substringAfter(null)", "a/b/c", ""),
        ("substringAfterLast('x')", "a/b/c", ""),
        ("indent(2)", "a\nb", "a\n  b"),
        ("indent(amount=1, prefix='ab')", "a\nb", "a\nabb"),
        ("nindent(2)", "a\nb", "\n  a\n  b"),
        ("nindent(2)", "", ""),
        ("replace({'a': 'b', 'b': 'c'})", "aab", "ccc"),
        ("replace({'(o)': '[$1]'}, true)", "foo", "f[o][o]"),
        ("replace({'(o)': '[$1]'}, regexp=false)", "foo", "foo"),
        ("replace({'1': 'x'})", {"k": [1, "a1"]}, '{"k":["x","ax"]}'),
        ("split(',')", "a,b,,", '["a","b"]'),
        ("split(',', limit=2)", "a,b,c", '["a","b,c"]'),
        ("format(1.5)", "%.2f", "1.50"),
        ("slugify", "Hello, World_2 ÜñÎ!", "hello-world-2-uni"),
        ("className", 1, "java.lang.Integer"),
    ],
)
def test_a_filter_gives_what_kestras_gives(
    render: Callable[..., str], filters: str, value: Any, result: str
) -> None:
    assert render(f"{{{{ value | {filters} }}}}", value=value) == result


@pytest.mark.parametrize(
    "filters",
    [
        "upper",
        "lower",
        "capitalize",
        "title",
        "trim",
        "string",
        "nl2br",
        "abbreviate(5)",
        "substringAfter('x')",
        "indent(2)",
        "nindent(2)",
        "replace({'a': 'b'})",
        "split(',')",
        "format(1)",
        "slugify",
        "className",
    ],
)
def test_null_stays_null(evaluate: Callable[..., Any], filters: str) -> None:
    assert evaluate(f"{{{{ value | {filters} }}}}", value=None) is None


@pytest.mark.parametrize(
    ("filters", "value"),
    [
        ("capitalize", 1),
        ("title", ["a"]),
        ("trim", {"a": 1}),
        ("nl2br", 1),
        ("abbreviate('5')", "text"),
        ("abbreviate(-1)", "text"),
        ("startsWith(null)", "text"),
        ("substringAfter(1)", "text"),
        ("indent('2')", "text"),
        ("indent(-1)", "text"),
        ("replace(null)", "text"),
        ("replace({'t': null})", "text"),
        ("replace({'t': 'x'})", [None]),
        ("replace({'[': 'x'}, true)", "text"),
        ("split(null)", "text"),
        ("split(',')", 1),
    ],
)
def test_unsuitable_values_are_refused(
    render: Callable[..., str], filters: str, value: Any
) -> None:
    with pytest.raises(EvaluationError):
        render(f"{{{{ value | {filters} }}}}", value=value)


@pytest.mark.parametrize(
    "filters", ["replace({'x': long})", "indent(100)", "replace({'x': long}, true)"]
)
def test_a_text_may_grow_only_so_far(filters: str) -> None:
    environment = Environment(limits=Limits(output=500))
    with pytest.raises(LimitError):
        environment.render(f"{{{{ value | {filters} }}}}", {"value": "x\n" * 20, "long": "y" * 100})
