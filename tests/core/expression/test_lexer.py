"""The lexer: where text ends and tags begin."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tiercel.errors import ExpressionSyntaxError, LimitError
from tiercel.expression.lexer import cut_raw, place


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a {{- s -}} b", "axb"),
        ("a {{-s }} b", None),
        ("{{-1}}", "-1"),
        ("a {#- c -#} b", "ab"),
        ("a {# c #} b", "a  b"),
        ("{ {{ s }} }", "{ x }"),
        ("{{ {'a': {'b': 1}}}}", '{"a":{"b":1}}'),
        ("{{ '}}' }}", "}}"),
        ("{# {# nested #} #}", " #}"),
        ("{% verbatim %}{{ s }}{% endverbatim %}", "{{ s }}"),
        ("a {%- verbatim -%} {{ s }} {%- endverbatim -%} b", "a{{ s }}b"),
        ("{% raw %}{{ s }}{% endraw %}", "{{ s }}"),
        (" {%- raw -%} {{ s }} {%- endraw -%} ", "  {{ s }}  "),
    ],
)
def test_text_and_tags_are_told_apart(
    render: Callable[..., str], source: str, expected: str | None
) -> None:
    if expected is None:
        with pytest.raises(ExpressionSyntaxError):
            render("{%-if s %}", s="x")
    else:
        assert render(source, s="x") == expected


@pytest.mark.parametrize(
    ("source", "reason", "line", "column"),
    [
        ("{% nope %}", "Unknown tag 'nope'", 1, 1),
        ("a\n{% %}", "A tag needs a name", 2, 1),
        ("{# open", "This comment has no end", 1, 1),
        ("{{ 'abc }}", "This text has no end", 1, 4),
        ('{{ "abc }}', "This text has no end", 1, 11),
        ("{{ s", "This tag has no end; '}}' is missing", 1, 1),
        ("{% if s", "This tag has no end; '%}' is missing", 1, 1),
        ("{{ a @ b }}", "Unexpected character '@'", 1, 6),
        ("{{ (a] }}", "Unexpected ']'", 1, 6),
    ],
)
def test_a_mistake_is_shown_where_it_is(
    render: Callable[..., str], source: str, reason: str, line: int, column: int
) -> None:
    with pytest.raises(ExpressionSyntaxError, match=reason.replace("{", r"\{")) as caught:
        render(source)
    assert (caught.value.line, caught.value.column) == (line, column)


def test_brackets_may_not_be_nested_for_ever(render: Callable[..., str]) -> None:
    with pytest.raises(LimitError, match="deeper than 100"):
        render("{{ " + "(" * 101)


def test_a_place_counts_lines_and_columns_from_one() -> None:
    assert place("ab\ncd", 0) == (1, 1)
    assert place("ab\ncd", 4) == (2, 2)


def test_cutting_raw_keeps_what_it_protects() -> None:
    assert cut_raw("a{% raw %}{{ b }}{% endraw %}c") == "a{{ b }}c"
