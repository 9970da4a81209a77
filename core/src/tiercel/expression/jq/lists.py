"""The built-in functions on arrays, objects and single values."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cmp_to_key
from typing import Any

from tiercel.expression.jq.arithmetic import OPERATORS
from tiercel.expression.jq.engine import BUILTINS, Budget, Emit, Env, collect
from tiercel.expression.jq.paths import Path, occurrences
from tiercel.expression.jq.scalars import (
    JqError,
    Tick,
    compare,
    equal,
    is_integer,
    is_number,
    normal,
    show,
    to_double,
    to_index,
    truthy,
    type_name,
)
from tiercel.expression.jq.streams import Arguments, builtin, members, unary

__all__: list[str] = []


def _require(name: str, value: Any, *kinds: str) -> None:
    if type_name(value) not in kinds:
        wanted = ", ".join(kinds)
        raise JqError(f"{name} is not applicable to {type_name(value)}; expected one of [{wanted}]")


# --- one value ------------------------------------------------------------------------------


unary("not")(lambda value: not truthy(value))
unary("type")(type_name)


@unary("length")
def _length(value: Any) -> Any:
    if isinstance(value, str | list | dict):
        return len(value)
    if value is None:
        return 0
    if is_number(value):
        return normal(abs(to_double(value)))
    raise JqError(f"{show(value)} has no length")


@unary("utf8bytelength")
def _utf8bytelength(value: Any) -> int:
    if not isinstance(value, str):
        raise JqError(f"{show(value)} only strings have UTF-8 byte length")
    return len(value.encode("utf-8", "replace"))


def _keys(name: str, value: Any) -> list[Any]:
    _require(name, value, "object", "array")
    return list(value) if isinstance(value, dict) else list(range(len(value)))


@unary("keys_unsorted")
def _keys_unsorted(value: Any) -> list[Any]:
    return _keys("keys_unsorted", value)


@unary("keys")
def _sorted_keys(value: Any) -> list[Any]:
    keys = _keys("keys", value)
    # Java orders texts by their UTF-16 units.
    if isinstance(value, dict):
        keys.sort(key=lambda key: key.encode("utf-16-be", "surrogatepass"))
    return keys


@unary("to_entries")
def _to_entries(value: Any) -> list[Any]:
    if not isinstance(value, list | dict):
        raise JqError(f"{show(value)} has no keys")
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    return [{"key": key, "value": item} for key, item in pairs]


@unary("from_entries")
def _from_entries(value: Any) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for entry in members(value):
        if not isinstance(entry, dict):
            raise JqError(f'Cannot index {type_name(entry)} with string "key"')
        names = [name for name in ("key", "Key", "name", "Name") if name in entry]
        key = entry[names[0]] if names else None
        if not isinstance(key, str):
            raise JqError(f"Cannot use {show(key)} as object key")
        made[key] = entry["value"] if "value" in entry else entry.get("Value")
    return made


@builtin("with_entries/1")
def _with_entries(env: Env, args: Arguments, value: Any, path: Path | None, emit: Emit) -> None:
    entries = [result for item in _to_entries(value) for result in collect(args[0], env, item)]
    emit(_from_entries(entries), None)


@unary("reverse")
def _reverse(value: Any) -> list[Any]:
    if isinstance(value, list):
        return value[::-1]
    if value is True or value is False:
        raise JqError(f"{show(value)} has no length")
    if value is None or _length(value) == 0:
        return []
    raise JqError(f"Cannot index {type_name(value)} with number")


@unary("transpose")
def _transpose(value: Any) -> list[Any]:
    rows = members(value)
    width = max((_length(row) for row in rows), default=0)
    if not all(row is None or isinstance(row, list) for row in rows):
        raise JqError("transpose is only applicable to an array of arrays")
    return [
        [row[column] if row and column < len(row) else None for row in rows]
        for column in range(width)
    ]


@builtin("add/0")
def _add(env: Env, args: Arguments, value: Any, path: Path | None, emit: Emit) -> None:
    items = members(value)
    budget = env.budget
    total: Any = None
    if all(isinstance(item, str) for item in items):
        budget.check_size(sum(map(len, items)))
        total = "".join(items) if items else None
    elif all(isinstance(item, list) for item in items):
        total = _joined_lists(items, budget)
    else:
        for item in items:
            budget.tick()
            total = OPERATORS["+"](total, item, budget)
    emit(total, None)


def _joined_lists(lists: list[list[Any]], budget: Budget) -> list[Any]:
    budget.check_size(sum(map(len, lists)))
    return [item for items in lists for item in items]


@builtin("flatten/0", "flatten/1")
def _flatten(env: Env, args: Arguments, value: Any, path: Path | None, emit: Emit) -> None:
    def with_depth(depth: Any, _path: Path | None) -> None:
        if compare(depth, 0, env.budget.tick) < 0:
            raise JqError("flatten depth must not be negative")
        emit(list(_flat(members(value), depth, env.budget)), None)

    if args:
        args[0](env, value, None, with_depth)
    else:
        emit(list(_flat(members(value), -1, env.budget)), None)


def _flat(items: list[Any], depth: Any, budget: Budget) -> Iterator[Any]:
    for item in items:
        budget.tick()
        if isinstance(item, list) and compare(depth, 0, budget.tick):
            yield from _flat(item, OPERATORS["-"](depth, 1, budget), budget)
        else:
            yield item


# --- membership -----------------------------------------------------------------------------


def _has(value: Any, key: Any) -> bool:
    if isinstance(value, dict):
        if not isinstance(key, str):
            raise JqError("argument 1 of has() must be string for object input")
        return key in value
    if isinstance(value, list):
        if not is_integer(key):
            raise JqError("argument 1 of has() must be int for array input")
        return 0 <= to_index(key) < len(value)
    if value is None:
        return False
    raise JqError(f"has() is not applicable to {type_name(value)}")


@builtin("has/1")
def _has_key(env: Env, args: Arguments, value: Any, path: Path | None, emit: Emit) -> None:
    if value is None:
        emit(False, None)
    else:
        args[0](env, value, None, lambda key, _: emit(_has(value, key), None))


@builtin("in/1")
def _in(env: Env, args: Arguments, value: Any, path: Path | None, emit: Emit) -> None:
    args[0](env, value, None, lambda holder, _: emit(_has(holder, value), None))


def _contains(value: Any, wanted: Any, tick: Tick) -> bool:
    if type_name(value) != type_name(wanted) or (isinstance(value, bool) and value != wanted):
        raise JqError(f"{show(value)} and {show(wanted)} cannot have their containment checked")
    return _holds(value, wanted, tick)


def _holds(value: Any, wanted: Any, tick: Tick) -> bool:
    tick()
    if isinstance(value, str) and isinstance(wanted, str):
        return wanted in value
    if isinstance(value, list) and isinstance(wanted, list):
        return all(any(_holds(item, part, tick) for item in value) for part in wanted)
    if isinstance(value, dict) and isinstance(wanted, dict):
        return all(key in value and _holds(value[key], part, tick) for key, part in wanted.items())
    return equal(value, wanted, tick)


@builtin("contains/1")
def _contains_all(env: Env, args: Arguments, value: Any, path: Path | None, emit: Emit) -> None:
    tick = env.budget.tick
    args[0](env, value, None, lambda wanted, _: emit(_contains(value, wanted, tick), None))


@builtin("inside/1")
def _inside(env: Env, args: Arguments, value: Any, path: Path | None, emit: Emit) -> None:
    tick = env.budget.tick
    args[0](env, value, None, lambda holder, _: emit(_contains(holder, value, tick), None))


def _indices(value: Any, wanted: Any, tick: Tick) -> list[int]:
    if isinstance(value, str) and isinstance(wanted, str):
        return list(_text_indices(value, wanted))
    if isinstance(value, list) and isinstance(wanted, list):
        return occurrences(value, wanted, tick)
    if isinstance(value, list):
        return [place for place, item in enumerate(value) if equal(item, wanted, tick)]
    raise JqError(f"indices() is not applicable to {type_name(value)}")


def _text_indices(text: str, wanted: str) -> Iterator[int]:
    place = text.find(wanted) if wanted else -1
    while place >= 0:
        yield place
        place = text.find(wanted, place + 1)


def _register_indices(name: str, pick: Callable[[list[int]], Any]) -> None:
    @builtin(f"{name}/1")
    def run(env: Env, args: Arguments, value: Any, path: Path | None, emit: Emit) -> None:
        if name == "indices":
            _require(name, value, "string", "array", "null")
        if value is None:
            emit(None, None)
            return
        tick = env.budget.tick
        args[0](env, value, None, lambda want, _: emit(pick(_indices(value, want, tick)), None))


_register_indices("indices", lambda places: places)
_register_indices("index", lambda places: places[0] if places else None)
_register_indices("rindex", lambda places: places[-1] if places else None)


# --- order ----------------------------------------------------------------------------------


def _keyed(env: Env, args: Arguments, value: Any, name: str) -> list[tuple[Any, Any]]:
    """Each item of the input with what the argument makes of it, or with itself."""
    _require(name, value, "array")
    env.budget.check_size(len(value))
    if not args:
        return [(item, item) for item in value]
    return [(collect(args[0], env, item), item) for item in value]


def _ordered(env: Env, pairs: list[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    tick = env.budget.tick

    def by_key(left: tuple[Any, Any], right: tuple[Any, Any]) -> int:
        tick()
        return compare(left[0], right[0], tick)

    return sorted(pairs, key=cmp_to_key(by_key))


@builtin("sort/0", "sort_by/1")
def _sort(env: Env, args: Arguments, value: Any, path: Path | None, emit: Emit) -> None:
    pairs = _ordered(env, _keyed(env, args, value, "sort_by"))
    emit([item for _key, item in pairs], None)


def _groups(env: Env, args: Arguments, value: Any) -> list[list[Any]]:
    groups: list[list[Any]] = []
    last: Any = None
    for key, item in _ordered(env, _keyed(env, args, value, "group_by")):
        if groups and equal(last, key, env.budget.tick):
            groups[-1].append(item)
        else:
            groups.append([item])
        last = key
    return groups


@builtin("group_by/1")
def _group_by(env: Env, args: Arguments, value: Any, path: Path | None, emit: Emit) -> None:
    emit(_groups(env, args, value), None)


@builtin("unique/0", "unique_by/1")
def _unique(env: Env, args: Arguments, value: Any, path: Path | None, emit: Emit) -> None:
    emit([group[0] for group in _groups(env, args, value)], None)


@builtin("max/0", "max_by/1")
def _max(env: Env, args: Arguments, value: Any, path: Path | None, emit: Emit) -> None:
    best: tuple[Any, Any] | None = None
    for pair in _keyed(env, args, value, "max_by"):
        if best is None or compare(best[0], pair[0], env.budget.tick) <= 0:
            best = pair
    emit(best[1] if best else None, None)


@builtin("min/0", "min_by/1")
def _min(env: Env, args: Arguments, value: Any, path: Path | None, emit: Emit) -> None:
    best: tuple[Any, Any] | None = None
    for pair in _keyed(env, args, value, "min_by"):
        if best is None or compare(best[0], pair[0], env.budget.tick) > 0:
            best = pair
    emit(best[1] if best else None, None)


# --- depth ----------------------------------------------------------------------------------


@builtin("walk/1")
def _walk(env: Env, args: Arguments, value: Any, path: Path | None, emit: Emit) -> None:
    env.budget.tick()
    if isinstance(value, dict):
        made: Any = {}
        for key in _sorted_keys(value):
            results = collect(_walk_program(args), env, value[key])
            # As in a jq `reduce`: the last result counts, and without any the object is lost.
            made = {**(made or {}), key: results[-1]} if results else None
        args[0](env, made, None, emit)
    elif isinstance(value, list):
        program = _walk_program(args)
        items = [result for item in value for result in collect(program, env, item)]
        args[0](env, items, None, emit)
    else:
        args[0](env, value, path, emit)


def _walk_program(args: Arguments) -> Any:
    def run(env: Env, value: Any, path: Path | None, emit: Emit) -> None:
        _walk(env, args, value, path, emit)

    return run


@builtin("builtins/0")
def _builtins(env: Env, args: Arguments, value: Any, path: Path | None, emit: Emit) -> None:
    emit(sorted(name for name in BUILTINS if name[0] != "_"), None)
