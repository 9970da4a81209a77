"""Functions on numbers and lists: `range`, `max`, `min`."""

from __future__ import annotations

from typing import Any

from tiercel.expression.operators import compare, range_of
from tiercel.expression.runtime import EvaluationContext
from tiercel.expression.table import FUNCTIONS

__all__: list[str] = []


@FUNCTIONS.add("range", "start", "end", "increment", needs_context=True)
def range_function(
    context: EvaluationContext, start: Any, end: Any, increment: Any = 1
) -> list[Any]:
    """Return the numbers or characters from `start` to `end`, both included."""
    return range_of(start, end, increment, context.limits.loop_turns)


@FUNCTIONS.add("max", open_ended=True)
def maximum(*values: Any) -> Any:
    """Return the largest of the numbers; null when there are none."""
    return _extreme(">", values)


@FUNCTIONS.add("min", open_ended=True)
def minimum(*values: Any) -> Any:
    """Return the smallest of the numbers; null when there are none."""
    return _extreme("<", values)


def _extreme(symbol: str, values: tuple[Any, ...]) -> Any:
    best = None
    for value in values:
        if best is None or compare(symbol, value, best):
            best = value
    return best
