"""What every input of a flow can declare; each type of input is a class of `inputs`.

They are kept apart because building twenty classes takes longer than most runs that need none.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, ClassVar, Self

from pydantic import (
    BeforeValidator,
    Field,
    GetJsonSchemaHandler,
    StringConstraints,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import CoreSchema, PydanticCustomError

from tiercel.model.base import Flag, MadeBy, Model, Text, dynamic_schema, scalar_text

__all__ = ["AnyInput", "DataType", "DependsOn", "InputBase", "InputId", "input_class"]


class DataType(StrEnum):
    """What kind of value an input or output holds."""

    STRING = "STRING"
    ENUM = "ENUM"
    SELECT = "SELECT"
    INT = "INT"
    FLOAT = "FLOAT"
    BOOLEAN = "BOOLEAN"
    BOOL = "BOOL"
    DATETIME = "DATETIME"
    DATE = "DATE"
    TIME = "TIME"
    DURATION = "DURATION"
    FILE = "FILE"
    JSON = "JSON"
    URI = "URI"
    SECRET = "SECRET"
    ARRAY = "ARRAY"
    MULTISELECT = "MULTISELECT"
    YAML = "YAML"
    EMAIL = "EMAIL"
    FORM = "FORM"


InputId = Annotated[
    str,
    StringConstraints(pattern=r"^[a-zA-Z0-9][.a-zA-Z0-9_-]*$", min_length=1),
    BeforeValidator(scalar_text),
]
"""An input's or output's id; dots nest: `conn.host` is `inputs.conn.host`."""


class DependsOn(Model):
    """When an input is asked for at all."""

    inputs: list[Text] | None = None
    """Inputs whose values must be known first."""
    condition: Text | None = None
    """An expression; the input is left out unless it renders to something true."""


class InputBase(Model):
    """What every input can declare."""

    type: str
    """What kind of value it is."""
    id: InputId
    """How expressions name it."""
    name: Text | None = Field(default=None, deprecated="write `id`")
    """The older word for `id`."""
    description: Text | None = None
    """For people; Markdown."""
    display_name: Text | None = None
    """How a form names it."""
    required: Flag = True
    """Whether an execution needs a value."""
    defaults: Any = None
    """The value when none is given; may hold expressions."""
    prefill: Any = None
    """What a form shows at first; no execution uses it by itself."""
    depends_on: DependsOn | None = None
    """Ask for it only once other inputs are known, or when a condition holds."""

    value_schema: ClassVar[dict[str, Any]] = {}
    """The JSON Schema of its values; empty when they may be anything."""
    deprecated: ClassVar[str | None] = None
    """What to write instead, when the type is an old one; None otherwise."""

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        schema = handler(core_schema)
        properties = handler.resolve_ref_schema(schema)["properties"]
        for name in ("defaults", "prefill"):
            properties[name].update(dynamic_schema(cls.value_schema))
        return schema

    @model_validator(mode="before")
    @classmethod
    def _name_is_id(cls, data: Any) -> Any:
        if isinstance(data, dict) and "name" in data and "id" not in data:
            return {**data, "id": data["name"]}
        return data

    @model_validator(mode="after")
    def _defaults_fit(self) -> Self:
        if self.defaults is None:
            return self
        if not self.required:
            raise ValueError(
                "Inputs with a default value must be required, since the default is always applied."
            )
        if self.prefill is not None:
            raise ValueError("Inputs with a default value cannot also have a prefill.")
        return self


def input_class(name: Any) -> type[InputBase] | None:
    """Return the class of a type of input (`STRING`), or None when there is no such type."""
    from tiercel.model.inputs import INPUT_TYPES, load_input_type

    return load_input_type(name) if isinstance(name, str) and name in INPUT_TYPES else None


def _build(value: Any, info: ValidationInfo) -> InputBase:
    if isinstance(value, InputBase):
        return value
    if not isinstance(value, dict):
        raise PydanticCustomError("not_a_mapping", "An input is a mapping with a `type`")
    if value.get("type") is None:
        raise PydanticCustomError("missing_type", "An input needs a `type`")
    cls = input_class(value["type"])
    if cls is None:
        raise PydanticCustomError(
            "unknown_type",
            "Invalid type: {tag}",
            {"tag": str(value["type"]), "expected_tags": ", ".join(DataType)},
        )
    return cls.model_validate(value, context=info.context)


AnyInput = Annotated[
    InputBase,
    MadeBy(_build),
    WithJsonSchema({"type": "object", "x-tiercel-kind": "input"}),
]
"""An input of whatever type its `type` names."""
