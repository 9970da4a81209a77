"""jq as Kestra speaks it: jackson-jq in its jq 1.6 mode, in plain Python.

Why not the C library: it computes with doubles only (Kestra adds 64-bit integers exactly, and
prints `floor` of 1.5 as `1.0`), knows functions that Kestra refuses (`env`, `input`, `tostream`),
holds the interpreter's lock while it runs, and reads the process environment. A program here is
compiled to closures once, sees nothing but its input, counts its steps, and stops at a deadline.

    program = compile_program(".items[] | select(.ok) | .name")
    program.run({"items": []}, seconds=5.0)     # → a list of results

| module       | what it holds                                             |
|--------------|-----------------------------------------------------------|
| `parser`     | text → `nodes`                                            |
| `engine`     | what running programs share; results are pushed           |
| `access`, `operate`, `control` | `nodes` → closures                      |
| `streams`, `path_functions`, `lists`, `maths`, `texts`, `matching` | built-in functions |
| `scalars`, `paths`, `arithmetic` | numbers, order, text, paths, operators |
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from tiercel.errors import LimitError
from tiercel.expression.jq import access as _access
from tiercel.expression.jq import control as _control
from tiercel.expression.jq import lists as _lists
from tiercel.expression.jq import matching as _matching
from tiercel.expression.jq import maths as _maths
from tiercel.expression.jq import operate as _operate
from tiercel.expression.jq import path_functions as _path_functions
from tiercel.expression.jq import streams as _streams
from tiercel.expression.jq import texts as _texts
from tiercel.expression.jq.engine import Budget, Run, compile_tree, run_program
from tiercel.expression.jq.parser import parse
from tiercel.expression.jq.scalars import NOTHING, JqError
from tiercel.expression.json_reader import read_json

__all__ = ["JqError", "Program", "compile_program", "read_text"]

# These fill the compiler's and the functions' tables when imported.
_TABLES = (
    _access,
    _control,
    _lists,
    _matching,
    _maths,
    _operate,
    _path_functions,
    _streams,
    _texts,
)
_STEPS = 20_000_000
_SIZE = 16 * 1024 * 1024


class Program:
    """A compiled program; safe to share between threads.

    Args:
        run: the program's closure.
    """

    __slots__ = ("_run",)

    def __init__(self, run: Run) -> None:
        self._run = run

    def run(
        self, value: Any, *, seconds: float, steps: int = _STEPS, size: int = _SIZE
    ) -> list[Any]:
        """Run on one input and return every result.

        Args:
            value: plain data with text keys; left as it is, and shared with the results.
            seconds: wall time the run may take.
            steps: steps it may take.
            size: characters or items a value may grow to.

        Raises:
            JqError: the program failed.
            LimitError: it took too long, too many steps, or made too much.
        """
        try:
            results = run_program(self._run, value, Budget(seconds, steps, size))
        except RecursionError:
            raise LimitError("The jq program or its data is nested too deep") from None
        return [None if result is NOTHING else result for result in results]


@lru_cache(maxsize=512)
def compile_program(source: str) -> Program:
    """Compile a program's text; the last 512 are kept. Raise `JqError` when it is no program."""
    try:
        return Program(compile_tree(parse(source)))
    except RecursionError:
        raise LimitError("The jq program is nested too deep") from None


def read_text(text: str) -> Any:
    """Return what a text holds as a program's input: its first JSON value.

    An empty text holds nothing, which is not quite null: it cannot be indexed.

    Raises:
        JsonTextError: the text is no JSON.
    """
    return read_json(text) if text.strip() else NOTHING
