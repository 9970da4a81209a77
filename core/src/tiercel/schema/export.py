"""One JSON Schema (draft 7) for flows with every installed plugin."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from tiercel.errors import PluginError
from tiercel.model.flow import Flow
from tiercel.model.inputs import INPUT_TYPES, load_input_type
from tiercel.plugin.registry import HOOKS, Registered, Registry
from tiercel.schema.generator import ManySchemas
from tiercel.schema.types import finish_type

__all__ = ["aliases", "flow_schema", "troubles"]

KINDS = {
    "task": "task",
    "trigger": "trigger",
    "condition": "condition",
    "task runner": "taskRunner",
    "input": "input",
}
"""What is registered → its name among the definitions."""

_REFERENCE = "#/definitions/{model}"


def flow_schema(registry: Registry) -> dict[str, Any]:
    """Return the schema of a flow's YAML.

    A type whose plugin cannot be imported is left out; `troubles` tells why.
    """
    entries = {kind: _classes(registry, kind) for kind in HOOKS if kind in KINDS}
    classes = [cls for listed in entries.values() for _, cls in listed]
    inputs = [load_input_type(name) for name in INPUT_TYPES]
    models: list[type[BaseModel]] = [Flow, *inputs, *classes]
    _complete(models, set())
    references, shared = models_json_schema(
        [(cls, "validation") for cls in models],
        ref_template=_REFERENCE,
        schema_generator=ManySchemas,
    )
    definitions: dict[str, Any] = shared.get("$defs", {})
    for kind, listed in entries.items():
        for entry, cls in listed:
            # pydantic names definitions after classes; a type is better known by its own name.
            name = references[cls, "validation"]["$ref"].removeprefix("#/definitions/")
            definitions[entry.name] = finish_type(definitions.pop(name), entry, cls)
        choices = [{"$ref": f"#/definitions/{entry.name}"} for entry, _ in listed]
        names = [name for entry, _ in listed for name in (entry.name, *entry.aliases)]
        definitions[KINDS[kind]] = _any_of(choices, names)
    definitions["input"] = _any_of([references[cls, "validation"] for cls in inputs])
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "A Tiercel flow",
        **references[Flow, "validation"],
        "definitions": _link_kinds(definitions),
    }


def _complete(types: Iterable[Any], seen: set[Any]) -> None:
    """Have pydantic build models, those first that are inside of others.

    Otherwise it would build the inner ones, such as `retry`, anew for each model around them.
    """
    for each in types:
        if each in seen:
            continue
        if isinstance(each, type) and issubclass(each, BaseModel):
            seen.add(each)
            _complete((field.annotation for field in each.model_fields.values()), seen)
            each.model_rebuild(raise_errors=False)
        else:
            _complete(get_args(each), seen)


def _link_kinds(schema: Any) -> Any:
    """Return a schema in which every property that holds a kind refers to the types of it."""
    if isinstance(schema, list):
        return [_link_kinds(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "x-tiercel-kind" in schema:
        kept = {key: schema[key] for key in ("description",) if key in schema}
        return {"$ref": f"#/definitions/{KINDS[schema['x-tiercel-kind']]}", **kept}
    return {key: _link_kinds(value) for key, value in schema.items()}


def _any_of(choices: list[dict[str, Any]], names: list[str] | None = None) -> dict[str, Any]:
    """Return the schema of a kind: one of the `choices`, whose types have these `names`."""
    schema: dict[str, Any] = {"type": "object", "required": ["type"]}
    if choices:  # otherwise no plugin brings any, and nothing must be refused
        schema["anyOf"] = choices
    if names:  # while a type is being written, no choice fits: here are all that could
        schema["properties"] = {"type": {"type": "string", "enum": names}}
    return schema


def aliases(registry: Registry) -> set[str]:
    """Return the older names of types that a flow may have."""
    entries = (entry for kind in HOOKS if kind in KINDS for entry in registry.canonical(kind))
    return {alias for entry in entries for alias in entry.aliases}


def troubles(registry: Registry) -> list[str]:
    """Return why types are missing in the schema, one message each."""
    found = [
        f"Plugin {each.plugin.package} {each.plugin.version} is broken: {each.error}"
        for each in registry.broken()
    ]
    for kind in HOOKS:
        for entry in registry.canonical(kind) if kind in KINDS else ():
            try:
                registry.load(kind, entry.name)
            except PluginError as error:
                found.append(str(error))
    return found


def _classes(registry: Registry, kind: str) -> list[tuple[Registered, type[BaseModel]]]:
    found = []
    for entry in registry.canonical(kind):
        try:
            found.append((entry, registry.load(kind, entry.name)))
        except PluginError:
            continue
    return found
