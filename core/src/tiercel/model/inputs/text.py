"""Inputs whose values are text."""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from tiercel.model.base import Text
from tiercel.model.input_base import InputBase

__all__ = ["EmailInput", "SecretInput", "StringInput", "UriInput"]


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


class StringInput(InputBase):
    """Text."""

    type: Literal["STRING"]
    value_schema: ClassVar[dict[str, Any]] = {"type": "string"}
    validator: Pattern | None = None


class SecretInput(InputBase):
    """Text that is kept encrypted and never shown."""

    type: Literal["SECRET"]
    value_schema: ClassVar[dict[str, Any]] = {"type": "string"}
    validator: Pattern | None = None


class EmailInput(InputBase):
    """An e-mail address."""

    type: Literal["EMAIL"]
    value_schema: ClassVar[dict[str, Any]] = {"type": "string"}


class UriInput(InputBase):
    """A URI, as text."""

    type: Literal["URI"]
    value_schema: ClassVar[dict[str, Any]] = {"type": "string"}
