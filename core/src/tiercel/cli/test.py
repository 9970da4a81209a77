"""`tiercel test`: flow tests from `*.test.yaml` files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tiercel.cli import exits, options
from tiercel.cli.text import clean, emit_json

if TYPE_CHECKING:
    from tiercel.errors import Problem
    from tiercel.testing.flow_tests.suite import CaseResult, FlowCase

__all__ = ["test"]

_MARKS = {"passed": "ok", "failed": "FAILED", "error": "ERROR", "skipped": "skipped"}


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option(
    "-f",
    "--filter",
    "wanted",
    metavar="TEXT",
    help="Run only cases with this text in `suite::case`.",
)
@click.option(
    "--flows",
    multiple=True,
    type=click.Path(exists=True, path_type=Path),
    help="Look for flows in this file or folder, too.",
)
@click.option(
    "--junit",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the results as JUnit XML.",
)
@click.option("-q", "--quiet", is_flag=True, help="Show only what is not all right.")
@options.as_json
def test(  # click passes each option as an argument
    paths: tuple[Path, ...],
    wanted: str | None,
    flows: tuple[Path, ...],
    junit: Path | None,
    quiet: bool,
    as_json: bool,
) -> int:
    """Run the flow tests in PATHS, the current folder by default.

    Folders are searched for `*.test.yaml`. Flows are run in memory, with mocked tasks and a clock
    that jumps; nothing is kept.

    \b
    Example:
      tiercel test flows/ --filter retry --junit report.xml
    """
    cases = [case for case in _cases(paths, flows) if wanted is None or wanted in case.name]
    if not cases:
        raise click.UsageError("There is no flow test; suites are files named *.test.yaml")
    results = []
    for case in cases:
        results.append(case.run())
        if not as_json:
            _tell(results[-1], quiet)
    if junit is not None:
        from tiercel.testing.flow_tests.report import write_junit

        write_junit(junit, results)
    if as_json:
        emit_json([_json(each) for each in results])
    else:
        _sum_up(results)
    bad = any(each.outcome in ("failed", "error") for each in results)
    return exits.FAILED if bad else exits.OK


def _cases(paths: tuple[Path, ...], flows: tuple[Path, ...]) -> list[FlowCase]:
    from tiercel.errors import FlowError
    from tiercel.testing.flow_tests.library import suite_files
    from tiercel.testing.flow_tests.suite import load_suite

    cases: list[FlowCase] = []
    problems: list[Problem] = []
    for path in suite_files(paths or (Path(),)):
        try:
            cases += load_suite(path, flows)
        except FlowError as error:
            problems += error.problems
    if problems:
        raise FlowError(problems)
    return cases


def _tell(result: CaseResult, quiet: bool) -> None:
    if quiet and result.outcome in ("passed", "skipped"):
        return
    took = f" ({result.seconds * 1000:.0f} ms)" if result.outcome != "skipped" else ""
    click.echo(clean(f"{_MARKS[result.outcome]:8}{result.case.name}{took}"))
    if result.problems:
        place = f"{result.case.path}:{result.case.line}"
        text = "\n".join(f"        {line}" for line in (place, *result.text.splitlines()))
        click.echo(clean(text))


def _sum_up(results: list[CaseResult]) -> None:
    outcomes = [each.outcome for each in results]
    counted = {kind: outcomes.count(kind) for kind in _MARKS}
    words = {"error": "with an error"}
    parts = [f"{count} {words.get(kind, kind)}" for kind, count in counted.items() if count]
    click.echo(f"{', '.join(parts)} in {sum(each.seconds for each in results):.2f} s")


def _json(result: CaseResult) -> dict[str, object]:
    return {
        "suite": result.case.suite.id,
        "case": result.case.case.id,
        "file": str(result.case.path),
        "line": result.case.line,
        "outcome": result.outcome,
        "seconds": round(result.seconds, 3),
        "problems": list(result.problems),
        "state": result.state,
    }
