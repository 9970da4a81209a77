"""Writes a tree back as a template: `parse(unparse(tree)) == tree` for every parsed tree."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from tiercel.expression.nodes import (
    Argument,
    Attribute,
    Binary,
    Block,
    Call,
    Choice,
    Expression,
    Filter,
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
    Set,
    Subscript,
    Template,
    Test,
    Text,
    Unary,
)

__all__ = ["unparse", "unparse_expression"]

_SELF_CONTAINED = (Literal, Name, Attribute, Subscript, Method, Call, Joined)
_OPENING = re.compile(r"\{(?=[{%#]|\Z)")
_QUOTED = {
    "'": re.compile(r"(?:\\.|[^'\\])*", re.DOTALL),
    '"': re.compile(r'(?:\\.|[^"\\#]|#(?!\{))*', re.DOTALL),
}


def unparse(template: Template) -> str:
    """Return the text of a template.

    Raises:
        ValueError: a text in it cannot be written as a literal; no parsed tree holds such a one.
    """
    return _items(template.body)


def _items(items: Iterable[Item]) -> str:
    return "".join([_ITEMS[type(item)](item) for item in items])


def _text(item: Text) -> str:
    if not item.text:
        return " {#- #}"  # a blank that the dash cuts off, and nothing else
    return _OPENING.sub("{% verbatim %}{{% endverbatim %}", item.text)


def _if(item: If) -> str:
    keyword, written = "if", ""
    for condition, body in item.branches:
        written += f"{{% {keyword} {unparse_expression(condition)} %}}{_items(body)}"
        keyword = "elseif"
    if item.otherwise:
        written += f"{{% else %}}{_items(item.otherwise)}"
    return f"{written}{{% endif %}}"


def _for(item: For) -> str:
    written = f"{{% for {item.name} in {unparse_expression(item.iterable)} %}}{_items(item.body)}"
    if item.otherwise:
        written += f"{{% else %}}{_items(item.otherwise)}"
    return f"{written}{{% endfor %}}"


def _macro(item: Macro) -> str:
    parameters = ", ".join(
        parameter.name
        if parameter.default is None
        else f"{parameter.name}={unparse_expression(parameter.default)}"
        for parameter in item.parameters
    )
    return f"{{% macro {item.name}({parameters}) %}}{_items(item.body)}{{% endmacro %}}"


def _filter_tag(item: FilterTag) -> str:
    filters = " | ".join(called.name + _arguments(called.arguments) for called in item.filters)
    return f"{{% filter {filters} %}}{_items(item.body)}{{% endfilter %}}"


_ITEMS: dict[type, Callable[[Any], str]] = {
    Text: _text,
    Output: lambda item: f"{{{{ {unparse_expression(item.expression)} }}}}",
    If: _if,
    For: _for,
    Set: lambda item: f"{{% set {item.name} = {unparse_expression(item.value)} %}}",
    Macro: _macro,
    Block: lambda item: f"{{% block {_quoted(item.name)} %}}{_items(item.body)}{{% endblock %}}",
    FilterTag: _filter_tag,
}


def unparse_expression(node: Expression) -> str:
    """Return the text of an expression, with more parentheses than people would write.

    Raises:
        ValueError: as `unparse`.
    """
    return _EXPRESSIONS[type(node)](node)


def _operand(node: Expression) -> str:
    """Return an expression as one that binds to nothing around it."""
    text = unparse_expression(node)
    if isinstance(node, (*_SELF_CONTAINED, ListLiteral, MapLiteral)):
        return text
    return f"({text})"


def _base(node: Expression) -> str:
    """Return an expression that a dot or bracket may follow."""
    text = unparse_expression(node)
    return text if isinstance(node, _SELF_CONTAINED) else f"({text})"


def _quoted(text: str) -> str:
    for quote, pattern in _QUOTED.items():
        inside = text.replace(quote, "\\" + quote)
        if pattern.fullmatch(inside) and inside.replace("\\" + quote, quote) == text:
            return f"{quote}{inside}{quote}"
    raise ValueError(f"no literal can hold this text: {text!r}")


def _literal(node: Literal) -> str:
    value = node.value
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, float):
        text = format(Decimal(repr(value)), "f")
        return text if "." in text else f"{text}.0"
    return str(int(value))


def _arguments(arguments: tuple[Argument, ...]) -> str:
    if not arguments:
        return ""
    return f"({_given(arguments)})"


def _given(arguments: tuple[Argument, ...]) -> str:
    return ", ".join(
        unparse_expression(argument.value)
        if argument.name is None
        else f"{argument.name}={unparse_expression(argument.value)}"
        for argument in arguments
    )


def _test(node: Test) -> str:
    keyword = "is not" if node.negated else "is"
    return f"{_operand(node.base)} {keyword} {node.name}{_arguments(node.arguments)}"


def _unary(node: Unary) -> str:
    blank = " " if node.operator == "not" else ""
    return f"{node.operator}{blank}{_operand(node.operand)}"


def _choice(node: Choice) -> str:
    return f"{_operand(node.condition)} ? {_operand(node.then)} : {_operand(node.otherwise)}"


def _map(node: MapLiteral) -> str:
    members = [f"{_operand(key)}: {unparse_expression(item)}" for key, item in node.members]
    return f"{{{', '.join(members)}}}"


def _joined(node: Joined) -> str:
    return '"' + "".join(f"#{{{unparse_expression(part)}}}" for part in node.parts) + '"'


_EXPRESSIONS: dict[type, Callable[[Any], str]] = {
    Literal: _literal,
    Name: lambda node: node.name,
    Attribute: lambda node: f"{_base(node.base)}.{node.name}",
    Subscript: lambda node: f"{_base(node.base)}[{unparse_expression(node.key)}]",
    Method: lambda node: f"{_base(node.base)}.{node.name}({_given(node.arguments)})",
    Call: lambda node: f"{node.name}({_given(node.arguments)})",
    Filter: lambda node: f"{_operand(node.base)} | {node.name}{_arguments(node.arguments)}",
    Test: _test,
    Unary: _unary,
    Binary: lambda node: f"{_operand(node.left)} {node.operator} {_operand(node.right)}",
    Choice: _choice,
    ListLiteral: lambda node: f"[{', '.join(map(unparse_expression, node.items))}]",
    MapLiteral: _map,
    Joined: _joined,
}
