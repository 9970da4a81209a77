"""`tiercel plugins`: which types there are, and what each can do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tiercel.cli import options
from tiercel.cli.exits import FAILED, OK
from tiercel.cli.group import HelpfulGroup
from tiercel.cli.new_plugin import new
from tiercel.cli.plugin_pages import package_pages, write_pages
from tiercel.cli.text import clean, emit_json

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tiercel.plugin.registry import Registry

__all__ = ["plugins"]


@click.group(cls=HelpfulGroup)
def plugins() -> None:
    """List and describe installed plugins, begin a new one."""


plugins.add_command(new)


@plugins.command("list")
@options.as_json
def list_plugins(as_json: bool) -> None:
    """List what the installed plugins bring, and the plugins that are broken.

    Types of tasks, triggers, conditions and task runners; filters and functions
    of expressions; storages, secret managers, repositories and executors by the
    scheme of their URL; commands.

    \b
    Example:
      tiercel plugins list --json
    """
    from tiercel.plugin.registry import HOOKS, Registry
    from tiercel.schema.types import TYPE_KINDS

    registry = Registry()
    types = _registered(registry, "type", TYPE_KINDS)
    others = _registered(registry, "name", [kind for kind in HOOKS if kind not in TYPE_KINDS])
    broken = [
        {"plugin": each.plugin.name, "package": each.plugin.package, "error": each.error}
        for each in registry.broken()
    ]
    if as_json:
        emit_json({"types": types, "others": others, "broken": broken})
        return
    rows = [tuple(each.values()) for each in (*types, *others)]
    width = max((len(name) for name, *_ in rows), default=0)
    for name, kind, package, version in rows:
        click.echo(f"{name:<{width}}  {kind:<14}  {package} {version}")
    for failed in broken:
        reason = clean(str(failed["error"]))
        click.echo(f"broken: {failed['package']} ({failed['plugin']}): {reason}", err=True)


def _registered(registry: Registry, key: str, kinds: Iterable[str]) -> list[dict[str, str]]:
    return [
        {
            key: entry.name,
            "kind": kind,
            "package": entry.plugin.package,
            "version": entry.plugin.version,
        }
        for kind in kinds
        for entry in registry.canonical(kind)
    ]


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
@click.option("--package", metavar="NAME", help="Write the pages of this package alone.")
def docs(folder: Path | None, type_name: str | None, package: str | None) -> int:
    """Write a page of Markdown about every type.

    The pages go to FOLDER, with an index for every package. What is broken has
    no page, and is told.

    \b
    Example:
      tiercel plugins docs site/plugins
      tiercel plugins docs docs --package tiercel-hello
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
    pages = all_pages(Registry()) if package is None else package_pages(package)
    write_pages(folder, pages)
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
