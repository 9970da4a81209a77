"""The JSON Schema of one plugin type, derived from its class and nothing else."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from tiercel.errors import PluginError, UnknownTypeError
from tiercel.plugin.task import output_class
from tiercel.schema.generator import DocumentedSchema

if TYPE_CHECKING:
    from pydantic import BaseModel

    from tiercel.plugin.registry import Registered, Registry

__all__ = ["TYPE_KINDS", "describe", "find", "finish_type", "summary"]

TYPE_KINDS = ("task", "trigger", "condition", "task runner")
"""The kinds of types that a flow names in `type`."""


def find(registry: Registry, type_name: str) -> tuple[str, Registered, type[BaseModel]]:
    """Return the kind, the registration and the class of a type, by its name or an alias.

    Raises:
        UnknownTypeError: no plugin brings it.
        PluginError: it cannot be imported, or the plugin that would bring it is broken.
    """
    errors = []
    for kind in TYPE_KINDS:
        try:
            cls = registry.load(kind, type_name)
        except UnknownTypeError as error:
            errors.append(error)
        else:
            return kind, registry.registered(kind)[type_name], cls
    unknown = next((each for each in errors if each.suggestion or each.package), errors[0])
    _tell_broken(registry, unknown)
    raise unknown


def _tell_broken(registry: Registry, error: UnknownTypeError) -> None:
    """Raise when the type is missing because the plugin that would bring it is broken."""
    for each in registry.broken():
        if each.plugin.package == error.package:
            raise PluginError(
                f"Plugin {error.package} {each.plugin.version} cannot provide "
                f"{error.type_name!r}: {each.error}"
            ) from error


def describe(entry: Registered, cls: type[BaseModel]) -> dict[str, Any]:
    """Return everything there is to say about a type.

    The keys: `type`, `aliases`, `title`, `description`, `deprecated`, `package`, `version`,
    `properties` (a JSON Schema), `outputs` (a JSON Schema or None), `examples`, `metrics`.
    """
    outputs = output_class(cls)
    return {
        "type": entry.name,
        "aliases": list(entry.aliases),
        "title": summary(cls),
        "description": inspect.getdoc(cls) or "",
        "deprecated": getattr(cls, "deprecated", None),
        "package": entry.plugin.package,
        "version": entry.plugin.version,
        "properties": finish_type(_schema(cls), entry, cls),
        "outputs": _schema(outputs) if outputs else None,
        "examples": [
            {"title": each.title, "code": each.code, "full": each.full}
            for each in getattr(cls, "examples", ())
        ],
        "metrics": [
            {"name": each.name, "kind": each.kind, "description": each.description}
            for each in getattr(cls, "metrics", ())
        ],
    }


def _schema(cls: type[BaseModel]) -> dict[str, Any]:
    return cls.model_json_schema(by_alias=True, schema_generator=DocumentedSchema)


def finish_type(schema: dict[str, Any], entry: Registered, cls: type[BaseModel]) -> dict[str, Any]:
    """Return a class's schema with what only its registration knows: its names."""
    names = [entry.name, *entry.aliases]
    kind: dict[str, Any] = {"const": entry.name} if len(names) == 1 else {"enum": names}
    properties: dict[str, Any] = {"type": {}, **schema.get("properties", {})}
    properties["type"] = {"type": "string", **kind}
    finished = {**schema, "title": entry.name, "properties": properties}
    text = inspect.getdoc(cls) or ""
    instead = getattr(cls, "deprecated", None)
    if instead:
        # Said, and no `deprecationMessage`: language servers make errors of those.
        finished |= {"deprecated": True, "doNotSuggest": True}
        text = f"Deprecated. {instead}\n\n{text}"
    # On the `type`, too: that is where people look, and a language server shows it.
    for place in (finished, properties["type"]):
        place |= {"description": text, "markdownDescription": text}
    return finished


def summary(cls: type) -> str:
    """Return the first line of a class's docstring, without its full stop."""
    return (inspect.getdoc(cls) or "").partition("\n")[0].rstrip(".")
