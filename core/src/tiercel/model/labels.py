"""Labels: a list of `key`/`value` pairs, or the shorter map form of the same."""

from __future__ import annotations

import unicodedata
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError

from tiercel.model.base import Model, Text

__all__ = ["Label", "Labels"]

_MARKS = "0123456789._-"


def _check_key(key: str) -> str:
    first, rest = key[0], key[1:]
    if unicodedata.category(first) != "Ll" or not all(c in _MARKS or c.isalpha() for c in rest):
        raise PydanticCustomError(
            "label_key",
            "Invalid label key {key}: it begins with a lowercase letter, then come letters, "
            "digits, hyphens (-), underscores (_) or periods (.)",
            {"key": repr(key)},
        )
    return key


class Label(Model):
    """One label of a flow."""

    key: Annotated[Text, Field(min_length=1), AfterValidator(_check_key)]
    """A lowercase letter, then letters, digits, `.`, `_` and `-`."""
    value: Annotated[Text, Field(min_length=1)]
    """Any text but the empty one."""


def _pairs(value: Any) -> Any:
    """Turn the map form into the list form."""
    if not isinstance(value, dict):
        return value
    for key, item in value.items():
        if isinstance(item, dict | list):
            raise PydanticCustomError(
                "label_value",
                "Unsupported type for key: {key}, value: {item}",
                {"key": key, "item": str(item)},
            )
    return [{"key": key, "value": item} for key, item in value.items()]


class _EitherForm:
    """Says in the JSON Schema that the map form is as good as the list form."""

    @staticmethod
    def __get_pydantic_json_schema__(
        schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        values = {"type": ["string", "number", "boolean"]}
        return {"anyOf": [handler(schema), {"type": "object", "additionalProperties": values}]}


Labels = Annotated[list[Label], BeforeValidator(_pairs), _EitherForm]
"""Labels, in the order in which they are written."""
