"""Values that would take for ever to walk are refused."""

from __future__ import annotations

from typing import Any

import pytest

from tiercel.errors import LimitError
from tiercel.expression import bounded
from tiercel.expression.bounded import check_items, check_text, check_tree
from tiercel.expression.values import Entry


def test_ordinary_values_pass() -> None:
    value = {"a": [1, "x", None, {"b": 2.5}], "e": Entry("k", [1])}
    assert check_tree(value) is value


def test_a_list_that_doubles_sixty_times_is_refused() -> None:
    value: Any = [1]
    for _ in range(60):
        value = [value, value]
    with pytest.raises(LimitError):
        check_tree(value)


def test_long_texts_count_as_often_as_they_are_met(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "MAX_TEXT", 100)
    text = "x" * 30
    assert check_tree([text] * 3)
    with pytest.raises(LimitError):
        check_tree({"k": [text] * 4})


def test_sizes_can_be_checked_beforehand() -> None:
    check_items(bounded.MAX_ITEMS)
    check_text(bounded.MAX_TEXT)
    with pytest.raises(LimitError):
        check_items(bounded.MAX_ITEMS + 1)
    with pytest.raises(LimitError):
        check_text(bounded.MAX_TEXT + 1)
