"""Keeps values from growing without bounds.

A template can build a list that holds one list twice, which holds one list twice, and so on: little
memory, but walking it takes for ever. Whoever walks a value to its leaves checks it here first.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tiercel.errors import LimitError
from tiercel.expression.values import Entry

__all__ = ["MAX_ITEMS", "MAX_TEXT", "check_items", "check_text", "check_tree"]

MAX_ITEMS = 2_000_000
"""Items of a list, and leaves of a nested value."""
MAX_TEXT = 64 * 1024 * 1024
"""Characters of a text, and of all texts in a nested value."""

_FLAT = frozenset({str, int, float, bool, type(None)})


def check_items(count: int) -> None:
    """Raise a `LimitError` when a list is to have more than `MAX_ITEMS` items."""
    if count > MAX_ITEMS:
        raise LimitError(f"A list has more than {MAX_ITEMS} items")


def check_text(length: int) -> None:
    """Raise a `LimitError` when a text is to have more than `MAX_TEXT` characters."""
    if length > MAX_TEXT:
        raise LimitError(f"A text is longer than {MAX_TEXT} characters")


def check_tree(value: Any) -> Any:
    """Return a value, unless walking it would meet too many leaves or characters.

    Raises:
        LimitError: it is too large, or holds itself.
    """
    waiting = [value]
    items = length = 0
    while waiting:
        value_here = waiting.pop()
        kind = value_here.__class__
        if kind is str:
            length += len(value_here)
        elif kind in _FLAT:
            continue
        elif isinstance(value_here, Mapping):
            items += len(value_here)
            waiting += value_here.keys()
            waiting += value_here.values()
        elif isinstance(value_here, (list, tuple)):
            items += len(value_here)
            waiting += value_here
        elif kind is Entry:
            waiting += (value_here.key, value_here.value)
        if items > MAX_ITEMS or length > MAX_TEXT:
            raise LimitError(
                f"A value has more than {MAX_ITEMS} items or {MAX_TEXT} characters in all"
            )
    return value
