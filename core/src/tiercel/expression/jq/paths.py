"""The programs most flows use, without the jq library: paths, `length`, `keys`, and their pipes.

    simple = compile_simple(".items[].name | length")
    simple.run({"items": [{"name": "ab"}]})     # → [2]

What a simple program cannot do (an error, a number's length) it leaves to the library, so both give
the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeAlias

__all__ = ["NotSimple", "Simple", "compile_simple"]

Emit: TypeAlias = Callable[[Any], None]
Step: TypeAlias = str | int | Callable[[Any], Any] | None
"""A field, a position, a function, or None for all items."""

_PATH = re.compile(
    r"""
    \.(?:
        (?:[A-Za-z_][A-Za-z0-9_]*|\[(?:-?[0-9]{1,9}|"[^"\\\x00-\x1f]*")?\])
        (?:\.[A-Za-z_][A-Za-z0-9_]*|\[(?:-?[0-9]{1,9}|"[^"\\\x00-\x1f]*")?\])*
    )?
    """,
    re.VERBOSE,
)
_STEP = re.compile(r'\.?(?P<name>[A-Za-z_]\w*)|\[(?P<key>"[^"]*")?(?P<index>[-0-9]+)?\]', re.ASCII)


class NotSimple(Exception):
    """The program meets data that only the library knows how to treat."""


class Simple:
    """A compiled simple program; safe to share between threads.

    Args:
        steps: what is done one after the other.
    """

    __slots__ = ("_steps",)

    def __init__(self, steps: tuple[Step, ...]) -> None:
        self._steps = steps

    def run(self, value: Any) -> list[Any]:
        """Return all results on plain data; raise `NotSimple` where the library must decide."""
        results: list[Any] = []
        _follow(self._steps, 0, value, results.append)
        return results


def _follow(steps: tuple[Step, ...], start: int, value: Any, emit: Emit) -> None:
    for place in range(start, len(steps)):
        step = steps[place]
        if step is None:
            for item in _items(value):
                _follow(steps, place + 1, item, emit)
            return
        value = step(value) if callable(step) else _at(value, step)
    emit(value)


def _items(value: Any) -> Any:
    if value.__class__ is list:
        return value
    if value.__class__ is dict:
        return value.values()
    raise NotSimple


def _at(value: Any, key: str | int) -> Any:
    if value is None:
        return None
    if value.__class__ is dict and key.__class__ is str:
        return value.get(key)
    if value.__class__ is list and isinstance(key, int):
        return value[key] if -len(value) <= key < len(value) else None
    raise NotSimple


def _length(value: Any) -> int:
    if value is None:
        return 0
    if value.__class__ in (str, list, dict):
        return len(value)
    raise NotSimple


def _keys(value: Any) -> list[Any]:
    if value.__class__ is dict:
        return sorted(value)
    if value.__class__ is list:
        return list(range(len(value)))
    raise NotSimple


_FUNCTIONS: dict[str, Callable[[Any], Any]] = {"length": _length, "keys": _keys}


@lru_cache(maxsize=512)
def compile_simple(program: str) -> Simple | None:
    """Compile a program; return None unless it is a simple one."""
    steps: list[Step] = []
    # A key that holds a bar is not found to be simple, which does no harm.
    for stage in program.split("|"):
        text = stage.strip(" \t\r\n")
        if text in _FUNCTIONS:
            steps.append(_FUNCTIONS[text])
        elif _PATH.fullmatch(text):
            steps += map(_step, _STEP.finditer(text))
        else:
            return None
    return Simple(tuple(steps))


def _step(match: re.Match[str]) -> Step:
    if match["name"]:
        return match["name"]
    if match["key"]:
        return match["key"][1:-1]
    return int(match["index"]) if match["index"] else None
