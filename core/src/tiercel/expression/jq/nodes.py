"""The syntax tree of a jq program; `parser` builds it, `engine` compiles it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = [
    "Alternative",
    "And",
    "Array",
    "Assign",
    "Binary",
    "Bind",
    "Break",
    "Call",
    "Comma",
    "Def",
    "Foreach",
    "Format",
    "Identity",
    "If",
    "Index",
    "Iterate",
    "Label",
    "Literal",
    "Negate",
    "Node",
    "Object",
    "Or",
    "Pattern",
    "Pipe",
    "Recurse",
    "Reduce",
    "Slice",
    "Text",
    "Try",
    "Variable",
]


@dataclass(frozen=True, slots=True)
class Node:
    """Anything that takes one input and gives any number of results."""


@dataclass(frozen=True, slots=True)
class Identity(Node):
    """`.`"""


@dataclass(frozen=True, slots=True)
class Recurse(Node):
    """`..`"""


@dataclass(frozen=True, slots=True)
class Literal(Node):
    """A number, `null`, `true`, `false`, or a text without interpolation."""

    value: Any


@dataclass(frozen=True, slots=True)
class Text(Node):
    """A text with interpolations, or one behind a format: `@csv "\\(.a)"`."""

    parts: tuple[str | Node, ...]
    format: str | None = None


@dataclass(frozen=True, slots=True)
class Format(Node):
    """`@base64` and its like."""

    name: str


@dataclass(frozen=True, slots=True)
class Index(Node):
    """`.a`, `."a"`, `.[0]`, `.["a"]`; `optional` with a `?` behind."""

    target: Node
    key: Node
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Slice(Node):
    """`.[1:3]`"""

    target: Node
    start: Node
    end: Node
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Iterate(Node):
    """`.[]`"""

    target: Node
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Variable(Node):
    """`$x`; in `{$x}` it is `optional`, and null when there is none."""

    name: str
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Array(Node):
    """`[…]`; `body` is None for `[]`."""

    body: Node | None


@dataclass(frozen=True, slots=True)
class Object(Node):
    """`{…}`: a key and a value of each field; without a value it is the input's field."""

    fields: tuple[tuple[Node, Node | None], ...]


@dataclass(frozen=True, slots=True)
class Negate(Node):
    """`-x`"""

    operand: Node


@dataclass(frozen=True, slots=True)
class Pipe(Node):
    """`a | b`"""

    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Comma(Node):
    """`a, b, c`"""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Binary(Node):
    """An arithmetic operator or a comparison."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class And(Node):
    """`a and b`"""

    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Or(Node):
    """`a or b`"""

    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Alternative(Node):
    """`a // b`"""

    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Assign(Node):
    """`=`, `|=`, or an arithmetic operator with `=` behind."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class If(Node):
    """`if … then … elif … else … end`"""

    branches: tuple[tuple[Node, Node], ...]
    otherwise: Node


@dataclass(frozen=True, slots=True)
class Try(Node):
    """`try … catch …`; `handler` is None without `catch`, and for `…?`."""

    body: Node
    handler: Node | None = None


@dataclass(frozen=True, slots=True)
class Pattern:
    """What follows `as`: exactly one of the three is set.

    Attributes:
        name: `$x`.
        items: `[$a, $b]`.
        fields: `{a: $x, $b}`: for each, the variable that the key itself names (`$b`) or None,
            the key, and the pattern of the value or None.
    """

    name: str | None = None
    items: tuple[Pattern, ...] | None = None
    fields: tuple[tuple[str | None, Node, Pattern | None], ...] | None = None


@dataclass(frozen=True, slots=True)
class Bind(Node):
    """`source as pattern | body`"""

    source: Node
    pattern: Pattern
    body: Node


@dataclass(frozen=True, slots=True)
class Reduce(Node):
    """`reduce source as pattern (init; update)`"""

    source: Node
    pattern: Pattern
    init: Node
    update: Node


@dataclass(frozen=True, slots=True)
class Foreach(Node):
    """`foreach source as pattern (init; update; extract)`"""

    source: Node
    pattern: Pattern
    init: Node
    update: Node
    extract: Node | None


@dataclass(frozen=True, slots=True)
class Label(Node):
    """`label $name | body`"""

    name: str
    body: Node


@dataclass(frozen=True, slots=True)
class Break(Node):
    """`break $name`"""

    name: str


@dataclass(frozen=True, slots=True)
class Def(Node):
    """`def name(parameters): body;` in force for `rest`."""

    name: str
    parameters: tuple[str, ...]
    body: Node
    rest: Node


@dataclass(frozen=True, slots=True)
class Call(Node):
    """`name` or `name(a; b)`"""

    name: str
    arguments: tuple[Node, ...] = ()
