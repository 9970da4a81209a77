"""`tiercel plugins`: which types there are, and what each can do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from tiercel.cli import options
from tiercel.cli.group import HelpfulGroup
from tiercel.cli.text import clean, emit_json

if TYPE_CHECKING:
    from tiercel.plugin.registry import Registry

__all__ = ["plugins"]

_KINDS = ("task", "trigger", "condition", "task runner")


@click.group(cls=HelpfulGroup)
def plugins() -> None:
    """List and describe installed plugins."""


@plugins.command("list")
@options.as_json
def list_plugins(as_json: bool) -> None:
    """List the types that the installed plugins bring, and the plugins that are broken.

    \b
    Example:
      tiercel plugins list --json
    """
    from tiercel.plugin.registry import Registry

    registry = Registry()
    types = [
        {
            "type": entry.name,
            "kind": kind,
            "package": entry.plugin.package,
            "version": entry.plugin.version,
        }
        for kind in _KINDS
        for entry in registry.canonical(kind)
    ]
    broken = [
        {"plugin": each.plugin.name, "package": each.plugin.package, "error": each.error}
        for each in registry.broken()
    ]
    if as_json:
        emit_json({"types": types, "broken": broken})
        return
    width = max((len(each["type"]) for each in types), default=0)
    for each in types:
        click.echo(
            f"{each['type']:<{width}}  {each['kind']:<11}  {each['package']} {each['version']}"
        )
    for failed in broken:
        reason = clean(str(failed["error"]))
        click.echo(f"broken: {failed['package']} ({failed['plugin']}): {reason}", err=True)


@plugins.command()
@click.argument("type_name", metavar="TYPE")
@options.as_json
def show(type_name: str, as_json: bool) -> None:
    """Describe TYPE: properties, outputs, examples.

    \b
    Example:
      tiercel plugins show io.kestra.plugin.core.log.Log
    """
    from tiercel.plugin.registry import Registry

    description = _describe(Registry(), type_name)
    if as_json:
        emit_json(description)
        return
    click.echo(f"{description['type']}  ({description['package']} {description['version']})")
    if description["aliases"]:
        click.echo(f"also: {', '.join(description['aliases'])}")
    click.echo(f"\n{description['description']}")
    _members("Properties", description["properties"])
    _members("Outputs", description["outputs"] or {})
    for example in description["examples"]:
        click.echo(f"\nExample: {example['title']}\n\n{example['code'].strip()}")


def _describe(registry: Registry, type_name: str) -> dict[str, Any]:
    from tiercel.schema.types import describe

    for kind in _KINDS:
        entry = registry.registered(kind).get(type_name)
        if entry is not None:
            return describe(entry, registry.load(kind, type_name))
    registry.load("task", type_name)
    raise AssertionError("an unknown type is an error")


def _members(title: str, schema: dict[str, Any]) -> None:
    members = schema.get("properties", {})
    if not members:
        return
    required = schema.get("required", ())
    click.echo(f"\n{title}:")
    for name, member in members.items():
        note = ", required" if name in required else ""
        if member.get("default") is not None:
            note += f", default {json.dumps(member['default'])}"
        click.echo(f"  {name} ({_type(member)}{note})")
        if member.get("description"):
            click.echo("      " + member["description"].replace("\n", "\n      "))


def _type(member: dict[str, Any]) -> str:
    if "anyOf" in member:
        kinds = dict.fromkeys(_type(each) for each in member["anyOf"])
        return " | ".join(kind for kind in kinds if kind != "null")
    if "$ref" in member:
        return str(member["$ref"]).rpartition("/")[2]
    if "enum" in member:
        return " | ".join(map(str, member["enum"]))
    kind = str(member.get("type", "any"))
    return f"list of {_type(member['items'])}" if kind == "array" and "items" in member else kind
