"""The built-in names are known without importing what stands behind them."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import tiercel.expression
from tiercel.expression.table import FILTERS, FUNCTIONS, TESTS, Table

TABLES = [FILTERS, FUNCTIONS, TESTS]
ROOM = Path(tiercel.expression.__file__).parent
THEMES = sorted(
    f"tiercel.expression.{folder}.{file.stem}"
    for folder in ("filters", "functions")
    for file in (ROOM / folder).glob("[a-z]*.py")
)
PROGRAM = """
import sys
from tiercel.expression.environment import Environment
environment = Environment()
tables = environment.tables
assert "date" in tables.filters and "max" in set(tables.functions) and len(tables.tests) > 5
print(*(each for each in sys.modules if ".filters." in each or ".functions." in each))
environment.render("{{ 'a' | upper }}", {})
print(*(each for each in sys.modules if ".filters." in each or ".functions." in each))
"""


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.kind)
def test_each_name_is_in_the_theme_that_the_list_says(table: Table) -> None:
    modules = {name: sys.modules[entry.call.__module__].__name__ for name, entry in table.items()}
    assert modules == table.themes


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.kind)
def test_the_list_leaves_out_nothing_that_a_theme_registers(table: Table) -> None:
    for theme in THEMES:
        import_module(theme)
    assert set(table) == set(table.themes)


def test_a_theme_is_imported_when_one_of_its_names_is_used() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True)
    assert done.stderr == ""
    assert done.stdout.splitlines() == ["", "tiercel.expression.filters.text"]
