"""Cells as Excel shows them: the number formats that people use.

A format has up to four sections (positive; negative; zero; text). Numbers know digits, thousands,
percent, exponents and literals; dates know years to seconds. Colours and conditions are left out,
and so are fractions: those show as plain numbers.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

__all__ = ["shown"]

_SECTION = re.compile(r'(?:"[^"]*"|\\.|[^;"\\])*')
_IGNORED = re.compile(r"\[(?!h+\]|m+\]|s+\])[^\]]*\]|_.|\*.", re.IGNORECASE)
_CURRENCY = re.compile(r"\[\$([^\]-]*)[^\]]*\]")
_DATE_TOKEN = re.compile(
    r'"([^"]*)"|\\(.)|(AM/PM|A/P)|(\[h+\]|\[m+\]|\[s+\])|(y+|m+|d+|h+|s+(?:\.0+)?)|(.)',
    re.IGNORECASE | re.DOTALL,
)
_NUMBER_TOKEN = re.compile(r'"([^"]*)"|\\(.)|([#0?.,]+(?:[eE][-+]0+)?)|(.)', re.DOTALL)


def shown(value: Any, number_format: str) -> str:
    """Return a cell's text.

    Args:
        value: what the cell holds: a text, a number, a boolean, a date.
        number_format: the cell's format, as Excel writes it.
    """
    match value:
        case bool():
            return "TRUE" if value else "FALSE"
        case date() | time() | timedelta():
            return _date_text(value, _sections(number_format)[0])
        case int() | float():
            return _number_text(value, number_format)
    return str(value)


def _sections(number_format: str) -> list[str]:
    plain = _CURRENCY.sub(r"\1", number_format)
    # Between two sections, the pattern matches nothing as well.
    return [_IGNORED.sub("", part) for part in _SECTION.findall(plain) if part] or ["General"]


def _number_text(value: float, number_format: str) -> str:
    sections = _sections(number_format)
    section = sections[0]
    if value < 0 and len(sections) > 1:
        section, value = sections[1], -value
    elif value == 0 and len(sections) > 2:
        section = sections[2]
    if section.lower() in ("general", "@") or "/" in section:
        return f"{value:.10g}".upper() if isinstance(value, float) else str(value)
    parts = []
    for literal, escaped, digits, other in _NUMBER_TOKEN.findall(section):
        if digits:
            percent = 100 if "%" in section else 1
            parts.append(_digits(Decimal(str(value)) * percent, digits))
        else:
            parts.append(literal or escaped or other)
    return "".join(parts)


def _digits(value: Decimal, pattern: str) -> str:
    pattern, exponent, power = _split(pattern)
    if exponent:
        shift = value.adjusted() if value else 0
        sign = "-" if shift < 0 else "+" if "+" in exponent else ""
        return f"{_digits(value.scaleb(-shift), pattern)}E{sign}{abs(shift):0{power}d}"
    whole, _, fraction = pattern.partition(".")
    while whole.endswith(","):
        whole, value = whole[:-1], value / 1000
    rounded = abs(value).quantize(Decimal(1).scaleb(-len(fraction)), ROUND_HALF_UP)
    least = whole.replace(",", "").count("0")
    text = f"{rounded:{',' if ',' in whole else ''}f}"
    integer, _, decimals = text.partition(".")
    integer = integer.rjust(least, "0") if least > 1 else integer
    if least == 0 and integer == "0":
        integer = ""
    optional = len(fraction) - len(fraction.rstrip("#?"))
    kept = decimals[: len(decimals) - optional] + decimals[len(decimals) - optional :].rstrip("0")
    return ("-" if value < 0 else "") + integer + (f".{kept}" if kept else "")


def _split(pattern: str) -> tuple[str, str, int]:
    match = re.fullmatch(r"(.*?)([eE][-+])(0+)", pattern)
    return (match[1], match[2], len(match[3])) if match else (pattern, "", 0)


def _date_text(value: date | time | timedelta, section: str) -> str:
    moment = _moment(value)
    tokens = _DATE_TOKEN.findall(section)
    codes = [(token[4] or token[3][1:]).lower() for token in tokens]
    half_day = any(token[2] for token in tokens)
    parts = []
    for index, (literal, escaped, meridiem, elapsed, code, other) in enumerate(tokens):
        if code:
            near = [each[0] for each in codes[:index][::-1] if each[:1] not in ("", "m")][:1]
            after = [each[0] for each in codes[index + 1 :] if each][:1]
            minutes = near == ["h"] or after == ["s"]
            parts.append(_date_part(moment, code.lower(), minutes=minutes, half_day=half_day))
        elif meridiem:
            parts.append("PM" if moment.hour >= 12 else "AM")
        elif elapsed:
            parts.append(_elapsed(value, elapsed[1].lower()))
        else:
            parts.append(literal or escaped or other)
    return "".join(parts)


def _moment(value: date | time | timedelta) -> datetime:
    match value:
        case datetime():
            return value
        case date():
            return datetime(value.year, value.month, value.day)
        case time():
            return datetime.combine(date(1900, 1, 1), value)
    return datetime(1900, 1, 1) + value


def _elapsed(value: Any, unit: str) -> str:
    past = value if isinstance(value, timedelta) else _moment(value) - datetime(1899, 12, 31)
    if isinstance(value, time):
        past = _moment(value) - datetime(1900, 1, 1)
    return str(int(past / timedelta(seconds={"h": 3600, "m": 60, "s": 1}[unit])))


def _date_part(moment: datetime, code: str, *, minutes: bool, half_day: bool) -> str:
    padded = len(code.partition(".")[0]) > 1
    match code[0]:
        case "y":
            return f"{moment.year % 100:02d}" if len(code) <= 2 else f"{moment.year:04d}"
        case "m" if minutes and len(code) <= 2:
            return f"{moment.minute:02d}" if padded else str(moment.minute)
        case "m":
            return _name_or_number(moment, moment.month, len(code), ("%b", "%B"))
        case "d":
            return _name_or_number(moment, moment.day, len(code), ("%a", "%A"))
        case "h":
            hour = (moment.hour % 12 or 12) if half_day else moment.hour
            return f"{hour:02d}" if padded else str(hour)
    digits = len(code.partition(".")[2])
    fraction = f".{moment.microsecond:06d}"[: digits + 1] if digits else ""
    return (f"{moment.second:02d}" if padded else str(moment.second)) + fraction


def _name_or_number(moment: datetime, number: int, width: int, names: tuple[str, str]) -> str:
    if width == 5:
        return moment.strftime(names[1])[0]
    if width > 2:
        return moment.strftime(names[width > 3])
    return f"{number:0{width}d}"
