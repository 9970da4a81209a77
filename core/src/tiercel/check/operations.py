"""What operators make of their operands' types, and which operands they refuse."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tiercel.check.paths import extent
from tiercel.check.types import (
    ANY,
    BOOLEAN,
    NUMBER,
    TEXT,
    ListOf,
    Type,
    could_be,
    described,
    join,
    kinds,
)

if TYPE_CHECKING:
    from tiercel.check.infer import Inference
    from tiercel.expression.nodes import Binary, Expression

__all__ = ["COMPARISONS", "OPERATORS", "check_number"]

COMPARISONS = frozenset({"==", "!=", "<", "<=", ">", ">=", "contains", "isIn"})
"""Operators whose result shows nothing of what they compare."""

Operation = Callable[["Inference", "Binary", Type, Type], Type]


def check_number(
    inference: Inference, node: Expression, operator: str, *given: Type, null: bool = False
) -> None:
    """Report the first operand that is no number, nor a text that may hold one."""
    wanted = ("number", "text", "null") if null else ("number", "text")
    for each in given:
        if not could_be(each, wanted):
            message = f"'{operator}' takes numbers, not {described(each)}"
            inference.problem("TC302", *extent(node), message)
            return


def _added(inference: Inference, node: Binary, left: Type, right: Type) -> Type:
    numbers = could_be(left, ("number", "text")) and could_be(right, ("number", "text"))
    if not (numbers or could_be(left, ("list", "text")) or could_be(right, ("text",))):
        pair = f"{described(left)} and {described(right)}"
        inference.problem("TC302", *extent(node), f"'+' takes texts, numbers or lists, not {pair}")
        return ANY
    if kinds(left) == {"text"} or kinds(right) == {"text"}:
        return TEXT
    if isinstance(left, ListOf):
        return ListOf(join([left.item, right.item if isinstance(right, ListOf) else right]))
    return NUMBER if kinds(left) == kinds(right) == {"number"} else ANY


def _subtracted(inference: Inference, node: Binary, left: Type, right: Type) -> Type:
    if isinstance(left, ListOf):
        return left
    return ANY if could_be(left, ("list",)) else _computed(inference, node, left, right)


def _computed(inference: Inference, node: Binary, left: Type, right: Type) -> Type:
    check_number(inference, node, node.operator, left, right)
    return NUMBER


def _ordered(inference: Inference, node: Binary, left: Type, right: Type) -> Type:
    for each in (left, right):
        if not could_be(each, ("number", "null")):
            hint = "; write `| number` behind it" if could_be(each, ("text",)) else ""
            message = f"'{node.operator}' compares numbers, not {described(each)}{hint}"
            inference.problem("TC302", *extent(node), message)
            break
    return BOOLEAN


def _equal(inference: Inference, node: Binary, left: Type, right: Type) -> Type:
    known = kinds(left) | kinds(right)
    if kinds(left).isdisjoint(kinds(right)) and not known & {"null", "moment"}:
        how = "always different" if node.operator == "!=" else "never equal"
        pair = f"{described(left).capitalize()} and {described(right)}"
        inference.problem("TC304", *extent(node), f"{pair} are {how}")
    return BOOLEAN


def _contained(inference: Inference, node: Binary, left: Type, _right: Type) -> Type:
    if not could_be(left, ("list", "map", "text", "null")):
        message = f"'contains' takes a list, map or text, not {described(left)}"
        inference.problem("TC302", *extent(node), message)
    return BOOLEAN


def _ranged(inference: Inference, node: Binary, left: Type, right: Type) -> Type:
    check_number(inference, node, "..", left, right)
    return ListOf(NUMBER if kinds(left) == {"number"} else ANY)


def _found(_inference: Inference, _node: Binary, _left: Type, _right: Type) -> Type:
    return BOOLEAN


def _joined(_inference: Inference, _node: Binary, _left: Type, _right: Type) -> Type:
    return TEXT


OPERATORS: dict[str, Operation] = {
    "+": _added,
    "-": _subtracted,
    **dict.fromkeys(("*", "/", "%"), _computed),
    **dict.fromkeys(("<", "<=", ">", ">="), _ordered),
    **dict.fromkeys(("==", "!="), _equal),
    "contains": _contained,
    "isIn": _found,
    "..": _ranged,
    "~": _joined,
}
"""Binary operators, but for those that do not always look at both sides."""
