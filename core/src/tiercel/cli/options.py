"""Options that several commands share, and the opening of an engine from them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from tiercel.embed import Tiercel
    from tiercel.settings import Settings

__all__ = ["as_json", "home", "open_engine", "pairs", "read_settings"]

F = TypeVar("F", bound=Callable[..., Any])


def home(command: F) -> F:
    """Add `--home`."""
    return click.option(
        "--home",
        type=click.Path(file_okay=False, path_type=Path),
        help="Folder of the database and the files  [default: $TIERCEL_HOME, or XDG data]",
    )(command)


def as_json(command: F) -> F:
    """Add `--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Write JSON on standard output.")(
        command
    )


def read_settings(folder: Path | None) -> Settings:
    """Return the settings in force."""
    from tiercel.settings import Settings

    return Settings.read(os.environ, folder)


def open_engine(folder: Path | None, **parts: Any) -> Tiercel:
    """Return an engine on the settings in force; a context manager."""
    from tiercel.embed import Tiercel

    return Tiercel(settings=read_settings(folder), **parts)


def pairs(
    _context: click.Context, option: click.Parameter, values: tuple[str, ...]
) -> dict[str, str]:
    """Read `key=value` options.

    Raises:
        click.BadParameter: there is no `=`, or no key.
    """
    result = {}
    for text in values:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise click.BadParameter(f"{text!r} is not KEY=VALUE", param=option)
        result[key] = value
    return result
