"""Numbers as Java prints them: `Double.toString`, `Float.toString`, `BigDecimal.toString`.

Kestra shows numbers through these methods, so `10000000.0` is `1.0E7` and `5e-324` is `4.9E-324`.
The rule for binary numbers is the one Java has followed since 19: the shortest decimal that reads
back as the same number and, of those, the closest; never fewer than two digits.

This module imports nothing of the expression language.
"""

from __future__ import annotations

import math
import re
import struct
from decimal import Decimal
from fractions import Fraction

__all__ = ["decimal_text", "double_text", "float_text", "read_double", "to_float32"]

# Java writes numbers from 10^-3 up to 10^7 without an exponent.
_PLAIN_FROM = 1e-3
_PLAIN_UNTIL = 1e7
_FLOAT32_DIGITS = 9
_DOUBLE = re.compile(
    r"[+-]?(?:NaN|Infinity|(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?[fFdD]?)", re.ASCII
)
_HEX_DOUBLE = re.compile(
    r"[+-]?0[xX](?:[0-9a-fA-F]+(?:\.[0-9a-fA-F]*)?|\.[0-9a-fA-F]+)[pP][+-]?\d+[fFdD]?", re.ASCII
)
_BLANKS = "".join(map(chr, range(33)))


def double_text(value: float) -> str:
    """Return `value` as Java's `Double.toString` prints it."""
    if _PLAIN_FROM <= value < _PLAIN_UNTIL or -_PLAIN_UNTIL < value <= -_PLAIN_FROM:
        return repr(value)
    if value == 0 or not math.isfinite(value):
        return _special_text(value)
    mantissa, _, exponent = _scientific(value).partition("e")
    return f"{mantissa if '.' in mantissa else mantissa + '.0'}E{int(exponent)}"


def _scientific(value: float) -> str:
    """The shortest `d.ddde±x` that reads back as `value`, with two digits at the least."""
    text = repr(value)
    mantissa, mark, _ = text.partition("e")
    if not mark:
        digits = len(mantissa.strip("-0").replace(".", "").strip("0"))
        return f"{value:.{max(digits - 1, 1)}e}"
    # One digit may be short but not closest: of two digits, 4.9E-324 is closer than 5.0E-324.
    return text if "." in mantissa else f"{value:.1e}"


def _special_text(value: float) -> str:
    if value == 0:
        return "-0.0" if math.copysign(1.0, value) < 0 else "0.0"
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


def to_float32(value: float) -> float:
    """Round to the nearest 32-bit float; too large a number becomes infinite."""
    try:
        return float(struct.unpack("f", struct.pack("f", value))[0])
    except OverflowError:
        return math.copysign(math.inf, value)


def float_text(value: float) -> str:
    """Return `value`, taken as a 32-bit float, as Java's `Float.toString` prints it."""
    value = to_float32(value)
    if value == 0 or not math.isfinite(value):
        return _special_text(value)
    digits, exponent = _shortest_float32(abs(value))
    sign = "-" if value < 0 else ""
    if not -3 <= exponent < 7:
        return f"{sign}{digits[0]}.{digits[1:] or '0'}E{exponent}"
    if exponent < 0:
        return f"{sign}0.{'0' * (-exponent - 1)}{digits}"
    whole = digits[: exponent + 1].ljust(exponent + 1, "0")
    return f"{sign}{whole}.{digits[exponent + 1 :] or '0'}"


def _shortest_float32(value: float) -> tuple[str, int]:
    """Significant digits and decimal exponent of the shortest text for a positive float32."""
    exact = Fraction(value)
    exponent = int(f"{value:.8e}".partition("e")[2])
    for length in range(2, _FLOAT32_DIGITS + 1):
        unit = Fraction(10) ** (exponent - length + 1)
        nearest = round(exact / unit)
        # Below a power of two floats lie closer together, so the nearest decimal may fall outside
        # the rounding interval while its neighbour is inside.
        for candidate in sorted(
            (nearest, nearest - 1, nearest + 1), key=lambda number: abs(number * unit - exact)
        ):
            if to_float32(float(candidate * unit)) == value:
                text = str(candidate)
                return text.rstrip("0"), exponent + len(text) - length
    return f"{value:.8e}".partition("e")[0].replace(".", "").rstrip("0"), exponent


def decimal_text(value: Decimal) -> str:
    """Return `value` as Java's `BigDecimal.toString` prints it (`12.50`, `1E+3`, `1E-7`)."""
    text = str(value)
    # A BigDecimal has no negative zero.
    return text[1:] if text[0] == "-" and not value else text


def read_double(text: str) -> float | None:
    """Return the number that Java's `Double.parseDouble` reads from a text; None when it is none.

    Blanks around it, a letter for the type (`1.5f`) and hexadecimal digits (`0x1p3`) are allowed.
    """
    plain = text.strip(_BLANKS)
    if _DOUBLE.fullmatch(plain):
        return float(plain if plain[-1] in "yN" else plain.rstrip("fFdD"))
    if not _HEX_DOUBLE.fullmatch(plain):
        return None
    try:
        return float.fromhex(plain.rstrip("fFdD"))
    except OverflowError:
        return -math.inf if plain[0] == "-" else math.inf
