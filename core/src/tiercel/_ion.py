"""Amazon ION text, the form in which Kestra keeps rows in internal storage: one value a line.

    {id:1,name:"Ann",'first-day':2024-03-05,paid:12.50}

Plain data is written here and read back here: null, booleans, integers, floats, decimals, texts,
symbols, bytes, lists, structs, timestamps, and Kestra's annotated times
(`LocalDateTime::"2024-03-05T07:08:09"`). Whatever else ION has (binary, symbol tables, long
strings, other annotations, s-expressions) goes to the package `amazon.ion`, which is optional and
is imported when first needed.

This module imports the standard library only.
"""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, Protocol

from tiercel._ion_reader import IDENTIFIER, KEYWORDS, IonTextError, load_lines, loads

__all__ = ["IonTextError", "dump_lines", "dumps", "load_lines", "loads", "quoted"]

_LINES_AT_ONCE = 1000
# Java writes doubles from 10^-3 up to 10^7 without an exponent.
_PLAIN_FROM = 1e-3
_PLAIN_UNTIL = 1e7


class _Sink(Protocol):
    def write(self, text: str, /) -> object: ...


Special = Callable[[Any], "str | None"]


# --- writing --------------------------------------------------------------------------------

_ESCAPES = {
    **{code: f"\\x{code:02x}" for code in (*range(32), 127)},
    **{
        ord(char): f"\\{letter}"
        for char, letter in zip("\0\a\b\t\n\v\f\r\\", "0abtnvfr\\", strict=True)
    },
}
_TEXT_ESCAPES = {**_ESCAPES, ord('"'): '\\"'}
_SYMBOL_ESCAPES = {**_ESCAPES, ord("'"): "\\'"}
_SURROGATES = re.compile("[\ud800-\udfff]")


def dumps(value: Any, special: Special | None = None) -> str:
    """Return a value as ION text, without a line end.

    Args:
        value: plain data; dates and times of the standard library are data too.
        special: gives the ION text of values of other classes, or None for one it does not know.

    Raises:
        IonTextError: the value, or one inside it, is no plain data, or nested too deep.
    """
    try:
        return _write(value, special)
    except RecursionError:
        raise IonTextError("The value is nested too deep for ION") from None


def dump_lines(rows: Iterable[Any], stream: _Sink, special: Special | None = None) -> int:
    """Write each row as one line, and return how many there were.

    Rows with the same columns, all texts (what a CSV reader gives), take a short cut.
    """
    count = 0
    columns: tuple[Any, ...] | None = None
    template = ""
    lines: list[str] = []
    for row in rows:
        if row.__class__ is dict:
            if tuple(row) != columns:
                columns, template = tuple(row), _template(row)
            line = _all_texts(template, tuple(row.values()))
            lines.append(dumps(row, special) + "\n" if line is None else line)
        else:
            lines.append(dumps(row, special) + "\n")
        count += 1
        if len(lines) == _LINES_AT_ONCE:
            stream.write("".join(lines))
            lines.clear()
    stream.write("".join(lines))
    return count


def _template(row: dict[Any, Any]) -> str:
    names = [_name(name).replace("%", "%%") + ':"%s"' for name in row]
    return "{" + ",".join(names) + "}\n"


def _all_texts(template: str, values: tuple[Any, ...]) -> str | None:
    """Fill in values that are all texts without anything to escape; else return None."""
    try:
        joined = "".join(values)
    except TypeError:
        return None
    if joined.isprintable() and '"' not in joined and "\\" not in joined:
        return template % values
    return None


def quoted(text: str) -> str:
    """Return a text as an ION string, in double quotes."""
    if not (text.isprintable() and '"' not in text and "\\" not in text):
        text = _whole(text).translate(_TEXT_ESCAPES)
    return f'"{text}"'


def _whole(text: str) -> str:
    """Replace lone surrogates, which no file could hold."""
    if not _SURROGATES.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


