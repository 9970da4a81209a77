"""Java's `String.format` for the filter `format`."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

from tiercel.errors import EvaluationError, LimitError
from tiercel.expression.number_text import double_text
from tiercel.expression.printing import java_text
from tiercel.expression.values import Character, is_long

__all__ = ["java_format"]

_SPECIFIER = re.compile(
    r"%(?:(?P<index>\d+)\$)?(?P<flags>[-#+ 0,(<]*)(?P<width>\d+)?(?:\.(?P<precision>\d+))?"
    r"(?P<kind>[a-zA-Z%])"
)
_WIDEST = 10_000
_KINDS = frozenset("sbcdoxfeg")
_WITHOUT_PRECISION = frozenset("cdox")


def java_format(pattern: str, values: tuple[Any, ...]) -> str:
    """Fill in a pattern like `%s: %,.2f`.

    Raises:
        EvaluationError: a specifier is malformed, lacks its value, or does not suit it.
        LimitError: a width or precision is absurd.
    """
    position = 0
    parts: list[str] = []
    following = 0
    last = -1
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
    _check(match, lower)
    if lower == "b":
        text = java_text(value if isinstance(value, bool) else value is not None)
        text = _cut(text, match)
    elif value is None or lower == "s":
        text = _cut(java_text(value), match)
    elif lower == "c":
        text = _character(value, match.group())
    elif lower in "dox":
        text = _integer(match, value)
    else:
        text = _decimal(match, value)
    return _padded(text.upper() if kind.isupper() else text, match)


def _check(match: re.Match[str], kind: str) -> None:
    if kind not in _KINDS:
        raise EvaluationError(f"{match.group()!r} is not supported in a format")
    if match["precision"] and kind in _WITHOUT_PRECISION:
        raise EvaluationError(f"{match.group()!r} in a format takes no precision")
    if not match["width"] and ("-" in match["flags"] or "0" in match["flags"]):
        raise EvaluationError(f"{match.group()!r} in a format needs a width")


def _cut(text: str, match: re.Match[str]) -> str:
    return text[: int(match["precision"])] if match["precision"] else text


def _padded(text: str, match: re.Match[str]) -> str:
    width = int(match["width"] or 0)
    return text.ljust(width) if "-" in match["flags"] else text.rjust(width)


def _mismatch(specifier: str, value: Any) -> EvaluationError:
    return EvaluationError(f"{specifier!r} in a format does not take {java_text(value)}")


def _character(value: Any, specifier: str) -> str:
    if isinstance(value, Character):
        return str(value)
    if value.__class__ is int and not is_long(value) and 0 <= value <= 0x10FFFF:
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
    number = int(value)
    if number < 0:
        number += 1 << (64 if is_long(value) else 32)
    prefix = {"x": "0x", "o": "0"}[kind] if "#" in flags else ""
    digits = prefix + format(number, kind)
    return digits.rjust(int(match["width"] or 0), "0") if "0" in flags else digits


def _decimal(match: re.Match[str], value: Any) -> str:
    if not isinstance(value, (float, Decimal)):
        raise _mismatch(match.group(), value)
    number = value if isinstance(value, Decimal) else Decimal(double_text(float(value)))
    if not number.is_finite():
        return {"Infinity": "Infinity", "-Infinity": "-Infinity"}.get(str(number), "NaN")
    if abs(number.adjusted()) > _WIDEST:
        raise LimitError(f"A number in a format has at most {_WIDEST} digits")
    if not number and isinstance(value, float):
        number = Decimal(0).copy_sign(number)
    places = int(match["precision"] or 6)
    text = _WRITERS[match["kind"].lower()](abs(number), places, match["flags"])
    # A BigDecimal has no negative zero.
    negative = number.is_signed() and (bool(number) or isinstance(value, float))
    return _signed(text, negative, match)


def _fixed(magnitude: Decimal, places: int, flags: str) -> str:
    digits = max(magnitude.adjusted(), 0) + places + 5
    unit = Decimal(1).scaleb(-places)
    rounded = magnitude.quantize(unit, ROUND_HALF_UP, Context(prec=digits))
    text = f"{rounded:,f}" if "," in flags else f"{rounded:f}"
    return f"{text}." if "#" in flags and not places else text


def _scientific(magnitude: Decimal, places: int, _: str) -> str:
    mantissa, _, exponent = f"{magnitude:.{places}e}".partition("e")
    power = int(exponent) if magnitude else min(int(magnitude.as_tuple().exponent), 0)
    return f"{mantissa}e{power:+03d}"


def _general(magnitude: Decimal, precision: int, flags: str) -> str:
    digits = precision or 1
    rounded = magnitude.normalize(Context(prec=digits, rounding=ROUND_HALF_UP))
    power = rounded.adjusted() if rounded else 0
    if rounded and not -4 <= power < digits:
        return _scientific(magnitude, digits - 1, flags)
    return _fixed(magnitude, digits - 1 - power, flags)


_WRITERS = {"f": _fixed, "e": _scientific, "g": _general}


def _signed(digits: str, negative: bool, match: re.Match[str]) -> str:
    flags = match["flags"]
    if negative:
        sign, end = ("(", ")") if "(" in flags else ("-", "")
    else:
        sign, end = ("+" if "+" in flags else " " if " " in flags else ""), ""
    if "0" in flags:
        digits = digits.rjust(int(match["width"] or 0) - len(sign) - len(end), "0")
    return f"{sign}{digits}{end}"
