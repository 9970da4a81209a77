"""What could be written at a place of a flow's text.

A text under work seldom parses. So a word is put where the cursor is (and the tag is closed, if
need be), and what is then found around the word tells what could stand in its place.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from typing import Any, Literal, get_args, get_origin

from tiercel._record import record
from tiercel.check.checker import Document
from tiercel.check.layout import KIND_BASES, layout
from tiercel.check.query import class_at, origin_text, parts_of
from tiercel.check.spots import Spot
from tiercel.check.types import ANY, Either, MapOf, Member, Type, described
from tiercel.errors import FlowSyntaxError, PluginError
from tiercel.expression.table import Entry
from tiercel.model import yaml
from tiercel.model.docs import field_docs
from tiercel.model.input_base import DataType

__all__ = ["Completion", "completions_at"]

_CURSOR = "zzCursorzz"
_WORD = re.compile(r"[\w-]*\Z")
_NAME = re.compile(r"\w*\Z", re.ASCII)
_TAG = re.compile(r"\{[{%](?:(?!\}\}|%\}).)*\Z", re.DOTALL)
_CHAIN = re.compile(r"""[A-Za-z_](?:[\w.]|\[\s*(?:'[^']*'|"[^"]*")\s*\])*(?:\[\s*['"])?\Z""")
_KEY = re.compile(r"(?P<indent>\s*(?:-\s+)*)(?P<word>[\w-]*)\Z")
_VALUE = re.compile(r"(?P<before>\s*(?:-\s+)*[\w-]+:\s+|\s*-\s+)(?P<word>[^\s#]*)\Z")


@record
class Completion:
    """Something that could be written.

    Attributes:
        label: what is written.
        kind: `property`, `type`, `value`, `task`; in expressions `variable`, `member`, `filter`,
            `function`, `test`.
        start: offset in the text of what it takes the place of.
        end: where that ends.
        detail: its type, or what it is, in one line.
        doc: more about it; Markdown.
        insert: what is written, where that is not the label.
        deprecated: whether something else should be written, as `doc` says.
    """

    label: str
    kind: str
    start: int
    end: int
    detail: str = ""
    doc: str = ""
    insert: str = ""
    deprecated: bool = False


def completions_at(document: Document, offset: int) -> list[Completion]:
    """Return what could be written at an offset of a document's text."""
    tag = _open_tag(document.text, offset)
    if tag is not None:
        return list(_in_expression(document, offset, tag))
    return list(_in_yaml(document, offset))


def _open_tag(text: str, offset: int) -> str | None:
    """Return what stands between the last opening of a tag and an offset; None outside of tags."""
    found = _TAG.search(text, max(0, offset - 4000), offset)
    return found.group() if found else None


# Inside of expressions


def _in_expression(document: Document, offset: int, tag: str) -> Iterator[Completion]:
    word = _NAME.search(tag)
    start = offset - len(word.group() if word else "")
    before = document.text[:start].rstrip()
    tables = document.checker.tables
    end = offset + len(re.match(r"\w*", document.text[offset:], re.ASCII).group())  # type: ignore[union-attr]  # it matches nothing, too
    if before.endswith("|"):
        yield from _entries("filter", tables.filters, start, end)
    elif re.search(r"\bis(\s+not)?\Z", before):
        yield from _entries("test", tables.tests, start, end)
    elif before.endswith("."):
        yield from _members(document, start, end, by_dot=True)
    elif before.endswith(("['", '["')):
        yield from _members(document, start, end, by_dot=False)
    else:
        scope = _spot(document, start, end)
        if scope is not None:
            seen = scope[1].scope().variables
            yield from _members_of(document, seen, start, end, by_dot=True, kind="variable")
        yield from _entries("function", tables.functions, start, end)


def _entries(kind: str, table: Mapping[str, Entry], start: int, end: int) -> Iterator[Completion]:
    for name in sorted(table):
        # What a call takes and does is only looked at for the chosen one: it imports its module.
        yield Completion(name, kind, start, end, insert=f"{name}()" if kind == "function" else "")


def _members(document: Document, start: int, end: int, *, by_dot: bool) -> Iterator[Completion]:
    found = _spot(document, start, end)
    if found is None:
        return
    changed, spot = found
    at = spot.text.find(_CURSOR)
    if at < 0:
        return
    opened = r"\.\s*" if by_dot else r"\[\s*['\"]"
    for text in (_closed(spot.text), f"{{{{ {_chain(spot.text[:at])}{_CURSOR} }}}}"):
        # The part that ends right before the dot or bracket.
        base = re.sub(rf"\s*{opened}\Z", "", text[: text.find(_CURSOR)])
        parts = parts_of(changed, spot, text)
        ending = [each for each in parts if len(base) in (each.end, each.node.end)]
        if ending:
            whole = max(ending, key=lambda each: each.node.end - each.start)
            yield from _members_of(changed, whole.type, start, end, by_dot=by_dot)
            return


def _chain(before: str) -> str:
    """Return the names that a text ends in: `outputs.api.` of `{% if outputs.api.`."""
    found = _CHAIN.search(before)
    return found.group() if found else ""


def _closed(template: str) -> str:
    """Return a template whose last tag is closed."""
    opened = _TAG.search(template)
    if opened is None:
        return template
    return f"{template} }}}}" if opened.group().startswith("{{") else f"{template} %}}"


def _members_of(
    document: Document,
    base: Type,
    start: int,
    end: int,
    *,
    by_dot: bool,
    kind: str = "member",
) -> Iterator[Completion]:
    seen: set[str] = set()
    for choice in base.choices if isinstance(base, Either) else (base,):
        if not isinstance(choice, MapOf):
            continue
        for name, member in choice.members.items():
            if name not in seen:
                seen.add(name)
                yield _member(document, name, member, start, end, by_dot=by_dot, kind=kind)


def _member(  # noqa: PLR0913  # a name, and how it is written
    document: Document,
    name: str,
    member: Member,
    start: int,
    end: int,
    *,
    by_dot: bool,
    kind: str,
) -> Completion:
    detail = "" if member.type == ANY else described(member.type)
    if not member.sure:
        detail = f"{detail}, may be missing".lstrip(", ")
    doc = origin_text(document, member.origin)
    plain = re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII)
    if by_dot and not plain:
        # The dot goes.
        return Completion(name, kind, start - 1, end, detail, doc, f"['{name}']")
    return Completion(name, kind, start, end, detail, doc)


