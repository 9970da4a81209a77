"""Numbers written by Java's `DecimalFormat` patterns, such as `#,##0.00` or `0.0%`.

`compile_pattern("#,##0.00")` reads a pattern once; the `DecimalFormat` then writes any number.
Rounding is half-even, and what lies half-way is judged by the exact value of the number, as in the
JDK since 8: 0.125 becomes 0.12, and 0.255, which as a double is a little more, becomes 0.26.

This module knows nothing of templates.
"""

from __future__ import annotations

import math
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal
from functools import lru_cache
from typing import Any

from tiercel._record import record
from tiercel.errors import EvaluationError
from tiercel.expression.number_text import double_text

__all__ = ["DecimalFormat", "compile_pattern"]

_DEFAULT_PATTERN = "#,##0.###"
_MAX_DIGITS = 2**31 - 1
_DOUBLE_BITS, _LONG_BITS = 53, 63
_MAX_DOUBLE_FRACTION = 340
_MAX_LENGTH = 10_000
_MAX_SHOWN = 100_000
_DIGITS = "#0,."
_EXACT = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN, rounding=ROUND_HALF_EVEN)
_FACTORS = {"%": 100, "‰": 1000}
_CURRENCIES = {1: "$", 2: "USD"}


@record
class DecimalFormat:
    """A compiled pattern.

    Attributes:
        positive: what stands before and after a number that is not negative.
        negative: what stands before and after a negative one.
        min_integer: integer digits at the least.
        max_integer: integer digits of one power step in exponential notation; else no limit.
        min_fraction: fraction digits at the least.
        max_fraction: fraction digits at the most.
        group: digits between grouping separators; 0 for none.
        factor: 100 with a percent sign, 1000 with a per mille sign, else 1.
        point_always: whether the decimal point is shown without fraction digits too.
        min_exponent: digits of the exponent at the least; 0 without exponential notation.
        point: the decimal separator.
        separator: the grouping separator.
    """

    positive: tuple[str, str]
    negative: tuple[str, str]
    min_integer: int
    max_integer: int
    min_fraction: int
    max_fraction: int
    group: int
    factor: int
    point_always: bool
    min_exponent: int
    point: str = "."
    separator: str = ","

    def write(self, value: float | Decimal) -> str:
        """Return a number (`int`, `float` or `Decimal`) in this format."""
        if isinstance(value, float):
            value *= self.factor
            if math.isnan(value):
                return "NaN"
            negative = math.copysign(1.0, value) < 0
            if math.isinf(value):
                return self._affixed("∞", negative)
            exact = Decimal(value).copy_abs()
            # The digits are those of the shortest text; what it is exactly decides a tie.
            number = Decimal(_long_text(value) or double_text(value)).normalize(_EXACT)
        else:
            exact = None
            number = _EXACT.multiply(Decimal(value), Decimal(self.factor))
            negative = number < 0
        if abs(number.adjusted()) > _MAX_SHOWN and not self.min_exponent:
            raise EvaluationError(f"A number of more than {_MAX_SHOWN} digits cannot be shown")
        digits, point_at = self._digits(number.copy_abs(), exact)
        body = self._exponential if self.min_exponent else self._plain
        return self._affixed(body(digits, point_at), negative)

    def _affixed(self, text: str, negative: bool) -> str:
        before, after = self.negative if negative else self.positive
        return before + text + after

    def _digits(self, number: Decimal, exact: Decimal | None) -> tuple[str, int]:
        """Rounded significant digits, and where the point stands among them."""
        if not number:
            return "", 0
        places = self.max_fraction
        if self.min_exponent:
            significant = self.max_integer + self.max_fraction
            places = significant - number.adjusted() - 1 if significant else _MAX_DIGITS
        exponent = number.as_tuple().exponent
        if isinstance(exponent, int) and -exponent > places:
            rounding = ROUND_HALF_EVEN
            if exact is not None and -exponent == places + 1:
                number = exact
                # Java does not take whole doubles for exact, and rounds their halves up.
                rounding = ROUND_HALF_UP if places < 0 else ROUND_HALF_EVEN
            unit = Decimal((0, (1,), -places))
            number = number.quantize(unit, rounding=rounding, context=_EXACT)
        _, figures, exponent = number.as_tuple()
        if not number or not isinstance(exponent, int):
            return "", 0
        text = "".join(map(str, figures))
        return text.rstrip("0"), len(text) + exponent

    def _plain(self, digits: str, point_at: int) -> str:
        whole = digits[:point_at].ljust(point_at, "0") if point_at > 0 else ""
        whole = whole.rjust(self.min_integer, "0")
        fraction = "0" * -point_at + digits if point_at < 0 else digits[point_at:]
        fraction = fraction.ljust(self.min_fraction, "0")
        if not fraction and not whole:
            whole = "0"
        if self.group:
            whole = self._grouped(whole)
        return f"{whole}{self.point}{fraction}" if fraction or self.point_always else whole

    def _grouped(self, whole: str) -> str:
        head = len(whole) % self.group
        parts = [whole[:head]] if head else []
        parts += [whole[at : at + self.group] for at in range(head, len(whole), self.group)]
        return self.separator.join(parts)

    def _exponential(self, digits: str, point_at: int) -> str:
        step, least = self.max_integer, self.min_integer
        if step > 1 and step > least:
            # The exponent is a multiple of the step, counted towards zero.
            exponent = point_at - 1 if point_at >= 1 else point_at - step
            exponent = int(exponent / step) * step
            least = 1
        else:
            exponent = point_at - least
        integer = point_at - exponent if digits else least
        shown = max(self.min_integer + self.min_fraction, integer, len(digits))
        text = digits.ljust(shown, "0")
        point = self.point if shown > integer or self.point_always else ""
        if not digits:
            exponent = 0 if exponent == -least or step > least else exponent
        sign = "-" if exponent < 0 else ""
        power = f"{abs(exponent)}".rjust(self.min_exponent, "0")
        return f"{text[:integer]}{point}{text[integer:]}E{sign}{power}"


