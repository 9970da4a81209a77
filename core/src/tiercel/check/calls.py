"""Calls of filters, functions and tests: what they give, and what they are given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from tiercel.check.paths import extent
from tiercel.check.signatures import FILTERS, FUNCTIONS, HIDING, TESTS, Signature
from tiercel.check.types import ANY, BOOLEAN, TEXT, Scalar, Type, could_be, described
from tiercel.model.problems import nearest

if TYPE_CHECKING:
    from tiercel.check.infer import Inference
    from tiercel.expression.nodes import Argument, Call, Filter, Test
    from tiercel.expression.table import Entry

__all__ = ["applied", "call_type", "filter_type", "find_entry", "test_type"]

_SIGNATURES: dict[str, dict[str, Signature]] = {
    "filter": FILTERS,
    "function": FUNCTIONS,
    "test": TESTS,
}
_CODES = {"filter": "TC106", "function": "TC107", "test": "TC108"}


def filter_type(inference: Inference, node: Filter) -> Type:
    """Return what `base | name(…)` is."""
    entry = find_entry(inference, "filter", inference.tables.filters, node.name, node.start)
    forgiving = entry is not None and entry.forgiving
    with inference.judging(node.name in HIDING):
        base = inference.forgiven(node.base) if forgiving else inference.type_of(node.base)
    found = applied(inference, node.name, base, node.arguments, node.start, entry)
    return inference.noted(node, node.start, node.start + len(node.name), found)


def applied(
    inference: Inference,
    name: str,
    base: Type,
    arguments: tuple[Argument, ...],
    start: int,
    entry: Entry | None,
) -> Type:
    """Return what a filter makes of a value of a type, and check what it is given."""
    given = _arguments(inference, "filter", name, entry, arguments, start)
    signature = FILTERS.get(name)
    if entry is None or signature is None:
        return ANY
    if not _accepts(inference, "filter", name, signature, base, start):
        return ANY
    return signature.gives(base, given)


def _accepts(
    inference: Inference, kind: str, name: str, signature: Signature, base: Type, start: int
) -> bool:
    if could_be(base, signature.takes):
        return True
    message = f"The {kind} {name!r} takes {_wanted(signature.takes)}, not {described(base)}"
    inference.problem("TC301", start, start + len(name), message)
    return False


def test_type(inference: Inference, node: Test) -> Type:
    """Return what `base is name(…)` is: a boolean."""
    entry = find_entry(inference, "test", inference.tables.tests, node.name, node.start)
    forgiving = entry is not None and entry.forgiving
    with inference.judging():
        base = inference.forgiven(node.base) if forgiving else inference.type_of(node.base)
    _arguments(inference, "test", node.name, entry, node.arguments, node.start)
    signature = TESTS.get(node.name)
    if entry is not None and signature is not None:
        _accepts(inference, "test", node.name, signature, base, node.start)
    return inference.noted(node, node.start, node.start + len(node.name), BOOLEAN)


def call_type(inference: Inference, node: Call) -> Type:
    """Return what a function, or a macro of the template, gives."""
    name, end = node.name, node.start + len(node.name)
    tables = inference.tables
    if name not in tables.functions and (name in inference.macros or name == "block"):
        for argument in node.arguments:
            inference.type_of(argument.value)
        return TEXT
    known = (*tables.functions, *inference.macros) if name not in tables.functions else ()
    entry = find_entry(inference, "function", tables.functions, name, node.start, known)
    with inference.rendering(name in ("render", "renderOnce")):
        given = _arguments(inference, "function", name, entry, node.arguments, node.start)
    signature = FUNCTIONS.get(name)
    found = signature.gives(ANY, given) if signature is not None and entry is not None else ANY
    if isinstance(found, Scalar) and found.secret:
        inference.note_secret(node.start, end)
    return inference.noted(node, node.start, end, found)


def find_entry(  # what there is, and how it was called
    inference: Inference,
    kind: str,
    table: Mapping[str, Entry],
    name: str,
    start: int,
    known: tuple[str, ...] = (),
) -> Entry | None:
    """Return a filter, function or test by its name, or report that there is none."""
    if name in table:
        return table[name]
    what = "function or macro" if kind == "function" else kind
    message = f"There is no {what} {name!r}"
    hint = nearest(name, known or table)
    inference.problem(_CODES[kind], start, start + len(name), message, suggestion=hint)
    return None


def _arguments(  # a call and what it calls
    inference: Inference,
    kind: str,
    name: str,
    entry: Entry | None,
    arguments: tuple[Argument, ...],
    start: int,
) -> dict[str, Type]:
    """Check the arguments of a call; return their types by parameter."""
    if entry is None or entry.open_ended or not entry.parameters:
        types = (inference.type_of(each.value) for each in arguments)
        return {str(index): found for index, found in enumerate(types)}
    bound: dict[str, Type] = {}
    position = 0
    for argument in arguments:
        found = inference.type_of(argument.value)
        parameter = argument.name
        if parameter is None and position < len(entry.parameters):
            parameter = entry.parameters[position]
            position += 1
        if parameter is None or parameter not in entry.parameters:
            _report_odd(inference, kind, entry, argument)
            continue
        bound[parameter] = found
        _check_argument(inference, kind, name, parameter, argument, found)
    missing = [each for each in entry.required if each not in bound]
    if missing and len(bound) == len(arguments):
        message = f"The {kind} {name!r} needs the argument {missing[0]!r}"
        inference.problem("TC109", start, start + len(name), message)
    return bound


def _report_odd(inference: Inference, kind: str, entry: Entry, argument: Argument) -> None:
    if argument.name is None:
        most = len(entry.parameters)
        plural = "" if most == 1 else "s"
        message = f"The {kind} {entry.name!r} takes at most {most} argument{plural}"
        inference.problem("TC109", *extent(argument.value), message)
        return
    known = ", ".join(entry.parameters)
    message = f"The {kind} {entry.name!r} has no argument {argument.name!r}; it takes {known}"
    hint = nearest(argument.name, entry.parameters)
    end = argument.start + len(argument.name)
    inference.problem("TC109", argument.start, end, message, suggestion=hint)


def _check_argument(  # a call, and one argument of it
    inference: Inference, kind: str, name: str, parameter: str, argument: Argument, found: Type
) -> None:
    signature = _SIGNATURES[kind].get(name)
    wanted = signature.arguments.get(parameter) if signature is not None else None
    if wanted is not None and not could_be(found, wanted):
        message = (
            f"The argument {parameter!r} of {name!r} is {_wanted(wanted)}, not {described(found)}"
        )
        inference.problem("TC301", *extent(argument.value), message)


_NAMED = {
    "text": "a text",
    "number": "a number",
    "boolean": "a boolean",
    "list": "a list",
    "map": "a map",
    "moment": "a date",
}


def _wanted(taken: frozenset[str]) -> str:
    names = [name for kind, name in _NAMED.items() if kind in taken]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
