"""Lets a Python script read what expressions render: JSON's `true`, `false` and `null`.

`data = {{ outputs.api.body }}` becomes Python source once it is rendered, in which these three are
names that nobody defined. A script that reads any of them gets them defined. Behaviour:
`io.kestra.plugin.scripts.python.Script` since its version 1.9.
"""

from __future__ import annotations

import ast

__all__ = ["with_json_names"]

_NAMES = {"true", "false", "null"}
_DEFINITION = "true, false, null = True, False, None"


def with_json_names(source: str) -> str:
    """Return a script with the names defined, if it reads any; otherwise as it is.

    No line moves when the script's first statement is a simple one, an import say, so that
    tracebacks show the author's line numbers.
    """
    if not any(name in source for name in _NAMES):
        return source
    try:
        tree = ast.parse(source)
    # Its own Python will judge it, which may be a newer one.
    except (SyntaxError, ValueError):
        return source
    if not any(_reads(node) for node in ast.walk(tree)):
        return source
    first = next(node for node in tree.body if not _must_lead(node))
    if first.col_offset:  # behind something that must lead, on its line
        return source
    lines = source.split("\n")
    index = min(node.lineno for node in (first, *getattr(first, "decorator_list", ()))) - 1
    if hasattr(first, "body") or hasattr(first, "cases"):
        lines.insert(index, _DEFINITION)
    else:
        lines[index] = f"{_DEFINITION}; {lines[index]}"
    return "\n".join(lines)


def _reads(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id in _NAMES and isinstance(node.ctx, ast.Load)


def _must_lead(node: ast.stmt) -> bool:
    """Return whether nothing may come before it: a docstring, an import from `__future__`."""
    match node:
        case ast.Expr(value=ast.Constant(value=str())):
            return True
        case ast.ImportFrom(module="__future__"):
            return True
    return False
