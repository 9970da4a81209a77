"""The built-in functions that work on streams of results.

Each is called as `function(env, arguments, value, path, emit)`; arguments are programs, run as
often as the function needs them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tiercel.expression.jq.arithmetic import OPERATORS
from tiercel.expression.jq.engine import BUILTINS, Builtin, Emit, Env, Run, collect, until_break
from tiercel.expression.jq.paths import Path, resolve
from tiercel.expression.jq.scalars import (
    JqError,
    compare,
    is_number,
    normal,
    show,
    to_double,
    truthy,
    type_name,
)

__all__ = ["builtin", "members", "unary"]

Arguments = tuple[Run, ...]


def builtin(*names: str) -> Callable[[Builtin], Builtin]:
    """Register the decorated function under each `name/arity`."""

    def register(function: Builtin) -> Builtin:
        BUILTINS.update(dict.fromkeys(names, function))
        return function

    return register


def unary(name: str) -> Callable[[Callable[[Any], Any]], Callable[[Any], Any]]:
    """Register a function of the input alone, with one result, under `name`."""

    def register(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def run(env: Env, args: Arguments, value: Any, path: Path | None, emit: Emit) -> None:
            emit(function(value), None)

        BUILTINS[f"{name}/0"] = run
        return function

    return register


def members(value: Any) -> list[Any]:
    """What `.[]` gives; raise `JqError` for a value that holds nothing."""
    if isinstance(value, dict):
        return list(value.values())
    if isinstance(value, list):
        return value
    raise JqError(f"Cannot iterate over {show(value)}")


# --- choice ---------------------------------------------------------------------------------


@builtin("empty/0")
def _empty(env: Env, args: Arguments, value: Any, path: Path | None, emit: Emit) -> None:
    pass


@builtin("error/0")
def _error(env: Env, args: Arguments, value: Any, path: Path | None, emit: Emit) -> None:
    if value is not None:
        raise JqError(value)


@builtin("error/1")
def _error_with(env: Env, args: Arguments, value: Any, path: Path | None, emit: Emit) -> None:
    args[0](env, value, None, lambda result, _: _error(env, (), result, None, emit))


@builtin("select/1")
def _select(env: Env, args: Arguments, value: Any, path: Path | None, emit: Emit) -> None:
    args[0](env, value, None, lambda result, _: emit(value, path) if truthy(result) else None)


_KINDS = {
    "arrays": ("array",),
    "booleans": ("boolean",),
    "iterables": ("array", "object"),
    "nulls": ("null",),
    "numbers": ("number",),
    "objects": ("object",),
    "scalars": ("null", "boolean", "number", "string"),
    "strings": ("string",),
    "values": ("boolean", "number", "string", "array", "object"),
}


def _keep_kinds(kinds: tuple[str, ...]) -> Builtin:
    def run(env: Env, args: Arguments, value: Any, path: Path | None, emit: Emit) -> None:
        if type_name(value) in kinds:
            emit(value, path)

    return run


BUILTINS.update({f"{name}/0": _keep_kinds(kinds) for name, kinds in _KINDS.items()})


# --- streams --------------------------------------------------------------------------------


@builtin("map/1")
def _map(env: Env, args: Arguments, value: Any, path: Path | None, emit: Emit) -> None:
    results: list[Any] = []
    for item in members(value):
        results += collect(args[0], env, item)
        env.budget.tick()
    emit(results, None)


@builtin("map_values/1")
def _map_values(env: Env, args: Arguments, value: Any, path: Path | None, emit: Emit) -> None:
    members(value)
    new = {}
    for key, item in value.items() if isinstance(value, dict) else enumerate(value):
        env.budget.tick()
        results = collect(args[0], env, item)
        if not results:
            raise JqError("`|= empty` is undefined")
        new[key] = results[0]
    emit(new if isinstance(value, dict) else list(new.values()), None)


@builtin("recurse/0", "recurse_down/0")
def _recurse_all(env: Env, args: Arguments, value: Any, path: Path | None, emit: Emit) -> None:
    def children(scope: Env, item: Any, where: Path | None, push: Emit) -> None:
        keys = item if isinstance(item, dict) else range(len(item) if type(item) is list else 0)
        for key in list(keys):
            push(item[key], None if where is None else (*where, key))

    _recurse(env, (children,), value, path, emit)


@builtin("recurse/1")
def _recurse(env: Env, args: Arguments, value: Any, path: Path | None, emit: Emit) -> None:
    _descend(env, args[0], lambda item: item is not None, (value, path), emit)


@builtin("recurse/2")
def _recurse_if(env: Env, args: Arguments, value: Any, path: Path | None, emit: Emit) -> None:
    def goes_on(item: Any) -> bool:
        return any(map(truthy, collect(args[1], env, item)))

    _descend(env, args[0], goes_on, (value, path), emit)


@builtin("while/2")
def _while(env: Env, args: Arguments, value: Any, path: Path | None, emit: Emit) -> None:
    def goes_on(item: Any) -> bool:
        return any(map(truthy, collect(args[0], env, item)))

    if goes_on(value):
        _descend(env, args[1], goes_on, (value, path), emit)


def _descend(
    env: Env,
    step: Run,
    goes_on: Callable[[Any], bool],
    start: tuple[Any, Path | None],
    emit: Emit,
) -> None:
    """Emit `start` and, depth first, what `step` makes of it as long as it `goes_on`."""
    pending = [start]
    while pending:
        env.budget.tick()
        value, path = pending.pop()
        emit(value, path)
        found: list[tuple[Any, Path | None]] = []
        step(env, value, path, lambda item, where, found=found: found.append((item, where)))  # type: ignore[misc]
        pending += [pair for pair in reversed(found) if goes_on(pair[0])]


@builtin("until/2")
def _until(env: Env, args: Arguments, value: Any, path: Path | None, emit: Emit) -> None:
    pending = [(value, path)]
    while pending:
        env.budget.tick()
        item, where = pending.pop()
        for done in collect(args[0], env, item):
            if truthy(done):
                emit(item, where)
                continue
            found: list[tuple[Any, Path | None]] = []
            args[1](env, item, where, lambda new, at, found=found: found.append((new, at)))  # type: ignore[misc]
            pending += reversed(found)


@builtin("first/1")
def _first_of(env: Env, args: Arguments, value: Any, path: Path | None, emit: Emit) -> None:
    def action(leave: Callable[[], None]) -> None:
        def keep(result: Any, where: Path | None) -> None:
            emit(result, where)
            leave()

        args[0](env, value, path, keep)

    until_break(action)


@builtin("last/1")
def _last_of(env: Env, args: Arguments, value: Any, path: Path | None, emit: Emit) -> None:
    emit((collect(args[0], env, value) or [None])[-1], None)


@builtin("limit/2")
def _limit(env: Env, args: Arguments, value: Any, path: Path | None, emit: Emit) -> None:
    def with_count(count: Any, _path: Path | None) -> None:
        if compare(count, 0, env.budget.tick) < 0:
            args[1](env, value, path, emit)
        else:
            _take(env, args[1], count, (value, path), emit)

    args[0](env, value, path, with_count)


def _take(env: Env, run: Run, count: Any, start: tuple[Any, Path | None], emit: Emit) -> None:
    # As in jackson-jq, the stream is left when it gives one result too many, not before.
    left = count

    def action(leave: Callable[[], None]) -> None:
        def keep(result: Any, _path: Path | None) -> None:
            nonlocal left
            if compare(left, 1, env.budget.tick) < 0:
                leave()
            left = OPERATORS["-"](left, 1, env.budget)
            emit(result, None)

        run(env, *start, keep)

    until_break(action)


@builtin("nth/2")
def _nth_of(env: Env, args: Arguments, value: Any, path: Path | None, emit: Emit) -> None:
    def with_index(index: Any, _path: Path | None) -> None:
        if compare(index, 0, env.budget.tick) < 0:
            raise JqError("nth doesn't support negative indices")
        results: list[Any] = []
        count = OPERATORS["+"](index, 1, env.budget)
        _take(env, args[1], count, (value, None), lambda result, _: results.append(result))
        emit((results or [None])[-1], None)

    args[0](env, value, None, with_index)


def _index_by(index: Any) -> Builtin:
    def run(env: Env, args: Arguments, value: Any, path: Path | None, emit: Emit) -> None:
        result = resolve(value, index, env.budget.tick)
        emit(result, None if path is None else (*path, index))

    return run


BUILTINS.update({"first/0": _index_by(0), "last/0": _index_by(-1)})


@builtin("nth/1")
def _nth(env: Env, args: Arguments, value: Any, path: Path | None, emit: Emit) -> None:
    args[0](env, value, None, lambda index, _: _index_by(index)(env, (), value, path, emit))


def _quantifier(wanted: bool) -> Callable[[Env, Run, Run, Any, Emit], None]:
    def decide(env: Env, source: Run, condition: Run, value: Any, emit: Emit) -> None:
        found = False

        def action(leave: Callable[[], None]) -> None:
            def check(item: Any, _path: Path | None) -> None:
                nonlocal found
                if found:
                    leave()
                results = collect(condition, env, item)
                found = any(truthy(result) is wanted for result in results)

            source(env, value, None, check)

        until_break(action)
        emit(found is wanted, None)

    return decide


def _identity(env: Env, value: Any, path: Path | None, emit: Emit) -> None:
    emit(value, path)


def _each(env: Env, value: Any, path: Path | None, emit: Emit) -> None:
    for item in members(value):
        env.budget.tick()
        emit(item, None)


def _register_quantifier(name: str, wanted: bool) -> None:
    decide = _quantifier(wanted)

    @builtin(f"{name}/0", f"{name}/1", f"{name}/2")
    def run(env: Env, args: Arguments, value: Any, path: Path | None, emit: Emit) -> None:
        condition = args[-1] if args else _identity
        decide(env, args[0] if len(args) == 2 else _each, condition, value, emit)


_register_quantifier("any", True)
_register_quantifier("all", False)


@builtin("range/1", "range/2", "range/3")
def _range(env: Env, args: Arguments, value: Any, path: Path | None, emit: Emit) -> None:
    zero: Run = lambda scope, _value, _path, push: push(0, None)  # noqa: E731 - a constant program
    bounds = (zero, *args) if len(args) == 1 else args

    def fill(chosen: tuple[Any, ...]) -> None:
        if len(chosen) == len(bounds):
            _count(env, chosen, emit)
        else:
            bounds[len(chosen)](env, value, None, lambda bound, _: fill((*chosen, bound)))

    fill(())


def _count(env: Env, bounds: tuple[Any, ...], emit: Emit) -> None:
    budget = env.budget
    if len(bounds) == 2:
        if not (is_number(bounds[0]) and is_number(bounds[1])):
            raise JqError("Range bounds must be numeric")
        number, end = map(to_double, bounds)
        while number < end:
            budget.tick()
            emit(normal(number), None)
            number += 1
        return
    current, end, step = bounds
    direction = compare(0, step, budget.tick)
    while direction and compare(current, end, budget.tick) * direction > 0:
        budget.tick()
        emit(current, None)
        current = OPERATORS["+"](current, step, budget)


@builtin("combinations/0")
def _combinations(env: Env, args: Arguments, value: Any, path: Path | None, emit: Emit) -> None:
    _combine(env, value, [], emit)


@builtin("combinations/1")
def _combinations_of(env: Env, args: Arguments, value: Any, path: Path | None, emit: Emit) -> None:
    def with_count(count: Any, _path: Path | None) -> None:
        copies: list[Any] = []
        _count(env, (0, count), lambda _number, _where: copies.append(value))
        _combine(env, copies, [], emit)

    args[0](env, value, None, with_count)


def _combine(env: Env, choices: Any, chosen: list[Any], emit: Emit) -> None:
    if len(choices if isinstance(choices, list | dict | str) else members(choices)) == 0:
        emit(chosen, None)
        return
    for item in members(resolve(choices, 0, env.budget.tick)):
        env.budget.tick()
        _combine(env, choices[1:], [*chosen, item], emit)
