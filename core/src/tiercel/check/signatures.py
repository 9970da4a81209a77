"""What the filters, functions and tests of the expression language take and give.

The tables say more than the callables' own signatures, which only know `Any`. A name that is not
here takes anything and gives anything. A test compares the tables with what the filters really do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field

from tiercel._record import record
from tiercel.check.types import (
    ANY,
    BOOLEAN,
    KINDS,
    NUMBER,
    SECRET,
    TEXT,
    Either,
    ListOf,
    MapOf,
    Member,
    Type,
    join,
    without_null,
)

__all__ = ["FILTERS", "FUNCTIONS", "HIDING", "TESTS", "Signature"]

Gives = Callable[[Type, Mapping[str, Type]], Type]
"""From the type of the input and those of the arguments, by parameter, to the result's."""


@record
class Signature:
    """What a filter, function or test takes and gives.

    Attributes:
        gives: its result.
        takes: the kinds of input that a filter or test does not refuse.
        arguments: parameter → kinds that it does not refuse; any where a parameter is left out.
    """

    gives: Gives
    takes: frozenset[str] = KINDS
    arguments: Mapping[str, frozenset[str]] = field(default_factory=dict)


_KINDS = {
    "any": KINDS,
    "text": frozenset({"text"}),
    "number": frozenset({"number"}),
    "list": frozenset({"list"}),
    "map": frozenset({"map"}),
    "boolean": frozenset({"boolean"}),
    "null": frozenset({"null"}),
    "moment": frozenset({"moment"}),
}


def _kinds(words: str) -> frozenset[str]:
    return frozenset().union(*(_KINDS[word] for word in words.split("|")))


def _to(
    result: Type | Gives, takes: str = "any", *, secret: bool = False, **arguments: str
) -> Signature:
    gives: Gives = result if callable(result) else lambda _input, _arguments: result
    found = {name: _kinds(words) for name, words in arguments.items()}
    return Signature(gives, _kinds(takes), found)


def _item(given: Type, _arguments: Mapping[str, Type]) -> Type:
    """The items of a list, the characters of a text."""
    if isinstance(given, Either):
        return join(_item(choice, {}) for choice in given.choices)
    if isinstance(given, ListOf):
        return given.item
    return TEXT if given in (TEXT, SECRET) else ANY


def _same(given: Type, _arguments: Mapping[str, Type]) -> Type:
    return given


def _replaced(given: Type, _arguments: Mapping[str, Type]) -> Type:
    """Lists and maps stay what they are, everything else becomes a text."""
    if isinstance(given, ListOf):
        return ListOf(ANY)
    if isinstance(given, MapOf):
        return MapOf({}, ANY)
    return ANY if given == ANY or isinstance(given, Either) else TEXT


def _defaulted(given: Type, arguments: Mapping[str, Type]) -> Type:
    return join([without_null(given), arguments.get("default", ANY)])


def _merged(given: Type, arguments: Mapping[str, Type]) -> Type:
    other = arguments.get("items", ANY)
    if isinstance(given, MapOf) and isinstance(other, MapOf):
        rest = [each for each in (given.rest, other.rest) if each is not None]
        return MapOf({**given.members, **other.members}, join(rest) if rest else None)
    if isinstance(given, ListOf) and isinstance(other, ListOf):
        return ListOf(join([given.item, other.item]))
    return ANY


def _member_values(given: Type, _arguments: Mapping[str, Type]) -> Type:
    if not isinstance(given, MapOf):
        return ListOf(ANY)
    found = [member.type for member in given.members.values()]
    return ListOf(join(found if given.rest is None else [*found, given.rest]))


def _flattened(given: Type, _arguments: Mapping[str, Type]) -> Type:
    return ListOf(_item(given.item, {})) if isinstance(given, ListOf) else ListOf(ANY)


def _chunked(given: Type, _arguments: Mapping[str, Type]) -> Type:
    return ListOf(given)


def _extreme(_given: Type, arguments: Mapping[str, Type]) -> Type:
    return join(arguments.values())


def _of_turn(_given: Type, arguments: Mapping[str, Type]) -> Type:
    """`currentEachOutput`: the outputs below the loops' values."""
    found = arguments.get("outputs", ANY)
    while isinstance(found, MapOf) and found.loop:
        choices = [member.type for member in found.members.values()]
        found = join(choices if found.rest is None else [*choices, found.rest])
    return found


_DATE = "text|number|moment|null"
_LIST = "list|null"
_ANY_LIST = ListOf(ANY)

