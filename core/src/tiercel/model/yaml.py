"""YAML text to plain data, safely and fast, with a way to find each value's place again.

Scalars are read as Kestra reads them (Jackson on SnakeYAML): YAML 1.1 numbers with underscores,
octal and hexadecimal; only `true` and `false` are booleans; dates and `12:30:45` stay text. Keys
are always text. Tags execute nothing: the core ones (`!!str`, `!!int`, …) choose how a scalar is
read, all others are ignored.

The text is read event by event, without recursion, so a hostile text meets a limit and never the
interpreter's stack. Nothing but data is kept: places are found by reading the text once more, which
only a flow with a problem pays for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NoReturn

import yaml
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
    StreamStartEvent,
)

from tiercel.errors import FlowSyntaxError, Problem

__all__ = ["MAX_ALIASED", "MAX_DEPTH", "MAX_LENGTH", "Places", "parse", "read_scalar"]

MAX_LENGTH = 4 * 1024 * 1024
"""How many characters a text may have."""
MAX_DEPTH = 128
"""How deep mappings and lists may be nested, aliases expanded."""
MAX_ALIASED = 100_000
"""How many values all aliases together may stand for."""

Path = tuple[str | int, ...]

# PyYAML built without libyaml brings no CSafeLoader; the pure parser reads the same, more slowly.
_Parser: Any = getattr(yaml, "CSafeLoader", None) or yaml.SafeLoader

_INT = re.compile(
    r"[-+]?(?:0b_*[01][01_]*|0[0-7_]+|0x[0-9a-fA-F_]*[0-9a-fA-F][0-9a-fA-F_]*|0|[1-9][0-9_]*)"
)
_FLOAT = re.compile(
    r"[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)?|[-+]?[0-9][0-9_]*[eE][-+]?[0-9]+"
    r"|\.[0-9][0-9_]*(?:[eE][-+]?[0-9]+)?"
)
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_NUMERIC_START = frozenset("+-.0123456789")
# No number of a flow needs more, and reading a number of a million digits takes minutes.
_MAX_DIGITS = 400
_CORE_TAG = "tag:yaml.org,2002:"


def read_scalar(text: str) -> Any:
    """Return what a plain (unquoted) scalar means: None, a bool, int, float, or the text."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _NUMERIC_START or len(text) > _MAX_DIGITS:
        return text
    if _INT.fullmatch(text):
        return _integer(text)
    if _FLOAT.fullmatch(text):
        return float(text.replace("_", ""))
    return text


def _integer(text: str) -> int:
    digits = text.replace("_", "").lower()
    sign = -1 if digits[0] == "-" else 1
    digits = digits.lstrip("+-")
    if digits.startswith("0b"):
        return sign * int(digits[2:], 2)
    if digits.startswith("0x"):
        return sign * int(digits[2:], 16)
    return sign * int(digits, 8 if digits[0] == "0" else 10)


def parse(text: str, *, file: str = "") -> Any:
    """Return the data of a one-document YAML text: dicts, lists, text, numbers, booleans, None.

    What an anchor names is one object wherever its aliases stand, so treat the data as frozen.

    Args:
        text: the YAML; a leading byte order mark is skipped.
        file: the file's name, for messages.

    Raises:
        FlowSyntaxError: not YAML, a key twice, several documents, nothing at all, or over a limit.
    """
    text = text.removeprefix("\ufeff")
    return _Builder(text, file).build(_events(text, file))


def _events(text: str, file: str) -> Iterator[Event]:
    if len(text) > MAX_LENGTH:
        raise _problem(f"The text has {len(text)} characters, more than {MAX_LENGTH}", file, 0, 0)
    try:
        parser = _Parser(text)
        while True:
            event = parser.get_event()
            yield event
            if type(event) is StreamEndEvent:
                return
    except yaml.reader.ReaderError as error:
        line, column = _unreadable(text)
        raise _problem(
            f"YAML parsing error: the character #x{error.character:04x} is not allowed"
            if isinstance(error.character, int)
            else f"YAML parsing error: {error.reason}",
            file,
            line,
            column,
        ) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = ", ".join(part for part in (error.context, error.problem) if part)
        line, column = _place(mark, text) if mark else (0, 0)
        raise _problem(f"YAML parsing error: {what}", file, line, column) from None
    except UnicodeEncodeError as error:
        line = text.count("\n", 0, error.start) + 1
        column = error.start - text.rfind("\n", 0, error.start)
        raise _problem(
            "YAML parsing error: half of a surrogate pair is not a character", file, line, column
        ) from None


