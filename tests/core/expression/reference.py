"""A tree-walking interpreter, written to be obviously right: the compiler has to agree with it.

It shares operators, access and printing with the language, and nothing of the code generator:
scopes are a chain of dictionaries, every construct is evaluated where it stands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tiercel.errors import EvaluationError, UndefinedError
from tiercel.expression import access, operators, printing
from tiercel.expression.nodes import (
    Attribute,
    Binary,
    Choice,
    Expression,
    Filter,
    For,
    If,
    Item,
    Joined,
    ListLiteral,
    Literal,
    MapLiteral,
    Name,
    Output,
    Set,
    Subscript,
    Template,
    Test,
    Text,
    Unary,
)
from tiercel.expression.runtime import Loop
from tiercel.expression.table import FILTERS, TESTS
from tiercel.expression.values import Entry

_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": operators.add,
    "-": operators.subtract,
    "*": operators.multiply,
    "/": operators.divide,
    "%": operators.modulo,
    "==": operators.equal,
    "!=": lambda left, right: not operators.equal(left, right),
    "contains": operators.contains,
    "isIn": operators.is_in,
    "..": operators.range_of,
}

_FIRM = frozenset({"+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">="})


class Reference:
    """One rendering of a template by walking its tree."""

    def __init__(self, variables: Mapping[str, Any]) -> None:
        self.scopes: list[dict[str, Any]] = [dict(variables)]
        self.output: list[str] = []
        self.soft = False

    def render(self, template: Template) -> str:
        """Return the template's text."""
        self.items(template.body)
        return "".join(self.output)

    def items(self, items: tuple[Item, ...]) -> None:
        for item in items:
            self.item(item)

    def item(self, item: Item) -> None:
        match item:
            case Text(text=text):
                self.output.append(text)
            case Output(expression=expression):
                self.output.append(printing.output_text(self.value(expression)))
            case Set(name=name, value=value):
                made = self.value(value)
                holder = next((one for one in reversed(self.scopes) if name in one), None)
                (self.scopes[-1] if holder is None else holder)[name] = made
            case If(branches=branches, otherwise=otherwise):
                for condition, body in branches:
                    if operators.truth(self.value(condition)):
                        self.items(body)
                        return
                self.items(otherwise)
            case For():
                self.loop(item)
            case _:
                raise NotImplementedError(type(item))

    def loop(self, item: For) -> None:
        iterable = self.value(item.iterable)
        if iterable is None:
            return
        if isinstance(iterable, Mapping):
            turns: list[Any] = [Entry(*pair) for pair in iterable.items()]
        elif isinstance(iterable, list):
            turns = list(iterable)
        else:
            raise EvaluationError("not iterable")
        self.scopes.append({})
        for index, turn in enumerate(turns):
            self.scopes[-1][item.name] = turn
            loop = self.scopes[-1]["loop"] = Loop(len(turns))
            loop.index = index
            self.items(item.body)
        self.scopes.pop()
        if not turns:
            self.items(item.otherwise)

    def value(self, node: Expression) -> Any:  # noqa: PLR0912, C901  # one branch a node, by design
        match node:
            case Literal(value=value):
                return value
            case Name(name=name):
                for scope in reversed(self.scopes):
                    if name in scope:
                        return scope[name]
                raise UndefinedError(name)
            case Attribute(base=base, name=name):
                return access.attribute(self.value(base), name)
            case Subscript(base=base, key=key):
                return access.subscript(self.value(base), self.value(key))
            case Unary(operator="not", operand=operand):
                return not operators.truth(self.value(operand))
            case Unary(operator=operator, operand=operand):
                sign = operators.negative if operator == "-" else operators.positive
                return sign(self.value(operand))
            case Choice(condition=condition, then=then, otherwise=otherwise):
                chosen = self.value(condition)
                holds = chosen is not None and operators.truth(chosen)
                return self.value(then if holds else otherwise)
            case ListLiteral(items=items):
                return [self.value(item) for item in items]
            case MapLiteral(members=members):
                return {self.value(key): self.value(item) for key, item in members}
            case Joined(parts=(part,)):
                return self.value(part)
            case Joined(parts=parts):
                return "".join(self.joined(part) for part in parts)
            case Filter(base=base, name=name, arguments=arguments):
                return self.entry(FILTERS, base, name, arguments)
            case Test(base=base, name=name, negated=negated, arguments=arguments):
                return bool(self.entry(TESTS, base, name, arguments)) != negated
            case Binary():
                return self.binary(node)
        raise NotImplementedError(type(node))

    def entry(self, table: Any, base: Expression, name: str, arguments: Any) -> Any:
        entry = table[name]
        value = self.forgiven(base) if entry.forgiving else self.value(base)
        return entry.call(value, *[self.value(argument.value) for argument in arguments])

    def joined(self, node: Expression) -> str:
        value = self.value(node)
        return "" if value is None else printing.java_text(value)

    def forgiven(self, node: Expression) -> Any:
        try:
            return self.softly(node, soft=True)
        except UndefinedError:
            return None

    def softly(self, node: Expression, *, soft: bool) -> Any:
        """Evaluate with or without forgiveness for what is missing."""
        outside, self.soft = self.soft, soft
        try:
            return self.value(node)
        finally:
            self.soft = outside

    def binary(self, node: Binary) -> Any:
        operator = node.operator
        if operator == "??":
            left = self.forgiven(node.left)
            return self.value(node.right) if left is None else left
        if operator == "???":
            try:
                return self.softly(node.left, soft=True)
            except UndefinedError:
                return self.value(node.right)
        if operator == "contains" and self.value(node.left) is None:
            return False
        if operator in _FIRM and self.soft:
            try:
                return self.softly(node, soft=False)
            except UndefinedError as error:
                raise EvaluationError(str(error)) from error
        return self.operation(node)

    def operation(self, node: Binary) -> Any:
        operator = node.operator
        if operator == "and":
            return operators.truth(self.value(node.left)) and operators.truth(
                self.value(node.right)
            )
        if operator == "or":
            return operators.truth(self.value(node.left)) or operators.truth(self.value(node.right))
        left, right = self.value(node.left), self.value(node.right)
        if operator == "~":
            texts = ["" if one is None else printing.java_text(one) for one in (left, right)]
            return "".join(texts)
        if operator in _ARITHMETIC:
            return _ARITHMETIC[operator](left, right)
        return operators.compare(operator, left, right)
