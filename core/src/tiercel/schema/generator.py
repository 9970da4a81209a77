"""pydantic's JSON Schema generator, with the docstrings below fields as descriptions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic.json_schema import DefsRef, GenerateJsonSchema, JsonSchemaValue
from pydantic_core import PydanticSerializationError, to_jsonable_python

from tiercel.model.base import RENAMED
from tiercel.model.docs import field_docs
from tiercel.model.task import TaskBase
from tiercel.model.trigger import TriggerBase
from tiercel.plugin.property import Property
from tiercel.plugin.runner import TaskRunner

__all__ = ["DocumentedSchema", "ManySchemas"]

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
        # pydantic would make a serializer for each default's type: most of the time that it takes.
        try:
            return to_jsonable_python(dft.raw if isinstance(dft, Property) else dft)
        except PydanticSerializationError:
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
            text = "\n\n".join(filter(None, (_deprecation(field), docs.get(name))))
            if text:
                member["description"] = member["markdownDescription"] = text
            if _is_common(cls, name):
                member["$group"] = "core"
        _ease_renamed(result, cls)
        return result


class ManySchemas(DocumentedSchema):
    """The same for hundreds of models at once, in a fraction of the time.

    A property that models inherit is described once. Definitions have their names from the start:
    pydantic gives them long ones, and looks again and again for shorter ones that are unequivocal.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._names: dict[str, str] = {}
        self._inherited: dict[int, tuple[type[Any], str]] = {}
        self._members: dict[tuple[type[Any], str], JsonSchemaValue] = {}

    def get_defs_ref(self, core_mode_ref: Any) -> DefsRef:
        """Return the name of a definition: its class's, or one that says where the class is."""
        core_ref = core_mode_ref[0]
        full = core_ref.partition(":")[0]
        name = full.rpartition(".")[2]
        if self._names.setdefault(name, core_ref) != core_ref:
            name = full.replace(".", "__")
        while self._names.setdefault(name, core_ref) != core_ref:
            name += "_"
        return DefsRef(name)

    def generate_definitions(self, inputs: Sequence[Any]) -> Any:
        """Return the reference to each model's definition, and all definitions by name."""
        found = {}
        for key, mode, schema in inputs:
            self._mode = mode
            found[key, mode] = self.generate_inner(schema)
        return found, self.definitions

    def model_schema(self, schema: Any) -> JsonSchemaValue:
        """Return a model's schema; see the base."""
        fields = schema["schema"]
        while fields["type"].startswith("function-"):
            fields = fields["schema"]
        if fields["type"] == "model-fields":
            for name, field in fields["fields"].items():
                owner = _owner(schema["cls"], name)
                if owner is not None:
                    self._inherited[id(field)] = (owner, name)
        return super().model_schema(schema)

    def generate_inner(self, schema: Any) -> JsonSchemaValue:
        """Return a part's schema: of an inherited property, the one that was made before."""
        key = self._inherited.get(id(schema))
        if key is None:
            return super().generate_inner(schema)
        if key not in self._members:
            self._members[key] = super().generate_inner(schema)
        return dict(self._members[key])


def _owner(cls: type[BaseModel], name: str) -> type[Any] | None:
    """Return the base that says all about a field of a class; None when it is its own."""
    for base in cls.__mro__:
        if name in vars(base).get("__annotations__", ()):
            return base if base is not cls else None
    return None


def _deprecation(field: FieldInfo) -> str:
    """Return what to write instead of a property, if there is anything to say."""
    text = field.deprecated
    return f"Deprecated. {text[0].upper()}{text[1:]}." if isinstance(text, str) and text else ""


def _ease_renamed(schema: JsonSchemaValue, cls: type[BaseModel]) -> None:
    """Say that a required property may be given under the name that it had."""
    for name, field in cls.model_fields.items():
        extra = field.json_schema_extra
        if not isinstance(extra, dict) or RENAMED not in extra:
            continue
        old, present = field.alias or name, cls.model_fields[str(extra[RENAMED])].alias
        schema["properties"].get(old, {}).pop(RENAMED, None)
        if present in schema.get("required", ()):
            schema["required"] = [each for each in schema["required"] if each != present]
            either = {"anyOf": [{"required": [present]}, {"required": [old]}]}
            schema.setdefault("allOf", []).append(either)


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
