"""YAML text ↔ values, the way Kestra's YAML library (Jackson on SnakeYAML) reads and writes it.

Writing: PyYAML's emitter with Jackson's choices of quotes, and list items indented by one blank.
Reading: YAML 1.1 scalars; keys are always texts; the first document counts. Tags name no classes,
aliases and nesting have limits.
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, time
from typing import Any

import yaml
from yaml import events
from yaml.emitter import Emitter

from tiercel.expression.json_reader import DEEPEST
from tiercel.expression.printing import java_text, json_text
from tiercel.expression.values import Entry

__all__ = ["YamlTextError", "read_yaml", "write_yaml"]

_MOST_NODES = 1_000_000


class YamlTextError(ValueError):
    """The text is no acceptable YAML; the message says where or why."""


# --- writing --------------------------------------------------------------------------------

# Words that YAML 1.1 reads as something else than text.
_RESERVED = frozenset(
    form
    for word in ("false", "n", "no", "null", "off", "on", "true", "y", "yes")
    for form in (word, word.upper(), word.capitalize())
)
_NEEDS_QUOTES = re.compile(r"[\[\]{},]|(?:^|[ \t])#|:(?:[ \t]|$)", re.MULTILINE)
_LIKE_NUMBER = "~+-.0123456789"
_LEADING_ZERO = re.compile(r"0[0-9_]+")
_PLAIN, _LITERAL, _QUOTED, _SINGLE = None, "|", '"', "'"


class _Emitter(Emitter):
    """PyYAML's emitter with SnakeYAML's list indentation, and without `...` at the end."""

    def expect_block_sequence_item(self, first: bool = False) -> None:
        """Write the next item; its dash stands one blank further in than usual."""
        if first or not isinstance(self.event, events.SequenceEndEvent):
            self.write_indent()
            self.stream.write(" ")
            self.column += 1
            self.write_indicator("-", True, indention=True)
            self.states.append(self.expect_block_sequence_item)
            self.expect_node(sequence=True)
        else:
            self.indent = self.indents.pop()
            self.state = self.states.pop()

    def expect_document_start(self, first: bool = False) -> None:
        """Start or end the document."""
        self.open_ended = False
        super().expect_document_start(first)


def write_yaml(value: Any) -> str:
    """Return a value as YAML, one line end behind it; null alone is `null` without one."""
    if value is None:
        return "null"
    stream = io.StringIO()
    emitter = _Emitter(stream, allow_unicode=True, width=sys.maxsize)
    emitter.emit(events.StreamStartEvent())
    emitter.emit(events.DocumentStartEvent(explicit=False))
    for event in _events(value):
        emitter.emit(event)
    emitter.emit(events.DocumentEndEvent(explicit=False))
    emitter.emit(events.StreamEndEvent())
    return stream.getvalue()


def _events(value: Any) -> Iterator[events.Event]:
    if isinstance(value, Entry):
        value = {value.key: value.value}
    if isinstance(value, Mapping):
        yield events.MappingStartEvent(None, None, True, flow_style=False)
        for key, item in value.items():
            yield _scalar(*(_key_style(key) if isinstance(key, str) else (java_text(key), _PLAIN)))
            yield from _events(item)
        yield events.MappingEndEvent()
    elif isinstance(value, list | tuple):
        yield events.SequenceStartEvent(None, None, True, flow_style=False)
        for item in value:
            yield from _events(item)
        yield events.SequenceEndEvent()
    elif isinstance(value, str):
        yield _scalar(*_text_style(value))
    elif isinstance(value, datetime | time):
        yield _scalar(*_text_style(_moment_text(value)))
    elif isinstance(value, date):
        yield _scalar(*_text_style(java_text(value)))
    else:
        yield _scalar(java_text(value) if isinstance(value, float) else json_text(value), _PLAIN)


def _moment_text(value: datetime | time) -> str:
    from tiercel.expression import temporal

    # YAML keeps a date's own offset, where JSON has it in UTC.
    is_date = isinstance(value, temporal.JavaDate)
    return str(temporal.to_json(value)) if is_date else temporal.iso_text(value)


def _scalar(text: str, style: str | None) -> events.Event:
    return events.ScalarEvent(None, None, (True, True), text, style=style)


def _key_style(key: str) -> tuple[str, str | None]:
    quoted = not key or key in _RESERVED or key[0] in _LIKE_NUMBER or min(key) < " "
    return key, _QUOTED if quoted else _PLAIN


def _text_style(text: str) -> tuple[str, str | None]:
    if "\n" in text:
        return text, _LITERAL
    if not text or text in _RESERVED or text[0] == "~" or _NEEDS_QUOTES.search(text):
        return text, _QUOTED
    return text, _SINGLE if _LEADING_ZERO.fullmatch(text) else _PLAIN


# --- reading --------------------------------------------------------------------------------

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_NULL = re.compile(r"~|null|Null|NULL|")
_BOOLEAN = re.compile(r"yes|no|true|false|on|off", re.IGNORECASE)
_TRUE = frozenset(("yes", "true", "on"))
_INTEGER = re.compile(
    r"([-+]?)(?:0b_*([01][01_]*)|0([0-7_]+)|(0|[1-9][0-9_]*)|0x_*([0-9a-fA-F][0-9a-fA-F_]*))"
)
_FLOAT = re.compile(
    r"[-+]?(?:[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)?|[0-9][0-9_]*[eE][-+]?[0-9]+"
    r"|\.[0-9][0-9_]*(?:[eE][-+]?[0-9]+)?)"
)
_SPECIAL = re.compile(r"([-+]?)\.(?:(inf|Inf|INF)|nan|NaN|NAN)")
_BASES = (2, 8, 10, 16)
_TAG_PREFIX = "tag:yaml.org,2002:"


def read_yaml(text: str) -> Any:
    """Read the first document of a YAML text.

    Raises:
        YamlTextError: it is empty or broken, nested deeper than `DEEPEST`, has a list or map as
            a key, or its aliases stand for more than a million nodes.
    """
    reader = _Reader()
    try:
        for event in yaml.parse(text, Loader=_Loader):
            if reader.take(event):
                return reader.result
    except yaml.YAMLError as error:
        raise YamlTextError(" ".join(str(error).split())) from None
    raise YamlTextError("No content to map due to end-of-input")


class _Reader:
    """Builds a value from parser events, without recursion.

    Attributes:
        result: the value, once `take` has returned true.
    """

    def __init__(self) -> None:
        self.result: Any = None
        self._open: list[_Collection] = []
        self._anchors: dict[str, tuple[Any, int]] = {}

    def take(self, event: events.Event) -> bool:
        """Take the next event; return whether the document's value is complete."""
        match event:
            case events.MappingStartEvent() | events.SequenceStartEvent():
                self._start(event)
                return False
            case events.MappingEndEvent() | events.SequenceEndEvent():
                done = self._open.pop()
                return self._add(done.value, done.weight, done.anchor)
            case events.ScalarEvent():
                if self._open and self._open[-1].wants_key():
                    self._open[-1].key = event.value
                    return False
                return self._add(_scalar_value(event), 1, event.anchor)
            case events.AliasEvent():
                return self._alias(event.anchor or "")
        return False

    def _start(self, event: events.CollectionStartEvent) -> None:
        if self._open and self._open[-1].wants_key():
            raise YamlTextError(f"A key must be a scalar{_place(event)}")
        if len(self._open) >= DEEPEST:
            raise YamlTextError(f"YAML is nested deeper than {DEEPEST} levels")
        value: Any = {} if isinstance(event, events.MappingStartEvent) else []
        self._open.append(_Collection(value, event.anchor))

    def _alias(self, anchor: str) -> bool:
        if anchor not in self._anchors:
            raise YamlTextError(f"The alias {anchor!r} has no anchor before it")
        value, weight = self._anchors[anchor]
        if self._open and self._open[-1].wants_key():
            raise YamlTextError(f"The alias {anchor!r} cannot be a key")
        return self._add(value, weight, None)

    def _add(self, value: Any, weight: int, anchor: str | None) -> bool:
        if anchor is not None:
            self._anchors[anchor] = (value, weight)
        if not self._open:
            self.result = value
            return True
        self._open[-1].add(value, weight)
        return False


