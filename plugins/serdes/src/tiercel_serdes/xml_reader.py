"""XML as data, element by element: Python's expat without a tree of the whole file.

What an element becomes is what `org.json.XML` makes of it, which Kestra uses: attributes and child
elements are members, a repeated element is a list, text is the member `content` unless it is alone,
and a text that looks like a number, a boolean or `null` is one. Unlike there, members keep their
order.

Entities are not declared by a file that is data: a document that declares some is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from xml.parsers import expat

from tiercel.plugin import TaskError

if TYPE_CHECKING:
    from typing import TextIO

__all__ = ["children", "document", "elements", "listed_child"]

_CHUNK = 1 << 16
# Deeper than ION is read back.
_DEEPEST = 150
_CONTENT = "content"
_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,3999}")
_DECIMAL = re.compile(
    r"-0|-?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][+-]?[0-9]{1,5})?", re.ASCII
)


def document(text: TextIO, force_list: Collection[str]) -> dict[str, Any]:
    """Return a whole document: the root's name with what it becomes; empty for an empty file.

    Args:
        text: the document.
        force_list: names of elements that are lists even where they occur once.

    Raises:
        TaskError: it is not XML.
    """
    for each in _read(text, lambda path: len(path) == 1, force_list):
        return each
    return {}


def listed_child(text: TextIO, force_list: Collection[str]) -> str | None:
    """Return the name of the root's children, when the root has nothing else and they are a list.

    Raises:
        TaskError: the text is not XML.
    """
    names: dict[str, int] = {}
    other = False

    class Handler(_Handler):
        def start(self, name: str, attributes: dict[str, str]) -> None:
            nonlocal other
            super().start(name, attributes)
            if len(self.path) == 1:
                other = bool(attributes) or name in force_list
            elif len(self.path) == 2:
                names[name] = names.get(name, 0) + 1

        def text(self, text: str) -> None:
            nonlocal other
            other = other or (len(self.path) == 1 and not text.isspace())

    for _ in _fed(text, Handler()):
        if other or len(names) > 1:
            return None
    if other or len(names) != 1:
        return None
    ((name, count),) = names.items()
    return name if count > 1 or name in force_list else None


def children(text: TextIO, name: str, force_list: Collection[str]) -> Iterator[Any]:
    """Yield what each child of the root becomes, where all of them have this name.

    Raises:
        TaskError: the text is not XML.
    """
    for each in _read(text, lambda path: len(path) == 2, force_list):
        if name in force_list:
            yield from each[name]
        else:
            yield each[name]


def elements(text: TextIO, path: str, force_list: Collection[str]) -> Iterator[Any]:
    """Yield what each element at a path becomes (`/catalog/book`); name spaces do not count.

    The elements of the first parent are meant, if there are several.

    Raises:
        TaskError: the text is not XML.
    """
    *parents, name = path.removeprefix("/").split("/")
    wanted = [*parents, name]
    for each in _read(text, lambda found: found == wanted, force_list, local=True):
        value = each[name]
        if name in force_list:
            yield from value
        else:
            yield value


def _read(
    text: TextIO,
    wanted: Callable[[list[str]], bool],
    force_list: Collection[str],
    *,
    local: bool = False,
) -> Iterator[dict[str, Any]]:
    """Yield the wanted elements: name → what it becomes."""
    handler = _Builder(wanted, force_list, local=local)
    for _ in _fed(text, handler):
        yield from handler.done
        handler.done.clear()
        if handler.ended:
            return


def _fed(text: TextIO, handler: _Handler) -> Iterator[None]:
    """Parse a text piece by piece, giving control back after each."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = handler.start
    parser.EndElementHandler = handler.end
    parser.CharacterDataHandler = handler.text
    parser.StartCdataSectionHandler = handler.start_cdata
    parser.EndCdataSectionHandler = handler.end_cdata
    parser.CommentHandler = handler.between
    parser.ProcessingInstructionHandler = handler.between
    parser.EntityDeclHandler = _refuse
    empty = True
    try:
        while chunk := text.read(_CHUNK):
            if empty:
                # White space before the declaration is common, and no XML.
                chunk = chunk.lstrip()
                empty = not chunk
            parser.Parse(chunk)
            yield
        if not empty:
            parser.Parse("", True)
            yield
    except expat.ExpatError as error:
        raise TaskError(f"The file is not XML: {error}", retryable=False) from error


