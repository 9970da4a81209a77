"""Reading variables, attributes, keys and indexes, and the few methods that may be called.

No attribute of a Python object is ever read here: a value answers through the tables of this module
or not at all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from difflib import get_close_matches
from typing import Any

from tiercel.errors import EvaluationError, UndefinedError
from tiercel.expression.printing import java_text
from tiercel.expression.values import Array, Character, Entry, Long, Uri, ValueSet, utf16_length

__all__ = [
    "MISSING",
    "attribute",
    "method",
    "nearest",
    "path1",
    "path2",
    "path3",
    "soft_path",
    "subscript",
    "walk",
]

_INDEX = re.compile(r"[+-]?[0-9]{1,10}")

MISSING: Any = object()
"""What a soft lookup gives for something that does not exist."""


def nearest(name: str, candidates: Iterable[Any]) -> str:
    """Return `; did you mean 'x'?` for the candidate most like a name, or an empty text."""
    texts = [candidate for candidate in candidates if isinstance(candidate, str)][:1000]
    found = get_close_matches(name[:100], texts, n=1, cutoff=0.7)
    return f"; did you mean {found[0]!r}?" if found else ""


def path1(variables: Mapping[str, Any], first: str) -> Any:
    """Return a variable.

    Raises:
        UndefinedError: it does not exist; the message offers the nearest name.
    """
    if first in variables:
        return variables[first]
    return walk(variables, first)


def path2(variables: Mapping[str, Any], first: str, second: str) -> Any:
    """Return `first.second`: the same as `walk`, faster for plain maps."""
    try:
        value = variables[first]
        if value.__class__ is dict:
            return value[second]
    except KeyError:
        pass
    return walk(variables, first, second)


def path3(variables: Mapping[str, Any], first: str, second: str, third: str) -> Any:
    """Return `first.second.third`: the same as `walk`, faster for plain maps."""
    try:
        value = variables[first]
        if value.__class__ is dict:
            value = value[second]
            if value.__class__ is dict:
                return value[third]
    except KeyError:
        pass
    return walk(variables, first, second, third)


def walk(variables: Mapping[str, Any], name: str, *names: str) -> Any:
    """Return `name.names[0].names[1]…`.

    Raises:
        UndefinedError: a part of it does not exist; `step` tells which, 0 for the variable.
    """
    if name not in variables:
        raise UndefinedError(f"The variable {name!r} does not exist{nearest(name, variables)}")
    value = variables[name]
    for step, part in enumerate(names, 1):
        try:
            value = attribute(value, part)
        except UndefinedError as error:
            error.step = step
            raise
    return value


def attribute(base: Any, name: str) -> Any:
    """Return `base.name`.

    Raises:
        UndefinedError: there is no such member, or `base` is null.
    """
    if base.__class__ is dict and name in base:
        return base[name]
    value = _member(base, name)
    if value is MISSING:
        raise _no_member(base, name)
    return value


def subscript(base: Any, key: Any) -> Any:
    """Return `base[key]`: an item of a list by its index, a member of a map by its key.

    Raises:
        UndefinedError: there is no such item or member, or `base` is null.
        EvaluationError: the key's kind does not suit a map.
    """
    if base.__class__ is dict and key.__class__ is str and key in base:
        return base[key]
    value = _item(base, key)
    if value is MISSING:
        raise _no_member(base, key)
    return value


def soft_path(variables: Mapping[str, Any], name: str, *names: str) -> Any:
    """Return `name.names[0].names[1]…`, or `MISSING` where any of it does not exist."""
    if name not in variables:
        return MISSING
    value = variables[name]
    for step in names:
        if value.__class__ is dict and step in value:
            value = value[step]
        else:
            value = _member(value, step)
            if value is MISSING:
                return MISSING
    return value


def _member(base: Any, name: str) -> Any:
    if isinstance(base, Mapping):
        return base.get(name, MISSING)
    if isinstance(base, list) and not isinstance(base, ValueSet) and name.isdecimal():
        return _indexed(base, int(name[:12]))
    readable = getattr(type(base), "expression_members", None)
    if readable is not None and name in readable:
        return readable[name](base)
    table = _table(base)
    call = table.get(name) if table and name in _WITHOUT_ARGUMENTS else None
    return MISSING if call is None else call(base)


def _item(base: Any, key: Any) -> Any:
    if isinstance(base, Mapping):
        return base.get(key, MISSING) if key.__class__ is str else _by_other_key(base, key)
    if isinstance(base, list) and not isinstance(base, ValueSet):
        if isinstance(key, str):
            return _indexed(base, int(key)) if _INDEX.fullmatch(key) else _member(base, key)
        if isinstance(key, int) and not isinstance(key, bool):
            return _indexed(base, key)
        return MISSING
    return _member(base, key) if isinstance(key, str) else MISSING


def _by_other_key(base: Mapping[Any, Any], key: Any) -> Any:
    """Look up what is no text; a number becomes one of the kind that the first key is."""
    if key is None:
        raise EvaluationError("A map's key is a text, not null")
    if isinstance(key, (int, float, Decimal)) and not isinstance(key, bool):
        first = next(iter(base), None)
        if not isinstance(first, (int, float)) or isinstance(first, bool):
            raise EvaluationError(f"A map's key is a text, not {java_text(key)}")
        key = type(first)(key)
    for candidate in base:
        if type(candidate) is type(key) and candidate == key:
            return base[candidate]
    return MISSING


def _indexed(base: list[Any], index: int) -> Any:
    return base[index] if 0 <= index < len(base) else MISSING


def _no_member(base: Any, key: Any) -> UndefinedError:
    shown = java_text(key)
    if base is None:
        return UndefinedError(f"{shown!r} cannot be read from null")
    if isinstance(base, list):
        return UndefinedError(f"The list has {len(base)} items and no {shown!r}")
    candidates = base if isinstance(base, Mapping) else _table(base) or ()
    return UndefinedError(f"{shown!r} does not exist here{nearest(shown, candidates)}")


# Methods: what flows are seen to call. Every function takes the value first.


def _sub(text: str, start: Any, end: Any = None) -> str:
    stop = len(text) if end is None else _position(end)
    begin = _position(start)
    if not 0 <= begin <= stop <= len(text):
        raise EvaluationError(f"substring({begin}, {stop}) leaves a text of {len(text)}")
    return text[begin:stop]


def _position(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value)
    raise EvaluationError(f"An integer is needed, not {java_text(value)}")


def _string(value: Any) -> str:
    if isinstance(value, str):
        return str(value)
    raise EvaluationError(f"A text is needed, not {java_text(value)}")


_TEXT_METHODS: dict[str, Callable[..., Any]] = {
    "length": utf16_length,
    "isEmpty": lambda text: not text,
    "empty": lambda text: not text,
    "isBlank": lambda text: not text.strip(),
    "blank": lambda text: not text.strip(),
    "toString": str,
    "toUpperCase": lambda text: text.upper(),
    "toLowerCase": lambda text: text.lower(),
    "trim": lambda text: text.strip(),
    "strip": lambda text: text.strip(),
    "startsWith": lambda text, part: text.startswith(_string(part)),
    "endsWith": lambda text, part: text.endswith(_string(part)),
    "concat": lambda text, part: text + _string(part),
    "indexOf": lambda text, part: text.find(_string(part)),
    "lastIndexOf": lambda text, part: text.rfind(_string(part)),
    "substring": _sub,
    "equals": lambda text, other: bool(text == other),
    "equalsIgnoreCase": lambda text, other: text.casefold() == _string(other).casefold(),
}
_LIST_METHODS: dict[str, Callable[..., Any]] = {
    "size": len,
    "isEmpty": lambda items: not items,
    "empty": lambda items: not items,
    "toString": java_text,
    "get": lambda items, index: subscript(items, _position(index)),
    "getFirst": lambda items: subscript(items, 0),
    "first": lambda items: subscript(items, 0),
    "getLast": lambda items: subscript(items, len(items) - 1),
    "last": lambda items: subscript(items, len(items) - 1),
}
_MAP_METHODS: dict[str, Callable[..., Any]] = {
    "size": len,
    "isEmpty": lambda members: not members,
    "toString": java_text,
    "keySet": lambda members: ValueSet(members),
    "values": lambda members: ValueSet(members.values()),
    "entrySet": lambda members: ValueSet(Entry(*pair) for pair in members.items()),
    "containsKey": lambda members, key: key in members,
    "get": lambda members, key: members.get(key),
    "getOrDefault": lambda members, key, default: members.get(key, default),
}
_NUMBER_METHODS: dict[str, Callable[..., Any]] = {
    "toString": java_text,
    "intValue": lambda number: int(number),
    "longValue": lambda number: Long(number),
    "doubleValue": float,
}
_ENTRY_METHODS: dict[str, Callable[..., Any]] = {
    "key": lambda entry: entry.key,
    "value": lambda entry: entry.value,
    "getKey": lambda entry: entry.key,
    "getValue": lambda entry: entry.value,
}
# What may also be read as an attribute (`text.length`), as Java's bean rules have it; never for
# maps, whose members come first and alone.
_WITHOUT_ARGUMENTS = frozenset(
    {
        *("length", "size", "isEmpty", "empty", "isBlank", "blank", "toString", "strip"),
        *("trim", "toUpperCase", "toLowerCase", "first", "last", "getFirst", "getLast"),
        *("key", "value"),
    }
)


def _table(value: Any) -> dict[str, Callable[..., Any]] | None:
    if isinstance(value, str) and not isinstance(value, (Character, Uri)):
        return _TEXT_METHODS
    if isinstance(value, Array):
        return None
    if isinstance(value, list):
        return _LIST_METHODS
    if isinstance(value, Entry):
        return _ENTRY_METHODS
    if isinstance(value, (int, float)):
        return _NUMBER_METHODS
    return None


def method(base: Any, name: str, *arguments: Any) -> Any:
    """Call one of the known methods of a text, list, map, number or map entry.

    Raises:
        UndefinedError: `base` has no such method.
        EvaluationError: the arguments do not suit it.
    """
    table = _MAP_METHODS if isinstance(base, Mapping) else _table(base)
    call = table.get(name) if table else None
    if call is None:
        kind = "null" if base is None else "this value"
        raise UndefinedError(f"There is no method {name!r} on {kind}{nearest(name, table or ())}")
    try:
        return call(base, *arguments)
    except TypeError:
        raise EvaluationError(f"The method {name!r} does not take these arguments") from None
