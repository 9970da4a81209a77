"""Filters on lists and maps, and `default`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any

from tiercel.errors import EvaluationError, LimitError
from tiercel.expression.bounded import check_items, check_tree
from tiercel.expression.filters.text import number_argument, text_argument
from tiercel.expression.operators import value_key
from tiercel.expression.printing import java_text
from tiercel.expression.runtime import EvaluationContext
from tiercel.expression.table import FILTERS
from tiercel.expression.tests import empty
from tiercel.expression.values import Array, Character, Entry, ValueSet, is_text, utf16_length

__all__: list[str] = []

_ORDERED = (int, float, Decimal, str, date, time, timedelta)


def _refused(filter_name: str, wanted: str, value: Any) -> EvaluationError:
    return EvaluationError(
        f"The filter {filter_name!r} takes {wanted}, not {java_text(value)[:200]}"
    )


def _list(value: Any, filter_name: str) -> list[Any]:
    """Return a list; Java's arrays and sets are none."""
    if type(value) is list:
        return value
    raise _refused(filter_name, "a list", value)


@FILTERS.add("default", "default", forgiving=True)
def default(value: Any, replacement: Any = None) -> Any:
    """Put another value in place of one that is missing, null or empty."""
    return replacement if empty(value) else value


@FILTERS.add("length")
def length(value: Any) -> int:
    """Count the characters of a text, the items of a list, the members of a map; else 0."""
    if is_text(value):
        return utf16_length(value)
    return len(value) if isinstance(value, (list, Mapping)) else 0


@FILTERS.add("first")
def first(value: Any) -> Any:
    """Return the first item of a list or character of a text; null of an empty list."""
    return _at_end(value, "first", 0)


@FILTERS.add("last")
def last(value: Any) -> Any:
    """Return the last item of a list or character of a text; null of an empty list."""
    return _at_end(value, "last", -1)


def _at_end(value: Any, filter_name: str, index: int) -> Any:
    if isinstance(value, list):
        return value[index] if value else None
    if value is None:
        return None
    if not is_text(value):
        raise _refused(filter_name, "a list or text", value)
    if not value:
        raise EvaluationError(f"The text given to {filter_name!r} is empty")
    # Half of a surrogate pair, which is what Java would give, prints as a question mark.
    return Character(value[index] if value[index] <= "\uffff" else "?")


@FILTERS.add("join", "separator", needs_context=True)
def join(context: EvaluationContext, value: Any, separator: Any = None) -> str | None:
    """Join the items of a list, as Java text, with a separator between them."""
    if value is None:
        return None
    if not isinstance(value, list):
        raise _refused("join", "a list", value)
    between = "" if separator is None else text_argument(separator, "join", "separator")
    items = value
    if not all(item.__class__ is str for item in value):
        items = [java_text(item) for item in check_tree(value)]
    if sum(map(len, items)) + len(between) * len(items) > context.limits.output:
        raise LimitError(f"A text is longer than {context.limits.output} characters")
    return between.join(items)


@FILTERS.add("keys")
def keys(value: Any) -> list[Any] | None:
    """Return the keys of a map, or the indexes of a list."""
    if value is None:
        return None
    if isinstance(value, Mapping):
        return ValueSet(value)
    if isinstance(value, list) and not isinstance(value, ValueSet):
        return list(range(len(value)))
    raise _refused("keys", "a map or list", value)


@FILTERS.add("values")
def values(value: Any) -> ValueSet | None:
    """Return the values of a map."""
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise _refused("values", "a map", value)
    return ValueSet(value.values())


@FILTERS.add("sort")
def sort(value: Any) -> list[Any] | None:
    """Return a list's items from the smallest to the largest; all of them numbers or texts."""
    if isinstance(value, Array) and value.texts:
        value = list(value)
    return None if value is None else _sorted(value, "sort", False)


@FILTERS.add("rsort")
def rsort(value: Any) -> list[Any] | None:
    """Return a list's items from the largest to the smallest; all of them numbers or texts."""
    return None if value is None else _sorted(value, "rsort", True)


