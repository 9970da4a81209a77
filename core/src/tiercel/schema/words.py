"""What a JSON Schema says of one value, in words: for pages and for the terminal."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tiercel.model.base import dynamic_schema

__all__ = ["code", "limits", "type_words"]

_LIMITS = {
    "minimum": "at least {}",
    "exclusiveMinimum": "more than {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "less than {}",
    "minLength": "at least {} long",
    "maxLength": "at most {} long",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
    "minProperties": "at least {} entries",
    "maxProperties": "at most {} entries",
    "pattern": "matching {}",
}
_ANYTHING = "any"
# What stands beside the type of a value that may be an expression.
_EXPRESSION = dynamic_schema({"type": "null"})["anyOf"][1]


def type_words(
    schema: Mapping[str, Any],
    definitions: Mapping[str, Any],
    link: Callable[[str], str] | None = None,
) -> str:
    """Return which values a schema takes, such as `list of string or duration`.

    An expression in a value's place goes without saying: `$dynamic` tells where it may stand.

    Args:
        schema: of one property.
        definitions: what its references refer to, by name.
        link: name of a definition → how to refer to it; its bare name by default.
    """

    def words(part: Mapping[str, Any]) -> str:
        return type_words(part, definitions, link)

    def within(part: Mapping[str, Any]) -> str:
        inner = words(part)
        return f"({inner})" if " or " in inner or inner.startswith("one of") else inner

    if "anyOf" in schema or "oneOf" in schema:
        return " or ".join(dict.fromkeys(map(words, _alternatives(schema)))) or _ANYTHING
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        if "enum" in definitions.get(name, ()):
            return words(definitions[name])
        return link(name) if link else name
    if "x-tiercel-kind" in schema:
        return str(schema["x-tiercel-kind"])
    if "const" in schema:
        return code(schema["const"])
    if "enum" in schema:
        return f"one of {', '.join(map(code, schema['enum']))}"
    if isinstance(schema.get("items"), dict):
        return f"list of {within(schema['items'])}"
    if isinstance(schema.get("additionalProperties"), dict):
        return f"map of {within(schema['additionalProperties'])}"
    return _plain(schema)


def limits(schema: Mapping[str, Any]) -> list[str]:
    """Return what else a value must keep to, such as `at least 1`."""
    return [
        words.format(code(part[keyword]) if keyword == "pattern" else part[keyword])
        for part in _alternatives(schema)
        for keyword, words in _LIMITS.items()
        if keyword in part
    ]


def code(value: Any) -> str:
    """Return a value as it is written, in a code span of Markdown."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if not text.strip() or "\n" in text:
        text = json.dumps(text)
    return f"`` {text} ``" if "`" in text else f"`{text}`"


def _plain(schema: Mapping[str, Any]) -> str:
    kind = schema.get("type", _ANYTHING)
    if isinstance(kind, list):
        return " or ".join(each for each in kind if each != "null")
    if kind == "array":
        return "list"
    return "map" if kind == "object" else str(schema.get("format", kind))


def _alternatives(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the innermost alternatives of a schema, without expressions and null."""
    inner = [*schema.get("anyOf", ()), *schema.get("oneOf", ())]
    if not inner:
        yield schema
    for each in inner:
        if each != _EXPRESSION and each.get("type") != "null":
            yield from _alternatives(each)