@lru_cache(maxsize=4096)
def _name(key: Any) -> str:
    text = key if isinstance(key, str) else str(key)
    if IDENTIFIER.fullmatch(text) and text not in KEYWORDS:
        return text
    return f"'{_whole(text).translate(_SYMBOL_ESCAPES)}'"


def _write(value: Any, special: Special | None) -> str:
    writer = _WRITERS.get(value.__class__)
    if writer is not None:
        return writer(value)
    if isinstance(value, Mapping):
        members = [f"{_name(key)}:{_write(item, special)}" for key, item in value.items()]
        return "{" + ",".join(members) + "}"
    if isinstance(value, list | tuple | set | frozenset):
        return "[" + ",".join([_write(item, special) for item in value]) + "]"
    text = special(value) if special else None
    return _inherited(value) if text is None else text


def _inherited(value: Any) -> str:
    for kind, writer in _WRITERS.items():
        if isinstance(value, kind):
            return writer(value)
    raise IonTextError(f"A value of type {type(value).__name__} has no ION form")


def _float_text(value: float) -> str:
    """A double as Java prints it, with ION's mark of a float: `2.5e0`, `4e0`, `1.0e7`."""
    if not math.isfinite(value):
        return "nan" if math.isnan(value) else "+inf" if value > 0 else "-inf"
    if value == 0 or _PLAIN_FROM <= abs(value) < _PLAIN_UNTIL:
        return f"{float.__repr__(value).removesuffix('.0')}e0"
    sign, digits, exponent = Decimal(float.__repr__(value)).normalize().as_tuple()
    assert isinstance(exponent, int)
    if len(digits) == 1:
        # Java writes two digits at the least, and the closest two: 4.9e-324.
        mantissa, _, power = f"{value:.1e}".partition("e")
        return f"{mantissa}e{int(power)}"
    text = "".join(map(str, digits))
    return f"{'-' if sign else ''}{text[0]}.{text[1:]}e{exponent + len(text) - 1}"


def _decimal_text(value: Decimal) -> str:
    if not value.is_finite():
        raise IonTextError(f"ION has no decimal {value}")
    sign, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)
    text = "".join(map(str, digits))
    whole = len(text) + exponent
    if exponent > 0:
        text = f"{text}d{exponent}"
    elif exponent == 0:
        text = f"{text}."
    elif whole > 0:
        text = f"{text[:whole]}.{text[whole:]}"
    elif whole > -6:
        text = f"0.{'0' * -whole}{text}"
    else:
        text = f"{text}d{exponent}"
    return "-" + text if sign else text


def _timestamp_text(value: datetime) -> str:
    if value.tzinfo is None:
        return f'LocalDateTime::"{value.isoformat()}"'
    offset = value.utcoffset() or timedelta()
    if offset % timedelta(minutes=1):
        return f'OffsetDateTime::"{value.isoformat()}"'
    precision = "milliseconds" if value.microsecond % 1000 == 0 else "microseconds"
    text = value.replace(tzinfo=None).isoformat(timespec=precision)
    return f"{text}{value.isoformat()[-6:]}" if offset else f"{text}Z"


def _duration_text(value: timedelta) -> str:
    micros = value // timedelta(microseconds=1)
    sign = "-" if micros < 0 else ""
    return f"{sign}{abs(micros) // 10**6}.{abs(micros) % 10**6:06d}000"


_WRITERS: dict[type, Callable[[Any], str]] = {
    str: quoted,
    bool: lambda value: "true" if value else "false",
    int: int.__repr__,
    type(None): lambda value: "null",
    float: _float_text,
    Decimal: _decimal_text,
    datetime: _timestamp_text,
    date: date.isoformat,
    time: lambda value: f'LocalTime::"{value.isoformat()}"',
    timedelta: _duration_text,
    bytes: lambda value: f"{{{{{base64.b64encode(value).decode()}}}}}",
    bytearray: lambda value: f"{{{{{base64.b64encode(value).decode()}}}}}",
}
