"""Compilation of operators and assignments."""

from __future__ import annotations

from typing import Any

from tiercel.expression.jq import nodes
from tiercel.expression.jq.arithmetic import OPERATORS
from tiercel.expression.jq.engine import Emit, Env, Run, collect, collect_paths, compile_tree
from tiercel.expression.jq.paths import Path, replace
from tiercel.expression.jq.scalars import JqError, truthy

__all__: list[str] = []


@compile_tree.register
def _(node: nodes.Binary) -> Run:
    left, right = compile_tree(node.left), compile_tree(node.right)
    apply = OPERATORS[node.operator]

    def run(env: Env, value: Any, path: Path | None, emit: Emit) -> None:
        budget = env.budget

        def with_right(second: Any, _path: Path | None) -> None:
            left(env, value, None, lambda first, _: emit(apply(first, second, budget), None))

        right(env, value, None, with_right)

    return run


@compile_tree.register
def _(node: nodes.And) -> Run:
    return _short_circuit(compile_tree(node.left), compile_tree(node.right), decides=False)


@compile_tree.register
def _(node: nodes.Or) -> Run:
    return _short_circuit(compile_tree(node.left), compile_tree(node.right), decides=True)


def _short_circuit(left: Run, right: Run, *, decides: bool) -> Run:
    def run(env: Env, value: Any, path: Path | None, emit: Emit) -> None:
        def with_left(first: Any, _path: Path | None) -> None:
            if truthy(first) is decides:
                emit(decides, None)
            else:
                right(env, value, None, lambda second, _: emit(truthy(second), None))

        left(env, value, None, with_left)

    return run


@compile_tree.register
def _(node: nodes.Alternative) -> Run:
    left, right = compile_tree(node.left), compile_tree(node.right)

    def run(env: Env, value: Any, path: Path | None, emit: Emit) -> None:
        found = False

        def keep(result: Any, where: Path | None) -> None:
            nonlocal found
            if truthy(result):
                emit(result, where)
                found = True

        left(env, value, path, keep)
        if not found:
            right(env, value, path, emit)

    return run


@compile_tree.register
def _(node: nodes.Assign) -> Run:
    left, right = compile_tree(node.left), compile_tree(node.right)
    if node.operator == "|=":
        return _update(left, right)
    apply = OPERATORS.get(node.operator[:-1])

    def run(env: Env, value: Any, path: Path | None, emit: Emit) -> None:
        budget = env.budget

        def with_new(new: Any, _path: Path | None) -> None:
            def change(old: Any) -> Any:
                return apply(old, new, budget) if apply else new

            result = value
            for where in collect_paths(left, env, value):
                budget.tick()
                result = replace(result, where, change)
            emit(result, None)

        right(env, value, None, with_new)

    return run


def _update(left: Run, right: Run) -> Run:
    def run(env: Env, value: Any, path: Path | None, emit: Emit) -> None:
        def change(old: Any) -> Any:
            news = collect(right, env, old)
            if not news:
                raise JqError("`|= empty` is undefined")
            return news[0]

        result = value
        for where in collect_paths(left, env, value):
            env.budget.tick()
            result = replace(result, where, change)
        emit(result, None)

    return run
