"""`tiercel check`: everything that is wrong with flows, before they run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tiercel.cli import exits, options
from tiercel.cli.text import clean, emit_json

if TYPE_CHECKING:
    from tiercel.check.checker import Report
    from tiercel.check.findings import Finding
    from tiercel.check.interfaces import Interface
    from tiercel.plugin.registry import Registry

__all__ = ["check"]


def _codes(_context: click.Context, option: click.Parameter, values: tuple[str, ...]) -> set[str]:
    """Read the codes to leave out: `TC203`, or `uncertain-output`."""
    from tiercel.check.findings import RULES

    names = {rule.name: code for code, rule in RULES.items()}
    found = {names.get(value, value.upper()) for value in values}
    unknown = sorted(found - RULES.keys())
    if unknown:
        raise click.BadParameter(f"There is no code {unknown[0]!r}", param=option)
    return found


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path, allow_dash=True))
@click.option("--strict", is_flag=True, help="Take warnings for errors.")
@click.option(
    "--ignore",
    metavar="CODE",
    multiple=True,
    callback=_codes,
    help="Leave out findings of this code or name.",
)
@click.option("--sarif", "as_sarif", is_flag=True, help="Write SARIF on standard output.")
@options.as_json
@options.home
def check(  # the options
    paths: tuple[Path, ...],
    strict: bool,
    ignore: set[str],
    as_sarif: bool,
    as_json: bool,
    home: Path | None,
) -> int:
    """Check the flows in PATHS: files, or folders that are searched for flows.

    Every expression is read, and the types in it are followed: inputs,
    variables, outputs of tasks, filters, functions. Files that are given
    together know each other, and those of the database if there is one.
    `-` is standard input.

    \b
    Example:
      tiercel check flows/ --strict
    """
    from tiercel.plugin.registry import Registry

    registry = Registry()
    texts, others = options.read_flows(paths)
    findings = [
        finding
        for report in _reports(registry, texts, _stored(home))
        for finding in report.findings
        if finding.code not in ignore
    ]
    options.blame_plugins(findings, registry)
    if as_sarif:
        from importlib.metadata import version

        from tiercel.check.sarif import sarif

        emit_json(sarif(findings, version("tiercel-core")), pretty=True)
    elif as_json:
        emit_json([_json(finding) for finding in findings])
    else:
        lines = {name: text.splitlines() for text, name in texts}
        for finding in findings:
            _show(finding, lines[finding.file])
        click.echo(_summary(findings, len(texts)), err=True)
    options.tell_others(others)
    failed = any(strict or finding.is_error for finding in findings)
    return exits.INVALID_FLOW if failed else exits.OK


def _reports(
    registry: Registry, texts: Sequence[tuple[str, str]], stored: Iterable[Interface]
) -> list[Report]:
    from tiercel.check.checker import Checker
    from tiercel.check.interfaces import Interfaces
    from tiercel.parts import language

    checker = Checker(registry, language(registry).tables)
    known = Interfaces.of_texts(texts).with_others(stored)
    return [checker.check(text, name, known) for text, name in texts]


def _stored(home: Path | None) -> list[Interface]:
    """Return the flows of the database, if there is one."""
    from tiercel.check.interfaces import Interfaces

    if not options.has_database(home):
        return []

    with options.open_engine(home) as engine:
        texts = [(flow.source, "") for flow in engine.repository.flows(engine.tenant)]
    return list(Interfaces.of_texts(texts))


def _show(finding: Finding, lines: Sequence[str]) -> None:
    """Write a finding with the line that it is about, and a mark under the place."""
    click.echo(clean(str(finding)))
    if not 0 < finding.line <= len(lines):
        return
    line = lines[finding.line - 1]
    last = finding.end_column if finding.end_line == finding.line else len(line) + 1
    before = line[: finding.column - 1]
    indent = len(before) - len(before.lstrip())
    # What stands before the mark keeps its width, tabs included.
    gap = "".join("\t" if character == "\t" else " " for character in before[indent:])
    click.echo(f"    {clean(line[indent:])}")
    click.echo(f"    {gap}{'^' * max(last - finding.column, 1)}")


def _summary(findings: Sequence[Finding], files: int) -> str:
    errors = sum(finding.is_error for finding in findings)
    counts = ((errors, "error"), (len(findings) - errors, "warning"), (files, "file"))
    said = [f"{count} {word}{'' if count == 1 else 's'}" for count, word in counts]
    return f"{said[0]} and {said[1]} in {said[2]}"


def _json(finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "name": finding.rule.name,
        "severity": str(finding.severity),
        "message": finding.message,
        "suggestion": finding.suggestion,
        "file": finding.file,
        "path": finding.dotted_path,
        "line": finding.line,
        "column": finding.column,
        "endLine": finding.end_line,
        "endColumn": finding.end_column,
    }
