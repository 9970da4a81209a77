"""The inputs that a flow declares, by type.

This module says what may be written; `input_values` says what becomes of the values given for an
execution. Facts: `conformance/schema/flow.json`, golden areas `flows/inputs`, `flows/validation`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, time
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from tiercel.model import moments
from tiercel.model.base import Model, Text, scalar_text
from tiercel.model.duration import Duration

__all__ = [
    "ArrayInput",
    "BoolInput",
    "BooleanInput",
    "DataType",
    "DateInput",
    "DatetimeInput",
    "DependsOn",
    "DurationInput",
    "EmailInput",
    "EnumInput",
    "FileInput",
    "FloatInput",
    "FormInput",
    "Input",
    "InputBase",
    "IntInput",
    "JsonInput",
    "MultiselectInput",
    "SecretInput",
    "SelectInput",
    "StringInput",
    "TimeInput",
    "UriInput",
    "YamlInput",
]


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
    BeforeValidator(scalar_text),
    StringConstraints(pattern=r"^[a-zA-Z0-9][.a-zA-Z0-9_-]*$", min_length=1),
]
"""An input's or output's id; dots nest: `conn.host` is `inputs.conn.host`."""


def _check_pattern(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise PydanticCustomError(
            "pattern", "invalid pattern [{pattern}]", {"pattern": pattern, "cause": str(error)}
        ) from None
    return pattern


Pattern = Annotated[Text, AfterValidator(_check_pattern)]
"""A regular expression that the whole value must match."""


def _moment(parse: Callable[[str], Any]) -> BeforeValidator:
    return BeforeValidator(lambda value: parse(value) if isinstance(value, str) else value)


Day = Annotated[date, _moment(moments.parse_date)]
"""A date, `2024-01-31`."""
TimeOfDay = Annotated[time, _moment(moments.parse_time)]
"""A time of day without a zone, `03:04:05`."""
Instant = Annotated[datetime, _moment(moments.parse_instant)]
"""A moment, `2024-01-31T03:04:05Z`."""


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
    required: bool = True
    """Whether an execution needs a value."""
    defaults: Any = None
    """The value when none is given; may hold expressions."""
    prefill: Any = None
    """What a form shows at first; no execution uses it by itself."""
    depends_on: DependsOn | None = None
    """Ask for it only once other inputs are known, or when a condition holds."""

    deprecated: ClassVar[str | None] = None

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


class StringInput(InputBase):
    """Text."""

    type: Literal["STRING"]
    validator: Pattern | None = None


class SecretInput(InputBase):
    """Text that is kept encrypted and never shown."""

    type: Literal["SECRET"]
    validator: Pattern | None = None


class EmailInput(InputBase):
    """An e-mail address."""

    type: Literal["EMAIL"]


class UriInput(InputBase):
    """A URI, as text."""

    type: Literal["URI"]


class IntInput(InputBase):
    """A 32-bit whole number."""

    type: Literal["INT"]
    min: int | None = None
    max: int | None = None


class FloatInput(InputBase):
    """A number with a fraction."""

    type: Literal["FLOAT"]
    min: float | None = None
    max: float | None = None


class BoolInput(InputBase):
    """True or false."""

    type: Literal["BOOL"]


class BooleanInput(InputBase):
    """True or false; the older name."""

    type: Literal["BOOLEAN"]
    deprecated: ClassVar[str | None] = "BOOL"


class DateInput(InputBase):
    """A day."""

    type: Literal["DATE"]
    after: Day | None = None
    before: Day | None = None


class TimeInput(InputBase):
    """A time of day, without a zone."""

    type: Literal["TIME"]
    after: TimeOfDay | None = None
    before: TimeOfDay | None = None


class DatetimeInput(InputBase):
    """A moment."""

    type: Literal["DATETIME"]
    after: Instant | None = None
    before: Instant | None = None


class DurationInput(InputBase):
    """A length of time, ISO-8601."""

    type: Literal["DURATION"]
    min: Duration | None = None
    max: Duration | None = None


class JsonInput(InputBase):
    """Any JSON value."""

    type: Literal["JSON"]


class YamlInput(InputBase):
    """Any YAML value."""

    type: Literal["YAML"]


class FileInput(InputBase):
    """A file, kept in internal storage."""

    type: Literal["FILE"]
    extension: Text | None = Field(default=None, deprecated="write `allowedFileExtensions`")
    """The older way to say what the stored file's name ends in."""
    allowed_file_extensions: list[Text] | None = None
    """Which endings (`.csv`) a file's name may have; any when not given."""

    @model_validator(mode="after")
    def _default_is_local(self) -> Self:
        default = self.defaults
        if isinstance(default, str) and not default.startswith(("file:", "nsfile:", "{{")):
            raise ValueError(
                "inputs of type 'FILE' only support `defaults` as local files using a file URI "
                "or as namespace files using a nsfile URI"
            )
        return self


class SelectInput(InputBase):
    """One of several texts."""

    type: Literal["SELECT"]
    values: list[Text] | None = None
    expression: Text | None = None
    """Renders to the values, instead of `values`."""
    allow_custom_value: bool = False
    auto_select_first: bool = False
    is_radio: bool = False


class EnumInput(InputBase):
    """One of several texts; the older name."""

    type: Literal["ENUM"]
    values: list[Text]
    deprecated: ClassVar[str | None] = "SELECT"


class MultiselectInput(InputBase):
    """Some of several texts."""

    type: Literal["MULTISELECT"]
    values: list[Text] | None = None
    options: list[Text] | None = Field(default=None, deprecated="write `values`")
    """The older word for `values`."""
    expression: Text | None = None
    """Renders to the values, instead of `values`."""
    item_type: DataType = DataType.STRING
    allow_custom_value: bool = False
    auto_select_first: bool = False

    @model_validator(mode="after")
    def _values_once(self) -> Self:
        if self.values is not None and self.__dict__["options"] is not None:
            raise ValueError("you can't define both `values` and `options`")
        return self


class ArrayInput(InputBase):
    """A list of values of one type."""

    type: Literal["ARRAY"]
    item_type: DataType

    @model_validator(mode="after")
    def _items_are_no_lists(self) -> Self:
        if self.item_type is DataType.ARRAY:
            raise ValueError("`itemType` cannot be `ARRAY`")
        return self


class FormInput(InputBase):
    """A group of inputs; theirs are `inputs.<form>.<input>`."""

    type: Literal["FORM"]
    inputs: list[Input]


Input = Annotated[
    ArrayInput
    | BoolInput
    | BooleanInput
    | DateInput
    | DatetimeInput
    | DurationInput
    | EmailInput
    | EnumInput
    | FileInput
    | FloatInput
    | FormInput
    | IntInput
    | JsonInput
    | MultiselectInput
    | SecretInput
    | SelectInput
    | StringInput
    | TimeInput
    | UriInput
    | YamlInput,
    Field(discriminator="type"),
]
"""An input of whatever type its `type` names."""
