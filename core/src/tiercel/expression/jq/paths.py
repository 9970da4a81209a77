"""Paths into a value: reading, replacing and deleting what they lead to.

A path is a tuple of segments: a text (field), a number (position), a list (where does this
sub-list occur), or a dict with `start` and `end` (slice). `None` in the engine means «no path is
known», which matters only where a program asks for paths.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cmp_to_key
from typing import Any, TypeAlias

from tiercel.expression.jq.scalars import (
    JqError,
    Tick,
    compare,
    is_number,
    show,
    to_double,
    to_index,
    type_name,
)

__all__ = [
    "MISSING",
    "Change",
    "Path",
    "delete_paths",
    "occurrences",
    "read",
    "replace",
    "resolve",
    "slice_of",
    "to_path",
]

Path: TypeAlias = tuple[Any, ...]
Change: TypeAlias = Callable[[Any], Any]

_LARGEST_GAP = 1_000_000


class _Missing:
    """Stands where something was deleted, until the whole value is swept."""


MISSING = _Missing()


# --- one step -------------------------------------------------------------------------------


def resolve(value: Any, key: Any, tick: Tick) -> Any:
    """Read `value[key]` for any kind of key; raise `JqError` where jq refuses."""
    if isinstance(key, str):
        if isinstance(value, dict):
            return value.get(key)
        if value is None:
            return None
        raise JqError(f'Cannot index {type_name(value)} with string "{key}"')
    if is_number(key):
        return _item(value, key)
    if isinstance(key, list) and isinstance(value, list):
        return occurrences(value, key, tick)
    raise JqError(f"Cannot index {type_name(value)} with {type_name(key)}")


def _item(value: Any, key: Any) -> Any:
    if value is None:
        return None
    if not isinstance(value, list):
        raise JqError(f"Cannot index {type_name(value)} with number")
    index = to_index(key)
    if to_double(key) != index:
        return None
    index += len(value) if index < 0 else 0
    return value[index] if 0 <= index < len(value) else None


def slice_of(value: Any, start: Any, end: Any) -> Any:
    """Read `value[start:end]` of a list or text."""
    if not all(bound is None or is_number(bound) for bound in (start, end)):
        raise JqError(f"Start and end indices of an {type_name(value)} slice must be numbers")
    if value is None:
        return None
    if not isinstance(value, list | str):
        raise JqError(f"Cannot index {type_name(value)} with object")
    first, last = _bounds(start, end, len(value))
    return value[first:last]


def _bounds(start: Any, end: Any, size: int) -> tuple[int, int]:
    first = _position(start, 0, size)
    last = min(_position(end, size, size), size)
    if not first < size:
        return size, size
    first = max(first, 0.0)
    return int(first), math.ceil(last) if last >= first else int(first)


def _position(bound: Any, missing: int, size: int) -> float:
    if bound is None:
        return float(missing)
    number = to_double(bound)
    return number + size if number < 0 else number


def occurrences(values: list[Any], wanted: list[Any], tick: Tick) -> list[int]:
    """Positions at which the items of `wanted` follow each other in `values`."""
    size = len(wanted)
    if not size:
        return []
    return [
        start
        for start in range(len(values) - size + 1)
        if not compare(values[start : start + size], wanted, tick)
    ]


# --- whole paths ----------------------------------------------------------------------------


def to_path(value: Any) -> Path:
    """Take a path that a program computed; raise `JqError` when it is none."""
    if not isinstance(value, list):
        raise JqError("Path must be specified as an array")
    for segment in value:
        if isinstance(segment, dict):
            for bound in (segment.get("start"), segment.get("end")):
                if bound is not None and not is_number(bound):
                    raise JqError("Start and end indices of an array slice must be numbers")
    return tuple(value)


def read(value: Any, path: Path, tick: Tick) -> Any:
    """Read what `path` leads to."""
    for segment in path:
        if isinstance(segment, dict):
            value = slice_of(value, segment.get("start"), segment.get("end"))
        else:
            value = resolve(value, segment, tick)
    return value


def replace(value: Any, path: Path, change: Change, *, create: bool = True) -> Any:
    """Return a copy of `value` in which `change` was applied to what `path` leads to.

    Args:
        value: left as it is.
        path: where to.
        change: takes the old value, None when there is none.
        create: whether objects and arrays on the way are made when missing.
    """
    if not path:
        return change(value)
    segment, rest = path[0], path[1:]

    def inner(old: Any) -> Any:
        return replace(old, rest, change, create=create)

    if isinstance(segment, str):
        return _replace_field(value, segment, inner, create)
    if is_number(segment):
        return _replace_item(value, segment, inner, create)
    if isinstance(segment, dict):
        return _replace_slice(value, segment, inner)
    if isinstance(segment, list):
        raise JqError("Cannot update field at array index of array")
    raise JqError(f"Cannot index {type_name(value)} with {type_name(segment)}")


def _replace_field(value: Any, key: str, change: Change, create: bool) -> Any:
    if value is None:
        if not create:
            return None
        value = {}
    if not isinstance(value, dict):
        raise JqError(f'Cannot index {type_name(value)} with string "{key}"')
    old = value.get(key)
    new = change(old)
    if not create and new is None and key not in value:
        return value
    return {**value, key: new}


def _replace_item(value: Any, key: Any, change: Change, create: bool) -> Any:
    if value is None:
        if not create:
            return None
        value = []
    if not isinstance(value, list):
        raise JqError(f"Cannot index {type_name(value)} with number")
    index = to_index(key)
    index += len(value) if index < 0 else 0
    if not create and not 0 <= index < len(value):
        return value
    if index < 0:
        raise JqError("Out of bounds negative array index")
    if index > len(value) + _LARGEST_GAP:
        raise JqError(f"Array index {index} is too large")
    new = change(value[index] if index < len(value) else None)
    result = value + [None] * (index + 1 - len(value))
    result[index] = new
    return result


def _replace_slice(value: Any, segment: dict[str, Any], change: Change) -> Any:
    if value is not None and not isinstance(value, list):
        if isinstance(value, str):
            raise JqError("Cannot update field at object index of string")
        raise JqError(f"Cannot index {type_name(value)} with object")
    items = value or []
    first, last = _bounds(segment.get("start"), segment.get("end"), len(items))
    new = change(items[first:last] if value is not None else None)
    if not isinstance(new, list):
        raise JqError("A slice of an array can only be assigned another array")
    return items[:first] + new + items[last:]


# --- deletion -------------------------------------------------------------------------------


def delete_paths(value: Any, paths: Any, tick: Tick) -> Any:
    """Return a copy of `value` without what `paths` lead to."""
    if not isinstance(paths, list):
        raise JqError("Paths must be specified as an array")
    for path in paths:
        if not isinstance(path, list):
            raise JqError(f"Path must be specified as array, not {type_name(path)}")
    last_first = sorted(paths, key=cmp_to_key(lambda a, b: compare(a, b, tick)), reverse=True)
    for path in last_first:
        steps = to_path(path)
        value = replace(value, steps, _deleted(steps), create=False)
    return None if value is MISSING else _sweep(value)


def _deleted(steps: Path) -> Change:
    if steps and isinstance(steps[-1], dict):
        return lambda old: [MISSING] * len(old) if isinstance(old, list) else MISSING
    return lambda old: MISSING


def _sweep(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sweep(item) for key, item in value.items() if item is not MISSING}
    if isinstance(value, list):
        return [_sweep(item) for item in value if item is not MISSING]
    return value


def unknown_path(value: Any) -> JqError:
    """The error for a program that asks for the path of a computed value."""
    return JqError(f"Invalid path expression with result {show(value)}")
