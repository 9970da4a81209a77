"""Inputs that choose, list or group."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from tiercel.model.base import Flag, Text
from tiercel.model.input_base import AnyInput, DataType, InputBase

__all__ = ["ArrayInput", "EnumInput", "FormInput", "MultiselectInput", "SelectInput"]

_NO_ITEMS = (DataType.ARRAY, DataType.SECRET, DataType.MULTISELECT, DataType.SELECT)


def _check_item_type(item_type: DataType) -> None:
    if item_type in _NO_ITEMS:
        raise ValueError(f"`itemType` cannot be {item_type}")


class SelectInput(InputBase):
    """One of several texts."""

    type: Literal["SELECT"]
    value_schema: ClassVar[dict[str, Any]] = {"type": "string"}
    values: list[Text] | None = None
    expression: Text | None = None
    """Renders to the values, instead of `values`."""
    allow_custom_value: Flag = False
    auto_select_first: Flag = False
    is_radio: Flag = False


class EnumInput(InputBase):
    """One of several texts; the older name."""

    type: Literal["ENUM"]
    value_schema: ClassVar[dict[str, Any]] = {"type": "string"}
    values: list[Text]
    deprecated: ClassVar[str | None] = "SELECT"


class MultiselectInput(InputBase):
    """Some of several texts."""

    type: Literal["MULTISELECT"]
    value_schema: ClassVar[dict[str, Any]] = {"type": "array", "items": {"type": "string"}}
    values: list[Text] | None = None
    options: list[Text] | None = Field(default=None, deprecated="write `values`")
    """The older word for `values`."""
    expression: Text | None = None
    """Renders to the values, instead of `values`."""
    item_type: DataType = DataType.STRING
    allow_custom_value: Flag = False
    auto_select_first: Flag = False

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.values is not None and self.__dict__["options"] is not None:
            raise ValueError("you can't define both `values` and `options`")
        _check_item_type(self.item_type)
        return self


class ArrayInput(InputBase):
    """A list of values of one type."""

    type: Literal["ARRAY"]
    value_schema: ClassVar[dict[str, Any]] = {"type": "array"}
    item_type: DataType

    @model_validator(mode="after")
    def _items_are_simple(self) -> Self:
        _check_item_type(self.item_type)
        return self


class FormInput(InputBase):
    """A group of inputs; theirs are `inputs.<form>.<input>`."""

    type: Literal["FORM"]
    inputs: list[AnyInput]
