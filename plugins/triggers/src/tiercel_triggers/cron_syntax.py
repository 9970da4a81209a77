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
# What other dialects of cron allow: the last day, the nearest weekday.
_QUARTZ = re.compile(r"LW|L(-[0-9]+)?|[0-9]+[LW]")


class _Field(NamedTuple):
    low: int
    high: int
    names: tuple[str, ...] = ()

    def number(self, text: str) -> int:
        """Read a number or a name."""
        if text in self.names:
            return self.names.index(text) + 1
        if re.fullmatch(r"\+?[0-9]+", text):
            return int(text)
        rest = re.sub(r"[#?/*0-9,-]", "", text)
        if self.names:
            rest = re.sub(rf"\b({'|'.join(self.names)})\b", "", rest)
        raise ValueError(f"Invalid chars in expression! Expression: {text} Invalid chars: {rest}")


class _Item(NamedTuple):
    """One item of a field's list, not checked against the field's range yet.

    `quartz` is the whole field when the item is of another dialect; the numbers mean nothing then.
    """

    first: int
    last: int
    period: int = 1
    quartz: str = ""


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
        read = [*map(_items, parts if with_seconds else ["0", *parts], _FIELDS)]
        return " ".join(map(_plain, read, _FIELDS))
    except ValueError as error:
        raise ValueError(f"Failed to parse cron expression. {error}") from None


def _in_place(text: str) -> list[str]:
    """Return the expressions that alternatives inside fields stand for: the first of each, …"""
    fields = [field.split("|") for field in text.split()]
    count = max(map(len, fields), default=1)
    if any(len(each) not in (1, count) for each in fields):
        raise ValueError(f"Each field of {text!r} must have as many alternatives, or none")
    return [" ".join(each[-1 if len(each) == 1 else at] for each in fields) for at in range(count)]


def _items(text: str, field: _Field) -> list[_Item]:
    """Read a field's list.

    Raises:
        ValueError: it is no list of numbers, ranges and steps.
    """
    # Only these two leave a field open: `1-31` and `*,5` are lists, so days are or-ed.
    if text in ("*", "*/1"):
        return []
    return [
        _Item(0, 0, quartz=text) if _QUARTZ.fullmatch(each) else _item(each, field)
        for each in text.split(",")
    ]


def _item(text: str, field: _Field) -> _Item:
    start, slash, period = text.partition("/")
    if slash and not re.fullmatch(r"\+?[0-9]+", period):
        raise ValueError(_wrong_period(text, period))
    step = int(period) if slash else 1
    if "-" in start:
        return _Item(*_ends(start, field), step)
    if start == "*" or (slash and not start):
        return _Item(field.low, field.high, step)
    if "?" in start or "#" in start:
        raise ValueError(f"Invalid expression: {text}")
    first = field.number(start)
    if field is _WEEKDAY and first == 7:
        first = 0
    return _Item(first, field.high if slash else first, step)


def _wrong_period(text: str, period: str) -> str:
    return f'For input string: "{period}"' if period else f"Missing steps for expression: {text}"


def _ends(text: str, field: _Field) -> tuple[int, int]:
    ends = text.split("-")
    if len(ends) != 2 or not ends[1]:
        raise ValueError(f"Missing values for range: {text}")
    if not ends[0]:
        raise ValueError(
            f"Invalid expression! Expression: {text} does not describe a range. "
            "Negative numbers are not allowed."
        )
    return field.number(ends[0]), field.number(ends[1])


def _plain(items: list[_Item], field: _Field) -> str:
    """Return a field's list as plain numbers.

    Raises:
        ValueError: something in it is out of range.
    """
    if not items:
        return "*"
    values = {value for item in items for value in _values(item, field)}
    if field is _WEEKDAY:
        values = {value % 7 for value in values}
    return ",".join(map(str, sorted(values)))


def _values(item: _Item, field: _Field) -> range:
    if item.quartz:
        letters = re.sub(r"[/*0-9,-]", "", item.quartz)
        raise ValueError(
            f"Invalid chars in expression! Expression: {item.quartz} Invalid chars: {letters}"
        )
    for value in (item.first, item.last):
        if not field.low <= value <= field.high:
            raise ValueError(f"Value {value} not in range [{field.low}, {field.high}]")
    if item.first > item.last:
        raise ValueError(f"Invalid range! [{item.first},{item.last}]")
    if not 0 < item.period <= field.high:
        raise ValueError(f"Period {item.period} not in range [{field.low}, {field.high}]")
    return range(item.first, item.last + 1, item.period)
