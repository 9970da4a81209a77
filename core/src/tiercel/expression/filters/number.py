"""Numbers: `number` reads one from text, `numberFormat` writes one, `abs` drops its sign."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

from tiercel.errors import EvaluationError
from tiercel.expression.decimal_format import compile_pattern
from tiercel.expression.number_text import double_text, float_text, read_double
from tiercel.expression.runtime import EvaluationContext
from tiercel.expression.table import FILTERS
from tiercel.expression.values import (
    INT_MAX,
    INT_MIN,
    LONG_MAX,
    LONG_MIN,
    BigInteger,
    Float32,
    Long,
    class_name,
    is_long,
    is_text,
    wrap32,
    wrap64,
)

__all__ = ["absolute", "number", "number_format"]

_NUMBERS = (int, float, Decimal)
_DECIMAL = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?")
_INTEGER = re.compile(r"([+-]?)(0[xX]|#|0(?=.))?([0-9a-zA-Z]+)", re.ASCII)
_LONG = re.compile(r"-?\d+")
_BLANKS = "".join(map(chr, range(33)))
_MAX_EXPONENT = 2**31 - 1


def _is_number(value: Any) -> bool:
    return isinstance(value, _NUMBERS) and not isinstance(value, bool)


@FILTERS.add("number", "type")
def number(value: Any, type_: Any = "") -> Any:
    """Return the number that a text holds; null stays null.

    Args:
        value: a text, in the ways Java writes numbers: `42`, `0x1F`, `010` (octal), `1e3`, `12L`.
        type_: `INT`, `LONG`, `FLOAT`, `DOUBLE`, `BIGDECIMAL` or `BIGINTEGER`; else the smallest of
            integer, long, float, double that holds it exactly.

    Raises:
        EvaluationError: `value` is no text, or no number of that type.
    """
    if value is None:
        return None
    if not is_text(value):
        raise EvaluationError(f"The 'number' filter needs a text, not {class_name(value)}")
    if not is_text(type_):
        raise EvaluationError("Argument 'type' of the 'number' filter must be a text")
    return _TYPES.get(type_, _smallest)(value)


def _invalid(text: str, kind: str = "number") -> EvaluationError:
    return EvaluationError(f"Text {text[:80]!r} is not a valid {kind}")


def _integer(text: str) -> int:
    """Read an integer with an optional sign and radix prefix, as `Integer.decode` does."""
    match = _INTEGER.fullmatch(text)
    if match is not None:
        sign, prefix, digits = match.groups(default="")
        radix = 10 if not prefix else 8 if prefix == "0" else 16
        try:
            return int(sign + digits, radix)
        except ValueError:
            pass
    raise _invalid(text)


def _to_int(text: str) -> int:
    value = _integer(text)
    if INT_MIN <= value <= INT_MAX:
        return value
    raise _invalid(text, "integer of 32 bits")


def _to_long(text: str) -> Long:
    value = _integer(text)
    if LONG_MIN <= value <= LONG_MAX:
        return Long(value)
    raise _invalid(text, "integer of 64 bits")


def _to_double(text: str) -> float:
    value = read_double(text)
    if value is None:
        raise _invalid(text)
    return value


def _to_float(text: str) -> Float32:
    return Float32(_to_double(text))


def _to_decimal(text: str) -> Decimal:
    if not _DECIMAL.fullmatch(text):
        raise _invalid(text)
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise _invalid(text) from None
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int) or abs(exponent) > _MAX_EXPONENT:
        raise _invalid(text)
    return value


_TYPES: dict[str, Callable[[str], Any]] = {
    "INT": _to_int,
    "LONG": _to_long,
    "FLOAT": _to_float,
    "DOUBLE": _to_double,
    "BIGDECIMAL": _to_decimal,
    "BIGINTEGER": lambda text: BigInteger(_integer(text)),
}


def _smallest(text: str) -> Any:
    """Read a number into the smallest type, as `NumberUtils.createNumber` chooses it."""
    if not text.strip():
        raise _invalid(text)
    if text.lstrip("+-")[:2].lower() == "0x" or text.lstrip("+-")[:1] == "#":
        return _smallest_integer(text)
    last = text[-1]
    if not last.isdigit() and last != ".":
        return _suffixed(text, last)
    if "." not in text and "e" not in text.lower():
        return _smallest_integer(text)
    return _smallest_decimal(text)


def _smallest_integer(text: str) -> int:
    value = _integer(text)
    if INT_MIN <= value <= INT_MAX:
        return value
    return Long(value) if LONG_MIN <= value <= LONG_MAX else BigInteger(value)


def _suffixed(text: str, last: str) -> Any:
    """Read a number that names its type by its last letter."""
    digits = text[:-1]
    if last in "lL" and _LONG.fullmatch(digits):
        value = _integer(digits)
        return Long(value) if LONG_MIN <= value <= LONG_MAX else BigInteger(value)
    if last in "fF":
        single = _to_float(text)
        if _is_faithful(single, digits):
            return single
    if last in "fFdD":
        double = _to_double(text)
        return double if _is_faithful(double, digits) else _to_decimal(digits)
    raise _invalid(text)


def _is_faithful(value: float, digits: str) -> bool:
    """Whether a number neither overflowed nor vanished."""
    mantissa = digits.lower().partition("e")[0]
    return not math.isinf(value) and (value != 0 or not mantissa.strip("+-0."))


def _smallest_decimal(text: str) -> Any:
    double = _to_double(text)
    single = Float32(double)
    if _is_faithful(single, text) and float_text(single) == double_text(double):
        return single
    if text != text.strip(_BLANKS):
        raise _invalid(text)
    exact = _to_decimal(text)
    shortest = Decimal(double_text(double)) if _is_faithful(double, text) else None
    return double if exact == shortest else exact


@FILTERS.add("numberFormat", "format", needs_context=True)
def number_format(context: EvaluationContext, value: Any, format_: Any = None) -> str | None:
    """Return a number as text; null stays null.

    Args:
        context: gives the locale, for the separators.
        value: a number.
        format_: a `DecimalFormat` pattern, such as `#,##0.00`; `#,##0.###` when left out.

    Raises:
        EvaluationError: `value` is no number, or the pattern is invalid.
    """
    if value is None:
        return None
    if not _is_number(value):
        raise EvaluationError(
            f"The input of the 'numberFormat' filter (NumberFormat) must be a number, "
            f"not {class_name(value)}"
        )
    if format_ is not None and not is_text(format_):
        raise EvaluationError("Argument 'format' of the 'numberFormat' filter must be a text")
    return compile_pattern(format_, context.locale).write(value)


@FILTERS.add("abs")
def absolute(value: Any) -> Any:
    """Return a number without its sign; the smallest integer stays itself, as in Java.

    Raises:
        EvaluationError: `value` is no number.
    """
    if not _is_number(value):
        shown = "null" if value is None else class_name(value)
        raise EvaluationError(f"The 'abs' filter needs a number, not {shown}")
    if isinstance(value, Decimal):
        return value.copy_abs()
    if isinstance(value, Float32):
        return Float32(abs(value))
    if is_long(value):
        return Long(wrap64(abs(value)))
    if isinstance(value, BigInteger):
        return BigInteger(abs(value))
    return wrap32(abs(value)) if type(value) is int and value == INT_MIN else abs(value)
