"""Reading of ION text; `_ion` is the door to it, and says what is read here.

Lines that look like the line before them, as rows do, are read by one regular expression.
This module imports the standard library only.
"""

from __future__ import annotations

import base64
import binascii
import importlib
import math
import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from functools import lru_cache
from typing import IO, Any, NoReturn
from zoneinfo import ZoneInfo

__all__ = ["IDENTIFIER", "KEYWORDS", "IonTextError", "load_lines", "loads"]

DEEPEST = 200
"""How deep lists and structs may be nested."""

IDENTIFIER = re.compile(r"(?!\$[0-9]+\Z)[A-Za-z_$][A-Za-z0-9_$]*")
"""Symbols that need no quotes, but for `KEYWORDS`."""
KEYWORDS = frozenset(("null", "true", "false", "nan"))

_BINARY_MARK = b"\xe0\x01\x00\xea"


class IonTextError(ValueError):
    """A value cannot be written as ION, or a text cannot be read as ION; the message says why."""


_BLANK = re.compile(r"(?:[ \t\r\n\f\v]+|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_TOKEN = re.compile(
    r'"(?P<text>(?:[^"\\\n\r]++|\\.)*+)"'
    r"|(?P<open>\{\{|[{\[])"
    r"|'(?P<symbol>(?:[^'\\\n\r]++|\\.)*+)'(?!')"
    r"|(?P<word>[A-Za-z_$][A-Za-z0-9_$]*(?:\.[a-z]+)?)"
    r"|(?P<number>[+-]?(?:inf|[0-9][0-9A-Za-z_.:+-]*))"
)
_AFTER = re.compile(r"(?=[ \t\r\n\f\v,\]}{\[\"'/)])|\Z")
_BLOB = re.compile(r"([A-Za-z0-9+/=\s]*)\}\}")
_ESCAPED = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))", re.DOTALL)
_LETTERS = {
    **dict(zip("0abtnvfr", "\0\a\b\t\n\v\f\r", strict=True)),
    **{char: char for char in "\\\"'?/"},
}
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,1999})")
_DECIMAL = re.compile(r"(-?[0-9]+(?:\.[0-9]*)?)(?:[dD]([+-]?[0-9]{1,5}))?")
_FLOAT = re.compile(r"-?[0-9]+(?:\.[0-9]*)?[eE][+-]?[0-9]+")
_TIMESTAMP = re.compile(
    r"(\d{4})(?:T|-(\d\d)(?:T|-(\d\d)T?))"
    r"(?:(\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(Z|[+-]\d\d:\d\d))?",
    re.ASCII,
)
_WORDS = {"true": True, "false": False, "null": None, "nan": math.nan}
_TYPES = frozenset(
    "null bool int float decimal timestamp symbol string clob blob list struct sexp".split()  # noqa: SIM905
)
_INFINITIES = {"+inf": math.inf, "-inf": -math.inf}
# One column's value in a line like the line before it: a text without escapes, or one token.
_SIMPLE = r'("[^"\\]*"|[0-9]{4}-[0-9T:.+Z-]+|[^\s"\'{}\[\],:]+)'


class _BeyondError(Exception):
    """Broken, or more of ION than is read here."""


def loads(text: str) -> Iterator[Any]:
    """Yield the values that an ION text holds, one by one.

    Raises:
        IonTextError: the text is no ION, or needs `amazon.ion` and that is not installed.
    """
    reader = _Reader(text)
    while True:
        start = reader.position
        try:
            if reader.at_end():
                return
            value = reader.value(0)
        except _BeyondError as problem:
            yield from _with_amazon(text[start:], str(problem))
            return
        yield value


def load_lines(stream: IO[str] | IO[bytes]) -> Iterator[Any]:
    """Yield the values of a file, which usually stand one a line, without holding all of it.

    From a line on that holds only part of a value, the rest is read at once.

    Args:
        stream: text, or bytes of UTF-8 text or of binary ION.

    Raises:
        IonTextError: like `loads`.
    """
    read: _ReadRow = _no_shape
    for raw in stream:
        if isinstance(raw, bytes) and raw.startswith(_BINARY_MARK):
            yield from _with_amazon(raw + _rest(stream), "it is binary ION")
            return
        line = _decoded(raw)
        row = read(line)
        if row is not None:
            yield row
            continue
        try:
            values = list(_line_values(line))
        except _BeyondError:
            yield from loads(line + _decoded(_rest(stream)))
            return
        yield from values
        if len(values) == 1 and isinstance(values[0], dict) and values[0]:
            read = _shaped(tuple(values[0]))


def _rest(stream: IO[Any]) -> Any:
    return stream.read()


def _decoded(data: str | bytes) -> str:
    return data if isinstance(data, str) else data.decode("utf-8", "replace")


