"""The tables that theme modules fill."""

from __future__ import annotations

from typing import Any

import pytest

from tiercel.expression.table import Table


def test_an_entry_knows_its_arguments() -> None:
    table = Table("filter", takes_input=True)

    @table.add("cut", "fromIndex", "toIndex")
    def cut(value: Any, start: Any, end: Any = None) -> Any:
        return value[start:end]

    entry = table["cut"]
    assert entry.call("hello", 1, 3) == "el"
    assert entry.parameters == ("fromIndex", "toIndex")
    assert entry.keywords == ("start", "end")
    assert entry.required == ("fromIndex",)


def test_parameters_have_to_match_the_functions() -> None:
    table = Table("function", takes_input=False)
    with pytest.raises(TypeError, match="'f'"):

        @table.add("f", "one")
        def f() -> None: ...


def test_a_table_is_a_mapping() -> None:
    table = Table("test", takes_input=True)

    @table.add("x")
    def x(value: Any) -> bool:
        return bool(value)

    assert list(table) == ["x"]
    assert len(table) == 1
