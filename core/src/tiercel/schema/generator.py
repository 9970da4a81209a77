"""pydantic's JSON Schema generator, with the docstrings below fields as descriptions."""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from tiercel.model.docs import field_docs

__all__ = ["DocumentedSchema"]


class DocumentedSchema(GenerateJsonSchema):
    """Pass it as `schema_generator`; editors read `markdownDescription` where it is there."""

    def model_schema(self, schema: Any) -> JsonSchemaValue:
        """Return a model's schema, its properties described by their docstrings."""
        result = super().model_schema(schema)
        cls = schema["cls"]
        properties = result.get("properties", {})
        for name, text in field_docs(cls).items():
            field = cls.model_fields[name]
            member = properties.get(field.alias or name)
            if member is not None:
                member["description"] = member["markdownDescription"] = text
        for member in properties.values():
            # pydantic's titles are the names again, in other letters.
            member.pop("title", None)
        return result
