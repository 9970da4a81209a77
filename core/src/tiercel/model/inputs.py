"""The inputs that a flow declares: a class for each type.

This module says what may be written; `input_values` says what becomes of the values given for an
execution. Facts: `conformance/schema/flow.json`, golden areas `flows/inputs`, `flows/validation`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, time
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from tiercel.model import moments
from tiercel.model.base import Flag, Text
from tiercel.model.duration import Duration
from tiercel.model.input_base import AnyInput, DataType, InputBase

__all__ = [
    "INPUT_TYPES",
    "ArrayInput",
    "BoolInput",
    "BooleanInput",
    "DateInput",
    "DatetimeInput",
    "DurationInput",
    "EmailInput",
    "EnumInput",
    "FileInput",
    "FloatInput",
    "FormInput",
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
    allow_custom_value: Flag = False
    auto_select_first: Flag = False
    is_radio: Flag = False


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
    allow_custom_value: Flag = False
    auto_select_first: Flag = False

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
    inputs: list[AnyInput]


INPUT_TYPES: dict[str, type[InputBase]] = {
    str(cls.model_fields["type"].annotation.__args__[0]): cls  # type: ignore[union-attr]  # Literal
    for cls in (
        ArrayInput,
        BoolInput,
        BooleanInput,
        DateInput,
        DatetimeInput,
        DurationInput,
        EmailInput,
        EnumInput,
        FileInput,
        FloatInput,
        FormInput,
        IntInput,
        JsonInput,
        MultiselectInput,
        SecretInput,
        SelectInput,
        StringInput,
        TimeInput,
        UriInput,
        YamlInput,
    )
}
"""The classes by type."""
