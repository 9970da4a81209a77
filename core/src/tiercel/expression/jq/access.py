"""Compilation of the nodes that read values and build them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tiercel.expression.jq import nodes
from tiercel.expression.jq.engine import BUILTINS, Emit, Env, Run, collect, compile_tree
from tiercel.expression.jq.paths import Path, resolve, slice_of
from tiercel.expression.jq.scalars import (
    JqError,
    is_number,
    node_text,
    normal,
    show,
    to_double,
)

__all__: list[str] = []


@compile_tree.register
def _(_node: nodes.Identity) -> Run:
    return lambda env, value, path, emit: emit(value, path)


@compile_tree.register
def _(_node: nodes.Recurse) -> Run:
    def visit(env: Env, value: Any, path: Path | None, emit: Emit) -> None:
        emit(value, path)
        for key, item in _members(value):
            env.budget.tick()
            visit(env, item, None if path is None else (*path, key), emit)

    return visit


@compile_tree.register
def _(node: nodes.Literal) -> Run:
    constant = node.value
    return lambda env, value, path, emit: emit(constant, None)


@compile_tree.register
def _(node: nodes.Variable) -> Run:
    name = f"${node.name}"

    def run(env: Env, value: Any, path: Path | None, emit: Emit) -> None:
        if name not in env.names and not node.optional:
            raise JqError(f"{name} is not defined")
        emit(env.names.get(name), None)

    return run


@compile_tree.register
def _(node: nodes.Negate) -> Run:
    operand = compile_tree(node.operand)

    def run(env: Env, value: Any, path: Path | None, emit: Emit) -> None:
        def negate(number: Any, _path: Path | None) -> None:
            if not is_number(number):
                raise JqError(f"{show(value)} cannot be negated")
            emit(normal(-to_double(number)), None)

        operand(env, value, None, negate)

    return run


@compile_tree.register
def _(node: nodes.Pipe) -> Run:
    left, right = compile_tree(node.left), compile_tree(node.right)

    def run(env: Env, value: Any, path: Path | None, emit: Emit) -> None:
        left(env, value, path, lambda result, where: right(env, result, where, emit))

    return run


@compile_tree.register
def _(node: nodes.Comma) -> Run:
    items = [compile_tree(item) for item in node.items]

    def run(env: Env, value: Any, path: Path | None, emit: Emit) -> None:
        for item in items:
            item(env, value, path, emit)

    return run


# --- access ---------------------------------------------------------------------------------


@compile_tree.register
def _(node: nodes.Index) -> Run:
    target = compile_tree(node.target)
    optional = node.optional
    if isinstance(node.key, nodes.Literal):
        return _constant_index(node, target, node.key.value)
    key_run = compile_tree(node.key)

    def run(env: Env, value: Any, path: Path | None, emit: Emit) -> None:
        def at_key(key: Any, _path: Path | None) -> None:
            target(env, value, path, _step(key, optional, env.budget.tick, emit))

        key_run(env, value, None, at_key)

    return run


def _constant_index(node: nodes.Index, target: Run, key: Any) -> Run:
    optional = node.optional

    def run(env: Env, value: Any, path: Path | None, emit: Emit) -> None:
        target(env, value, path, _step(key, optional, env.budget.tick, emit))

    def of_input(env: Env, value: Any, path: Path | None, emit: Emit) -> None:
        if path is None and type(value) is dict and isinstance(key, str):
            emit(value.get(key), None)
        else:
            _step(key, optional, env.budget.tick, emit)(value, path)

    return of_input if isinstance(node.target, nodes.Identity) else run


def _step(key: Any, optional: bool, tick: Callable[[], None], emit: Emit) -> Emit:
    def step(value: Any, path: Path | None) -> None:
        try:
            result = resolve(value, key, tick)
        except JqError:
            if optional:
                return
            raise
        emit(result, None if path is None else (*path, key))

    return step


@compile_tree.register
def _(node: nodes.Slice) -> Run:
    target, start, end = map(compile_tree, (node.target, node.start, node.end))

    def run(env: Env, value: Any, path: Path | None, emit: Emit) -> None:
        def from_start(first: Any, _path: Path | None) -> None:
            end(env, value, None, lambda last, _: cut(first, last))

        def cut(first: Any, last: Any) -> None:
            def step(whole: Any, where: Path | None) -> None:
                try:
                    part = slice_of(whole, first, last)
                except JqError:
                    if node.optional:
                        return
                    raise
                segment = {"start": first, "end": last}
                emit(part, None if where is None else (*where, segment))

            target(env, value, path, step)

        start(env, value, None, from_start)

    return run


@compile_tree.register
def _(node: nodes.Iterate) -> Run:
    target = compile_tree(node.target)
    optional = node.optional

    def run(env: Env, value: Any, path: Path | None, emit: Emit) -> None:
        tick = env.budget.tick

        def step(whole: Any, where: Path | None) -> None:
            if not isinstance(whole, list | dict):
                if optional:
                    return
                raise JqError(f"Cannot iterate over {show(whole)}")
            if where is None:
                for item in whole if isinstance(whole, list) else list(whole.values()):
                    tick()
                    emit(item, None)
                return
            for key, item in _members(whole):
                tick()
                emit(item, (*where, key))

        target(env, value, path, step)

    return run


def _members(value: Any) -> Any:
    if isinstance(value, dict):
        return list(value.items())
    return enumerate(value) if isinstance(value, list) else ()


# --- construction ---------------------------------------------------------------------------


@compile_tree.register
def _(node: nodes.Array) -> Run:
    if node.body is None:
        return lambda env, value, path, emit: emit([], None)
    body = compile_tree(node.body)
    return lambda env, value, path, emit: emit(collect(body, env, value), None)


@compile_tree.register
def _(node: nodes.Object) -> Run:
    fields = [
        (compile_tree(key), compile_tree(content) if content else None)
        for key, content in node.fields
    ]

    def run(env: Env, value: Any, path: Path | None, emit: Emit) -> None:
        def fill(position: int, made: dict[str, Any]) -> None:
            if position == len(fields):
                emit(made, None)
                return
            key_run, content_run = fields[position]

            def with_key(key: Any, _path: Path | None) -> None:
                if not isinstance(key, str):
                    raise JqError(f"Cannot use {show(key)} as object key")

                def with_content(content: Any, _path: Path | None) -> None:
                    env.budget.tick()
                    fill(position + 1, {**made, key: content})

                if content_run is None:
                    with_content(value.get(key) if isinstance(value, dict) else None, None)
                else:
                    content_run(env, value, None, with_content)

            key_run(env, value, None, with_key)

        fill(0, {})

    return run


@compile_tree.register
def _(node: nodes.Text) -> Run:
    parts = [part if isinstance(part, str) else compile_tree(part) for part in node.parts]
    formatter = compile_tree(nodes.Format(node.format)) if node.format else None

    def run(env: Env, value: Any, path: Path | None, emit: Emit) -> None:
        # The last interpolation is the outermost loop, as in jq.
        def fill(position: int, tail: str) -> None:
            env.budget.check_size(len(tail))
            if position < 0:
                emit(tail, None)
                return
            part = parts[position]
            if isinstance(part, str):
                fill(position - 1, part + tail)
                return

            def show_result(result: Any, _path: Path | None) -> None:
                fill(position - 1, node_text(result, env.budget.tick) + tail)

            def formatted(result: Any, _path: Path | None) -> None:
                assert formatter
                formatter(env, result, None, show_result)

            part(env, value, None, formatted if formatter else show_result)

        fill(len(parts) - 1, "")

    return run


@compile_tree.register
def _(node: nodes.Format) -> Run:
    name = node.name

    def run(env: Env, value: Any, path: Path | None, emit: Emit) -> None:
        builtin = BUILTINS.get(f"@{name}/0")
        if builtin is None:
            raise JqError(f"Formatting operator @{name} does not exist")
        builtin(env, (), value, path, emit)

    return run
