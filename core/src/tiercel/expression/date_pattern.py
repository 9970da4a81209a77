"""The pattern language of Java's `DateTimeFormatter`, read into a list of nodes.

`yyyy-MM-dd'T'HH:mm[:ss]` becomes the same steps that Java's formatter builder would take: numbers
with their widths and sign rules, names, offsets, zone names, literals, optional sections. Both the
writer (`date_format`) and the reader (`date_parse`) walk these nodes.

Letters are those of JDK 19 and later: `F` is the week of the month, `B` the part of the day, `v`
the generic zone name, `g` the modified Julian day. Which letter may be repeated how often, and the
error when it is not, follows `DateTimeFormatterBuilder.appendPattern`.

This module knows nothing of templates.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from tiercel.errors import EvaluationError
from tiercel.expression.date_nodes import (
    MAX_WIDTH,
    Fraction,
    Literal,
    LocalizedOffset,
    Node,
    Number,
    Offset,
    Optional,
    Padded,
    PartOfDay,
    Reduced,
    Text,
    Width,
    ZoneId,
    ZoneName,
)

__all__ = ["parse_pattern"]

MAX_LENGTH = 10_000
_MAX_NESTING = 50

_FIELDS = {
    "G": "era",
    "y": "year_of_era",
    "u": "year",
    "Y": "week_year",
    "Q": "quarter",
    "q": "quarter",
    "M": "month",
    "L": "month",
    "D": "day_of_year",
    "d": "day",
    "F": "week_of_month_aligned",
    "E": "day_of_week",
    "c": "day_of_week",
    "e": "day_of_week",
    "a": "am_pm",
    "H": "hour",
    "k": "clock_hour",
    "K": "hour_of_half",
    "h": "clock_hour_of_half",
    "m": "minute",
    "s": "second",
    "S": "nano",
    "A": "milli_of_day",
    "n": "nano",
    "N": "nano_of_day",
    "g": "julian_day",
}
_OFFSETS = ("+HHmm", "+HHMM", "+HH:MM", "+HHMMss", "+HH:MM:ss")
_TEXT_WIDTHS: dict[int, Width] = {3: "short", 4: "full", 5: "narrow"}
_RESERVED = "{}#"


def _too_many(letter: str) -> EvaluationError:
    return EvaluationError(f"Too many pattern letters: {letter}")


def _year(letter: str, count: int) -> Node:
    if 10 < count < MAX_WIDTH or count > MAX_WIDTH:
        raise _too_many(letter)
    if count == 2:
        return Reduced(_FIELDS[letter])
    return Number(_FIELDS[letter], count, MAX_WIDTH, "normal" if count < 4 else "exceeds_pad")


def _text_or_number(letter: str, count: int) -> Node:
    """Months, quarters and days of the week: a number up to two letters, then names."""
    field, standalone = _FIELDS[letter], letter in "cLq"
    if letter == "c" and count == 2:
        raise EvaluationError("Invalid pattern 'cc': write 'c' or 'ccc'")
    if count > 5:
        raise _too_many(letter)
    if count > 2:
        return Text(field, _TEXT_WIDTHS[count], standalone)
    if letter == "E":
        return Text(field, "short")
    if letter in "ec":
        return Number("local_day_of_week", count, count, "not_negative")
    return Number(field) if count == 1 else Number(field, 2, 2, "not_negative")


def _era(letter: str, count: int) -> Node:
    if count > 5:
        raise _too_many(letter)
    return Text("era", _TEXT_WIDTHS[max(count, 3)])


def _am_pm(letter: str, count: int) -> Node:
    if count > 1:
        raise _too_many(letter)
    return Text("am_pm", "short")


def _fraction(letter: str, count: int) -> Node:
    if count > 9:
        raise _too_many(letter)
    return Fraction(count, count)


def _two_digits(letter: str, count: int) -> Node:
    if count > 2:
        raise _too_many(letter)
    field = _FIELDS[letter]
    return Number(field) if count == 1 else Number(field, 2, 2, "not_negative")


def _one_digit(letter: str, count: int) -> Node:
    if count > 1:
        raise _too_many(letter)
    return Number(_FIELDS[letter])


def _day_of_year(letter: str, count: int) -> Node:
    if count > 3:
        raise _too_many(letter)
    return Number("day_of_year") if count == 1 else Number("day_of_year", count, 3, "not_negative")


def _long_number(letter: str, count: int) -> Node:
    if count > MAX_WIDTH:
        raise _too_many(letter)
    return Number(_FIELDS[letter], count, MAX_WIDTH, "normal" if letter == "g" else "not_negative")


def _week(letter: str, count: int) -> Node:
    if count > (2 if letter == "w" else 1):
        raise _too_many(letter)
    return Number("week" if letter == "w" else "week_of_month", count, 2, "not_negative")


def _zone_id(letter: str, count: int) -> Node:
    if count != 2:
        raise EvaluationError(f"Pattern letter count must be 2: {letter}")
    return ZoneId()


def _zone_name(letter: str, count: int) -> Node:
    generic = letter == "v"
    if generic and count not in (1, 4):
        raise EvaluationError(f"Wrong number of pattern letters: {letter}")
    if count > 4:
        raise _too_many(letter)
    return ZoneName("full" if count == 4 else "short", generic)


def _localized_offset(letter: str, count: int) -> Node:
    if count not in (1, 4):
        raise EvaluationError(f"Pattern letter count must be 1 or 4: {letter}")
    return LocalizedOffset(count == 4)


def _offset(letter: str, count: int) -> Node:
    if count > 5:
        raise _too_many(letter)
    if letter == "Z":
        if count == 4:
            return LocalizedOffset(True)
        return Offset("+HHMM", "+0000") if count < 4 else Offset("+HH:MM:ss", "Z")
    if letter == "X":
        return Offset(_OFFSETS[count - 1], "Z")
    zero = "+00" if count == 1 else "+0000" if count % 2 == 0 else "+00:00"
    return Offset(_OFFSETS[count - 1], zero)


def _part_of_day(letter: str, count: int) -> Node:
    widths: dict[int, Width] = {1: "short", 4: "full", 5: "narrow"}
    if count not in widths:
        raise EvaluationError(f"Wrong number of pattern letters: {letter}")
    return PartOfDay(widths[count])


_LETTERS: dict[str, Callable[[str, int], Node]] = {
    **dict.fromkeys("uyY", _year),
    **dict.fromkeys("MQEecLq", _text_or_number),
    **dict.fromkeys("dhHkKms", _two_digits),
    **dict.fromkeys("AnNg", _long_number),
    **dict.fromkeys("wW", _week),
    **dict.fromkeys("zv", _zone_name),
    **dict.fromkeys("ZXx", _offset),
    "G": _era,
    "a": _am_pm,
    "S": _fraction,
    "F": _one_digit,
    "D": _day_of_year,
    "V": _zone_id,
    "O": _localized_offset,
    "B": _part_of_day,
}


@lru_cache(maxsize=1024)
def parse_pattern(pattern: str) -> tuple[Node, ...]:
    """Read a `DateTimeFormatter` pattern.

    Raises:
        EvaluationError: a letter is unknown or repeated too often, or a quote or bracket does not
            fit.
    """
    if len(pattern) > MAX_LENGTH:
        raise EvaluationError(f"A date pattern is longer than {MAX_LENGTH} characters")
    try:
        return _Reader(pattern).read()
    except EvaluationError as error:
        raise EvaluationError(f"Invalid date pattern {pattern[:80]!r}: {error.reason}") from None


def _is_value(node: Node) -> bool:
    return isinstance(node, Number | Reduced | Fraction)


class _Reader:
    """Walks a pattern from left to right, with one list of nodes for every open bracket."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._position = 0
        self._open: list[list[Node]] = [[]]

    def read(self) -> tuple[Node, ...]:
        while self._position < len(self._pattern):
            character = self._pattern[self._position]
            if character.isascii() and character.isalpha():
                self._add(self._letters())
            else:
                self._position += 1
                self._other(character)
        while len(self._open) > 1:
            self._close()
        return tuple(self._open[0])

    def _add(self, node: Node) -> None:
        section = self._open[-1]
        before = section[-1] if section else None
        if isinstance(before, Padded) and _is_value(before.node) and _is_value(node):
            # Java's builder cannot join the widths of adjacent numbers here, and fails.
            raise EvaluationError("A padded number must not be followed by another number")
        section.append(node)

    def _run(self) -> tuple[str, int]:
        letter, start = self._pattern[self._position], self._position
        while self._pattern[self._position : self._position + 1] == letter:
            self._position += 1
        return letter, self._position - start

    def _letters(self) -> Node:
        letter, count = self._run()
        if letter != "p":
            return self._node(letter, count)
        following = self._pattern[self._position : self._position + 1]
        if not (following.isascii() and following.isalpha()):
            raise EvaluationError("Pad letter 'p' must be followed by a pattern letter")
        return Padded(self._node(*self._run()), count)

    def _node(self, letter: str, count: int) -> Node:
        try:
            make = _LETTERS[letter]
        except KeyError:
            raise EvaluationError(f"Unknown pattern letter: {letter}") from None
        return make(letter, count)

    def _other(self, character: str) -> None:
        if character == "'":
            self._add(Literal(self._quoted()))
        elif character == "[":
            if len(self._open) > _MAX_NESTING:
                raise EvaluationError(f"Sections are nested deeper than {_MAX_NESTING} levels")
            self._open.append([])
        elif character == "]":
            if len(self._open) == 1:
                raise EvaluationError("It contains ] without a [ before")
            self._close()
        elif character in _RESERVED:
            raise EvaluationError(f"It includes the reserved character {character!r}")
        else:
            self._add(Literal(character))

    def _close(self) -> None:
        section = self._open.pop()
        if section:
            self._add(Optional(tuple(section)))

    def _quoted(self) -> str:
        """The text up to the closing quote; two quotes stand for one."""
        text = ""
        while True:
            end = self._pattern.find("'", self._position)
            if end < 0:
                raise EvaluationError("It ends with an incomplete text; close the quote")
            text += self._pattern[self._position : end]
            self._position = end + 1
            if self._pattern[self._position : self._position + 1] != "'":
                return text or "'"
            text += "'"
            self._position += 1
