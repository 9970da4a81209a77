"""The tables of types say what the filters and functions really do."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tiercel.check import signatures
from tiercel.check.types import (
    ANY,
    BOOLEAN,
    KINDS,
    MOMENT,
    NULL,
    NUMBER,
    TEXT,
    ListOf,
    MapOf,
    kinds,
)
from tiercel.errors import ExpressionError
from tiercel.expression.environment import Environment
from tiercel.expression.temporal import Instant
from tiercel.expression.values import Long
from tiercel.parts import language
from tiercel.plugin.registry import Registry

MOMENTS = [Instant.of(datetime(2024, 1, 31, tzinfo=UTC))]
SAMPLES: dict[str, list[Any]] = {
    "text": ["abc", "12", "2024-01-31", "YWJj", '{"a": 1}', "1", ""],
    "number": [1, 2.5, Long(1)],
    "boolean": [True],
    "list": [["b", "a"], [1], [[1]]],
    "map": [{"a": "1"}, {}],
    "moment": MOMENTS,
    "null": [None],
}
TYPES = {
    "text": TEXT,
    "number": NUMBER,
    "boolean": BOOLEAN,
    "list": ListOf(ANY),
    "map": MapOf({}, ANY),
    "moment": MOMENT,
    "null": NULL,
}
ARGUMENTS = {
    "abbreviate": "(5)",
    "startsWith": "('a')",
    "endsWith": "('a')",
    "substringBefore": "('a')",
    "substringBeforeLast": "('a')",
    "substringAfter": "('a')",
    "substringAfterLast": "('a')",
    "indent": "(1)",
    "nindent": "(1)",
    "replace": "({'a': 'b'})",
    "split": "(',')",
    "chunk": "(1)",
    "merge": "([])",
    "slice": "(0, 1)",
    "dateAdd": "(1, 'DAYS')",
    "escapeChar": "('single')",
    "jq": "('.')",
    "default": "('x')",
    "date": "('yyyy')",
}
"""Arguments that suit any input."""
FILTERS = sorted(set(signatures.FILTERS) - {"jq"})
ENVIRONMENT = Environment()


def kind_of(value: Any) -> str:
    """Return the kind that the checker would call a value."""
    for kind, samples in (("boolean", bool), ("text", str), ("list", list), ("map", dict)):
        if isinstance(value, samples):
            return kind
    if value is None:
        return "null"
    return "number" if isinstance(value, int | float) else "moment"


def results(name: str, kind: str) -> list[Any]:
    """Return what a filter makes of the samples of a kind that it does not refuse."""
    made = []
    template = f"{{{{ value | {name}{ARGUMENTS.get(name, '')} }}}}"
    for sample in SAMPLES[kind]:
        try:
            made.append(ENVIRONMENT.evaluate(template, {"value": sample}))
        except ExpressionError:
            continue
    return made


def test_every_filter_function_and_test_of_the_tables_exists() -> None:
    tables = language(Registry()).tables
    assert signatures.FILTERS.keys() <= set(tables.filters)
    assert signatures.FUNCTIONS.keys() <= set(tables.functions)
    assert signatures.TESTS.keys() <= set(tables.tests)


def test_every_built_in_filter_and_function_is_in_the_tables() -> None:
    tables = language(Registry([])).tables
    assert set(tables.filters) == signatures.FILTERS.keys()
    assert set(tables.functions) == signatures.FUNCTIONS.keys()


@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_refuses_exactly_what_the_table_says(name: str) -> None:
    taken = {kind for kind in KINDS if results(name, kind)}
    assert taken == signatures.FILTERS[name].takes


@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_gives_what_the_table_says(name: str) -> None:
    signature = signatures.FILTERS[name]
    for kind in signature.takes - {"null"}:
        given = {"default": TEXT, "items": ListOf(ANY)}
        said = kinds(signature.gives(TYPES[kind], given))
        made = {kind_of(each) for each in results(name, kind)} - {"null"}
        assert made <= said, f"{kind} | {name} gives {made}, not {said}"


@pytest.mark.parametrize("kind", ["filter", "function"])
def test_the_arguments_of_the_tables_are_those_of_the_callables(kind: str) -> None:
    tables = language(Registry([])).tables
    known = signatures.FILTERS if kind == "filter" else signatures.FUNCTIONS
    entries = tables.filters if kind == "filter" else tables.functions
    strange = {
        name: set(each.arguments) - set(entries[name].parameters)
        for name, each in known.items()
        if set(each.arguments) - set(entries[name].parameters)
    }
    assert strange == {}


LITERALS = {
    "text": ["'a'", "'1'", "'DAYS'", "'single'", "'UTC'", "'yyyy'", "'en'", "'INT'"],
    "number": ["1", "0"],
    "boolean": ["true"],
    "list": ["['a']"],
    "map": ["{'a': 'b'}"],
    "null": ["null"],
}
VALUES = {
    "date": "'2024-01-31'",
    "dateAdd": "'2024-01-31'",
    "timestamp": "'2024-01-31'",
    "timestampMilli": "'2024-01-31'",
    "timestampMicro": "'2024-01-31'",
    "timestampNano": "'2024-01-31'",
    "chunk": "[1, 2]",
    "slice": "[1, 2]",
    "merge": "{'x': 1}",
    "number": "'1'",
    "numberFormat": "1",
}
"""Inputs for the filters whose arguments are looked at."""
NEEDED = {"dateAdd": {"amount": "1", "unit": "'DAYS'"}, "indent": {"amount": "1"}}
GIVEN = [
    (name, parameter)
    for name, each in sorted(signatures.FILTERS.items())
    for parameter in each.arguments
    if name not in ("jq", "default", "date", "dateAdd") or parameter in ("amount", "unit")
]


@pytest.mark.parametrize(("name", "parameter"), GIVEN)
def test_an_argument_that_the_table_refuses_is_refused(name: str, parameter: str) -> None:
    for kind in LITERALS.keys() - signatures.FILTERS[name].arguments[parameter]:
        for literal in LITERALS[kind]:
            others = {**NEEDED.get(name, {}), parameter: literal}
            call = ", ".join(f"{each}={value}" for each, value in others.items())
            template = f"{{{{ {VALUES.get(name, chr(39) + 'abc' + chr(39))} | {name}({call}) }}}}"
            with pytest.raises(ExpressionError):
                ENVIRONMENT.evaluate(template, {})
