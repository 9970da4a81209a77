"""The types in a whole template: tags, what they bind, and what the template gives."""

from __future__ import annotations

from collections.abc import Iterable

from tiercel.check import calls
from tiercel.check.infer import Inference
from tiercel.check.paths import extent
from tiercel.check.types import (
    ANY,
    BOOLEAN,
    NUMBER,
    TEXT,
    Either,
    ListOf,
    MapOf,
    Member,
    Type,
    could_be,
    described,
    join,
)
from tiercel.expression.nodes import (
    Block,
    FilterTag,
    For,
    If,
    Item,
    Macro,
    Output,
    Set,
    Template,
    Text,
)

__all__ = ["template_type"]

_LOOP = MapOf(
    {
        **dict.fromkeys(("index", "length", "revindex"), Member(NUMBER)),
        **dict.fromkeys(("first", "last"), Member(BOOLEAN)),
    },
    what="The loop",
)


def template_type(inference: Inference, template: Template) -> Type:
    """Check a template, and return the type of what it gives where native types are kept."""
    items = list(_all_items(template.body))
    inference.macros = frozenset(item.name for item in items if isinstance(item, Macro))
    if len(template.body) == 1 and isinstance(output := template.body[0], Output):
        return inference.type_of(output.expression)
    _items(inference, template.body)
    first = template.body[0] if template.body else None
    starts_plainly = isinstance(first, Text) and first.text.lstrip()[:1] not in ("", "[", "{")
    # JSON that is pieced together from lists or maps becomes the value that it says.
    return TEXT if starts_plainly or not template.body else ANY


def _all_items(items: Iterable[Item]) -> Iterable[Item]:
    for item in items:
        yield item
        if isinstance(item, If):
            for _, body in item.branches:
                yield from _all_items(body)
            yield from _all_items(item.otherwise)
        elif isinstance(item, For | Macro | Block | FilterTag):
            yield from _all_items(item.body)
            if isinstance(item, For):
                yield from _all_items(item.otherwise)


def _items(inference: Inference, items: Iterable[Item]) -> None:
    for item in items:
        if isinstance(item, Output):
            inference.type_of(item.expression)
        elif isinstance(item, If):
            _if(inference, item)
        elif isinstance(item, For):
            _for(inference, item)
        elif isinstance(item, Set):
            _set(inference, item)
        elif isinstance(item, Macro):
            _macro(inference, item)
        elif isinstance(item, FilterTag):
            _filter_tag(inference, item)
        elif isinstance(item, Block):
            _items(inference, item.body)


def _if(inference: Inference, item: If) -> None:
    conditions = []
    for condition, body in item.branches:
        inference.truth(condition)
        conditions.append(condition)
        with inference.guard(*conditions):
            _items(inference, body)
    with inference.guard(*conditions):
        _items(inference, item.otherwise)


def _for(inference: Inference, item: For) -> None:
    iterable = inference.type_of(item.iterable)
    if not could_be(iterable, ("list", "map", "null")):
        message = f"A loop takes a list or a map, not {described(iterable)}"
        inference.problem("TC301", *extent(item.iterable), message)
    inference.locals.append({item.name: _turn(iterable), "loop": _LOOP})
    _items(inference, item.body)
    inference.locals.pop()
    _items(inference, item.otherwise)


def _turn(iterable: Type) -> Type:
    """Return what each turn of a loop sees: an item, or an entry of a map."""
    if isinstance(iterable, ListOf):
        return iterable.item
    if isinstance(iterable, MapOf):
        values = [member.type for member in iterable.members.values()]
        value = join(values if iterable.rest is None else [*values, iterable.rest])
        return MapOf({"key": Member(TEXT), "value": Member(value)}, what="The entry")
    if isinstance(iterable, Either):
        return join(_turn(choice) for choice in iterable.choices)
    return ANY


def _set(inference: Inference, item: Set) -> None:
    found = inference.type_of(item.value)
    scope = inference.locals[-1]
    # What another branch may have set before stays possible.
    scope[item.name] = join([scope[item.name], found]) if item.name in scope else found


def _macro(inference: Inference, item: Macro) -> None:
    """A macro sees its parameters and nothing else."""
    for parameter in item.parameters:
        if parameter.default is not None:
            inference.type_of(parameter.default)
    variables, outside = inference.variables, inference.locals
    inference.variables = MapOf({}, code="TC101")
    inference.locals = [dict.fromkeys((each.name for each in item.parameters), ANY)]
    _items(inference, item.body)
    inference.variables, inference.locals = variables, outside


def _filter_tag(inference: Inference, item: FilterTag) -> None:
    found: Type = TEXT
    for called in item.filters:
        entry = calls.find_entry(
            inference, "filter", inference.tables.filters, called.name, called.start
        )
        found = calls.applied(inference, called.name, found, called.arguments, called.start, entry)
    _items(inference, item.body)