def _sorted(value: Any, filter_name: str, descending: bool) -> list[Any]:
    items: list[Any] = check_tree(_list(value, filter_name))
    if len(items) < 2:
        return list(items)
    kinds = {value_key(item)[0] for item in items}
    if len(kinds) > 1 or not isinstance(items[0], _ORDERED):
        raise _refused(filter_name, "items of one kind, numbers or texts", value)
    return sorted(items, key=_utf16 if kinds == {str} else None, reverse=descending)


def _utf16(text: str) -> bytes:
    """Java orders texts by their UTF-16 units."""
    return text.encode("utf-16-be", "surrogatepass")


@FILTERS.add("reverse")
def reverse(value: Any) -> list[Any] | None:
    """Return a list's items in the opposite order."""
    return None if value is None else _list(value, "reverse")[::-1]


@FILTERS.add("distinct")
def distinct(value: Any) -> Any:
    """Return a list's items, each once."""
    if value is None:
        return "null"  # as Kestra has it
    seen: dict[Any, Any] = {}
    for item in check_tree(_list(value, "distinct")):
        seen.setdefault(value_key(item), item)
    return list(seen.values())


@FILTERS.add("flatten")
def flatten(value: Any) -> list[Any] | None:
    """Replace the lists inside a list by their items, one level deep."""
    if value is None:
        return None
    flat: list[Any] = []
    for item in _list(value, "flatten"):
        if type(item) is list:
            check_items(len(flat) + len(item))
            flat.extend(item)
        else:
            flat.append(item)
    return flat


@FILTERS.add("chunk", "size")
def chunk(value: Any, size: Any) -> list[Any] | None:
    """Cut a list into lists of `size` items; the last may be shorter."""
    if value is None:
        return None
    items = _list(value, "chunk")
    step = number_argument(size, "chunk", "size")
    if step < 1:
        raise EvaluationError(f"'chunk' takes a size of at least 1, not {step}")
    return [items[start : start + step] for start in range(0, len(items), step)]


@FILTERS.add("merge", "items")
def merge(value: Any, items: Any = None) -> Any:
    """Join two lists, or put the members of a map (the items of a list) into another map.

    The input decides what it becomes: members added to a list are its entries.
    """
    if value is None and items is None:
        raise EvaluationError("'merge' has nothing to merge: both sides are null")
    if value is None or items is None:
        return items if value is None else value
    if isinstance(value, Mapping):
        if isinstance(items, Mapping):
            return {**value, **items}
        if type(items) is list:
            return {**value, **{java_text(item): item for item in items}}
    elif type(value) is list and type(items) is list:
        check_items(len(value) + len(items))
        return [*value, *items]
    elif isinstance(value, Array) and isinstance(items, Array) and value.texts is items.texts:
        check_items(len(value) + len(items))
        return Array([*value, *items], texts=value.texts)
    elif type(value) is list and isinstance(items, Mapping):
        return [*value, *(Entry(*pair) for pair in items.items())]
    raise _refused("merge", "two lists or two maps", value)


@FILTERS.add("slice", "fromIndex", "toIndex")
def slice_filter(value: Any, start: Any = None, end: Any = None) -> Any:
    """Return a part of a list or text: from `fromIndex` up to but without `toIndex`.

    Nothing is left only of what ends at `fromIndex`; a `toIndex` leaves one item at the least.
    """
    if value is None:
        return None
    if not (is_text(value) or isinstance(value, list)) or isinstance(value, ValueSet):
        raise _refused("slice", "a list or text", value)
    begin = 0 if start is None else number_argument(start, "slice", "fromIndex")
    stop = len(value) if end is None else number_argument(end, "slice", "toIndex")
    if not 0 <= begin <= stop <= len(value) or (end is not None and begin == stop):
        raise EvaluationError(f"slice({begin}, {stop}) leaves what has a length of {len(value)}")
    part = value[begin:stop]
    return Array(part, texts=value.texts) if isinstance(value, Array) else part
