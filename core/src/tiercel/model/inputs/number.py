"""Inputs whose values are numbers or truth."""

from __future__ import annotations

from typing import ClassVar, Literal

from tiercel.model.input_base import InputBase

__all__ = ["BoolInput", "BooleanInput", "FloatInput", "IntInput"]


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