_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _unreadable(text: str) -> tuple[int, int]:
    """Return line and column of the first character that YAML forbids."""
    match = _FORBIDDEN.search(text)
    if match is None:
        return 0, 0
    at = match.start()
    return text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)


_LINE_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")


def _place(mark: Any, text: str) -> tuple[int, int]:
    """Return a mark's line and column, one-based; libyaml counts one line too many at the end."""
    if mark.index < len(text):
        return mark.line + 1, mark.column + 1
    lines = _LINE_BREAK.split(text)
    return len(lines), len(lines[-1]) + 1


def _problem(message: str, file: str, line: int, column: int) -> FlowSyntaxError:
    problem = Problem(message, file=file, line=line, column=column, code="yaml")
    return FlowSyntaxError([problem])


class _Open:
    """A mapping or list whose end has not come: what is in it so far."""

    __slots__ = ("anchor", "deepest", "items", "key", "size")

    def __init__(self, items: Any, anchor: str | None) -> None:
        self.items = items
        self.anchor = anchor
        self.key: str | None = None
        self.size = 1
        self.deepest = 0


_Anchors = dict[str, tuple[Any, int, int] | None]


class _Builder:
    """Turns events into data; `anchors` maps a name to (value, values in it, levels below it)."""

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file
        self.stack: list[_Open] = []
        self.anchors: _Anchors = {}
        self.aliased = 0
        self.root: Any = None

    def build(self, events: Iterator[Event]) -> Any:
        documents = 0
        for event in events:
            kind = type(event)
            if kind is ScalarEvent:
                self._scalar(event)
            elif kind is MappingStartEvent:
                self._open({}, event)
            elif kind is SequenceStartEvent:
                self._open([], event)
            elif kind is MappingEndEvent or kind is SequenceEndEvent:
                self._close(event)
            elif kind is AliasEvent:
                self._alias(event)
            elif kind is DocumentStartEvent:
                documents += 1
                if documents > 1:
                    self._fail("A second document begins here; only one is allowed", event)
            elif kind is StreamEndEvent and not documents:
                self._fail("YAML parsing error: No content to map due to end-of-input", event)
        return self.root

    def _fail(self, message: str, event: Any) -> NoReturn:
        raise _problem(message, self.file, *_place(event.start_mark, self.text))

    def _scalar(self, event: Any) -> None:
        stack = self.stack
        top = stack[-1] if stack else None
        if top is not None and top.key is None and type(top.items) is dict:
            self._key(top, event)
            return
        text: str = event.value
        if event.tag is not None and event.tag != "!":
            value = _tagged(text, event.tag)
        else:
            value = read_scalar(text) if event.implicit[0] else text
        if event.anchor is not None:
            self.anchors[event.anchor] = (value, 1, 0)
        if top is None:
            self.root = value
            return
        top.size += 1
        if top.key is None:
            top.items.append(value)
        else:
            top.items[top.key] = value
            top.key = None

    def _key(self, top: _Open, event: Any) -> None:
        key: str = event.value
        if key in top.items:
            self._fail(f"YAML parsing error: Duplicate field {key!r}", event)
        if event.anchor is not None:
            self.anchors[event.anchor] = (key, 1, 0)
        top.key = key

    def _open(self, items: Any, event: Any) -> None:
        if self.stack and self.stack[-1].key is None and type(self.stack[-1].items) is dict:
            self._fail("A mapping's key must be text, not a mapping or list", event)
        if len(self.stack) >= MAX_DEPTH:
            self._fail(f"Nested more than {MAX_DEPTH} levels deep", event)
        if event.anchor is not None:
            self.anchors[event.anchor] = None
        self.stack.append(_Open(items, event.anchor))

    def _close(self, event: Any) -> None:
        done = self.stack.pop()
        if done.anchor is not None:
            self.anchors[done.anchor] = (done.items, done.size, done.deepest + 1)
        self._place(done.items, done.size, done.deepest + 1)

    def _alias(self, event: Any) -> None:
        if event.anchor not in self.anchors:
            self._fail(f"No anchor &{event.anchor} comes before this alias", event)
        known = self.anchors[event.anchor]
        if known is None:
            self._fail(f"The alias *{event.anchor} stands inside its own anchor", event)
        value, size, levels = known
        top = self.stack[-1]
        if type(top.items) is dict and top.key is None:
            self._fail("A mapping's key must be text, not an alias", event)
        self.aliased += size
        if self.aliased > MAX_ALIASED:
            self._fail(f"The aliases stand for more than {MAX_ALIASED} values", event)
        if len(self.stack) + levels > MAX_DEPTH:
            self._fail(f"Nested more than {MAX_DEPTH} levels deep", event)
        self._place(value, size, levels)

    def _place(self, value: Any, size: int, levels: int) -> None:
        if not self.stack:
            self.root = value
            return
        top = self.stack[-1]
        top.size += size
        top.deepest = max(top.deepest, levels)
        if top.key is None:
            top.items.append(value)
        else:
            top.items[top.key] = value
            top.key = None


