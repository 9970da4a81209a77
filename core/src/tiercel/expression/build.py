"""Turns the parser's reductions into nodes: one method for each alternative of `grammar.lark`.

Every method receives what its alternative consists of, terminals as `Lexeme` and the rest as
earlier methods returned it. Lists under construction are extended in place.
"""

from __future__ import annotations

from typing import Any

from tiercel.expression.lexer import Lexeme
from tiercel.expression.nodes import (
    Argument,
    Attribute,
    Binary,
    Block,
    Call,
    Choice,
    Expression,
    Filter,
    FilterCall,
    FilterTag,
    For,
    If,
    Item,
    Joined,
    ListLiteral,
    Literal,
    Macro,
    MapLiteral,
    Method,
    Name,
    Output,
    Parameter,
    Set,
    Subscript,
    Template,
    Test,
    Text,
    Unary,
)
from tiercel.expression.values import LONG_MAX, Long

__all__ = ["FILTER_PRECEDENCE", "OPERATORS", "TEST_PRECEDENCE", "Builder", "Fault"]

OPERATORS = {
    "..": 120,
    "??": 120,
    "???": 120,
    "isIn": 120,
    "~": 110,
    "*": 60,
    "/": 60,
    "%": 60,
    "+": 40,
    "-": 40,
    "==": 30,
    "equals": 30,
    "!=": 30,
    "<": 30,
    "<=": 30,
    ">": 30,
    ">=": 30,
    "contains": 20,
    "and": 15,
    "or": 10,
}
"""Binary operators and how tightly they bind; all group from the left."""
FILTER_PRECEDENCE = 100
TEST_PRECEDENCE = 20

_CONSTANTS: dict[str, bool | None] = {
    "true": True,
    "TRUE": True,
    "false": False,
    "FALSE": False,
    "null": None,
    "NULL": None,
    "none": None,
    "NONE": None,
}


