"""What all models share: camelCase in YAML, snake_case in Python; closed and frozen."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    GetJsonSchemaHandler,
    StringConstraints,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError, core_schema

__all__ = [
    "RENAMED",
    "Dynamic",
    "Flag",
    "MadeBy",
    "Model",
    "Templated",
    "Text",
    "Uri",
    "dynamic_schema",
    "scalar_text",
]


# Most names are those of many classes, and pydantic asks for each of them.
_camel = lru_cache(maxsize=4096)(to_camel)


RENAMED = "x-tiercel-renamed"
"""In a property's JSON Schema: the field, as Python calls it, that has its value now."""


class Model(BaseModel):
    """Base of everything written in a flow's YAML."""

    model_config = ConfigDict(
        alias_generator=_camel,
        populate_by_name=True,
        extra="forbid",
        frozen=True,
        defer_build=True,
        arbitrary_types_allowed=True,
    )

    @model_validator(mode="before")
    @classmethod
    def _null_is_absent(cls, data: Any) -> Any:
        """Read a property without a value as one that is not written, and old names as new."""
        if not isinstance(data, dict):
            return data
        if None in data.values():
            data = {key: value for key, value in data.items() if value is not None}
        renamed = _renamed(cls)
        return _under_new_names(data, renamed) if renamed else data


@lru_cache(maxsize=4096)
def _renamed(cls: type[BaseModel]) -> dict[str, str]:
    """Return the old names of properties, as flows write them, and the present ones."""
    found = {}
    for name, field in cls.model_fields.items():
        extra = field.json_schema_extra
        if isinstance(extra, dict) and RENAMED in extra:
            present = str(extra[RENAMED])
            found[field.alias or name] = cls.model_fields[present].alias or present
    return found


def _under_new_names(data: dict[str, Any], renamed: dict[str, str]) -> dict[str, Any]:
    """Return data in which present names have the values of old ones, which stay to be told of."""
    for old, present in renamed.items():
        if old not in data:
            continue
        if data.get(present, data[old]) != data[old]:
            raise PydanticCustomError(
                "renamed_twice", "{reason}", {"reason": f"{old} is {present} now: write only that"}
            )
        data = {**data, present: data[old]}
    return data


class MadeBy:
    """Says that a function makes the values of an annotated type.

    Unlike `PlainValidator` it keeps pydantic from preparing to validate the type itself, which
    takes long when that is a model.

    Args:
        make: (what was written, pydantic's information) → the value; raises as validators do.
    """

    def __init__(self, make: Callable[[Any, ValidationInfo], Any]) -> None:
        self._make = make

    def __get_pydantic_core_schema__(self, _source: Any, _handler: Any) -> core_schema.CoreSchema:
        return core_schema.with_info_plain_validator_function(self._make)


def scalar_text(value: Any) -> Any:
    """Return a YAML scalar as the text that a string property makes of it.

    Numbers and booleans become text (`true`, `5`, `1.5`), as Kestra's Jackson does; everything
    else is returned as it is, for the validator to judge.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    return value


Text = Annotated[str, BeforeValidator(scalar_text)]

_LIMITS = {"enum", "format", "pattern"}
_TAG = r"\{[{%]"

Templated = Annotated[str, StringConstraints(pattern=_TAG)]
"""A text with an expression in it: what a property holds that renders to something else."""


def dynamic_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the JSON Schema of a value that may be written as an expression instead."""
    is_any_text = schema.get("type") == "string" and not schema.keys() & _LIMITS
    if not schema or is_any_text:
        return {**schema, "$dynamic": True}
    return {"anyOf": [schema, {"type": "string", "pattern": _TAG}], "$dynamic": True}


class Dynamic:
    """Says that a property may hold expressions, where whoever has it renders it by themselves.

    `labels: Annotated[dict[str, Any], Dynamic]`; a `Property` says so of its own accord.
    """

    @staticmethod
    def __get_pydantic_json_schema__(
        schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        inner = handler(schema)
        # A list or a mapping holds expressions, and cannot be one.
        return {**inner, "$dynamic": True} if _is_container(inner) else dynamic_schema(inner)


def _is_container(schema: dict[str, Any]) -> bool:
    if "anyOf" in schema:
        return all(map(_is_container, schema["anyOf"]))
    return "$ref" in schema or schema.get("type") in ("array", "object")


Uri = Annotated[str, WithJsonSchema({"type": "string", "format": "uri"})]
"""A URI, such as that of a stored file in a task's outputs."""


def _flag(value: Any) -> Any:
    """Refuse what pydantic takes for a boolean and Kestra does not, such as `yes`."""
    if isinstance(value, str) and value not in _FLAGS:
        raise PydanticCustomError("bool_parsing", "Not a boolean")
    return value


_FLAGS = frozenset({"true", "True", "TRUE", "false", "False", "FALSE"})

Flag = Annotated[bool, BeforeValidator(_flag)]
"""A boolean, or the text `true` or `false`."""
