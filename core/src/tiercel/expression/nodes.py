"""The syntax tree of a template: frozen records with the place they came from.

`start` and `end` are offsets into the template's text. They do not take part in comparison, so two
templates that mean the same have equal trees.
"""

from __future__ import annotations

from dataclasses import field
from typing import TypeAlias

from tiercel._record import record

__all__ = [
    "Argument",
    "Attribute",
    "Binary",
    "Block",
    "Call",
    "Choice",
    "Expression",
    "Filter",
    "FilterCall",
    "FilterTag",
    "For",
    "If",
    "Item",
    "Joined",
    "ListLiteral",
    "Literal",
    "Macro",
    "MapLiteral",
    "Method",
    "Name",
    "Node",
    "Output",
    "Parameter",
    "Set",
    "Subscript",
    "Template",
    "Test",
    "Text",
    "Unary",
    "operands",
]


@record(kw_only=True)
class Node:
    """Anything in the tree.

    Attributes:
        start: offset of the first character that names it (an operator's own sign, a filter's
            name), where an error about it points to.
        end: offset after its last character.
    """

    start: int = field(default=0, compare=False, repr=False)
    end: int = field(default=0, compare=False, repr=False)


@record
class Literal(Node):
    """A text, number, boolean or null written out."""

    value: str | int | float | bool | None


@record
class Name(Node):
    """A variable."""

    name: str


@record
class Attribute(Node):
    """`base.name`."""

    base: Expression
    name: str


@record
class Subscript(Node):
    """`base[key]`."""

    base: Expression
    key: Expression


@record
class Argument(Node):
    """What is given to a filter, function, test, macro or method; `name` when it is named."""

    name: str | None
    value: Expression


@record
class Method(Node):
    """`base.name(…)`."""

    base: Expression
    name: str
    arguments: tuple[Argument, ...]


@record
class Call(Node):
    """`name(…)`: a function, a macro of the template, or `block`."""

    name: str
    arguments: tuple[Argument, ...]


@record
class Filter(Node):
    """`base | name(…)`."""

    base: Expression
    name: str
    arguments: tuple[Argument, ...]


@record
class Test(Node):
    """`base is name(…)`, or `is not` when `negated`."""

    base: Expression
    name: str
    negated: bool
    arguments: tuple[Argument, ...]


@record
class Unary(Node):
    """`+`, `-` or `not` before an operand."""

    operator: str
    operand: Expression


@record
class Binary(Node):
    """An operator between two operands; `equals` is `==` here."""

    operator: str
    left: Expression
    right: Expression


@record
class Choice(Node):
    """`condition ? then : otherwise`."""

    condition: Expression
    then: Expression
    otherwise: Expression


@record
class ListLiteral(Node):
    """`[…]`."""

    items: tuple[Expression, ...]


@record
class MapLiteral(Node):
    """`{key: value}`; keys are expressions too."""

    members: tuple[tuple[Expression, Expression], ...]


@record
class Joined(Node):
    """A text in double quotes with `#{…}` inside; a single `#{…}` alone is its value."""

    parts: tuple[Expression, ...]


Expression: TypeAlias = (
    Literal
    | Name
    | Attribute
    | Subscript
    | Method
    | Call
    | Filter
    | Test
    | Unary
    | Binary
    | Choice
    | ListLiteral
    | MapLiteral
    | Joined
)


@record
class Text(Node):
    """Text that stands for itself; what `raw` and `verbatim` protect is such text too."""

    text: str


@record
class Output(Node):
    """`{{ expression }}`."""

    expression: Expression


@record
class If(Node):
    """`{% if %}` with its `elseif` branches in order; `otherwise` is empty without an `else`."""

    branches: tuple[tuple[Expression, tuple[Item, ...]], ...]
    otherwise: tuple[Item, ...]


@record
class For(Node):
    """`{% for name in iterable %}`; `otherwise` is for an empty iterable."""

    name: str
    iterable: Expression
    body: tuple[Item, ...]
    otherwise: tuple[Item, ...]


@record
class Set(Node):
    """`{% set name = value %}`."""

    name: str
    value: Expression


@record
class Parameter(Node):
    """One parameter of a macro."""

    name: str
    default: Expression | None


@record
class Macro(Node):
    """`{% macro name(parameters) %}`."""

    name: str
    parameters: tuple[Parameter, ...]
    body: tuple[Item, ...]


@record
class Block(Node):
    """`{% block name %}`."""

    name: str
    body: tuple[Item, ...]


@record
class FilterCall(Node):
    """One filter of a `filter` tag."""

    name: str
    arguments: tuple[Argument, ...]


@record
class FilterTag(Node):
    """`{% filter name(…) | … %}`."""

    filters: tuple[FilterCall, ...]
    body: tuple[Item, ...]


Item: TypeAlias = Text | Output | If | For | Set | Macro | Block | FilterTag


@record
class Template(Node):
    """A whole template."""

    body: tuple[Item, ...]


def operands(node: Expression) -> tuple[Expression, ...]:
    """Return the expressions right inside an expression, in the order of the text."""
    if isinstance(node, Attribute):
        return (node.base,)
    if isinstance(node, Subscript):
        return (node.base, node.key)
    if isinstance(node, (Method, Filter, Test)):
        return (node.base, *(argument.value for argument in node.arguments))
    if isinstance(node, Call):
        return tuple(argument.value for argument in node.arguments)
    if isinstance(node, Unary):
        return (node.operand,)
    if isinstance(node, Binary):
        return (node.left, node.right)
    if isinstance(node, Choice):
        return (node.condition, node.then, node.otherwise)
    if isinstance(node, ListLiteral):
        return node.items
    if isinstance(node, MapLiteral):
        return tuple(part for member in node.members for part in member)
    return node.parts if isinstance(node, Joined) else ()