def _line_values(line: str) -> Iterator[Any]:
    reader = _Reader(line)
    while not reader.at_end():
        yield reader.value(0)


_ReadRow = Callable[[str], "dict[str, Any] | None"]


def _no_shape(line: str) -> dict[str, Any] | None:
    """Before the first row, nothing is known of the next."""
    return None


@lru_cache(maxsize=64)
def _shaped(names: tuple[str, ...]) -> _ReadRow:
    """Make a reader for lines with these columns; it gives None for a line that differs."""
    quoted = (name if IDENTIFIER.fullmatch(name) else f"'{name}'" for name in names)
    columns = (f"{re.escape(name)}:{_SIMPLE}" for name in quoted)
    match_line = re.compile(r"\{" + ",".join(columns) + r"\}\r?\n?").fullmatch

    def read(line: str) -> dict[str, Any] | None:
        match = match_line(line)
        if match is None:
            return None
        try:
            values = [t[1:-1] if t[0] == '"' else _bare_token(t) for t in match.groups()]
        except _BeyondError:
            return None
        return dict(zip(names, values, strict=True))

    return read


def _bare_token(token: str) -> Any:
    return _WORDS[token] if token in _WORDS else _number(token)


class _Reader:
    """Reads one value after the other from a text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.position = 0

    def _skip(self) -> str:
        """Step over blanks and comments and return the character there, empty at the end."""
        match = _BLANK.match(self._text, self.position)
        self.position = match.end() if match else self.position
        return self._text[self.position : self.position + 1]

    def _fail(self) -> NoReturn:
        line = self._text.count("\n", 0, self.position) + 1
        column = self.position - self._text.rfind("\n", 0, self.position)
        raise _BeyondError(f"line {line}, column {column}")

    def at_end(self) -> bool:
        """Whether no value follows."""
        return not self._skip()

    def value(self, depth: int) -> Any:
        """Read the next value."""
        self._skip()
        match = _TOKEN.match(self._text, self.position)
        if match is None or depth > DEEPEST:
            self._fail()
        self.position = match.end()
        kind = match.lastgroup
        if kind == "open":
            return self._collection(match["open"], depth)
        if kind in ("word", "symbol") and self._text.startswith("::", self.position):
            return self._annotated(match)
        if kind == "text":
            return self._checked(self._text_value(match["text"]))
        if kind == "symbol":
            return self._checked(self._text_value(match["symbol"]))
        if kind == "word":
            return self._checked(_word(match["word"]))
        return self._checked(_number(match["number"]))

    def _checked(self, value: Any) -> Any:
        if not _AFTER.match(self._text, self.position) or self._text.startswith(
            ("''", '""'), self.position - 1
        ):
            self._fail()
        return value

    def _text_value(self, inner: str) -> str:
        return _ESCAPED.sub(_unescape, inner) if "\\" in inner else inner

    def _collection(self, bracket: str, depth: int) -> Any:
        if bracket == "[":
            return self._list(depth)
        return self._blob() if bracket == "{{" else self._struct(depth)

    def _list(self, depth: int) -> list[Any]:
        items: list[Any] = []
        while self._skip() != "]":
            items.append(self.value(depth + 1))
            if self._skip() == ",":
                self.position += 1
            elif self._skip() != "]":
                self._fail()
        self.position += 1
        return items

    def _struct(self, depth: int) -> dict[str, Any]:
        members: dict[str, Any] = {}
        while self._skip() != "}":
            name = self._field_name()
            members[name] = self.value(depth + 1)
            if self._skip() == ",":
                self.position += 1
            elif self._skip() != "}":
                self._fail()
        self.position += 1
        return members

    def _field_name(self) -> str:
        match = _TOKEN.match(self._text, self.position)
        if match is None or match.lastgroup not in ("word", "symbol", "text"):
            self._fail()
        self.position = match.end()
        word = match["word"]
        if self._skip() != ":" or self._text.startswith("::", self.position):
            self._fail()
        self.position += 1
        if word is not None:
            if word in KEYWORDS or "." in word or not IDENTIFIER.fullmatch(word):
                self._fail()
            return word
        return self._text_value(match["symbol"] or match["text"] or "")

    def _blob(self) -> bytes:
        match = _BLOB.match(self._text, self.position)
        if match is None:
            self._fail()
        self.position = match.end()
        try:
            return base64.b64decode("".join(match[1].split()), validate=True)
        except binascii.Error:
            self._fail()

    def _annotated(self, match: re.Match[str]) -> Any:
        read = _ANNOTATED.get(match["word"] or match["symbol"])
        self.position += 2
        self._skip()
        text = _TOKEN.match(self._text, self.position)
        if read is None or text is None or text.lastgroup != "text":
            self._fail()
        self.position = text.end()
        try:
            return self._checked(read(text["text"]))
        except (ValueError, KeyError, OSError):
            self._fail()


def _unescape(match: re.Match[str]) -> str:
    digits = match[1] or match[2] or match[3]
    if digits:
        code = int(digits, 16)
        if code > 0x10FFFF:
            raise _BeyondError("an escape stands for no character")
        return chr(code)
    if match[4] not in _LETTERS:
        raise _BeyondError(f"there is no escape \\{match[4]}")
    return _LETTERS[match[4]]


def _word(word: str) -> Any:
    if word in _WORDS:
        return _WORDS[word]
    name, dot, kind = word.partition(".")
    if dot and name == "null" and kind in _TYPES:
        return None
    if dot or not IDENTIFIER.fullmatch(word):
        raise _BeyondError(f"the symbol {word!r}")
    return word


def _number(token: str) -> Any:
    if _INTEGER.fullmatch(token):
        return int(token)
    if token in _INFINITIES:
        return _INFINITIES[token]
    if _FLOAT.fullmatch(token):
        return float(token)
    if match := _DECIMAL.fullmatch(token):
        return Decimal(f"{match[1]}e{match[2] or 0}")
    if match := _TIMESTAMP.fullmatch(token):
        return _timestamp(match)
    raise _BeyondError(f"the number {token[:40]!r}")


def _timestamp(match: re.Match[str]) -> date | datetime:
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    try:
        start = date(int(year), int(month or 1), int(day or 1))
        if hour is None:
            return start
        micros = int((fraction or "").ljust(6, "0")[:6])
        clock = time(int(hour), int(minute), int(second or 0), micros)
        return datetime.combine(start, clock, _zone(zone))
    except ValueError:
        raise _BeyondError(f"the timestamp {match.group()!r}") from None


def _zone(text: str) -> timezone:
    if text in ("Z", "-00:00", "+00:00"):
        return UTC
    hours, minutes = int(text[1:3]), int(text[4:6])
    shift = timedelta(hours=hours, minutes=minutes)
    return timezone(-shift if text[0] == "-" else shift)


def _zoned(text: str) -> datetime:
    clock, _, region = text.partition("[")
    moment = datetime.fromisoformat(clock)
    return moment.astimezone(ZoneInfo(region.rstrip("]"))) if region else moment


# Kestra writes the classes of `java.time` that ION lacks as texts, annotated with the class.
_ANNOTATED: dict[str, Callable[[str], Any]] = {
    "Instant": datetime.fromisoformat,
    "LocalDate": date.fromisoformat,
    "LocalDateTime": datetime.fromisoformat,
    "LocalTime": time.fromisoformat,
    "OffsetDateTime": datetime.fromisoformat,
    "OffsetTime": time.fromisoformat,
    "ZonedDateTime": _zoned,
}


# --- the rest of ION ------------------------------------------------------------------------


def _with_amazon(data: str | bytes, reason: str) -> Iterator[Any]:
    """Read with the full library what is not read here."""
    try:
        simpleion = importlib.import_module("amazon.ion.simpleion")
        exceptions = importlib.import_module("amazon.ion.exceptions")
    except ImportError:
        raise IonTextError(
            f"Invalid ION ({reason}), or more of ION than Tiercel reads by itself; "
            "for the latter: pip install 'tiercel-core[ion]'"
        ) from None
    try:
        values = simpleion.loads(data, single_value=False)
    except (exceptions.IonException, ValueError, TypeError, RecursionError, EOFError) as error:
        message = " ".join(str(error).split())[:200]
        raise IonTextError(f"Invalid ION ({reason}): {message}") from None
    for value in values:
        yield _bare(value)


def _bare(value: Any) -> Any:
    """Make plain data of the library's annotated classes."""
    kind = getattr(getattr(value, "ion_type", None), "name", "")
    if kind in ("STRUCT", "LIST", "SEXP"):
        if kind == "STRUCT":
            return {str(key): _bare(item) for key, item in value.items()}
        return [_bare(item) for item in value]
    convert = _BARE.get(kind)
    return convert(value) if convert else value


def _moment(value: Any) -> datetime:
    whole = datetime(value.year, value.month, value.day, value.hour, value.minute, value.second)
    return whole.replace(microsecond=value.microsecond, tzinfo=value.tzinfo or UTC)


_BARE: dict[str, Callable[[Any], Any]] = {
    "NULL": lambda value: None,
    "BOOL": bool,
    "INT": int,
    "FLOAT": float,
    "DECIMAL": Decimal,
    "STRING": str,
    "SYMBOL": lambda value: str(getattr(value, "text", value)),
    "CLOB": bytes,
    "BLOB": bytes,
    "TIMESTAMP": _moment,
}
