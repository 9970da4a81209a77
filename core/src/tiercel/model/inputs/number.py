"""Inputs whose values are numbers or truth."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from tiercel.model.input_base import InputBase

__all__ = ["BoolInput", "BooleanInput", "FloatInput", "IntInput"]


class IntInput(InputBase):
    """A 32-bit whole number."""

    type: Literal["INT"]
    value_schema: ClassVar[dict[str, Any]] = {"type": "integer"}
    min: int | None = None
    max: int | None = None


class FloatInput(InputBase):
    """A number with a fraction."""

    type: Literal["FLOAT"]
    value_schema: ClassVar[dict[str, Any]] = {"type": "number"}
    min: float | None = None
    max: float | None = None


class BoolInput(InputBase):
    """True or false."""

    type: Literal["BOOL"]
    value_schema: ClassVar[dict[str, Any]] = {"type": "boolean"}


class BooleanInput(InputBase):
    """True or false; the older name."""

    type: Literal["BOOLEAN"]
    value_schema: ClassVar[dict[str, Any]] = {"type": "boolean"}
    deprecated: ClassVar[str | None] = "BOOL"
