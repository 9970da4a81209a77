"""What the schema for editors takes beside what is meant, and what it does not offer."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter

from tiercel.model.base import Flag
from tiercel.schema.editor import editor_schema

TEXT = {"$ref": "#/definitions/text"}


def eased(schema: dict[str, Any], *aliases: str) -> dict[str, Any]:
    """Return a schema as editors have it, without the definitions that are always there."""
    return editor_schema({"definitions": {"it": schema}}, set(aliases))["definitions"]["it"]


def test_every_text_may_be_a_number_or_a_truth_value() -> None:
    found = eased({"type": "string", "description": "A text.", "$dynamic": True})
    assert found == {**TEXT, "description": "A text.", "$dynamic": True}


@pytest.mark.parametrize("limit", [{"enum": ["a"]}, {"format": "duration"}, {"pattern": "^x"}])
def test_a_text_that_is_not_any_text_stays_as_it_is(limit: dict[str, Any]) -> None:
    assert eased({"type": "string", **limit}) == {"type": "string", **limit}


@pytest.mark.parametrize(
    "around",
    [
        lambda inner: {"items": inner},
        lambda inner: {"additionalProperties": inner},
        lambda inner: {"anyOf": [{"type": "object"}, inner]},
        lambda inner: {"properties": {"default": inner}},
    ],
    ids=["items", "map", "alternative", "property"],
)
def test_texts_inside_of_others_are_eased_too(around: Any) -> None:
    assert eased(around({"type": "string"})) == around(TEXT)


def test_values_are_no_schemas() -> None:
    schema = {"type": "object", "default": {"type": "string"}, "enum": [{"type": "boolean"}]}
    assert eased(schema) == schema


def test_a_truth_value_may_be_written_as_each_text_that_the_model_reads() -> None:
    pattern = editor_schema({"definitions": {}}, set())["definitions"]["flag"]["pattern"]
    words = pattern.removeprefix("^(").removesuffix(")$").split("|")
    assert eased({"type": "boolean"}) == {"$ref": "#/definitions/flag"}
    assert {TypeAdapter(Flag).validate_python(word) for word in words} == {True, False}


def test_an_older_name_is_right_and_not_among_what_is_offered() -> None:
    named = {"type": "string", "enum": ["x.New", "x.Old"], "description": "It does."}
    found = eased({"properties": {"type": named}}, "x.Old")["properties"]["type"]
    offered, other = found["anyOf"]
    assert offered == {"const": "x.New", "description": "It does."}
    assert other["pattern"] == r"^(x\.Old)$"
    assert "enum" not in found


def test_an_input_may_have_a_name_in_place_of_an_id() -> None:
    properties = {"id": {}, "type": {}, "name": {"deprecated": True}}
    found = eased({"properties": properties, "required": ["id", "type"]})
    assert found["required"] == ["type"]
    assert found["anyOf"] == [{"required": ["id"]}, {"required": ["name"]}]
