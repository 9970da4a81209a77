"""What the source says about a model's properties: the docstring below each field.

Read when a schema or a docs page is made, and not when a class is: pydantic's own way
(`use_attribute_docstrings`) reads every module's source at every start.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
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


@lru_cache(maxsize=4096)
def _own_docs(cls: type[Any]) -> dict[str, str]:
    module = sys.modules.get(cls.__module__)
    file = getattr(module, "__file__", None)
    documented = _module_docs(file) if file else {}
    return documented.get(cls.__qualname__, {})


@lru_cache(maxsize=1024)
def _module_docs(file: str) -> dict[str, dict[str, str]]:
    """Return class, by its qualified name → field → docstring, for all classes of a file.

    A file is read once, however many classes there are in it.
    """
    try:
        tree = ast.parse(Path(file).read_bytes())
    except (OSError, SyntaxError, ValueError):
        return {}
    return dict(_class_docs(tree.body, ""))


def _class_docs(body: list[ast.stmt], prefix: str) -> Iterator[tuple[str, dict[str, str]]]:
    for node in body:
        if isinstance(node, ast.ClassDef):
            name = f"{prefix}{node.name}"
            yield name, dict(_documented(node.body))
            yield from _class_docs(node.body, f"{name}.")
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _class_docs(node.body, f"{prefix}{node.name}.<locals>.")


def _documented(body: list[ast.stmt]) -> Iterator[tuple[str, str]]:
    for field, below in pairwise(body):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(below, ast.Expr)
            and isinstance(below.value, ast.Constant)
            and isinstance(below.value.value, str)
        ):
            yield field.target.id, inspect.cleandoc(below.value.value)
