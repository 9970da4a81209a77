"""The exported schema as editors need it: what Kestra takes is not refused, old names not offered.

`export.flow_schema` says what values are meant to be; Kestra reads more than that. Its YAML reader
makes text of numbers and truth values and truth values of texts, and a type has older names. A
language server would mark all of it as wrong, or offer the older names among the others.

The server's habits are those of yaml-language-server, which most editors use: it offers what stands
in `enum`, `const` and `type`, also inside of `anyOf`, and nothing of what a `pattern` or a `not`
says. Of several schemas that all refuse a task, it tells the mistakes of that which fits best.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from typing import Any

__all__ = ["editor_schema"]

_ONE = frozenset({"items", "additionalProperties", "propertyNames", "not", "if", "then", "else"})
_LISTED = frozenset({"anyOf", "oneOf", "allOf"})
_NAMED = frozenset({"properties", "patternProperties", "definitions"})
_SHOWN = ("description", "markdownDescription")
_NARROWER = frozenset({"enum", "const", "format", "pattern", "contentMediaType"})

_DEFINITIONS: dict[str, Any] = {
    "text": {
        "anyOf": [
            {"type": ["string", "number"]},
            # A truth value; said so, `true` and `false` would be offered for every text. The empty
            # `properties` keep servers from taking this for the same as the other.
            {"not": {"type": ["string", "number", "object", "array", "null"]}, "properties": {}},
        ]
    },
    "flag": {
        "type": ["boolean", "string"],
        "pattern": "^(true|True|TRUE|false|False|FALSE)$",
        "patternErrorMessage": "Not true or false",
    },
}
"""What stands in place of every text, and of every truth value."""


def editor_schema(schema: Mapping[str, Any], aliases: Set[str]) -> dict[str, Any]:
    """Return a flow's schema (`export.flow_schema`) with what Kestra takes beside what is meant.

    Args:
        schema: of a flow.
        aliases: older names of types.
    """
    eased: dict[str, Any] = _eased(schema, aliases)
    eased["definitions"] |= _DEFINITIONS
    return eased


def _eased(schema: Any, aliases: Set[str]) -> Any:
    if not isinstance(schema, Mapping):
        return schema
    eased = {key: _inside(key, value, aliases) for key, value in schema.items()}
    if not eased.keys() & _NARROWER:
        for written, definition in (("string", "text"), ("boolean", "flag")):
            if eased.get("type") == written:
                return {"$ref": f"#/definitions/{definition}", **_without(eased, "type")}
    old = [each for each in eased.get("enum", ()) if isinstance(each, str) and each in aliases]
    if old:
        return _current_first(eased, old)
    names = schema.get("properties", {}).get("type", {}).get("enum", ())
    if "anyOf" not in eased and not aliases.isdisjoint(names):
        # Nothing but a weight: a task under an older name fits its own type best, whatever is
        # wrong with it.
        eased["dependencies"] = {"type": {"properties": {"type": _one_of(names)}}}
    if eased.get("properties", {}).get("name", {}).get("deprecated") and "id" in eased["required"]:
        eased["required"] = [name for name in eased["required"] if name != "id"]
        eased["anyOf"] = [{"required": ["id"]}, {"required": ["name"]}]
    return eased


def _inside(key: str, value: Any, aliases: Set[str]) -> Any:
    """Return what stands under a key of a schema; only schemas are changed, no defaults or such."""
    if key in _ONE:
        return _eased(value, aliases)
    if key in _LISTED:
        return [_eased(each, aliases) for each in value]
    if key in _NAMED:
        return {name: _eased(each, aliases) for name, each in value.items()}
    return value


def _current_first(schema: Mapping[str, Any], old: list[str]) -> dict[str, Any]:
    """Return the schema of a `type` whose older names are right, and not offered."""
    offered = {key: schema[key] for key in _SHOWN if key in schema}
    current = [name for name in schema["enum"] if name not in old]
    offered |= {"const": current[0]} if len(current) == 1 else {"enum": current}
    return {**_without(schema, "enum"), "anyOf": [offered, _one_of(old)]}


def _one_of(names: Iterable[str]) -> dict[str, str]:
    """Return the schema of some names which says nothing that could be offered."""
    pattern = f"^({'|'.join(names)})$".replace(".", r"\.")
    return {"pattern": pattern, "patternErrorMessage": "There is no such type"}


def _without(schema: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in schema.items() if key not in keys}