FILTERS: dict[str, Signature] = {
    **dict.fromkeys(("upper", "lower"), _to(TEXT)),
    **dict.fromkeys(("capitalize", "title", "trim"), _to(TEXT, "text|null")),
    "nl2br": _to(TEXT, "text|null"),
    "string": _to(TEXT),
    "className": _to(TEXT),
    "abbreviate": _to(TEXT, "text|null", length="number"),
    **dict.fromkeys(
        ("startsWith", "endsWith"),
        _to(BOOLEAN, value="text|number|boolean|list|map|moment"),
    ),
    **dict.fromkeys(
        ("substringBefore", "substringBeforeLast", "substringAfter", "substringAfterLast"),
        _to(TEXT, separator="text|null"),
    ),
    **dict.fromkeys(("indent", "nindent"), _to(TEXT, amount="number", prefix="text")),
    "replace": _to(_replaced, replace_pairs="map"),
    "split": _to(ListOf(TEXT), "text|null", delimiter="text", limit="number|null"),
    **dict.fromkeys(("format", "slugify"), _to(TEXT)),
    "default": _to(_defaulted),
    "length": _to(NUMBER),
    **dict.fromkeys(("first", "last"), _to(_item, "list|text|null")),
    "join": _to(TEXT, _LIST),
    "keys": _to(_ANY_LIST, "map|list|null"),
    "values": _to(_member_values, "map|null"),
    **dict.fromkeys(("sort", "rsort", "reverse", "distinct"), _to(_same, _LIST)),
    "flatten": _to(_flattened, _LIST),
    "chunk": _to(_chunked, _LIST, size="number"),
    "merge": _to(_merged, "list|map|null", items="list|map|null"),
    "slice": _to(_same, "text|list|null", fromIndex="number|null", toIndex="number|null"),
    "date": _to(
        TEXT,
        _DATE,
        format="text",
        timeZone="text|null",
        existingFormat="text|null",
        locale="text",
    ),
    "dateAdd": _to(
        TEXT,
        _DATE,
        amount="number|text",
        unit="text",
        format="text",
        timeZone="text|null",
        existingFormat="text|null",
        locale="text",
    ),
    **dict.fromkeys(
        ("timestamp", "timestampMilli"),
        _to(NUMBER, _DATE, timeZone="text|null", existingFormat="text|null"),
    ),
    **dict.fromkeys(
        ("timestampMicro", "timestampNano"),
        _to(TEXT, _DATE, timeZone="text|null", existingFormat="text|null"),
    ),
    "number": _to(NUMBER, "text|null", type="text"),
    "numberFormat": _to(TEXT, "number|null", format="text|null"),
    "abs": _to(NUMBER, "number"),
    **dict.fromkeys(("toJson", "json", "yaml", "toIon"), _to(TEXT)),
    "base64encode": _to(TEXT),
    **dict.fromkeys(("base64decode", "urlencode", "urldecode"), _to(TEXT, "text|null")),
    "escapeChar": _to(_replaced, type="text"),
    **dict.fromkeys(("md5", "sha1", "sha256", "sha512"), _to(TEXT, "text|null")),
    "jq": _to(_ANY_LIST, expression="text"),
}
"""Filters by name."""

_LOG_LINE = MapOf(
    {
        **dict.fromkeys(("taskId", "taskRunId", "level", "message"), Member(TEXT, sure=False)),
        "timestamp": Member(ANY, sure=False),
    },
    ANY,
)
_TASK_STATE = MapOf(
    {"taskId": Member(TEXT), "state": Member(TEXT), "value": Member(TEXT, sure=False)}
)
_EXECUTION = MapOf(
    {
        "id": Member(TEXT),
        "state": Member(TEXT),
        "outputs": Member(MapOf({}, ANY)),
        "labels": Member(MapOf({}, ANY)),
    }
)

FUNCTIONS: dict[str, Signature] = {
    "range": _to(
        ListOf(join([NUMBER, TEXT])),
        start="number|text",
        end="number|text",
        increment="number",
    ),
    **dict.fromkeys(("max", "min"), _to(_extreme)),
    **dict.fromkeys(("render", "renderOnce"), _to(ANY)),
    **dict.fromkeys(("printContext", "fetchContext"), _to(MapOf({}, ANY))),
    "now": _to(
        TEXT, format="text", timeZone="text|null", existingFormat="text|null", locale="text"
    ),
    **dict.fromkeys(("fromJson", "json"), _to(ANY, json="text|null")),
    "yaml": _to(ANY, yaml="text"),
    "fromIon": _to(ANY, ion="text|null", allRows="boolean"),
    **dict.fromkeys(("uuid", "id", "ksuid", "nanoId"), _to(TEXT)),
    "randomInt": _to(NUMBER, lower="number", upper="number"),
    "randomPort": _to(NUMBER),
    "encrypt": _to(TEXT, key="text", plaintext="text"),
    "decrypt": _to(SECRET, key="text", encrypted="text"),
    "secret": _to(SECRET, key="text", namespace="text|null"),
    "kv": _to(ANY, key="text", namespace="text|null"),
    "read": _to(TEXT, path="text", namespace="text|null"),
    "fileSize": _to(NUMBER, path="text", namespace="text|null"),
    **dict.fromkeys(
        ("isFileEmpty", "fileExists"), _to(BOOLEAN, path="text", namespace="text|null")
    ),
    "fileURI": _to(TEXT, path="text", namespace="text|null"),
    "errorLogs": _to(ListOf(_LOG_LINE)),
    "tasksWithState": _to(ListOf(_TASK_STATE), state="text"),
    "currentEachOutput": _to(_of_turn, outputs="map"),
    "i18n": _to(TEXT),
    "subflow": _to(_EXECUTION, namespace="text", id="text", inputs="map|null", labels="map|null"),
}
"""Functions by name."""

TESTS: dict[str, Signature] = {
    **dict.fromkeys(("even", "odd"), _to(BOOLEAN, "number")),
    "json": _to(BOOLEAN, "text"),
}
"""Tests that refuse anything, by name; all of them give a boolean."""

HIDING = frozenset({"endsWith", "length", "md5", "sha1", "sha256", "sha512", "startsWith"})
"""Filters whose result does not show what they were given."""