def _refuse(name: str, *_: object) -> None:
    raise TaskError(f"The file declares the entity {name!r}, which is not allowed", retryable=False)


class _Handler:
    """Knows where in the document the parser is."""

    def __init__(self, *, local: bool = False) -> None:
        self.path: list[str] = []
        self._local = local

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.path.append(name.rpartition(":")[2] if self._local else name)
        if len(self.path) > _DEEPEST:
            raise TaskError(f"Elements are nested deeper than {_DEEPEST}", retryable=False)

    def end(self, name: str) -> None:
        self.path.pop()

    def text(self, text: str) -> None:
        """Take some text."""

    def start_cdata(self) -> None:
        """Take note that text is meant literally from here on."""

    def end_cdata(self) -> None:
        """Take note that it no longer is."""

    def between(self, *_: str) -> None:
        """Take note of a comment or instruction."""


class _Builder(_Handler):
    """Builds the wanted elements.

    Attributes:
        done: those that have ended.
        ended: whether no more can come, as their parent has ended.
    """

    def __init__(
        self, wanted: Callable[[list[str]], bool], force_list: Collection[str], *, local: bool
    ) -> None:
        super().__init__(local=local)
        self.done: list[dict[str, Any]] = []
        self.ended = False
        self._wanted = wanted
        self._force_list = force_list
        # The members of the elements that are open, from the wanted one on.
        self._open: list[dict[str, Any]] = []
        self._parent = 0
        self._text: list[str] = []
        self._literal = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._flush()
        super().start(name, attributes)
        if self._open or (not self.ended and self._wanted(self.path)):
            self._parent = self._parent or len(self.path) - 1
            self._open.append({})
            for key, value in attributes.items():
                if self._local and (key == "xmlns" or key.startswith("xmlns:")):
                    continue
                self._add(key.rpartition(":")[2] if self._local else key, _value(value))

    def end(self, name: str) -> None:
        self._flush()
        ended = self.path[-1]
        super().end(name)
        if self._open:
            members = self._open.pop()
            value = members.get(_CONTENT) if set(members) == {_CONTENT} else members or ""
            listed = ended in self._force_list
            if listed:
                value = [] if value == "" else [value]
            if self._open:
                self._add(ended, value, listed=listed)
            else:
                self.done.append({ended: value})
        elif self._parent and len(self.path) < self._parent:
            self.ended = True

    def text(self, text: str) -> None:
        if self._open:
            self._text.append(text)

    def start_cdata(self) -> None:
        self._flush()
        self._literal = True

    def end_cdata(self) -> None:
        self._flush()
        self._literal = False

    def between(self, *_: str) -> None:
        self._flush()

    def _flush(self) -> None:
        """Take the text since the last tag."""
        text = "".join(self._text)
        self._text.clear()
        if self._literal and text:
            self._add(_CONTENT, text)
        elif text := text.strip():
            self._add(_CONTENT, _value(text))

    def _add(self, key: str, value: Any, *, listed: bool = False) -> None:
        """Add a member; a second one of the same name makes a list, and so does `listed`."""
        members = self._open[-1]
        if listed:
            members.setdefault(key, []).extend(value)
        elif key not in members:
            members[key] = [value] if isinstance(value, list) else value
        elif isinstance(members[key], list):
            members[key].append(value)
        else:
            members[key] = [members[key], value]


def _value(text: str) -> Any:
    """Return what a text means: a number, a boolean, null or itself."""
    match text.lower():
        case "true":
            return True
        case "false":
            return False
        case "null":
            return None
    if _INTEGER.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text):
        number = Decimal(text)
        # A decimal has no negative zero.
        return -0.0 if number.is_zero() and text[0] == "-" else number
    return text
