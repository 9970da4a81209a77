"""`tiercel storage`: files in internal storage."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from tiercel.cli import options
from tiercel.cli.group import HelpfulGroup

__all__ = ["storage"]

_CHUNK = 1 << 20


@click.group(cls=HelpfulGroup)
def storage() -> None:
    """Look at files in internal storage."""


@storage.command()
@click.argument("uri")
@options.home
def cat(uri: str, home: Path | None) -> None:
    """Write the file at URI (`kestra:///…`) to standard output.

    \b
    Example:
      tiercel storage cat "$(tiercel eval EXECUTION outputs.download.uri)" > file
    """
    out = sys.stdout.buffer
    with options.open_engine(home) as engine, engine.files.open(uri) as source:
        while chunk := source.read(_CHUNK):
            out.write(chunk)
    out.flush()
