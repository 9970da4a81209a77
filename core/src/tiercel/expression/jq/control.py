"""Compilation of conditions, errors, bindings, folds and functions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from tiercel.expression.jq import nodes
from tiercel.expression.jq.engine import BUILTINS, Break, Emit, Env, Run, collect, compile_tree
from tiercel.expression.jq.nodes import Pattern
from tiercel.expression.jq.paths import Path
from tiercel.expression.jq.scalars import JqError, truthy, type_name

__all__: list[str] = []


@dataclass(slots=True)
class _Function:
    """A function that the program defines, or an argument handed to one."""

    parameters: tuple[str, ...]
    body: Run
    env: Env | None = field(default=None, repr=False)


@compile_tree.register
def _(node: nodes.If) -> Run:
    branches = [(compile_tree(test), compile_tree(body)) for test, body in node.branches]
    otherwise = compile_tree(node.otherwise)

    def run(env: Env, value: Any, path: Path | None, emit: Emit) -> None:
        def branch(position: int) -> None:
            if position == len(branches):
                otherwise(env, value, path, emit)
                return
            test, body = branches[position]

            def decide(result: Any, _path: Path | None) -> None:
                if truthy(result):
                    body(env, value, path, emit)
                else:
                    branch(position + 1)

            test(env, value, None, decide)

        branch(0)

    return run


@compile_tree.register
def _(node: nodes.Try) -> Run:
    body = compile_tree(node.body)
    handler = compile_tree(node.handler) if node.handler else None

    def run(env: Env, value: Any, path: Path | None, emit: Emit) -> None:
        try:
            body(env, value, path, emit)
            return
        except JqError as problem:
            caught = problem.value
        if handler:
            handler(env, caught, None, emit)

    return run


@compile_tree.register
def _(node: nodes.Label) -> Run:
    body = compile_tree(node.body)
    name = f"*{node.name}"

    def run(env: Env, value: Any, path: Path | None, emit: Emit) -> None:
        label = object()
        try:
            body(env.bind(name, label), value, path, emit)
        except Break as leaving:
            if leaving.label is not label:
                raise

    return run


@compile_tree.register
def _(node: nodes.Break) -> Run:
    name = f"*{node.name}"

    def run(env: Env, value: Any, path: Path | None, emit: Emit) -> None:
        raise Break(env.names.get(name))

    return run


# --- bindings -------------------------------------------------------------------------------


@compile_tree.register
def _(node: nodes.Bind) -> Run:
    source, body = compile_tree(node.source), compile_tree(node.body)
    bind = _compile_pattern(node.pattern)

    def run(env: Env, value: Any, path: Path | None, emit: Emit) -> None:
        def with_source(result: Any, _path: Path | None) -> None:
            bind(env, result, env, lambda bound: body(bound, value, path, emit))

        source(env, value, None, with_source)

    return run


_Bound: TypeAlias = Callable[[Env], None]
_Bind: TypeAlias = Callable[[Env, Any, Env, _Bound], None]


def _compile_pattern(pattern: Pattern) -> _Bind:
    """Make a function `bind(env, value, bound, use)`; `env` is what keys are computed in."""
    if pattern.name is not None:
        name = f"${pattern.name}"
        return lambda env, value, bound, use: use(bound.bind(name, value))
    if pattern.items is not None:
        return _array_pattern([_compile_pattern(item) for item in pattern.items])
    assert pattern.fields is not None
    return _object_pattern(
        [
            (name, compile_tree(key), _compile_pattern(inner) if inner else None)
            for name, key, inner in pattern.fields
        ]
    )


def _array_pattern(items: list[_Bind]) -> _Bind:
    def bind(env: Env, value: Any, bound: Env, use: _Bound) -> None:
        if value is not None and not isinstance(value, list):
            raise JqError(f"Cannot index {type_name(value)} with number")
        values = value or []

        def fill(position: int, scope: Env) -> None:
            if position == len(items):
                use(scope)
                return
            item = values[position] if position < len(values) else None
            items[position](env, item, scope, lambda next_scope: fill(position + 1, next_scope))

        fill(0, bound)

    return bind


def _object_pattern(fields: list[tuple[str | None, Run, _Bind | None]]) -> _Bind:
    def bind(env: Env, value: Any, bound: Env, use: _Bound) -> None:
        if value is not None and not isinstance(value, dict):
            raise JqError(f"Cannot index {type_name(value)} with string")

        def fill(position: int, scope: Env) -> None:
            if position == len(fields):
                use(scope)
                return
            name, key_run, inner = fields[position]

            def with_key(key: Any, _path: Path | None) -> None:
                if not isinstance(key, str):
                    raise JqError(f"Cannot index {type_name(value)} with {type_name(key)}")
                item = value.get(key) if value else None
                named = scope.bind(f"${name}", item) if name else scope
                if inner is None:
                    fill(position + 1, named)
                else:
                    inner(env, item, named, lambda next_scope: fill(position + 1, next_scope))

            key_run(env, value, None, with_key)

        fill(0, bound)

    return bind


@compile_tree.register
def _(node: nodes.Reduce) -> Run:
    source, init, update = map(compile_tree, (node.source, node.init, node.update))
    bind = _compile_pattern(node.pattern)

    def run(env: Env, value: Any, path: Path | None, emit: Emit) -> None:
        def with_init(start: Any, _path: Path | None) -> None:
            total = start

            def turn(bound: Env) -> None:
                nonlocal total
                env.budget.tick()
                results = collect(update, bound, total)
                total = results[-1] if results else None

            source(env, value, None, lambda item, _: bind(env, item, env, turn))
            emit(total, None)

        init(env, value, None, with_init)

    return run


@compile_tree.register
def _(node: nodes.Foreach) -> Run:
    source, init, update = map(compile_tree, (node.source, node.init, node.update))
    extract = compile_tree(node.extract) if node.extract else None
    bind = _compile_pattern(node.pattern)

    def run(env: Env, value: Any, path: Path | None, emit: Emit) -> None:
        def with_init(start: Any, start_path: Path | None) -> None:
            total, total_path = start, start_path

            def turn(bound: Env) -> None:
                def keep(result: Any, where: Path | None) -> None:
                    nonlocal total, total_path
                    env.budget.tick()
                    if extract:
                        extract(bound, result, where, emit)
                    else:
                        emit(result, where)
                    total, total_path = result, where

                update(bound, total, total_path, keep)

            source(env, value, None, lambda item, _: bind(env, item, env, turn))

        init(env, value, path, with_init)

    return run


# --- functions ------------------------------------------------------------------------------


@compile_tree.register
def _(node: nodes.Def) -> Run:
    key = f"{node.name}/{len(node.parameters)}"
    body, rest = compile_tree(node.body), compile_tree(node.rest)
    parameters = node.parameters

    def run(env: Env, value: Any, path: Path | None, emit: Emit) -> None:
        function = _Function(parameters, body)
        # The scope holds the function itself, which may call itself.
        function.env = env.bind(key, function)
        rest(function.env, value, path, emit)

    return run


@compile_tree.register
def _(node: nodes.Call) -> Run:
    key = f"{node.name}/{len(node.arguments)}"
    arguments = tuple(compile_tree(argument) for argument in node.arguments)

    def run(env: Env, value: Any, path: Path | None, emit: Emit) -> None:
        function = env.names.get(key)
        if function is not None:
            env.budget.tick()
            _call(function, arguments, env, value, path, emit)
        elif (builtin := BUILTINS.get(key)) is not None:
            builtin(env, arguments, value, path, emit)
        else:
            raise JqError(f"Function {key} does not exist")

    return run


def _call(
    function: _Function,
    arguments: tuple[Run, ...],
    env: Env,
    value: Any,
    path: Path | None,
    emit: Emit,
) -> None:
    def fill(position: int, scope: Env) -> None:
        if position == len(arguments):
            function.body(scope, value, path, emit)
            return
        name, argument = function.parameters[position], arguments[position]
        if not name.startswith("$"):
            fill(position + 1, scope.bind(f"{name}/0", _Function((), argument, env)))
            return

        def with_value(result: Any, _path: Path | None) -> None:
            fill(position + 1, scope.bind(name, result))

        argument(env, value, path, with_value)

    assert function.env is not None
    fill(0, function.env)
