"""Schemas in words."""

from __future__ import annotations

from typing import Any

import pytest

from tiercel.model.base import dynamic_schema
from tiercel.schema.words import code, limits, type_words

DEFINITIONS = {"Colour": {"type": "string", "enum": ["red", "blue"]}, "Box": {"type": "object"}}
TEXT = {"type": "string"}
BOX = {"$ref": "#/$defs/Box"}


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({}, "any"),
        (TEXT, "string"),
        ({"type": "string", "format": "duration"}, "duration"),
        ({"type": ["string", "null"]}, "string"),
        ({"type": "array"}, "list"),
        ({"type": "array", "items": {"anyOf": [TEXT, BOX]}}, "list of (string or Box)"),
        ({"type": "object", "additionalProperties": TEXT}, "map of string"),
        ({"type": "object", "additionalProperties": True}, "map"),
        ({"$ref": "#/$defs/Colour"}, "one of `red`, `blue`"),
        ({"oneOf": [BOX, BOX, {"type": "null"}]}, "Box"),
        ({"const": 1}, "`1`"),
        ({"x-tiercel-kind": "task runner"}, "task runner"),
        ({"anyOf": [dynamic_schema({"type": "integer"}), TEXT]}, "integer or string"),
    ],
)
def test_a_schema_in_words(schema: dict[str, Any], words: str) -> None:
    assert type_words(schema, DEFINITIONS) == words


def test_a_definition_is_referred_to_as_the_caller_wants() -> None:
    assert type_words(BOX, DEFINITIONS, lambda name: f"<{name}>") == "<Box>"


def test_limits_are_found_beside_an_expression_too() -> None:
    schema = dynamic_schema({"type": "integer", "minimum": 1, "maximum": 5})
    assert limits(schema) == ["at least 1", "at most 5"]
    assert limits({"type": "string", "pattern": "^a|b$"}) == ["matching `^a|b$`"]


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("a", "`a`"),
        (True, "`true`"),
        ({"a": [1]}, '`{"a": [1]}`'),
        ("", '`""`'),
        ("a\nb", '`"a\\nb"`'),
        ("a`b", "`` a`b ``"),
    ],
)
def test_a_value_is_written_as_code(value: Any, written: str) -> None:
    assert code(value) == written
