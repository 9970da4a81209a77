"""`tiercel flow`: what can be said of a flow without running it."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tiercel.cli import exits, options

if TYPE_CHECKING:
    from tiercel.model.load import Report

__all__ = ["flow"]


@click.group()
def flow() -> None:
    """Validate flows."""


@flow.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@options.as_json
def validate(files: tuple[Path, ...], as_json: bool) -> int:
    """Tell every problem of the flows in FILES, with its place; folders are searched for YAML."""
    from tiercel.model.load import examine
    from tiercel.plugin.registry import Registry

    registry = Registry()
    reports = {
        path: examine(path.read_text(encoding="utf-8"), resolve=registry.resolve, file=str(path))
        for path in _expand(files)
    }
    if as_json:
        click.echo(json.dumps([_json(path, each) for path, each in reports.items()]))
    else:
        for path, report in reports.items():
            _tell(path, report)
    valid = all(report.flow is not None for report in reports.values())
    return exits.OK if valid else exits.INVALID_FLOW


def _expand(files: tuple[Path, ...]) -> list[Path]:
    found: list[Path] = []
    for path in files:
        if path.is_dir():
            found += sorted([*path.rglob("*.yaml"), *path.rglob("*.yml")])
        else:
            found.append(path)
    return found


def _tell(path: Path, report: Report) -> None:
    for problem in report.problems:
        click.echo(f"error: {problem}", err=True)
    for warning in report.warnings:
        click.echo(f"warning: {warning}", err=True)
    for place in report.deprecations:
        click.echo(f"warning: {path}: {place} is deprecated", err=True)
    if report.flow is not None:
        click.echo(f"{path}: valid")


def _json(path: Path, report: Report) -> dict[str, Any]:
    return {
        "file": str(path),
        "valid": report.flow is not None,
        "problems": [asdict(each) for each in report.problems],
        "warnings": [asdict(each) for each in report.warnings],
        "deprecations": list(report.deprecations),
        "infos": list(report.infos),
    }
