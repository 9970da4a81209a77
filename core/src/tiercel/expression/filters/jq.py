"""The filter `jq`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from time import monotonic
from typing import Any

from tiercel.errors import EvaluationError, LimitError
from tiercel.expression.bounded import check_tree
from tiercel.expression.jq import JqError, run
from tiercel.expression.json_reader import JsonTextError, read_json
from tiercel.expression.printing import java_text, json_text
from tiercel.expression.runtime import EvaluationContext
from tiercel.expression.table import FILTERS
from tiercel.expression.values import Entry, is_text

__all__ = ["jq"]

_LONGEST_SECONDS = 10.0
_SHOWS = re.compile(r"^\s*\.\s*$|\b(?:tojson|type|walk)\b")
_SHORT_OBJECT = re.compile(r'"(?:[^"\\]|\\.)*"|\{((?:\s*[A-Za-z_]\w*\s*,)*\s*[A-Za-z_]\w*\s*)\}')
_SCALARS = frozenset((str, int, float, bool, type(None)))


@FILTERS.add("jq", "expression", needs_context=True)
def jq(context: EvaluationContext, value: Any, expression: Any) -> list[Any] | None:
    """Run a jq program on a value, or on the JSON value that a text holds.

    Args:
        context: the rendering under way.
        value: a text is read as JSON; what follows its first value is ignored. Null gives null.
        expression: the program's text, in jq's 1.6 dialect.

    Returns:
        The list of the program's results.

    Raises:
        EvaluationError: the text is no JSON, the program is none, or it fails.
        LimitError: it runs too long or makes too much.
    """
    if value is None:
        return None
    if not is_text(expression):
        raise EvaluationError(f"The 'jq' filter expects a text as 'expression', not {expression!r}")
    try:
        data = _read(value, expression) if is_text(value) else _tree(check_tree(value))
        seconds = min(context.budget.deadline - monotonic(), _LONGEST_SECONDS)
        return _run(expression, data, seconds, context.limits.output)
    except JsonTextError as error:
        raise EvaluationError(f"Unable to read the input of 'jq' as JSON: {error}") from None
    except JqError as error:
        raise EvaluationError(f"Unable to resolve jq expression {expression!r}: {error}") from None
    except RecursionError:
        raise LimitError("The input or a result of 'jq' is nested too deep") from None


def _run(expression: str, data: Any, seconds: float, most: int) -> list[Any]:
    try:
        return run(expression, data, seconds=seconds, most=most)
    except JqError:
        # To Kestra's jq, `{name}` of what is no object has a null for a name.
        softened = _SHORT_OBJECT.sub(_spelled_out, expression)
        if softened == expression:
            raise
        return run(softened, data, seconds=seconds, most=most)


def _spelled_out(match: re.Match[str]) -> str:
    if match[1] is None:
        return match[0]
    names = [name.strip() for name in match[1].split(",")]
    return f"{{{', '.join(f'{name}: (try .{name} catch null)' for name in names)}}}"


def _read(text: str, expression: str) -> Any:
    if text.strip():
        return read_json(text)
    # A blank text holds nothing, which shows as null but, unlike null, can be neither indexed nor
    # computed with. False is the closest there is to that.
    return None if _SHOWS.search(expression) else False


def _tree(value: Any) -> Any:
    """Make JSON data of a value: text keys, no null members, dates as JSON shows them."""
    if value.__class__ in _SCALARS:
        return value
    if isinstance(value, Mapping):
        return {_key(key): _tree(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_tree(item) for item in value]
    if isinstance(value, Entry):
        return {_key(value.key): _tree(value.value)}
    if isinstance(value, timedelta):
        return Decimal(json_text(value)).normalize()
    if isinstance(value, Decimal):
        return value.normalize()
    if isinstance(value, int | float):
        return value
    return read_json(json_text(value))


def _key(key: Any) -> str:
    return key if key.__class__ is str else java_text(key)
