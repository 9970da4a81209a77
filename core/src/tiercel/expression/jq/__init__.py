"""jq as Kestra speaks it (jackson-jq in its jq 1.6 mode), on the jq library.

    run(".items[] | select(.ok) | .name", {"items": []}, seconds=5.0, most=1_000)  # → results

| module        | what it holds                                                            |
|---------------|--------------------------------------------------------------------------|
| `paths`       | simple programs, without the library                                     |
| `pool`        | the processes in which programs run, and their limits                    |
| `worker`      | such a process: compiles, keeps and runs programs                        |
| `prelude.jq`  | what jackson-jq does otherwise than C jq, as definitions in jq           |
| `large.jq`    | the same for integers that a double cannot hold                          |
"""

from __future__ import annotations

import json
import math
import re
from decimal import Decimal
from typing import Any

from tiercel.errors import LimitError
from tiercel.expression.jq.paths import NotSimple, compile_simple

__all__ = ["JqError", "run"]

_LONG = range(-(2**63), 2**63)
# Numbers that need a closer look: many digits, computed and large, or not a number.
_ODD = re.compile(r"[0-9]{17}|[0-9]e\+|E\+777777")
_TEXT_OR_WHOLE = re.compile(r'"(?:[^"\\]|\\.)*"|([0-9])\.([0-9]{16})e\+16')
_DIGITS = re.compile(r"[0-9.]{17,}")


class JqError(Exception):
    """The text is no program, or the program failed."""


def run(program: str, value: Any, *, seconds: float, most: int) -> list[Any]:
    """Run a program on one input and return every result.

    Args:
        program: jq's text.
        value: plain data with text keys; left as it is, and shared with the results.
        seconds: wall time the run may take.
        most: characters the results may have together, as JSON.

    Raises:
        JqError: the text is no program, or the program failed.
        LimitError: it took too long or made too much.
    """
    if simple := compile_simple(program):
        try:
            return simple.run(value)
        except NotSimple:
            pass
    return _run_library(program, value, seconds, most)


def _run_library(program: str, value: Any, seconds: float, most: int) -> list[Any]:
    # Most flows never get here.
    from tiercel.expression.jq.pool import pool
    from tiercel.expression.jq.worker import NO_PROGRAM, OK, TOO_LONG

    if "\0" in program:
        raise JqError(f"Cannot compile query: {program!r} (a NUL character)")
    data = _write(value)
    status, text = pool().run(program, data, most=most, seconds=seconds)
    if status == OK:
        return _read(text, data)
    if status == TOO_LONG:
        raise LimitError(text)
    raise JqError(f"Cannot compile query: {program} ({text})" if status == NO_PROGRAM else text)


def _write(value: Any) -> str:
    try:
        data = json.dumps(value, ensure_ascii=False, check_circular=False, separators=(",", ":"))
    except TypeError:
        # Python's JSON has no decimals.
        from tiercel.expression.printing import json_text

        return json_text(value, keep_nulls=True)
    # jq would take 1.2345678901234567e+16 for an integer: its digits end at the point.
    return _TEXT_OR_WHOLE.sub(_with_point, data) if "e+16" in data else data


def _with_point(match: re.Match[str]) -> str:
    return match[0] if match[1] is None else f"{match[1]}{match[2]}.0"


def _read(text: str, data: str) -> list[Any]:
    if not _ODD.search(text):
        results: list[Any] = json.loads(text)
        return results
    kept = frozenset(_DIGITS.findall(data))

    def integer(digits: str) -> int | float:
        number = int(digits)
        # What C jq computed beyond 64 bits is a double; what came in stays as it is.
        return number if number in _LONG or digits.lstrip("-") in kept else float(digits)

    def real(digits: str) -> float | Decimal:
        if digits.endswith("E+777777"):
            return math.nan
        number = float(digits)
        # A small e was computed: Java would have made an integer of it.
        if "e+" in digits and number.is_integer() and int(number) in _LONG:
            return int(number)
        # More digits than a double has: they came in, with a decimal.
        exact = Decimal(digits)
        return exact if digits.lstrip("-") in kept and exact != Decimal(repr(number)) else number

    return list(json.loads(text, parse_int=integer, parse_float=real))
