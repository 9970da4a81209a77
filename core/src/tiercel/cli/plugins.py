"""`tiercel plugins`: which types there are, and what each can do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from tiercel.cli import options
from tiercel.cli.exits import FAILED, OK
from tiercel.cli.group import HelpfulGroup
from tiercel.cli.text import clean, emit_json

__all__ = ["plugins"]


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
    from tiercel.schema.types import TYPE_KINDS

    registry = Registry()
    types = [
        {
            "type": entry.name,
            "kind": kind,
            "package": entry.plugin.package,
            "version": entry.plugin.version,
        }
        for kind in TYPE_KINDS
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
    from tiercel.schema.types import describe, find

    _, entry, cls = find(Registry(), type_name)
    description = describe(entry, cls)
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


@plugins.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), required=False)
@click.option("--type", "type_name", metavar="TYPE", help="Print the page of this type instead.")
def docs(folder: Path | None, type_name: str | None) -> int:
    """Write a page of Markdown about every type.

    The pages go to FOLDER, with an index for every package. What is broken has
    no page, and is told.

    \b
    Example:
      tiercel plugins docs site/plugins
      tiercel plugins docs --type io.kestra.plugin.core.log.Log
    """
    if (folder is None) == (type_name is None):
        raise click.UsageError("Give a FOLDER for all pages, or `--type` for one")
    from tiercel.plugin.registry import Registry
    from tiercel.schema.docs import all_pages, type_page
    from tiercel.schema.types import describe, find

    if folder is None:
        kind, entry, cls = find(Registry(), str(type_name))
        click.echo(clean(type_page(describe(entry, cls), kind)), nl=False)
        return OK
    pages = all_pages(Registry())
    for path, text in pages.texts.items():
        page = folder / path
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(text, encoding="utf-8")
    for problem in pages.problems:
        click.echo(f"Error: {clean(problem)}", err=True)
    return FAILED if pages.problems else OK


def _members(title: str, schema: dict[str, Any]) -> None:
    members = schema.get("properties", {})
    if not members:
        return
    from tiercel.schema.words import type_words

    definitions = schema.get("$defs", {})
    required = schema.get("required", ())
    click.echo(f"\n{title}:")
    for name, member in members.items():
        note = ", required" if name in required else ""
        if member.get("default") is not None:
            note += f", default {json.dumps(member['default'])}"
        click.echo(f"  {name} ({type_words(member, definitions)}{note})")
        if member.get("description"):
            click.echo("      " + member["description"].replace("\n", "\n      "))