class _Collection:
    """A list or map that is being read; `weight` counts the nodes it stands for."""

    __slots__ = ("anchor", "key", "value", "weight")

    def __init__(self, value: Any, anchor: str | None) -> None:
        self.value = value
        self.anchor = anchor
        self.key: str | None = None
        self.weight = 1

    def wants_key(self) -> bool:
        return self.key is None and isinstance(self.value, dict)

    def add(self, item: Any, weight: int) -> None:
        self.weight += weight
        if self.weight > _MOST_NODES:
            raise YamlTextError(f"The aliases stand for more than {_MOST_NODES} nodes")
        if isinstance(self.value, dict):
            self.value[self.key] = item
            self.key = None
        else:
            self.value.append(item)


def _place(event: events.Event) -> str:
    mark = event.start_mark
    return f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""


def _scalar_value(event: events.ScalarEvent) -> Any:
    if event.tag is None or event.tag == "!":
        return _implicit(event.value) if event.implicit[0] else event.value
    convert = _TAGGED.get(event.tag.removeprefix(_TAG_PREFIX))
    return convert(event.value) if convert else event.value


def _implicit(text: str) -> Any:
    if _NULL.fullmatch(text):
        return None
    for convert in (_boolean, _integer, _float):
        value = convert(text)
        if value is not text:
            return value
    return text


def _boolean(text: str) -> Any:
    return text.lower() in _TRUE if _BOOLEAN.fullmatch(text) and _one_case(text) else text


def _one_case(text: str) -> bool:
    return text in (text.lower(), text.upper(), text.capitalize())


def _integer(text: str) -> Any:
    match = _INTEGER.fullmatch(text)
    if match is None or len(text) > 1000:
        return text
    for base, digits in zip(_BASES, match.groups()[1:], strict=True):
        plain = (digits or "").replace("_", "")
        if plain:
            return int(plain, base) * (-1 if match[1] == "-" else 1)
    return text


def _float(text: str) -> Any:
    if _FLOAT.fullmatch(text):
        return float(text.replace("_", ""))
    if match := _SPECIAL.fullmatch(text):
        size = float("inf") if match[2] else float("nan")
        return -size if match[1] == "-" else size
    return text


_TAGGED: dict[str, Callable[[str], Any]] = {
    "bool": _boolean,
    "float": lambda text: _float(text) if _float(text) is not text else _integer(text),
    "int": _integer,
    "null": lambda text: None,
}
