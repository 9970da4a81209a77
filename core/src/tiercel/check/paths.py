"""Small questions about expressions: which constant path one is, where it stands."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from tiercel.expression.nodes import (
    Attribute,
    Binary,
    Expression,
    Filter,
    Literal,
    Name,
    Subscript,
    Test,
    operands,
)

__all__ = ["Names", "asked", "constant_path", "extent", "last_name", "root_of"]

Names: TypeAlias = tuple[str, ...]
"""The names of a path: `outputs.api.code` and `outputs['api'].code` are the same."""


def constant_path(node: Expression) -> Names | None:
    """Return the names of `a.b['c']`, or None for anything else."""
    names: list[str] = []
    while not isinstance(node, Name):
        if isinstance(node, Attribute):
            names.append(node.name)
        elif (
            isinstance(node, Subscript)
            and isinstance(node.key, Literal)
            and isinstance(node.key.value, str)
        ):
            names.append(node.key.value)
        else:
            return None
        node = node.base
    return (node.name, *names[::-1])


def last_name(node: Expression) -> str:
    """Return the last name of a constant path, or an empty text."""
    path = constant_path(node)
    return path[-1] if path else ""


def root_of(node: Expression) -> Expression:
    """Return what a path is read from: a variable, mostly."""
    while isinstance(node, Attribute | Subscript):
        node = node.base
    return node


def asked(node: Expression, *, forgiven: bool = False) -> Iterable[Names]:
    """Yield the paths that a condition asks about without failing when they are missing."""
    path = constant_path(node)
    if path is not None:
        if forgiven:
            yield path
        return
    forgives = (
        (isinstance(node, Test) and node.name == "defined")
        or (isinstance(node, Filter) and node.name == "default")
        or (isinstance(node, Binary) and node.operator in ("??", "???"))
    )
    for position, operand in enumerate(operands(node)):
        yield from asked(operand, forgiven=forgiven or (forgives and position == 0))


def extent(node: Expression) -> tuple[int, int]:
    """Return where an expression begins and ends, its operands included."""
    start, end = node.start, node.end
    for operand in operands(node):
        first, last = extent(operand)
        start, end = min(start, first), max(end, last)
    return start, end
