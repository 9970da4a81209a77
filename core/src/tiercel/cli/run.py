"""`tiercel run` and `tiercel resume`: executions without a server."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tiercel.cli import exits, options
from tiercel.model.execution import Execution, State

if TYPE_CHECKING:
    from tiercel.embed import Tiercel

__all__ = ["resume", "run"]


@click.command()
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option(
    "-i",
    "--input",
    "inputs",
    multiple=True,
    callback=options.pairs,
    metavar="KEY=VALUE",
    help="An input's value.",
)
@click.option(
    "--input-file",
    "files",
    multiple=True,
    callback=options.pairs,
    metavar="KEY=@PATH",
    help="A FILE input's file.",
)
@click.option(
    "-l",
    "--label",
    "labels",
    multiple=True,
    callback=options.pairs,
    metavar="KEY=VALUE",
    help="A label of the execution.",
)
@click.option(
    "--timeout",
    type=float,
    metavar="SECONDS",
    help="Kill the execution, and exit with 124, when it takes longer.",
)
@click.option("-q", "--quiet", is_flag=True, help="Show no progress.")
@options.as_json
@options.home
def run(  # noqa: PLR0913  # click passes each option as an argument
    file: Path,
    inputs: dict[str, str],
    files: dict[str, str],
    labels: dict[str, str],
    timeout: float | None,
    quiet: bool,
    as_json: bool,
    home: Path | None,
) -> int:
    """Run the flow in FILE (`-` for standard input) and wait for its end.

    The last line on standard output names the final state. The execution is durable: when this
    process dies, `tiercel resume` goes on with it.
    """
    from tiercel.cli.progress import watcher

    text = sys.stdin.read() if str(file) == "-" else _read(file)
    given: dict[str, Any] = {**inputs, **{key: _path(key, at) for key, at in files.items()}}
    watch = watcher(quiet)
    with options.open_engine(home, listener=watch) as engine, watch, _interruptible() as asked:
        flow = engine.load_flow(text, "<stdin>" if str(file) == "-" else str(file))
        if flow.disabled:
            raise click.UsageError(f"Flow {flow.namespace}.{flow.id} is disabled")
        execution_id = engine.start(flow, given, labels)
        execution, code = _await(engine, execution_id, timeout, asked)
    _tell(engine, execution, as_json)
    return code


@click.command()
@click.argument("execution_ids", nargs=-1, metavar="[EXECUTION]...")
@click.option("-q", "--quiet", is_flag=True, help="Show no progress.")
@options.as_json
@options.home
def resume(execution_ids: tuple[str, ...], quiet: bool, as_json: bool, home: Path | None) -> int:
    """Go on with executions that a crash interrupted, all of them by default.

    Tasks that had finished are not run again; attempts that were running are.
    """
    from tiercel.cli.progress import watcher

    worst = exits.OK
    watch = watcher(quiet)
    with options.open_engine(home, listener=watch) as engine, watch, _interruptible() as asked:
        resumed = engine.resume(execution_ids or None)
        ended = [_await(engine, each, None, asked) for each in resumed]
    if not resumed:
        click.echo("Nothing to resume", err=True)
    for execution, code in ended:
        _tell(engine, execution, as_json)
        worst = max(worst, code)
    return worst


def _await(
    engine: Tiercel, execution_id: str, timeout: float | None, asked: list[int]
) -> tuple[Execution, int]:
    """Wait for an execution's end, killing it when the user or the time limit says so."""
    waited, killed, code = 0.0, False, None
    while not engine.driver.wait(execution_id, 0.2):
        waited += 0.2
        if not killed and (asked or (timeout is not None and waited >= timeout)):
            killed = True
            code = exits.INTERRUPTED if asked else exits.TIMEOUT
            engine.kill(execution_id)
    execution = engine.execution(execution_id)
    if code is None:
        ok = execution.state in (State.SUCCESS, State.WARNING)
        code = exits.OK if ok else exits.FAILED
    return execution, code


@contextmanager
def _interruptible() -> Iterator[list[int]]:
    """Yield a list that a first Ctrl-C or SIGTERM is put into; a second one ends the process.

    What the process leaves then is durable, and can be resumed.
    """
    asked: list[int] = []

    def ask(number: int, _frame: Any) -> None:
        if asked:
            raise click.Abort
        asked.append(number)
        click.echo("Killing the execution; press Ctrl-C again to leave it for `resume`", err=True)

    before = {each: signal.signal(each, ask) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _tell(engine: Tiercel, execution: Execution, as_json: bool) -> None:
    if as_json:
        from tiercel.cli.show import execution_json

        shown = engine.hide(execution, execution_json(execution))
        click.echo(json.dumps(shown, ensure_ascii=False))
        return
    if execution.outputs:
        outputs = engine.hide(execution, dict(execution.outputs))
        click.echo(json.dumps(outputs, ensure_ascii=False, indent=2))
    click.echo(f"Execution {execution.id}")
    click.echo(str(execution.state))


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise click.UsageError(f"{file} is not UTF-8 text: {error}") from error


def _path(key: str, text: str) -> Path:
    path = Path(text.removeprefix("@"))
    if not path.is_file():
        raise click.UsageError(f"Input {key!r}: there is no file {str(path)!r}")
    return path
