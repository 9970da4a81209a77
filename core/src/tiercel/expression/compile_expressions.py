"""Writes the Python text of expressions; the half of the compiler below tags."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tiercel._record import replace
from tiercel.errors import LimitError
from tiercel.expression.lexer import place
from tiercel.expression.nodes import (
    Argument,
    Attribute,
    Binary,
    Block,
    Call,
    Choice,
    Expression,
    Filter,
    Joined,
    ListLiteral,
    Literal,
    Macro,
    MapLiteral,
    Method,
    Name,
    Subscript,
    Test,
    Unary,
)
from tiercel.expression.runtime import Limits
from tiercel.expression.table import Entry, Tables

__all__ = ["ExpressionWriter", "number_of"]

_CALLS = {
    "+": "add",
    "-": "minus",
    "*": "times",
    "/": "over",
    "%": "rest",
    "isIn": "is_in",
    "==": "eq",
}

_FIRM = frozenset({"+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">="})
"""Operators whose operands have to exist: what is missing in them no `??` around forgives."""

_DECODING = frozenset({"decrypt", "fromIon", "fromJson", "json", "render", "renderOnce", "yaml"})
"""Functions that make of a text what may be as secret as the text was."""


class ExpressionWriter:
    """Writes expressions as Python text; `\\0offset ` marks a line break with its origin.

    Args:
        source: the template's text.
        tables: what it may call.
        limits: how deep it may be nested.
        namespace: the globals of the generated code; constants are added to it.
    """

    def __init__(
        self, source: str, tables: Tables, limits: Limits, namespace: dict[str, Any]
    ) -> None:
        self.source = source
        self.tables = tables
        self.limits = limits
        self.namespace = namespace
        self.depth = 0
        self.temporaries = 0
        self.forgiving = False
        self.macros: dict[str, Macro] = {}
        self.blocks: dict[str, Block] = {}
        self._entries: dict[Callable[..., Any], str] = {}

    def expression(self, node: Expression) -> str:
        """Return the text of an expression."""
        self.deeper(node.start)
        text = _EXPRESSIONS[type(node)](self, node)
        self.depth -= 1
        return text

    def deeper(self, at: int) -> None:
        """Note one level of nesting more; the caller takes it back when it is done."""
        self.depth += 1
        if self.depth > self.limits.nesting:
            raise self.too_deep(at, f"Nested deeper than {self.limits.nesting} levels")

    def too_deep(self, at: int, reason: str) -> LimitError:
        """Make the error for a template that is nested too deep at an offset."""
        line, column = place(self.source, at)
        return LimitError(reason, source=self.source, line=line, column=column)

    def temporary(self) -> str:
        """Return a Python name that is not in use yet."""
        self.temporaries += 1
        return f"t{self.temporaries}"

    def _constant(self, value: Any) -> str:
        name = f"k{len(self.namespace)}"
        self.namespace[name] = value
        return name

    def call(self, helper: str, at: int, *operands: Expression) -> str:
        """Return the call of a helper on expressions."""
        texts = ", ".join([self.expression(operand) for operand in operands])
        return f"\0{at} {helper}({texts})"

    def _literal(self, node: Literal) -> str:
        value = node.value
        if isinstance(value, int) and not isinstance(value, bool):
            return self._constant(value)
        return repr(value)

    def _name(self, node: Name) -> str:
        return f"\0{node.start} p1(v, {node.name!r})"

    def _attribute(self, node: Attribute) -> str:
        path = _path(node)
        if path is None:
            return f"\0{node.start} attr({self.expression(node.base)}, {node.name!r})"
        helper = f"p{len(path)}" if len(path) <= 3 else "walk"
        return f"\0{_root(node).start} {helper}(v, {', '.join(map(repr, path))})"

    def _subscript(self, node: Subscript) -> str:
        return self.call("sub", node.start, node.base, node.key)

    def _method(self, node: Method) -> str:
        given = [self.expression(argument.value) for argument in node.arguments]
        texts = ", ".join([self.expression(node.base), repr(node.name), *given])
        return f"\0{node.start} meth({texts})"

    def _unary(self, node: Unary) -> str:
        if node.operator == "not":
            return f"(not {self.call('truth', node.start, node.operand)})"
        return self.call("neg" if node.operator == "-" else "pos", node.start, node.operand)

    def _binary(self, node: Binary) -> str:
        if not self.forgiving or node.operator not in _FIRM:
            return self._operation(node)
        self.forgiving = False
        text = self._operation(node)
        self.forgiving = True
        return f"firm(lambda: {text})"

    def _operation(self, node: Binary) -> str:
        operator, at = node.operator, node.start
        if operator in _CALLS:
            return self.call(_CALLS[operator], at, node.left, node.right)
        if operator == "contains":
            # What null would contain is never asked for.
            name, left = self.temporary(), self.expression(node.left)
            right = self.expression(node.right)
            return f"(({name} := {left}) is not None and \0{at} has({name}, {right}))"
        if operator == "!=":
            return f"(not {self.call('eq', at, node.left, node.right)})"
        if operator == "~":
            texts = [self.expression(part) for part in _chain(node)]
            return f"\0{at} concat(c, {', '.join(texts)})"
        if operator in ("and", "or"):
            left = self.call("truth", node.left.start, node.left)
            right = self.call("truth", node.right.start, node.right)
            return f"({left} {operator} {right})"
        left, right = "", self.expression(node.right)
        if operator in ("??", "???"):
            return self._coalesced(operator, node.left, right)
        left = self.expression(node.left)
        if operator == "..":
            return f"\0{at} span(c, {left}, {right})"
        return f"\0{at} compare({operator!r}, {left}, {right})"

    def _coalesced(self, operator: str, left: Expression, right: str) -> str:
        name = self.temporary()
        if operator == "??":
            return f"({right} if ({name} := {self._forgiven(left)}) is None else {name})"
        path = _path(left)
        if path:
            value = f"soft(v, {', '.join(map(repr, path))})"
        else:
            value = f"attempt(lambda: {self._forgivable(left)})"
        return f"({right} if ({name} := {value}) is M else {name})"

    def _forgiven(self, node: Expression) -> str:
        """The value of an expression, or None where a part of it does not exist."""
        path = _path(node)
        if path is None:
            return f"forgive(lambda: {self._forgivable(node)})"
        name = self.temporary()
        texts = ", ".join(map(repr, path))
        return f"(None if ({name} := soft(v, {texts})) is M else {name})"

    def _forgivable(self, node: Expression) -> str:
        """The text of an expression whose missing parts are forgiven."""
        outside, self.forgiving = self.forgiving, True
        text = self.expression(node)
        self.forgiving = outside
        return text

    def _choice(self, node: Choice) -> str:
        condition = self.call("choose", node.condition.start, node.condition)
        then, otherwise = self.expression(node.then), self.expression(node.otherwise)
        return f"({then} if {condition} else {otherwise})"

    def _list(self, node: ListLiteral) -> str:
        return f"[{', '.join([self.expression(item) for item in node.items])}]"

    def _map(self, node: MapLiteral) -> str:
        members = [(self.expression(key), self.expression(value)) for key, value in node.members]
        if all(isinstance(key, Literal) and isinstance(key.value, str) for key, _ in node.members):
            return f"{{{', '.join([f'{key}: {value}' for key, value in members])}}}"
        return (
            f"\0{node.start} make_map({', '.join([f'({key}, {item})' for key, item in members])})"
        )

    def _joined(self, node: Joined) -> str:
        texts = [self.expression(part) for part in node.parts]
        return texts[0] if len(texts) == 1 else f"\0{node.start} concat(c, {', '.join(texts)})"

    def _filter(self, node: Filter) -> str:
        entry = self.tables.filters.get(node.name)
        forgiving = entry is not None and entry.forgiving
        base = self._forgiven(node.base) if forgiving else self.expression(node.base)
        if isinstance(node.base, Literal):
            return self.applied(
                "filter", self.tables.filters, node.name, base, node.arguments, node.start
            )
        return self.filtered(node.name, base, node.arguments, node.start)

    def filtered(self, name: str, base: str, arguments: tuple[Argument, ...], at: int) -> str:
        """Return the call of a filter on a value already written, which the guard hears of."""
        value = self.temporary()
        text = self.applied(
            "filter", self.tables.filters, name, f"({value} := {base})", arguments, at
        )
        return self._guarded(value, text)

    def _guarded(self, value: str, text: str) -> str:
        made = self.temporary()
        told = f"c.guard({value}, {made})"
        return f"({made} if ({made} := {text}) is None or c.guard is None else {told})"

    def _test(self, node: Test) -> str:
        entry = self.tables.tests.get(node.name)
        forgiving = entry is not None and entry.forgiving
        base = self._forgiven(node.base) if forgiving else self.expression(node.base)
        text = self.applied("test", self.tables.tests, node.name, base, node.arguments, node.start)
        return f"(not {text})" if node.negated else text

    def _function_call(self, node: Call) -> str:
        at = node.start
        entry = self.tables.functions.get(node.name)
        if entry is not None:
            decodes = node.name in _DECODING and 0 < len(node.arguments) <= len(entry.parameters)
            if decodes and node.arguments[0].name in (None, *entry.parameters[:1]):
                return self._decoded(entry, node)
            return self._called("function", entry, "", node.arguments, at)
        if node.name in self.macros:
            return self._macro_call(node, self.macros[node.name])
        if node.name == "block" and len(node.arguments) == 1:
            name = self.expression(node.arguments[0].value)
            blocks = "blocks" if self.blocks else "{}"
            return f"\0{at} render_block(c, v, {blocks}, {name})"
        known = self._constant([*self.tables.functions, *self.macros])
        reason = f"There is no function or macro {node.name!r}"
        return f"\0{at} refuse({reason!r}, {node.name!r}, {known})"

    def _decoded(self, entry: Entry, node: Call) -> str:
        """Return the call of a function that takes a text apart, which the guard hears of."""
        value = self.temporary()
        first, *others = node.arguments
        base = f"({value} := {self.expression(first.value)})"
        rest = replace(
            entry, parameters=entry.parameters[1:], keywords=entry.keywords[1:], required=()
        )
        text = self._called("function", rest, base, tuple(others), node.start)
        return self._guarded(value, text)

    def _macro_call(self, node: Call, macro: Macro) -> str:
        names = [parameter.name for parameter in macro.parameters]
        bound, problem = _bind(node.arguments, names)
        if problem:
            reason = f"The macro {node.name!r} {problem}"
            return f"\0{node.start} refuse({reason!r})"
        members = [f"{name!r}: {self.expression(value)}" for name, value in bound.items()]
        function = f"m_{number_of(node.name, self.macros)}"
        return f"\0{node.start} call_macro(c, {function}, {{{', '.join(members)}}})"

    def applied(
        self,
        kind: str,
        table: Mapping[str, Entry],
        name: str,
        base: str,
        arguments: tuple[Argument, ...],
        at: int,
    ) -> str:
        """Return the call of a filter or test on a value already written."""
        entry = table.get(name)
        if entry is None:
            known = self._constant(list(table))
            return f"\0{at} refuse({f'There is no {kind} {name!r}'!r}, {name!r}, {known})"
        return self._called(kind, entry, base, arguments, at)

    def _called(
        self, kind: str, entry: Entry, base: str, arguments: tuple[Argument, ...], at: int
    ) -> str:
        """The call of a table's entry, its arguments bound to its parameters."""
        given = ["c"] if entry.needs_context else []
        given += [base] if base else []
        unused: list[str] = []
        if entry.open_ended or not entry.parameters:
            extra = [self.expression(one.value) for one in arguments if one.name is None]
            (given if entry.open_ended else unused).extend(extra)
        else:
            bound, problem = _bind(arguments, entry.parameters)
            missing = [name for name in entry.required if name not in bound and not problem]
            problem = f"needs the argument {missing[0]!r}" if missing else problem
            if problem:
                reason = f"The {kind} {entry.name!r} {problem}"
                if kind == "filter" and missing:
                    return f"\0{at} lacks({base}, {reason!r})"
                return f"\0{at} refuse({reason!r})"
            keywords = dict(zip(entry.parameters, entry.keywords, strict=True))
            position = 0
            for name in entry.parameters:
                if name not in bound:
                    continue
                text = self.expression(bound[name])
                in_order = entry.parameters[position : position + 1] == (name,)
                given.append(text if in_order else f"{keywords[name]}={text}")
                position += in_order
        call = f"\0{at} {self._entry(entry)}({', '.join(given)})"
        return f"({call}, {', '.join(unused)})[0]" if unused else call

    def _entry(self, entry: Entry) -> str:
        name = self._entries.get(entry.call)
        if name is None:
            name = self._entries[entry.call] = self._constant(entry.call)
        return name