class Fault(Exception):
    """A mistake found while building nodes, at an offset of the template."""

    def __init__(self, reason: str, at: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.at = at


class Builder:
    """The reductions of the grammar."""

    # Lists

    def no_items(self, _: list[Any]) -> list[Any]:
        return []

    def empty_items(self, _: list[Any]) -> list[Any]:
        return []

    def one_item(self, parts: list[Any]) -> list[Any]:
        return parts

    def more_items(self, parts: list[Any]) -> list[Any]:
        items: list[Any] = parts[0]
        items.append(parts[1])
        return items

    def listed_item(self, parts: list[Any]) -> list[Any]:
        items: list[Any] = parts[0]
        items.append(parts[2])
        return items

    def first(self, parts: list[Any]) -> Any:
        return parts[0]

    def second(self, parts: list[Any]) -> Any:
        return parts[1]

    group = second

    # Template and tags

    def template(self, parts: list[Any]) -> Template:
        return Template(tuple(parts[0]))

    def more_text(self, parts: list[Any]) -> list[Item]:
        items: list[Item] = parts[0]
        lexeme = parts[1]
        start, end = lexeme.at, lexeme.at + len(lexeme.value)
        if items and isinstance(last := items[-1], Text):
            items[-1] = Text(last.text + lexeme.value, start=last.start, end=end)
        else:
            items.append(Text(lexeme.value, start=start, end=end))
        return items

    def more_output(self, parts: list[Any]) -> list[Item]:
        items, opener, expression, closer = parts
        items.append(Output(expression, start=opener.at, end=closer.at + len(closer.value)))
        return items  # type: ignore[no-any-return]  # what the parser carries is untyped

    def tag(self, parts: list[Any]) -> Item:
        return parts[0]  # type: ignore[no-any-return]

    def no_branch(self, _: list[Any]) -> tuple[list[Any], tuple[Item, ...]]:
        return [], ()

    def else_branch(self, parts: list[Any]) -> tuple[list[Any], tuple[Item, ...]]:
        return [], tuple(parts[2])

    def elseif_branch(self, parts: list[Any]) -> tuple[list[Any], tuple[Item, ...]]:
        _, condition, _, body, (branches, otherwise) = parts
        branches.insert(0, (condition, tuple(body)))
        return branches, otherwise

    def if_(self, parts: list[Any]) -> If:
        opener, condition, _, body, (branches, otherwise), _, closer = parts
        branches.insert(0, (condition, tuple(body)))
        return If(tuple(branches), otherwise, start=opener.at, end=_end(closer))

    def for_(self, parts: list[Any]) -> For:
        opener, name, keyword, iterable, _, body, (_, otherwise), _, closer = parts
        if keyword.value != "in":
            raise Fault(
                f"Expected 'in' after the loop's variable, not {keyword.value!r}", keyword.at
            )
        return For(name.value, iterable, tuple(body), otherwise, start=opener.at, end=_end(closer))

    def set_(self, parts: list[Any]) -> Set:
        opener, name, _, value, closer = parts
        return Set(name.value, value, start=opener.at, end=_end(closer))

    def macro(self, parts: list[Any]) -> Macro:
        opener, name, _, parameters, _, _, body, _, closer = parts
        return Macro(name.value, tuple(parameters), tuple(body), start=opener.at, end=_end(closer))

    def bare_parameter(self, parts: list[Any]) -> Parameter:
        return Parameter(parts[0].value, None, start=parts[0].at, end=_end(parts[0]))

    def default_parameter(self, parts: list[Any]) -> Parameter:
        return Parameter(parts[0].value, parts[2], start=parts[0].at, end=parts[2].end)

    def block(self, parts: list[Any]) -> Block:
        opener, name, _, body, _, closer = parts
        return Block(name, tuple(body), start=opener.at, end=_end(closer))

    def block_name(self, parts: list[Any]) -> str:
        lexeme = parts[0]
        return _unquote(lexeme.value) if lexeme.type == "STRING" else str(lexeme.value)

    def filter_tag(self, parts: list[Any]) -> FilterTag:
        opener, filters, _, body, _, closer = parts
        calls = tuple(
            FilterCall(name.value, tuple(given), start=name.at, end=_end(name))
            for name, given in filters
        )
        return FilterTag(calls, tuple(body), start=opener.at, end=_end(closer))

    # Operators

    def climb(self, parts: list[Any]) -> Expression:
        chain: list[Any] = parts[0]
        if len(chain) == 1:
            return chain[0]  # type: ignore[no-any-return]
        return _Climber(chain).expression(0)

    def choice(self, parts: list[Any]) -> Choice:
        chain, mark, then, _, otherwise = parts
        return Choice(self.climb([chain]), then, otherwise, start=mark.at, end=otherwise.end)

    def binary(self, parts: list[Any]) -> list[Any]:
        chain, operator, operand = parts
        chain += (operator, operand)
        return chain  # type: ignore[no-any-return]

    filtered = tested = binary

    def pair(self, parts: list[Any]) -> tuple[Any, Any]:
        return parts[0], parts[1]

    def positional(self, parts: list[Any]) -> Argument:
        return Argument(None, parts[0], start=parts[0].start, end=parts[0].end)

    def named(self, parts: list[Any]) -> Argument:
        return Argument(parts[0].value, parts[2], start=parts[0].at, end=parts[2].end)

    def sign(self, parts: list[Any]) -> Unary:
        operator, operand = parts
        return Unary(operator.value, operand, start=operator.at, end=operand.end)

    negation = sign

    # Operands

    def name(self, parts: list[Any]) -> Expression:
        lexeme = parts[0]
        word, at = lexeme.value, lexeme.at
        if word in _CONSTANTS:
            return Literal(_CONSTANTS[word], start=at, end=at + len(word))
        return Name(word, start=at, end=at + len(word))

    def call(self, parts: list[Any]) -> Call:
        name, closer = parts[0], parts[-1]
        given = tuple(parts[2]) if len(parts) == 4 else ()
        return Call(name.value, given, start=name.at, end=closer.at + 1)

    def integer(self, parts: list[Any]) -> Literal:
        lexeme = parts[0]
        digits = lexeme.value.removesuffix("L")
        # Twenty digits exceed 64 bits; converting a million of them would take forever.
        number = int(digits) if len(digits.lstrip("0")) < 20 else LONG_MAX + 1
        if number > LONG_MAX:
            raise Fault(f"{digits[:40]} does not fit into 64 bits", lexeme.at)
        return Literal(Long(number), start=lexeme.at, end=_end(lexeme))

    def decimal(self, parts: list[Any]) -> Literal:
        return Literal(float(parts[0].value), start=parts[0].at, end=_end(parts[0]))

    def text(self, parts: list[Any]) -> Literal:
        return Literal(_unquote(parts[0].value), start=parts[0].at, end=_end(parts[0]))

    def interpolated(self, parts: list[Any]) -> list[Any]:
        items: list[Any] = parts[0]
        items.append(parts[2])
        return items

    def interpolation(self, parts: list[Any]) -> Joined:
        opener, pieces, closer = parts
        made = tuple(
            Literal(_unescape(piece.value, '"'), start=piece.at, end=_end(piece))
            if isinstance(piece, Lexeme)
            else piece
            for piece in pieces
        )
        return Joined(made, start=opener.at, end=_end(closer))

    def attribute(self, parts: list[Any]) -> Attribute:
        base, _, name = parts
        return Attribute(base, name.value, start=name.at, end=_end(name))

    def method(self, parts: list[Any]) -> Method:
        base, name, closer = parts[0], parts[2], parts[-1]
        given = tuple(parts[4]) if len(parts) == 6 else ()
        return Method(base, name.value, given, start=name.at, end=closer.at + 1)

    def subscript(self, parts: list[Any]) -> Subscript:
        base, opener, key, closer = parts
        return Subscript(base, key, start=opener.at, end=closer.at + 1)

    def list_(self, parts: list[Any]) -> ListLiteral:
        items = tuple(parts[1]) if len(parts) == 3 else ()
        return ListLiteral(items, start=parts[0].at, end=parts[-1].at + 1)

    def map_(self, parts: list[Any]) -> MapLiteral:
        members = tuple(parts[1]) if len(parts) == 3 else ()
        return MapLiteral(members, start=parts[0].at, end=parts[-1].at + 1)

    def member(self, parts: list[Any]) -> tuple[Expression, Expression]:
        return parts[0], parts[2]


class _Climber:
    """Groups one chain of operands and operators by precedence."""

    def __init__(self, chain: list[Any]) -> None:
        self.chain = chain
        self.position = 1

    def expression(self, floor: int, left: Expression | None = None) -> Expression:
        """Group what binds at least as tightly as `floor`, from the operand just passed on."""
        chain = self.chain
        tree: Expression = chain[0] if left is None else left
        while self.position < len(chain):
            operator, operand = chain[self.position], chain[self.position + 1]
            precedence = _precedence(operator)
            if precedence < floor:
                break
            self.position += 2
            if operator.type == "PIPE" or operator.type == "IS":
                tree = _applied(tree, operator, operand)
                continue
            right = self.expression(precedence + 1, operand)
            symbol = "==" if operator.value == "equals" else operator.value
            tree = Binary(symbol, tree, right, start=operator.at, end=right.end)
        return tree


def _precedence(operator: Lexeme) -> int:
    if operator.type == "PIPE":
        return FILTER_PRECEDENCE
    return TEST_PRECEDENCE if operator.type == "IS" else OPERATORS[operator.value]


def _applied(base: Expression, operator: Lexeme, called: Any) -> Filter | Test:
    name, given = called
    arguments = tuple(given)
    end = arguments[-1].end + 1 if arguments else _end(name)
    if operator.type == "PIPE":
        return Filter(base, name.value, arguments, start=name.at, end=end)
    negated = operator.value != "is"
    return Test(base, name.value, negated, arguments, start=name.at, end=end)


def _end(lexeme: Lexeme) -> int:
    return lexeme.at + len(lexeme.value)


def _unquote(literal: str) -> str:
    return _unescape(literal[1:-1], literal[0])


def _unescape(text: str, quote: str) -> str:
    """A back-slash escapes the quote and nothing else."""
    if "\\" in text:
        text = text.replace("\\" + quote, quote)
    return text
