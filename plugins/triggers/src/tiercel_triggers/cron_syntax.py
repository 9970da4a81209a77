"""What a cron expression says, by the rules of Kestra 1.3's parser (cron-utils 9.2).

Five fields (six with seconds in front), or a nickname. A field is `*`, numbers, ranges that do not
wrap, steps and lists; names in any case for months and days of the week; `0` and `7` are Sunday.
Quartz's `?`, `L`, `W` and `#` are refused. Several expressions may be joined: `0 8 * * * || 30 12
* * 1`, or in place, `0|30 8|12 * * *`, which means `0 8 * * *` and `30 12 * * *`.

Golden data: `schedule/dates.jsonl`, `flows/schedule`; words of what is wrong as recorded there.
"""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["parse"]

_NICKNAMES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
_WEEKDAYS = ["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"]


class _Field(NamedTuple):
    low: int
    high: int
    names: tuple[str, ...] = ()

    def number(self, text: str) -> int:
        """Read a number or a name."""
        if text in self.names:
            return self.names.index(text) + 1
        if not re.fullmatch(r"\+?[0-9]+", text):
            raise ValueError(
                f"Invalid chars in expression! Expression: {text} "
                f"Invalid chars: {self._invalid_part(text)}"
            )
        value = int(text)
        if not self.low <= value <= self.high:
            raise ValueError(f"Value {value} not in range [{self.low}, {self.high}]")
        return value

    def _invalid_part(self, text: str) -> str:
        rest = re.sub(r"[#?/*0-9]", "", text)
        if self.names:
            rest = re.sub(rf"\b({'|'.join(self.names)})\b", "", rest)
        return rest

    def period(self, text: str) -> int:
        """Read what follows the `/`."""
        if not re.fullmatch(r"\+?[0-9]+", text):
            raise ValueError(f'For input string: "{text}"')
        if not 0 < int(text) <= self.high:
            raise ValueError(f"Period {int(text)} not in range [{self.low}, {self.high}]")
        return int(text)


_SIXTY = _Field(0, 59)
_WEEKDAY = _Field(0, 7, tuple(_WEEKDAYS))
_FIELDS = (_SIXTY, _SIXTY, _Field(0, 23), _Field(1, 31), _Field(1, 12, tuple(_MONTHS)), _WEEKDAY)


def parse(text: str, *, with_seconds: bool = False) -> tuple[str, ...]:
    """Return what an expression says as plain expressions, of which any may match.

    A plain expression has six fields, seconds first; each is `*` or a list of numbers in order.
    Days of the month and of the week are or-ed when both are lists.

    Raises:
        ValueError: Kestra refuses the expression.
    """
    if text in _NICKNAMES:
        return (f"0 {_NICKNAMES[text]}",)
    if text == "@reboot":
        raise ValueError("Nickname @reboot not supported!")
    if "||" in text:
        parts = text.split("||")
        return tuple(each for part in parts for each in parse(part, with_seconds=with_seconds))
    return tuple(_parse_one(each, with_seconds) for each in _in_place(text))


def _parse_one(text: str, with_seconds: bool) -> str:
    parts = text.upper().split()
    if not parts:
        raise ValueError("Empty expression!")
    trailing = next((part for part in parts if part.endswith(",")), None)
    if trailing:
        raise ValueError(f"Invalid field value! Trailing commas not permitted! '{trailing}'")
    wanted = 6 if with_seconds else 5
    if len(parts) != wanted:
        raise ValueError(
            f"Cron expression contains {len(parts)} parts but we expect one of [{wanted}]"
        )
    try:
        return " ".join(map(_plain, parts if with_seconds else ["0", *parts], _FIELDS))
    except ValueError as error:
        raise ValueError(f"Failed to parse cron expression. {error}") from None


def _in_place(text: str) -> list[str]:
    """Return the expressions that alternatives inside fields stand for: the first of each, …"""
    fields = [field.split("|") for field in text.split()]
    count = max(map(len, fields), default=1)
    if any(len(each) not in (1, count) for each in fields):
        raise ValueError(f"Each field of {text!r} must have as many alternatives, or none")
    return [" ".join(each[-1 if len(each) == 1 else at] for each in fields) for at in range(count)]


def _plain(text: str, field: _Field) -> str:
    # Only these two leave a field open: `1-31` and `*,5` count as a list, so they are or-ed.
    if text in ("*", "*/1"):
        return "*"
    values = {value for part in text.split(",") for value in _values(part, field)}
    if field is _WEEKDAY:
        values = {value % 7 for value in values}
    return ",".join(map(str, sorted(values)))


def _values(text: str, field: _Field) -> range:
    """Return the values of one item of a field's list."""
    start, slash, period = text.partition("/")
    if slash and not period:
        raise ValueError(f"Missing steps for expression: {text}")
    if "-" in start:
        first, last = _ends(start, field)
    elif start == "*" or (slash and not start):
        first, last = field.low, field.high
    else:
        first = last = _single(start, field)
        if slash:
            last = field.high
    return range(first, last + 1, field.period(period) if slash else 1)


def _single(text: str, field: _Field) -> int:
    if "?" in text or "#" in text:
        raise ValueError(f"Invalid expression: {text}")
    value = field.number(text)
    return 0 if field is _WEEKDAY and value == 7 else value


def _ends(text: str, field: _Field) -> tuple[int, int]:
    ends = text.split("-")
    if len(ends) != 2 or not ends[1]:
        raise ValueError(f"Missing values for range: {text}")
    if not ends[0]:
        raise ValueError(
            f"Invalid expression! Expression: {text} does not describe a range. "
            "Negative numbers are not allowed."
        )
    first, last = field.number(ends[0]), field.number(ends[1])
    if first > last:
        raise ValueError(f"Invalid range! [{first},{last}]")
    return first, last
