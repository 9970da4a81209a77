"""The built-in functions on numbers."""

from __future__ import annotations

import math
import re
import sys
import time
from collections.abc import Callable
from typing import Any

from tiercel.expression.jq.engine import Emit, Env, collect
from tiercel.expression.jq.paths import Path
from tiercel.expression.jq.scalars import (
    JqError,
    is_number,
    normal,
    show,
    to_double,
    type_name,
)
from tiercel.expression.jq.streams import Arguments, builtin, unary
from tiercel.expression.values import LONG_MAX

__all__: list[str] = []

# What Java's Double.parseDouble takes.
_DOUBLE = re.compile(
    r"[+-]?(?:NaN|Infinity|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?[fFdD]?)"
)
_EDGE = {"NaN": math.nan, "Infinity": math.inf}


def _round(number: float) -> float:
    """Halves go away from zero; the result is cut to 64 bits, as `Math.round` does."""
    size = abs(number)
    whole = math.floor(size)
    whole += size - whole >= 0.5
    return math.copysign(min(float(whole), float(LONG_MAX)), number) if whole else 0.0


def _ceil(number: float) -> float:
    return -math.floor(-number) or math.copysign(0.0, number)


def _floor(number: float) -> float:
    return math.floor(number) or math.copysign(0.0, number)


def _log2(number: float) -> float:
    return math.log10(number) / math.log10(2)


_FUNCTIONS: dict[str, Callable[[float], float]] = {
    "acos": math.acos,
    "asin": math.asin,
    "atan": math.atan,
    "cbrt": math.cbrt,
    "ceil": _ceil,
    "cos": math.cos,
    "cosh": math.cosh,
    "exp": math.exp,
    "exp10": lambda number: 10.0**number,
    "exp2": lambda number: 2.0**number,
    "expm1": math.expm1,
    "floor": _floor,
    "log": math.log,
    "log10": math.log10,
    "log1p": math.log1p,
    "log2": _log2,
    "round": _round,
    "sin": math.sin,
    "sinh": math.sinh,
    "sqrt": math.sqrt,
    "tan": math.tan,
    "tanh": math.tanh,
}
# What functions give where Python raises and Java does not.
_POLES = {"log", "log10", "log1p", "log2"}
_ZEROES = {"log": 0.0, "log10": 0.0, "log2": 0.0, "log1p": -1.0}


def _apply(name: str, number: float) -> float:
    if math.isnan(number):
        return math.nan
    if math.isinf(number) and name in ("floor", "ceil"):
        return number
    if name == "round" and math.isinf(number):
        return math.copysign(float(LONG_MAX), number)
    try:
        return float(_FUNCTIONS[name](number))
    except OverflowError:
        return -math.inf if name == "sinh" and number < 0 else math.inf
    except ValueError:
        return -math.inf if name in _POLES and number == _ZEROES[name] else math.nan


def _register(name: str) -> None:
    @unary(name)
    def run(value: Any) -> float:
        if not is_number(value):
            raise JqError(f"mathfunc is not applicable to {type_name(value)}")
        return _apply(name, to_double(value))


for _name in _FUNCTIONS:
    _register(_name)


def _power(base: float, exponent: float) -> float:
    try:
        return math.pow(base, exponent)
    except OverflowError:
        return -math.inf if base < 0 and exponent % 2 == 1 else math.inf
    except ValueError:
        return math.inf if base == 0 else math.nan


def _register_binary(name: str, function: Callable[[float, float], float]) -> None:
    @builtin(f"{name}/2")
    def run(env: Env, args: Arguments, value: Any, path: Path | None, emit: Emit) -> None:
        seconds = collect(args[1], env, value)
        for first in collect(args[0], env, value):
            for second in seconds:
                for argument in (first, second):
                    if not is_number(argument):
                        raise JqError(
                            f"cannot accept {type_name(argument)} as an argument of {name}/2"
                        )
                emit(normal(function(to_double(first), to_double(second))), None)


_register_binary("pow", _power)
_register_binary("atan2", math.atan2)

unary("infinite")(lambda value: math.inf)
unary("nan")(lambda value: math.nan)
unary("now")(lambda value: int(time.time() * 1000) / 1000.0)


def _is_infinite(value: Any) -> bool:
    return isinstance(value, float) and math.isinf(value)


def _is_normal(value: Any) -> bool:
    return is_number(value) and sys.float_info.min <= abs(to_double(value)) < math.inf


unary("isinfinite")(_is_infinite)
unary("isnan")(lambda value: isinstance(value, float) and math.isnan(value))
unary("isnormal")(_is_normal)
unary("isfinite")(lambda value: is_number(value) and not _is_infinite(value))


@builtin("finites/0")
def _finites(env: Env, args: Arguments, value: Any, path: Path | None, emit: Emit) -> None:
    if is_number(value) and not _is_infinite(value):
        emit(value, path)


@builtin("normals/0")
def _normals(env: Env, args: Arguments, value: Any, path: Path | None, emit: Emit) -> None:
    if _is_normal(value):
        emit(value, path)


@unary("tonumber")
def _tonumber(value: Any) -> Any:
    if is_number(value):
        return value
    if not isinstance(value, str):
        raise JqError(f"{show(value)} cannot be parsed as a number")
    text = value.strip("".join(map(chr, range(33))))
    if not _DOUBLE.fullmatch(text):
        raise JqError(f'For input string: "{value}"' if text else "empty String")
    if (edge := _EDGE.get(text.lstrip("+-"))) is not None:
        return -edge if text[0] == "-" else edge
    return normal(float(text.rstrip("fFdD")))