_EXPRESSIONS: dict[type, Callable[[ExpressionWriter, Any], str]] = {
    Literal: ExpressionWriter._literal,
    Name: ExpressionWriter._name,
    Attribute: ExpressionWriter._attribute,
    Subscript: ExpressionWriter._subscript,
    Method: ExpressionWriter._method,
    Unary: ExpressionWriter._unary,
    Binary: ExpressionWriter._binary,
    Choice: ExpressionWriter._choice,
    ListLiteral: ExpressionWriter._list,
    MapLiteral: ExpressionWriter._map,
    Joined: ExpressionWriter._joined,
    Filter: ExpressionWriter._filter,
    Test: ExpressionWriter._test,
    Call: ExpressionWriter._function_call,
}


def number_of(name: str, names: Mapping[str, Any]) -> int:
    """A number that stands for a macro or block in generated names."""
    return list(names).index(name)


def _bind(
    arguments: tuple[Argument, ...], parameters: Sequence[str]
) -> tuple[dict[str, Expression], str]:
    """Assign arguments to parameters; the second result tells what is wrong, if anything."""
    bound: dict[str, Expression] = {}
    position = 0
    for argument in arguments:
        if argument.name is None:
            if position >= len(parameters):
                return bound, f"takes at most {len(parameters)} arguments"
            bound[parameters[position]] = argument.value
            position += 1
        elif argument.name not in parameters:
            known = ", ".join(parameters)
            return bound, f"has no argument {argument.name!r} (it takes: {known})"
        else:
            bound[argument.name] = argument.value
    return bound, ""


def _chain(node: Binary) -> list[Expression]:
    """The operands of `a ~ b ~ c`, which group from the left."""
    parts: list[Expression] = []
    walk: Expression = node
    while isinstance(walk, Binary) and walk.operator == "~":
        parts.append(walk.right)
        walk = walk.left
    parts.append(walk)
    return parts[::-1]


def _path(node: Expression) -> list[str] | None:
    """The names of `a.b.c`, or None for anything else."""
    names: list[str] = []
    while isinstance(node, Attribute):
        names.append(node.name)
        node = node.base
    if not isinstance(node, Name):
        return None
    names.append(node.name)
    return names[::-1]


def _root(node: Expression) -> Expression:
    """The variable of `a.b.c`."""
    while isinstance(node, Attribute):
        node = node.base
    return node