def _spot(document: Document, start: int, end: int) -> tuple[Document, Spot] | None:
    """Return the template around a place with a word there, and the document that it is in."""
    text = document.text
    for after in ("", " }}", " %}"):
        changed = document.checker.open(
            text[:start] + _CURSOR + after + text[end:], document.file, document.known
        )
        if not isinstance(changed.data, dict):
            continue
        for spot in changed.spots.values():
            if _CURSOR in spot.text:
                return changed, spot
    return None


# YAML


def _in_yaml(document: Document, offset: int) -> Iterator[Completion]:
    text = document.text
    line_start = text.rfind("\n", 0, offset) + 1
    before = text[line_start:offset]
    after = text[offset:].partition("\n")[0]
    value = _VALUE.fullmatch(before)
    if value is not None and not after.strip():
        yield from _values(document, offset, value["word"], after)
    key = _KEY.fullmatch(before)
    if key is not None:
        yield from _properties(document, offset, key["word"])


def _properties(document: Document, offset: int, word: str) -> Iterator[Completion]:
    """Yield the properties that the mapping at an offset could still have."""
    start = offset - len(word)
    rest = document.text[offset:].partition("\n")[0]
    end = offset + len(re.match(r"[\w-]*", rest).group())  # type: ignore[union-attr]  # it matches nothing, too
    has_value = document.text[end : end + 1] == ":"
    changed = _reopened(document, start, end, _CURSOR + ("" if has_value else ":"))
    path = _path_of(changed.data, _CURSOR) if changed is not None else None
    if changed is None or path is None:
        return
    cls = class_at(changed, path[:-1])
    if cls is None:
        return
    written = set(_at(changed.data, path[:-1]))
    docs = field_docs(cls)
    for name, field in cls.model_fields.items():
        alias = field.alias or name
        if field.exclude or alias in written or field.deprecated:
            continue
        needed = "needed" if field.is_required() else ""
        insert = alias if has_value else f"{alias}: "
        yield Completion(alias, "property", start, end, needed, docs.get(name, ""), insert)