def _long_text(value: float) -> str:
    """The digits of a whole double that fits 64 bits, where Java takes more than it needs.

    Java's `FloatingDecimal` writes such a number as a long, without the last digits that its 53
    bits do not decide; everything else has the digits of the shortest text (empty here).
    """
    bits = math.frexp(value)[1]
    if not _DOUBLE_BITS < bits <= _LONG_BITS:
        return ""
    unsure = bits - _DOUBLE_BITS - 2
    dropped = 10 ** int(unsure * math.log10(2)) if unsure > 1 else 1
    whole = (abs(int(value)) + dropped // 2) // dropped * dropped
    return str(-whole if value < 0 else whole)


@lru_cache(maxsize=512)
def compile_pattern(pattern: str | None, locale: str = "en_US") -> DecimalFormat:
    """Read a pattern; None stands for Java's default, `#,##0.###`.

    Raises:
        EvaluationError: it is no `DecimalFormat` pattern.
    """
    if pattern is not None and len(pattern) > _MAX_LENGTH:
        raise EvaluationError(f"A number pattern is longer than {_MAX_LENGTH} characters")
    try:
        reader = _Reader(_DEFAULT_PATTERN if pattern is None else pattern)
        return reader.read(*_separators(locale))
    except EvaluationError as error:
        raise EvaluationError(
            f"Invalid number pattern {(pattern or _DEFAULT_PATTERN)[:80]!r}: {error.reason}"
        ) from None


def _separators(locale: str) -> tuple[str, str]:
    if locale.startswith("en"):
        return ".", ","
    from babel import Locale, UnknownLocaleError  # heavy: 30 MB of CLDR

    try:
        symbols: Any = Locale.parse(locale.replace("-", "_")).number_symbols["latn"]
    except (UnknownLocaleError, ValueError):
        return ".", ","
    return symbols["decimal"], symbols["group"]


class _Reader:
    """Reads a pattern from left to right: prefix, digits, suffix, and the same for negatives."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._position = 0
        self._factor = 1
        self._left = self._zeros = self._right = 0
        self._decimal = self._grouping = -1
        self._min_exponent = 0

    def read(self, point: str, separator: str) -> DecimalFormat:
        prefix, suffix = self._affix(), ""
        # Digits that follow a text after the digits still count; the text stays behind them all.
        while self._peek() not in ("", ";"):
            self._number()
            suffix += self._affix()
        negative = self._negative() if self._peek() == ";" else None
        self._check()
        positive = prefix, suffix
        if negative is None or negative == positive:
            negative = "-" + prefix, suffix
        return self._format(positive, negative, point, separator)

    def _format(
        self, positive: tuple[str, str], negative: tuple[str, str], point: str, separator: str
    ) -> DecimalFormat:
        total = self._left + self._zeros + self._right
        decimal = self._decimal
        whole = decimal if decimal >= 0 else total
        min_integer = whole - self._left
        unlimited = not self._pattern
        max_fraction = total - decimal if decimal >= 0 else 0
        if unlimited:
            max_fraction = _MAX_DOUBLE_FRACTION
        return DecimalFormat(
            positive,
            negative,
            min_integer=min_integer,
            max_integer=self._left + min_integer if self._min_exponent else _MAX_DIGITS,
            min_fraction=self._left + self._zeros - decimal if decimal >= 0 else 0,
            max_fraction=max_fraction,
            group=3 if unlimited else max(self._grouping, 0),
            factor=self._factor,
            point_always=decimal in (0, total) and decimal >= 0,
            min_exponent=self._min_exponent,
            point=point,
            separator=separator,
        )

    def _peek(self) -> str:
        return self._pattern[self._position : self._position + 1]

    def _has_digits(self) -> bool:
        return self._left + self._zeros + self._right > 0 or self._decimal >= 0

    def _affix(self) -> str:
        """Text before or after digits, up to the next digit or the end of the pattern."""
        text = ""
        while (character := self._peek()) and character not in _DIGITS + ";":
            self._position += 1
            if character == "'":
                text += self._quoted()
            elif character == "¤":
                text += self._currency()
            else:
                text += self._plain(character)
        return text

    def _plain(self, character: str) -> str:
        if character in _FACTORS:
            if self._factor != 1:
                raise EvaluationError("Too many percent or per mille characters")
            self._factor = _FACTORS[character]
        return character

    def _currency(self) -> str:
        count = 1
        if self._peek() == "¤":
            self._position += 1
            count = 2
        return _CURRENCIES[count]

    def _quoted(self) -> str:
        if self._peek() == "'":
            self._position += 1
            return "'"
        text = ""
        while True:
            end = self._pattern.find("'", self._position)
            if end < 0:
                raise EvaluationError("A quote is not closed")
            text += self._pattern[self._position : end]
            self._position = end + 1
            if self._peek() != "'":
                return text
            text += "'"
            self._position += 1

    def _number(self) -> None:
        while (character := self._peek()) and character in _DIGITS:
            self._position += 1
            self._digit(character)
        if self._peek() == "E":
            self._position += 1
            self._exponent()

    def _digit(self, character: str) -> None:
        if character == ",":
            self._grouping = 0
            return
        if character == ".":
            if self._decimal >= 0:
                raise EvaluationError("Multiple decimal separators")
            self._decimal = self._left + self._zeros + self._right
            return
        if character == "0":
            if self._right:
                raise EvaluationError("Unexpected '0'")
            self._zeros += 1
        elif self._zeros:
            self._right += 1
        else:
            self._left += 1
        if self._grouping >= 0 and self._decimal < 0:
            self._grouping += 1

    def _exponent(self) -> None:
        while self._peek() == "0":
            self._position += 1
            self._min_exponent += 1
        if self._left + self._zeros < 1 or self._min_exponent < 1:
            raise EvaluationError("Malformed exponent")

    def _negative(self) -> tuple[str, str] | None:
        """Prefix and suffix of the second pattern, whose digits do not count."""
        if not self._has_digits():
            raise EvaluationError("Unquoted special character ';'")
        self._position += 1
        if not self._peek():
            return None
        factor, self._factor = self._factor, 1
        prefix, suffix = self._affix(), ""
        while self._peek() not in ("", ";"):
            while self._peek() and self._peek() in _DIGITS + "E":
                self._position += 1
            suffix += self._affix()
        if self._peek():
            raise EvaluationError("Unquoted special character ';'")
        self._factor = factor
        return prefix, suffix

    def _check(self) -> None:
        if not self._zeros and self._left and self._decimal >= 0:
            # `###.###` means `##0.###`, and `.###` the same as `#.##`.
            before = self._decimal or 1
            self._right = self._left - before
            self._left, self._zeros = before - 1, 1
        misplaced = (
            not self._left <= self._decimal <= self._left + self._zeros
            if self._decimal >= 0
            else self._right > 0
        )
        if misplaced or self._grouping == 0:
            raise EvaluationError("Malformed pattern")
