"""Size budgets: what a reader can hold in mind at once."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted([*ROOT.glob("core/src/**/*.py"), *ROOT.glob("plugins/*/src/**/*.py")])

LONGEST_MODULE = 600
LONGEST_FUNCTION = 80
P95_FUNCTION = 45
MEDIAN_FUNCTION = 9


def functions(path: Path) -> list[tuple[str, int]]:
    """Return name and length in lines of every function in a file; decorators do not count."""
    return [
        (node.name, (node.end_lineno or node.lineno) - node.lineno + 1)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


@pytest.fixture(scope="module")
def lengths() -> list[int]:
    return sorted(length for path in SOURCES for _, length in functions(path))


def test_no_module_is_longer_than_the_hard_cap() -> None:
    lines = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in SOURCES}
    assert {path.name: n for path, n in lines.items() if n > LONGEST_MODULE} == {}


def test_no_function_is_longer_than_the_hard_cap() -> None:
    long = [(p.name, *f) for p in SOURCES for f in functions(p) if f[1] > LONGEST_FUNCTION]
    assert long == []


def test_half_of_the_functions_fit_into_nine_lines(lengths: list[int]) -> None:
    assert lengths[len(lengths) // 2] <= MEDIAN_FUNCTION


def test_nineteen_functions_in_twenty_fit_on_a_screen(lengths: list[int]) -> None:
    assert lengths[len(lengths) * 95 // 100] <= P95_FUNCTION
