"""Functions that render, or show what there is to render: `render`, `printContext` …"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tiercel.errors import EvaluationError
from tiercel.expression.bounded import check_tree
from tiercel.expression.printing import java_text
from tiercel.expression.runtime import EvaluationContext
from tiercel.expression.table import FUNCTIONS
from tiercel.expression.values import is_text

__all__: list[str] = []


@FUNCTIONS.add("render", "toRender", "recursive", needs_context=True)
def render(context: EvaluationContext, template: Any, recursive: Any = True) -> Any:
    """Render a text, or every text inside a list or map, until nothing changes any more."""
    if recursive is not None and not isinstance(recursive, bool):
        raise EvaluationError(f"'recursive' is true or false, not {java_text(recursive)}")
    return _rendered(context, check_tree(template), recursive is not False)


@FUNCTIONS.add("renderOnce", "toRender", needs_context=True)
def render_once(context: EvaluationContext, template: Any) -> Any:
    """Render a text, or every text inside a list or map, one step."""
    return _rendered(context, check_tree(template), False)


def _rendered(context: EvaluationContext, value: Any, recursive: bool) -> Any:
    if isinstance(value, str):
        # A template that writes nothing is null; a text without a tag is itself.
        return context.render(value, recursive=recursive) or (None if "{" in value else value)
    if isinstance(value, Mapping):
        return {
            _key(context, key, recursive): _rendered(context, item, recursive)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return type(value)(_rendered(context, item, recursive) for item in value)
    return value


def _key(context: EvaluationContext, key: Any, recursive: bool) -> str:
    if not is_text(key):
        raise EvaluationError(f"'render' takes maps whose keys are texts, not {java_text(key)}")
    return context.render(key, recursive=recursive)


@FUNCTIONS.add("printContext", needs_context=True)
def print_context(context: EvaluationContext) -> dict[str, Any]:
    """Return all variables as a map."""
    return dict(context.variables)


@FUNCTIONS.add("fetchContext", needs_context=True)
def fetch_context(context: EvaluationContext) -> dict[str, Any]:
    """Return all variables as a map."""
    return dict(context.variables)
