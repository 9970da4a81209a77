"""The built-in functions on paths."""

from __future__ import annotations

from typing import Any

from tiercel.expression.jq.engine import BUILTINS, Emit, Env, collect, collect_paths
from tiercel.expression.jq.paths import Path, delete_paths, read, replace, to_path
from tiercel.expression.jq.scalars import truthy
from tiercel.expression.jq.streams import Arguments, builtin

__all__: list[str] = []


@builtin("path/1")
def _path(env: Env, args: Arguments, value: Any, path: Path | None, emit: Emit) -> None:
    for where in collect_paths(args[0], env, value):
        emit(list(where), None)


@builtin("paths/0", "paths/1")
def _paths(env: Env, args: Arguments, value: Any, path: Path | None, emit: Emit) -> None:
    def visit(item: Any, where: list[Any]) -> None:
        env.budget.tick()
        if where:
            wanted = collect(args[0], env, item) if args else [item is not None]
            for answer in wanted:
                if truthy(answer):
                    emit(list(where), None)
        if isinstance(item, list | dict):
            for key in item if isinstance(item, dict) else range(len(item)):
                visit(item[key], [*where, key])

    visit(value, [])


@builtin("leaf_paths/0")
def _leaf_paths(env: Env, args: Arguments, value: Any, path: Path | None, emit: Emit) -> None:
    def scalars(scope: Env, item: Any, where: Path | None, push: Emit) -> None:
        BUILTINS["scalars/0"](scope, (), item, where, push)

    _paths(env, (scalars,), value, path, emit)


@builtin("getpath/1")
def _getpath(env: Env, args: Arguments, value: Any, path: Path | None, emit: Emit) -> None:
    def with_path(wanted: Any, _path: Path | None) -> None:
        where = to_path(wanted)
        result = read(value, where, env.budget.tick)
        emit(result, None if path is None else path + where)

    args[0](env, value, None, with_path)


@builtin("setpath/2")
def _setpath(env: Env, args: Arguments, value: Any, path: Path | None, emit: Emit) -> None:
    def with_new(new: Any, _path: Path | None) -> None:
        def with_path(wanted: Any, _path: Path | None) -> None:
            where = to_path(wanted)
            emit(replace(value, where, lambda old: new), where)

        args[0](env, value, None, with_path)

    args[1](env, value, None, with_new)


@builtin("delpaths/1")
def _delpaths(env: Env, args: Arguments, value: Any, path: Path | None, emit: Emit) -> None:
    tick = env.budget.tick
    args[0](env, value, None, lambda paths, _: emit(delete_paths(value, paths, tick), None))


@builtin("del/1")
def _del(env: Env, args: Arguments, value: Any, path: Path | None, emit: Emit) -> None:
    paths = [list(where) for where in collect_paths(args[0], env, value)]
    emit(delete_paths(value, paths, env.budget.tick), None)
