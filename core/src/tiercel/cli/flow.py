"""`tiercel flow`: what can be said of a flow without running it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tiercel.cli import exits, options
from tiercel.cli.group import HelpfulGroup
from tiercel.cli.text import clean, emit_json

if TYPE_CHECKING:
    from tiercel.model.load import Report

__all__ = ["flow"]


@click.group(cls=HelpfulGroup)
def flow() -> None:
    """Validate flows."""


@flow.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, allow_dash=True))
@options.as_json
def validate(files: tuple[Path, ...], as_json: bool) -> int:
    """Tell every problem of the flows in FILES, with its place; folders are searched for YAML.

    `-` is standard input.

    \b
    Example:
      tiercel flow validate flows/ hello.yaml
    """
    from tiercel.model.load import examine
    from tiercel.plugin.registry import Registry

    registry = Registry()
    texts = [options.read_flow(path) for path in _expand(files)]
    reports = {name: examine(text, resolve=registry.resolve, file=name) for text, name in texts}
    problems = [problem for report in reports.values() for problem in report.problems]
    options.blame_plugins(problems, registry)
    if as_json:
        emit_json([_json(name, each) for name, each in reports.items()])
    else:
        for name, report in reports.items():
            _tell(name, report)
    valid = all(report.flow is not None for report in reports.values())
    return exits.OK if valid else exits.INVALID_FLOW


def _expand(files: tuple[Path, ...]) -> list[Path]:
    found: list[Path] = []
    for path in files:
        if path.is_dir():
            found += sorted([*path.rglob("*.yaml"), *path.rglob("*.yml")])
        else:
            found.append(path)
    if not found:
        raise click.UsageError(f"There is no YAML file in {', '.join(map(str, files))}")
    return found


def _tell(name: str, report: Report) -> None:
    for problem in report.problems:
        click.echo(clean(f"error: {problem}"), err=True)
    for warning in report.warnings:
        click.echo(clean(f"warning: {warning}"), err=True)
    for place in report.deprecations:
        click.echo(clean(f"warning: {name}: {place} is deprecated"), err=True)
    if report.flow is not None:
        click.echo(f"{name}: valid")


def _json(name: str, report: Report) -> dict[str, Any]:
    return {
        "file": name,
        "valid": report.flow is not None,
        "problems": [asdict(each) for each in report.problems],
        "warnings": [asdict(each) for each in report.warnings],
        "deprecations": list(report.deprecations),
        "infos": list(report.infos),
    }