def _tagged(text: str, tag: str) -> Any:
    name = tag.removeprefix(_CORE_TAG)
    if name == "null":
        return None
    if name in ("bool", "int", "float"):
        value = read_scalar(text)
        return float(value) if name == "float" and type(value) is int else value
    return text


class Places:
    """Where keys and values stand in a text: `places.key(path)`, `places.value(path)`.

    A path is a tuple of keys and indexes. What has no place of its own (it came out of an alias or
    a default) has that of the nearest thing around it.
    """

    def __init__(self, text: str) -> None:
        self._text = text.removeprefix("\ufeff")
        self._keys: dict[Path, tuple[int, int]] = {}
        self._values: dict[Path, tuple[int, int]] = {}
        self._read = False

    def key(self, path: Path) -> tuple[int, int]:
        """Return (line, column), one-based, of the key that `path` ends in; (0, 0) if unknown."""
        self._locate()
        for end in range(len(path), 0, -1):
            place = self._keys.get(path[:end]) or self._values.get(path[:end])
            if place:
                return place
        return self._values.get((), (0, 0))

    def value(self, path: Path) -> tuple[int, int]:
        """Return (line, column), one-based, of the value at `path`; (0, 0) if unknown."""
        self._locate()
        for end in range(len(path), -1, -1):
            place = self._values.get(path[:end])
            if place:
                return place
        return 0, 0

    def _locate(self) -> None:
        if self._read:
            return
        self._read = True
        path: list[str | int | None] = []
        for event in _events(self._text, ""):
            kind = type(event)
            if kind in (MappingEndEvent, SequenceEndEvent):
                path.pop()
                _advance(path)
            elif kind in (StreamStartEvent, StreamEndEvent, DocumentStartEvent, DocumentEndEvent):
                continue
            else:
                self._note(path, event)

    def _note(self, path: list[str | int | None], event: Any) -> None:
        place = (event.start_mark.line + 1, event.start_mark.column + 1)
        if path and path[-1] is None:
            path[-1] = event.value
            self._keys[tuple(path)] = place  # type: ignore[arg-type]  # no None is left in it
            return
        self._values[tuple(path)] = place  # type: ignore[arg-type]  # no None is left in it
        kind = type(event)
        if kind is MappingStartEvent:
            path.append(None)
        elif kind is SequenceStartEvent:
            path.append(0)
        else:
            _advance(path)


def _advance(path: list[str | int | None]) -> None:
    """Go on to what comes after a value: the next index, or the next key, not read yet (None)."""
    if path:
        last = path[-1]
        path[-1] = last + 1 if isinstance(last, int) else None