def _values(document: Document, offset: int, word: str, after: str) -> Iterator[Completion]:
    """Yield the values that the property at an offset could have."""
    start, end = offset - len(word), offset + len(after)
    changed = _reopened(document, start, end, _CURSOR)
    path = _path_of(changed.data, _CURSOR) if changed is not None else None
    if changed is None or not path:
        return
    if "dependsOn" in path:
        for task_id in changed.flow.tree.by_id:
            yield Completion(task_id, "task", start, end)
        return
    holder, name = path[:-1], path[-1]
    if not isinstance(name, str):
        return
    kind = _kind_at(changed, holder) if name == "type" else None
    if kind is not None:
        yield from _types(changed, kind, start, end)
        return
    cls = class_at(changed, holder)
    slot = layout(cls).get(name) if cls is not None else None
    if slot is not None:
        annotation = cls.model_fields[slot.name].annotation
        for choice in _choices(annotation):
            yield Completion(choice, "value", start, end)


def _types(document: Document, kind: str, start: int, end: int) -> Iterator[Completion]:
    """Yield the current names of the types of a kind."""
    if kind == "input":
        for each in DataType:
            yield Completion(str(each), "type", start, end)
        return
    registry = document.checker.registry
    for entry in registry.canonical(kind):
        try:
            cls = registry.load(kind, entry.name)
        except PluginError:
            continue
        instead = getattr(cls, "deprecated", None)
        doc = f"Deprecated. {instead}" if instead else inspect.getdoc(cls) or ""
        package = entry.plugin.package
        yield Completion(entry.name, "type", start, end, package, doc, deprecated=bool(instead))


def _kind_at(document: Document, holder: Any) -> str | None:
    """Return what kind of thing the mapping at a path is."""
    names = [part for part in holder if isinstance(part, str)]
    if not names:
        return None
    above = holder[: len(holder) - 1 - [*reversed(holder)].index(names[-1])]
    cls = class_at(document, above)
    slot = layout(cls).get(names[-1]) if cls is not None else None
    if slot is not None and slot.kind in KIND_BASES:
        return slot.kind
    # The cases of a Switch, the entries of a Dag.
    return _kind_at(document, above) if above and slot is None else None


def _choices(annotation: Any) -> Iterable[str]:
    """Yield the texts that an annotation allows, where they are few."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        yield from (each for each in arguments if isinstance(each, str))
    elif isinstance(annotation, type) and issubclass(annotation, Enum):
        yield from (str(each.value) for each in annotation)
    elif annotation is bool:
        yield from ("true", "false")
    elif origin is not None and origin not in (list, dict):
        for argument in arguments:
            yield from _choices(argument)


def _reopened(document: Document, start: int, end: int, word: str) -> Document | None:
    """Return the document with a word in the place of a part of its text, if that is YAML."""
    text = document.text
    changed = text[:start] + word + text[end:]
    try:
        yaml.parse(changed)
    except FlowSyntaxError:
        return None
    return document.checker.open(changed, document.file, document.known)


def _path_of(data: Any, word: str) -> tuple[str | int, ...] | None:
    """Return the path to a key or value in data, or None."""
    items: Iterable[tuple[Any, Any]] = ()
    if isinstance(data, dict):
        items = data.items()
    elif isinstance(data, list):
        items = enumerate(data)
    for key, item in items:
        if word in (key, item):
            return (key,)
        below = _path_of(item, word)
        if below is not None:
            return (key, *below)
    return None


def _at(data: Any, path: tuple[str | int, ...]) -> Any:
    for part in path:
        data = data[part]
    return data
