"""The exported schema as any validator reads it: flows that are right fit, mistakes do not."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
import yaml
from corpus import samples

from tiercel.plugin.registry import Registry
from tiercel.schema.editor import editor_schema
from tiercel.schema.export import aliases, flow_schema


class Loader(yaml.SafeLoader):
    """Reads YAML as editors do: a date is text."""


Loader.yaml_implicit_resolvers = {
    first: [each for each in resolvers if not each[0].endswith(":timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft7Validator:
    """A validator of flows, by the schema that editors get."""
    registry = Registry()
    schema = editor_schema(flow_schema(registry), aliases(registry))
    jsonschema.Draft7Validator.check_schema(schema)
    return jsonschema.Draft7Validator(schema)


def test_every_sample_fits(validator: jsonschema.Draft7Validator) -> None:
    flows = {each.name: yaml.load(each.text, Loader) for each in samples()}
    assert [name for name, flow in flows.items() if not validator.is_valid(flow)] == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"mesage": "x"},
        {"message": {"a": "b"}},
        {"message": "x", "disabled": "perhaps"},
        {"message": "x", "type": "io.kestra.plugin.core.log.Lgo"},
        {"message": "x", "retry": {"type": "never"}},
        {},
    ],
)
def test_a_mistake_does_not_fit(
    wrong: dict[str, Any], validator: jsonschema.Draft7Validator
) -> None:
    task = {"id": "a", "type": "io.kestra.plugin.core.log.Log", **wrong}
    assert not validator.is_valid({"id": "a", "namespace": "company.team", "tasks": [task]})
