"""Java's `String.format` for the filter `format`."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from tiercel.errors import EvaluationError, LimitError
from tiercel.expression.printing import java_text

__all__ = ["java_format"]

_SPECIFIER = re.compile(
    r"%(?:(?P<index>\d+)\$)?(?P<flags>[-#+ 0,(<]*)(?P<width>\d+)?(?:\.(?P<precision>\d+))?"
    r"(?P<kind>[a-zA-Z%])"
)
_WIDEST = 10_000


def java_format(pattern: str, values: tuple[Any, ...]) -> str:
    """Fill in a pattern like `%s: %,.2f`.

    Raises:
        EvaluationError: a specifier is malformed, lacks its value, or does not suit it.
        LimitError: a width or precision is absurd.
    """
    position = last = 0
    parts: list[str] = []
    following = 0
    for match in _SPECIFIER.finditer(pattern):
        parts.append(_literal(pattern[position : match.start()]))
        position = match.end()
        kind, flags = match["kind"], match["flags"]
        if kind in "n%":
            parts.append("\n" if kind == "n" else _padded("%", match))
            continue
        if match["index"]:
            last = int(match["index"][:6]) - 1
        elif "<" not in flags:
            last, following = following, following + 1
        if not 0 <= last < len(values):
            raise EvaluationError(f"There is no value for {match.group()!r} in the format")
        parts.append(_formatted(match, values[last]))
    parts.append(_literal(pattern[position:]))
    return "".join(parts)


def _literal(text: str) -> str:
    if "%" in text:
        raise EvaluationError(f"A '%' in the format begins nothing: {text!r}")
    return text


def _formatted(match: re.Match[str], value: Any) -> str:
    for part in ("width", "precision"):
        if match[part] and int(match[part][:9]) > _WIDEST:
            raise LimitError(f"A {part} in a format is at most {_WIDEST}")
    kind = match["kind"]
    lower = kind.lower()
    if lower in "sb":
        text = java_text(value)
        if lower == "b":
            text = java_text(value if isinstance(value, bool) else value is not None)
        text = text[: int(match["precision"])] if match["precision"] else text
    elif value is None:
        text = "null"
    elif lower == "c":
        text = _character(value, match.group())
    elif lower in "dox":
        text = _integer(match, value)
    elif lower in "fe":
        text = _decimal(match, value)
    else:
        raise EvaluationError(f"{match.group()!r} is not supported in a format")
    return _padded(text.upper() if kind.isupper() else text, match)


def _padded(text: str, match: re.Match[str]) -> str:
    width = int(match["width"] or 0)
    return text.ljust(width) if "-" in match["flags"] else text.rjust(width)


def _mismatch(specifier: str, value: Any) -> EvaluationError:
    return EvaluationError(f"{specifier!r} in a format does not take {java_text(value)}")


def _character(value: Any, specifier: str) -> str:
    if isinstance(value, str) and len(value) == 1:
        return str(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 0x10FFFF:
        return chr(value)
    raise _mismatch(specifier, value)


def _integer(match: re.Match[str], value: Any) -> str:
    if not isinstance(value, int) or isinstance(value, bool):
        raise _mismatch(match.group(), value)
    kind, flags = match["kind"].lower(), match["flags"]
    if kind == "d":
        return _signed(
            f"{abs(value):,}" if "," in flags else str(abs(int(value))), value < 0, match
        )
    number = int(value) if value >= 0 else int(value) + (1 << 64)
    prefix = {"x": "0x", "o": "0"}[kind] if "#" in flags else ""
    digits = prefix + format(number, kind)
    return digits.rjust(int(match["width"] or 0), "0") if "0" in flags else digits


def _decimal(match: re.Match[str], value: Any) -> str:
    if not isinstance(value, (float, Decimal)):
        raise _mismatch(match.group(), value)
    number = value if isinstance(value, Decimal) else Decimal(repr(float(value)))
    if not number.is_finite():
        return {"Infinity": "Infinity", "-Infinity": "-Infinity"}.get(str(number), "NaN")
    places = int(match["precision"] or 6)
    if abs(number.adjusted()) > _WIDEST:
        raise LimitError(f"A number in a format has at most {_WIDEST} digits")
    magnitude = abs(number)
    if match["kind"].lower() == "f":
        unit = Decimal(1).scaleb(-places)
        digits = max(magnitude.adjusted(), 0) + places + 5
        from decimal import Context

        rounded = magnitude.quantize(unit, ROUND_HALF_UP, Context(prec=digits))
        text = f"{rounded:,f}" if "," in match["flags"] else f"{rounded:f}"
    else:
        mantissa, _, exponent = f"{magnitude:.{places}e}".partition("e")
        text = f"{mantissa}e{int(exponent):+03d}"
    return _signed(text, number.is_signed() and bool(number), match)


def _signed(digits: str, negative: bool, match: re.Match[str]) -> str:
    flags = match["flags"]
    if negative:
        sign, end = ("(", ")") if "(" in flags else ("-", "")
    else:
        sign, end = ("+" if "+" in flags else " " if " " in flags else ""), ""
    if "0" in flags:
        digits = digits.rjust(int(match["width"] or 0) - len(sign) - len(end), "0")
    return f"{sign}{digits}{end}"
