"""Hypothesis strategies for templates, as trees and as texts."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tiercel.expression.nodes import (
    Argument,
    Attribute,
    Binary,
    Choice,
    Filter,
    For,
    If,
    Joined,
    ListLiteral,
    Literal,
    MapLiteral,
    Name,
    Output,
    Set,
    Subscript,
    Template,
    Test,
    Text,
    Unary,
)
from tiercel.expression.values import Float32, Long

VARIABLES: dict[str, Any] = {
    "i": 7,
    "big": 2**40,
    "d": 2.5,
    "fl": Float32("1.5"),
    "s": "hello",
    "e": "",
    "t": True,
    "n": None,
    "l": [3, 1, None, "x"],
    "m": {"a": 1, "b": {"c": "deep"}, "k": None},
    "people": [{"name": "Ann", "age": 30}, {"name": "Bob", "age": 25}],
}
_NAMES = st.sampled_from([*VARIABLES, "missing", "x", "y", "loop"])
_KEYS = st.sampled_from(["a", "b", "c", "k", "name", "age", "index", "length", "nope"])
_TEXTS = st.text(alphabet="ab {}%#'\"\n", max_size=6).filter(lambda text: "\\" not in text)
_OPERATORS = st.sampled_from(
    [
        *("+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", "~"),
        *("??", "???", "and", "or", "contains", "isIn", ".."),
    ]
)
_FILTERS = st.sampled_from(
    ["upper", "lower", "trim", "length", "first", "last", "default", "keys", "reverse", "string"]
)
_TESTS = st.sampled_from(["defined", "null", "empty", "even", "odd", "iterable", "map"])

literals = st.one_of(
    st.integers(0, 12).map(lambda number: Literal(Long(number))),
    st.sampled_from([0.5, 2.0, 1e-7, 1e10]).map(Literal),
    _TEXTS.map(Literal),
    st.sampled_from([True, False, None]).map(Literal),
)


def _path(text: str) -> Any:
    name, *names = text.split(".")
    node: Any = Name(name)
    for part in names:
        index = Literal(Long(int(part))) if part.isdecimal() else None
        node = Attribute(node, part) if index is None else Subscript(node, index)
    return node


def _paths(*texts: str) -> st.SearchStrategy[Any]:
    return st.sampled_from(texts).map(_path)


def _filtered(inner: st.SearchStrategy[Any], *names: str) -> st.SearchStrategy[Any]:
    return st.builds(Filter, inner, st.sampled_from(names), st.just(()))


def _binary(operators: str, left: Any, right: Any) -> st.SearchStrategy[Any]:
    return st.builds(Binary, st.sampled_from(operators.split(" ")), left, right)


# Expressions of a known kind mostly succeed, so that results and not only errors are compared.
numbers = st.deferred(
    lambda: st.one_of(
        st.integers(0, 12).map(lambda number: Literal(Long(number))),
        _paths("i", "d", "big", "fl", "m.a", "people.0.age", "missing", "loop.index"),
        _filtered(lists, "length"),
        _binary("+ - * / %", numbers, numbers),
        st.builds(Unary, st.sampled_from("+-"), numbers),
        st.builds(Choice, truths, numbers, numbers),
        _binary("?? ???", _paths("n", "missing", "m.nope", "i"), numbers),
    )
)
texts = st.deferred(
    lambda: st.one_of(
        _TEXTS.map(Literal),
        _paths("s", "e", "m.b.c", "people.1.name", "x"),
        _filtered(texts, "upper", "lower", "trim"),
        _filtered(anything, "string"),
        _binary("~", anything, anything),
        st.builds(Joined, st.lists(anything, min_size=1, max_size=2).map(tuple)),
        st.builds(
            Filter, anything, st.just("default"), texts.map(lambda node: (Argument(None, node),))
        ),
    )
)
truths = st.deferred(
    lambda: st.one_of(
        st.booleans().map(Literal),
        _binary("== !=", anything, anything),
        _binary("< <= > >=", numbers, numbers),
        _binary("and or", truths, truths),
        _binary("contains", lists, numbers),
        _binary("isIn", anything, lists),
        st.builds(Unary, st.just("not"), truths),
        st.builds(
            Test,
            anything,
            st.sampled_from(["defined", "null", "empty", "iterable", "map"]),
            st.booleans(),
            st.just(()),
        ),
    )
)
lists = st.deferred(
    lambda: st.one_of(
        _paths("l", "people", "m"),
        st.builds(ListLiteral, st.lists(anything, max_size=3).map(tuple)),
        st.builds(Binary, st.just("+"), _paths("l", "people"), anything),
        _binary("..", st.just(Literal(Long(1))), st.integers(0, 4).map(Long).map(Literal)),
    )
)
maps = st.deferred(
    lambda: (
        st.lists(
            st.tuples(_KEYS.map(Literal), anything),
            max_size=2,
            unique_by=lambda pair: pair[0].value,
        )
        .map(tuple)
        .map(MapLiteral)
    )
)
anything = st.deferred(
    lambda: st.one_of(
        numbers, texts, truths, lists, maps, literals, _paths("n", "m.k", "loop.first")
    )
)


def _larger(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    few = st.lists(inner, max_size=2).map(tuple)
    return st.one_of(
        st.builds(Attribute, inner, _KEYS),
        st.builds(Subscript, inner, inner),
        st.builds(Unary, st.sampled_from(["-", "+", "not"]), inner),
        st.builds(Binary, _OPERATORS, inner, inner),
        st.builds(Choice, inner, inner, inner),
        st.builds(ListLiteral, few),
        st.builds(Filter, inner, _FILTERS, st.just(())),
        st.builds(Test, inner, _TESTS, st.booleans(), st.just(())),
    )


_wild = st.recursive(st.one_of(literals, _NAMES.map(Name)), _larger, max_leaves=6)
expressions = st.one_of(anything, anything, anything, anything, _wild)


def _tags(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    body = st.lists(inner, max_size=3).map(_without_neighbours)
    branches = st.lists(st.tuples(truths, body), min_size=1, max_size=2).map(tuple)
    return st.one_of(
        st.builds(If, branches, body),
        st.builds(For, st.sampled_from(["x", "y", "i"]), lists, body, body),
    )


def _without_neighbours(items: list[Any]) -> tuple[Any, ...]:
    """Two texts in a row are one text to the parser."""
    kept: list[Any] = []
    for item in items:
        if not (isinstance(item, Text) and kept and isinstance(kept[-1], Text)):
            kept.append(item)
    return tuple(kept)


_items = st.recursive(
    st.one_of(
        _TEXTS.filter(bool).map(Text),
        expressions.map(Output),
        st.builds(Set, st.sampled_from(["x", "y", "new"]), expressions),
    ),
    _tags,
    max_leaves=5,
)
templates = st.lists(_items, min_size=1, max_size=3).map(_without_neighbours).map(Template)

_PIECES = st.sampled_from(
    [
        *("{{", "}}", "{%", "%}", "{#", "#}", "{{-", "-}}", "-%}", " ", "\n", "'", '"', "\\", "#{"),
        *("if", "endif", "else", "for", "in", "endfor", "set", "macro", "endmacro", "block", "raw"),
        *(
            "endraw",
            "verbatim",
            "endverbatim",
            "filter",
            "endfilter",
            "is",
            "not",
            "defined",
            "and",
        ),
        *("x", "s", "m.a", "l[0]", "(", ")", "[", "]", "{", "}", ",", ":", "?", "??", "|", "upper"),
        *(
            "=",
            "==",
            "..",
            "~",
            "+",
            "-",
            "*",
            "/",
            "%",
            "<",
            "1",
            "2.5",
            "0",
            "loop",
            "render",
            "\0",
        ),
        *(
            "replace",
            "split",
            "range",
            "jq",
            "date",
            "join",
            "é",
            "😀",
            "99999999999999999999",
            "\ue000",
        ),
    ]
)
soups = st.lists(_PIECES, max_size=25).map("".join)
"""Texts made of the language's own words, mostly nonsense."""
