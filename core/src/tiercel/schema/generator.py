"""pydantic's JSON Schema generator, with the docstrings below fields as descriptions."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from tiercel.model.docs import field_docs
from tiercel.model.task import TaskBase
from tiercel.model.trigger import TriggerBase
from tiercel.plugin.runner import TaskRunner

__all__ = ["DocumentedSchema"]

_NULL = {"type": "null"}
_COMMON = (TaskBase, TriggerBase, TaskRunner)
"""Whose properties every type of a kind has; editors show them apart from a type's own."""
_OWN = ("id", "type", "plugin_defaults_ref")


class DocumentedSchema(GenerateJsonSchema):
    """Pass it as `schema_generator`; editors read `markdownDescription` where it is there."""

    def encode_default(self, dft: Any) -> Any:
        """Return a default as it is written: of a model only what says something."""
        if isinstance(dft, BaseModel):
            return dft.model_dump(mode="json", by_alias=True, exclude_none=True)
        return super().encode_default(dft)

    def model_schema(self, schema: Any) -> JsonSchemaValue:
        """Return a model's schema, its properties described by their docstrings."""
        result = super().model_schema(schema)
        cls = schema["cls"]
        docs = field_docs(cls)
        properties = result.get("properties", {})
        for name, field in cls.model_fields.items():
            member = properties.get(field.alias or name)
            if member is None:
                continue
            _tidy(member)
            if name in docs:
                member["description"] = member["markdownDescription"] = docs[name]
            if _is_common(cls, name):
                member["$group"] = "core"
        return result


def _tidy(member: dict[str, Any]) -> None:
    """Say of an optional property only what it is: nothing written needs no word."""
    # pydantic's titles are the names again, in other letters.
    member.pop("title", None)
    if member.get("default", ...) is None:
        del member["default"]
    alternatives = member.get("anyOf", ())
    if _NULL in alternatives:
        left = [each for each in alternatives if each != _NULL]
        del member["anyOf"]
        member.update(left[0] if len(left) == 1 else {"anyOf": left})


def _is_common(cls: type[Any], name: str) -> bool:
    return name not in _OWN and any(
        issubclass(cls, base) and name in base.model_fields for base in _COMMON
    )
