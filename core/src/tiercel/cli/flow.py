"""`tiercel flow`: what can be said of a flow without running it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
@options.home
def validate(files: tuple[Path, ...], as_json: bool, home: Path | None) -> int:
    """Tell every problem of the flows in FILES, with its place; folders are searched for flows.

    `-` is standard input. A flow that a task runs, and that is neither in FILES nor stored, is
    worth a warning; without a database nobody knows what is stored.

    \b
    Example:
      tiercel flow validate flows/ hello.yaml
    """
    from tiercel.model.load import examine
    from tiercel.plugin.registry import Registry

    registry = Registry()
    texts, others = options.read_flows(files)
    with _known_flows(texts, home) as exists:
        reports = {
            name: examine(text, resolve=registry.resolve, file=name, flow_exists=exists)
            for text, name in texts
        }
    problems = [problem for report in reports.values() for problem in report.problems]
    options.blame_plugins(problems, registry)
    if as_json:
        emit_json([_json(name, each) for name, each in reports.items()])
    else:
        for name, report in reports.items():
            _tell(name, report)
    options.tell_others(others)
    valid = all(report.flow is not None for report in reports.values())
    return exits.OK if valid else exits.INVALID_FLOW


@contextmanager
def _known_flows(
    texts: list[tuple[str, str]], home: Path | None
) -> Iterator[Callable[[str, str], bool] | None]:
    """Yield what tells whether there is a flow; None where there is no database to ask."""
    if not options.has_database(home):
        yield None
        return
    given = {_identity(text) for text, _ in texts}
    with options.open_engine(home) as engine:
        yield (
            lambda namespace, name: (
                (namespace, name) in given or engine.flows.exists(namespace, name)
            )
        )


def _identity(text: str) -> tuple[Any, Any]:
    from tiercel.errors import FlowSyntaxError
    from tiercel.model import yaml

    try:
        data = yaml.parse(text)
    except FlowSyntaxError:
        return None, None
    return (data.get("namespace"), data.get("id")) if isinstance(data, dict) else (None, None)


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
