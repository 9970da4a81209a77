"""Options that several commands share, and what they read: settings, flows, an engine."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tiercel.cli import exits

if TYPE_CHECKING:
    from tiercel.check.findings import Finding
    from tiercel.embed import Tiercel
    from tiercel.errors import Problem
    from tiercel.plugin.registry import Registry
    from tiercel.settings import Settings

__all__ = [
    "STDIN",
    "as_json",
    "blame_plugins",
    "has_database",
    "home",
    "open_engine",
    "pairs",
    "read_flow",
    "read_flows",
    "read_settings",
    "tell_others",
]

F = TypeVar("F", bound=Callable[..., Any])
STDIN = "<stdin>"


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
    """Return the settings in force.

    Raises:
        InputError: an environment variable has a value that it cannot have.
    """
    from tiercel.settings import Settings

    return Settings.read(os.environ, folder)


def open_engine(folder: Path | None, **parts: Any) -> Tiercel:
    """Return an engine on the settings in force; a context manager.

    Raises:
        Unreachable: the home folder cannot be used.
    """
    from tiercel.embed import Tiercel

    settings = read_settings(folder)
    try:
        return Tiercel(settings=settings, **parts)
    except OSError as error:
        raise exits.Unreachable(
            f"Cannot use the home folder {str(settings.home)!r}: {error.strerror or error}; "
            "choose another one with --home or TIERCEL_HOME"
        ) from error


def has_database(folder: Path | None) -> bool:
    """Return whether there is a database already that could be asked."""
    settings = read_settings(folder)
    return settings.repository is not None or (settings.home / "tiercel.db").is_file()


def read_flow(file: Path) -> tuple[str, str]:
    """Return a flow's text and its file's name for messages; `-` is standard input.

    Raises:
        Missing: there is no such file.
        click.UsageError: it is a folder, or no text.
    """
    name = STDIN if str(file) == "-" else str(file)
    try:
        content = sys.stdin.buffer.read() if name == STDIN else file.read_bytes()
    except FileNotFoundError as error:
        raise exits.Missing(f"There is no file {name!r}") from error
    except IsADirectoryError as error:
        raise click.UsageError(f"{name!r} is a folder; name a flow's file") from error
    try:
        return content.decode("utf-8-sig"), name
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise click.UsageError(
            f"{name}:{line}: byte {content[error.start]:#04x} is not UTF-8 text"
        ) from error


def read_flows(paths: Iterable[Path]) -> tuple[list[tuple[str, str]], int]:
    """Return flows' texts with their files' names, and how many files of folders are no flows.

    A file is read whatever is in it. Of a folder, the YAML files below it are searched for flows.

    Raises:
        Missing: a file is not there.
        click.UsageError: a file is no text, or there is no flow.
    """
    from tiercel.model.flow_files import is_flow, yaml_files

    texts: list[tuple[str, str]] = []
    others = 0
    for path in paths:
        if not path.is_dir():
            texts.append(read_flow(path))
            continue
        for file in yaml_files(path):
            text = _text_in(file)
            if text is not None and is_flow(text):
                texts.append((text, str(file)))
            else:
                others += 1
    if not texts:
        raise click.UsageError(f"There is no flow in {', '.join(map(str, paths))}")
    return texts, others


def _text_in(file: Path) -> str | None:
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return None


def tell_others(number: int) -> None:
    """Tell how many YAML files of folders were left out, if any."""
    if number:
        files = "1 YAML file that is no flow" if number == 1 else f"{number} YAML files, no flows"
        click.echo(f"Skipped {files}", err=True)


def blame_plugins(problems: Iterable[Problem | Finding], registry: Registry) -> None:
    """Tell which plugins are broken, if that may be why a flow's type is unknown."""
    if any(problem.code in ("unknown-type", "TC003") for problem in problems):
        for each in registry.broken():
            click.echo(f"Plugin {each.plugin.package} is broken: {each.error}", err=True)


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
