"""`Property[T]`: a task property that may hold an expression.

    uri: Property[str]
    headers: Property[dict[str, str]] | None = None
    concurrent: Property[int] = Property.of(4)

What the author wrote is kept as it is until the task asks for it with `ctx.render(self.uri)`,
which renders it and validates the result as `T`. A value without any expression is validated when
the flow is loaded; a wrong one is a warning there, since Kestra accepts such a flow (golden case
`validation/wrong_property_type`), and fails the task when it runs.
"""

from __future__ import annotations

from contextlib import suppress
from functools import lru_cache
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, Generic, TypeVar, Union, get_args, get_origin

from pydantic import TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel
from pydantic_core import core_schema

from tiercel.model.base import dynamic_schema, scalar_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler

__all__ = ["Property", "has_expression"]

T = TypeVar("T")
_UNSET: Any = object()


class Property(Generic[T]):
    """A value of type `T`, or the expression that will render to one.

    Attributes:
        raw: what the flow's author wrote: a scalar, text, list or mapping.
        target: the type to render to.
        name: what the property is called in YAML; empty outside a model.
    """

    __slots__ = ("_value", "name", "raw", "target")

    def __init__(self, raw: Any, target: Any, value: Any = _UNSET, name: str = "") -> None:
        self.raw = raw
        self.target = target
        self.name = name
        self._value = value

    @classmethod
    def of(cls, value: T) -> Property[T]:
        """Return a property that holds `value` itself: for defaults and for tests."""
        return cls(value, type(value), value)

    @property
    def is_constant(self) -> bool:
        """Whether there is nothing to render."""
        return self._value is not _UNSET

    def literal_error(self) -> str | None:
        """Return why a value without any expression is no `T`, or None."""
        if self.is_constant or has_expression(self.raw):
            return None
        try:
            _validate(self.target, self.raw)
        except ValidationError as error:
            return "; ".join(each["msg"] for each in error.errors(include_url=False))
        return None

    def resolve(self, render: Callable[[Any, bool], Any]) -> T:
        """Return the value, rendering it with `render(raw, as_text)` if it holds an expression.

        Args:
            render: renders text, or every text inside a list or mapping; with `as_text` false a
                lone expression keeps its native type.

        Raises:
            ExpressionError: an expression is wrong.
            ValueError: the rendered value is no `T`.
        """
        if self._value is not _UNSET:
            return self._value  # type: ignore[no-any-return]  # validated as T when built
        wants_text = _wants_text(self.target)
        value = render(self.raw, wants_text)
        if self.target is str:
            return scalar_text(value)  # type: ignore[no-any-return]  # T is str here
        return _validate(self.target, value)  # type: ignore[no-any-return]

    def __repr__(self) -> str:
        return f"Property({self.raw!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Property) and self.raw == other.raw

    def __hash__(self) -> int:
        return hash(repr(self.raw))

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        target = (get_args(source) or (Any,))[0]

        def build(
            raw: Any, validate: Callable[[Any], Any], info: core_schema.ValidationInfo
        ) -> Property[Any]:
            if isinstance(raw, Property):
                return raw
            name = to_camel(info.field_name or "")
            if has_expression(raw):
                return Property(raw, target, name=name)
            value = scalar_text(raw) if _wants_text(target) else raw
            try:
                return Property(raw, target, validate(value), name)
            except ValidationError:
                return Property(raw, target, name=name)

        return core_schema.with_info_wrap_validator_function(
            build,
            handler.generate_schema(target),
            serialization=core_schema.plain_serializer_function_ser_schema(lambda prop: prop.raw),
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return dynamic_schema(handler(schema))


def has_expression(value: Any) -> bool:
    """Return whether `value`, or anything inside it, holds a template tag."""
    if isinstance(value, str):
        return "{{" in value or "{%" in value or "{#" in value
    if isinstance(value, dict):
        return any(has_expression(part) for item in value.items() for part in item)
    if isinstance(value, list | tuple):
        return any(map(has_expression, value))
    return False


def _is_text(target: Any) -> bool:
    return target is str or (get_origin(target) is Annotated and get_args(target)[0] is str)


@lru_cache(maxsize=1024)
def _wants_text(target: Any) -> bool:
    """Whether texts inside are rendered to texts: `str`, `str | int`, `list[str]`, …"""
    return _is_text(target) or any(map(_is_text, get_args(target)))


@lru_cache(maxsize=1024)
def _takes_text(target: Any) -> bool:
    """Whether a text is a value of it, so that a text that looks like JSON stays one."""
    return _is_text(target) or (
        get_origin(target) in (Union, UnionType) and any(map(_is_text, get_args(target)))
    )


@lru_cache(maxsize=1024)
def _adapter(target: Any) -> TypeAdapter[Any]:
    return TypeAdapter(target)


def _validate(target: Any, value: Any) -> Any:
    if target is Any:
        return value
    if isinstance(value, str) and not _takes_text(target) and value.lstrip()[:1] in ("[", "{"):
        import json

        # What is not JSON after all is explained by the type's own validation.
        with suppress(ValueError):
            value = json.loads(value)
    return _adapter(target).validate_python(value)
