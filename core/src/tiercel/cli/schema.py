"""`tiercel schema`: what editors need."""

from __future__ import annotations

import json
from pathlib import Path

import click

from tiercel.cli.group import HelpfulGroup

__all__ = ["schema"]


@click.group(cls=HelpfulGroup)
def schema() -> None:
    """Export the JSON Schema of flows."""


@schema.command()
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write to this file instead of standard output.",
)
def export(output: Path | None) -> None:
    """Write the JSON Schema (draft 7) of flows, with every installed plugin.

    \b
    Example:
      tiercel schema export --output flow.schema.json
    """
    from tiercel.plugin.registry import Registry
    from tiercel.schema.export import flow_schema

    text = json.dumps(flow_schema(Registry()), ensure_ascii=False, indent=2)
    if output is None:
        click.echo(text)
    else:
        output.write_text(text + "\n", encoding="utf-8")
