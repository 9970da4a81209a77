"""Syntax tree → closures → results.

Every node becomes a function `run(env, value, path, emit)` that calls `emit(result, path)` once a
result, in order. Results are pushed rather than pulled because that is how jackson-jq works, and
flows can see it: an error raised while a result is being used further down the pipe passes
through, and can be caught by, the `try` that gave the result.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import singledispatch
from typing import Any, TypeAlias

from tiercel.errors import LimitError
from tiercel.expression.jq.nodes import Node
from tiercel.expression.jq.paths import Path, unknown_path
from tiercel.expression.jq.scalars import JqError, equal

__all__ = [
    "BUILTINS",
    "Break",
    "Budget",
    "Builtin",
    "Emit",
    "Env",
    "Run",
    "collect",
    "collect_paths",
    "compile_tree",
    "run_program",
    "until_break",
]

Emit: TypeAlias = Callable[[Any, Path | None], None]
_CLOCK_EVERY = 256


class Budget:
    """Counts the steps of one run and stops it at its deadline.

    Args:
        seconds: wall time the run may take.
        steps: results, turns and calls it may go through.
        size: characters or items one value may grow to.
    """

    __slots__ = ("_deadline", "_left", "_seconds", "size")

    def __init__(self, seconds: float, steps: int, size: int) -> None:
        self._seconds = seconds
        self._deadline = time.monotonic() + seconds
        self._left = steps
        self.size = size

    def tick(self) -> None:
        """Count one step; raise `LimitError` when the run has taken too long or too many."""
        self._left -= 1
        if not self._left % _CLOCK_EVERY:
            if self._left <= 0:
                raise LimitError("The jq program takes too many steps")
            if time.monotonic() > self._deadline:
                raise LimitError(f"The jq program runs longer than {self._seconds:g} seconds")

    def seconds_left(self) -> float:
        """Return the time to the deadline; never zero or less, which would mean no limit."""
        return max(self._deadline - time.monotonic(), 0.001)

    def check_size(self, size: int) -> None:
        """Raise `LimitError` when a value is about to grow to `size` characters or items."""
        if size > self.size:
            raise LimitError(f"The jq program makes a value of more than {self.size} items")


class Env:
    """The variables (`$x`) and functions (`name/arity`) in scope, and the budget of the run."""

    __slots__ = ("budget", "names")

    def __init__(self, names: dict[str, Any], budget: Budget) -> None:
        self.names = names
        self.budget = budget

    def bind(self, name: str, value: Any) -> Env:
        """Return a scope with one name more."""
        return Env({**self.names, name: value}, self.budget)


Run: TypeAlias = Callable[[Env, Any, "Path | None", Emit], None]
Builtin: TypeAlias = Callable[[Env, tuple[Run, ...], Any, "Path | None", Emit], None]

# Filled by `builtins` and `texts` on import; the key is `name/arity`.
BUILTINS: dict[str, Builtin] = {}


class Break(BaseException):
    """Leaves a `label`; no `try` can stop it."""

    def __init__(self, label: object) -> None:
        self.label = label


def run_program(run: Run, value: Any, budget: Budget) -> list[Any]:
    """Run a compiled program and return its results."""
    env = Env({}, budget)
    try:
        return collect(run, env, value)
    except Break:
        raise JqError("break outside of its label") from None


def collect(run: Run, env: Env, value: Any) -> list[Any]:
    """Gather the results of `run` on `value`."""
    results: list[Any] = []
    add, tick = results.append, env.budget.tick

    def emit(result: Any, _path: Path | None) -> None:
        tick()
        add(result)

    run(env, value, None, emit)
    return results


def until_break(action: Callable[[Callable[[], None]], None]) -> None:
    """Call `action` with a function that ends it at once when called."""
    label = object()

    def leave() -> None:
        raise Break(label)

    try:
        action(leave)
    except Break as leaving:
        if leaving.label is not label:
            raise


def collect_paths(run: Run, env: Env, value: Any) -> list[Path]:
    """Gather the paths of what `run` gives on `value`."""
    found: list[Path] = []

    def keep(result: Any, where: Path | None) -> None:
        if (
            where is None
            and not isinstance(value, list | dict)
            and equal(result, value, env.budget.tick)
        ):
            where = ()
        if where is None:
            raise unknown_path(result)
        env.budget.tick()
        found.append(where)

    run(env, value, (), keep)
    return found


@singledispatch
def compile_tree(node: Node) -> Run:
    """Compile a node; `access`, `operate` and `control` register a function for each kind."""
    raise TypeError(f"No such node: {node!r}")
