"""`tiercel schema`: what editors need."""

from __future__ import annotations

from pathlib import Path

import click

from tiercel.cli.group import HelpfulGroup
from tiercel.cli.text import clean

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
@click.option("--no-cache", is_flag=True, help="Make it anew, even if nothing has changed.")
def export(output: Path | None, no_cache: bool) -> None:
    """Write the JSON Schema (draft 7) of flows, with every installed plugin.

    It is kept in the cache folder, and made anew when a plugin or any other
    package that it depends on has changed. A type that cannot be imported is
    left out.

    \b
    Example:
      tiercel schema export --output flow.schema.json
    """
    from tiercel.schema.remembered import recall

    text = None if no_cache else recall()
    if text is None:
        text = _made()
    if output is None:
        click.echo(text, nl=False)
    else:
        output.write_text(text, encoding="utf-8")


def _made() -> str:
    from tiercel.plugin.registry import Registry
    from tiercel.schema.export import troubles
    from tiercel.schema.remembered import remember, schema_text

    registry = Registry()
    text = schema_text(registry)
    missing = troubles(registry)
    for each in missing:
        click.echo(clean(each), err=True)
    # What is wrong may be put right by something that no file of a module tells of.
    if not missing:
        remember(text)
    return text
