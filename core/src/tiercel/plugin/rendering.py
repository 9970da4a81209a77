"""Rendering with variables of a task's own beside those of the execution."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from tiercel.errors import TaskError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tiercel.plugin.context import RunContext
    from tiercel.plugin.property import Property

__all__ = ["render_with"]

T = TypeVar("T")


def render_with(ctx: RunContext, value: Property[T], extra: Mapping[str, Any]) -> T:
    """Return a property's value, its expressions seeing `extra` beside the execution's variables.

    `ctx.render(value)` is the same without `extra`.

    Args:
        ctx: what the task was given.
        value: the property.
        extra: variables by name, such as `{"outputDir": "/tmp/x"}`.

    Raises:
        ExpressionError: an expression is wrong.
        TaskError: the rendered value is not of the property's type.
    """

    def render(raw: Any, as_text: bool) -> Any:
        if isinstance(raw, str):
            return ctx.render_text(raw, extra) if as_text else ctx.evaluate(raw, extra)
        if isinstance(raw, list):
            return [render(item, as_text) for item in raw]
        if isinstance(raw, dict):
            return {render(key, True): render(item, as_text) for key, item in raw.items()}
        return raw

    try:
        return value.resolve(render)
    except ValueError as error:
        raise TaskError(f"Invalid value {value.raw!r}: {error}", retryable=False) from error
