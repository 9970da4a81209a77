"""What the source says about a model's properties: the docstring below each field.

Read when a schema or a docs page is made, and not when a class is: pydantic's own way
(`use_attribute_docstrings`) reads every module's source at every start.
"""

from __future__ import annotations

import ast
import inspect
from functools import lru_cache
from itertools import pairwise
from textwrap import dedent
from typing import Any

__all__ = ["field_docs"]


@lru_cache(maxsize=4096)
def field_docs(model: type[Any]) -> dict[str, str]:
    """Return the docstring of each field of `model` that has one, inherited fields included.

    A class whose source cannot be had (made in an interpreter session) has none of its own.
    """
    docs: dict[str, str] = {}
    for cls in reversed(model.__mro__[:-1]):
        if "__annotations__" in vars(cls):
            docs.update(_own_docs(cls))
    return {name: docs[name] for name in model.model_fields if name in docs}


def _own_docs(cls: type[Any]) -> dict[str, str]:
    try:
        tree = ast.parse(dedent(inspect.getsource(cls)))
    except (OSError, TypeError, SyntaxError):
        return {}
    body = next((node.body for node in tree.body if isinstance(node, ast.ClassDef)), [])
    docs: dict[str, str] = {}
    for field, below in pairwise(body):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(below, ast.Expr)
            and isinstance(below.value, ast.Constant)
            and isinstance(below.value.value, str)
        ):
            docs[field.target.id] = inspect.cleandoc(below.value.value)
    return docs
