"""`tiercel run` and `tiercel resume`: executions without a server."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tiercel.cli import exits, options
from tiercel.cli.ending import await_end, interruptible, tell

if TYPE_CHECKING:
    from tiercel.embed import Tiercel
    from tiercel.model.flow import Flow

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
    type=click.FloatRange(min=0, min_open=True),
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
    process dies, `tiercel resume` goes on with it. Ctrl-C kills the execution; a second one leaves
    it for `resume`.

    \b
    Example:
      tiercel run hello.yaml --input name=Ada --label team=data
    """
    from tiercel.cli.progress import watcher

    text, name = options.read_flow(file)
    given: dict[str, Any] = {**inputs, **{key: _path(key, at) for key, at in files.items()}}
    watch = watcher(quiet)
    with options.open_engine(home, listener=watch) as engine:
        flow = _load(engine, text, name)
        with watch, interruptible() as asked:
            engine.warm_up()
            # What was made so far lives until the end: the collector need not look at it, least of
            # all on the way out. What tasks import later must be collected as ever.
            gc.freeze()
            execution_id = engine.start(flow, given, labels)
            execution, code = await_end(engine, execution_id, timeout, asked)
        tell(engine, execution, as_json)
    return code


@click.command()
@click.argument("execution_ids", nargs=-1, metavar="[EXECUTION]...")
@click.option("-q", "--quiet", is_flag=True, help="Show no progress.")
@options.as_json
@options.home
def resume(execution_ids: tuple[str, ...], quiet: bool, as_json: bool, home: Path | None) -> int:
    """Go on with executions that a crash interrupted, all of them by default.

    Tasks that had finished are not run again; attempts that were running are.

    \b
    Example:
      tiercel resume
    """
    from tiercel.cli.progress import watcher

    watch = watcher(quiet)
    with options.open_engine(home, listener=watch) as engine:
        for execution_id in execution_ids:
            engine.execution(execution_id)
        with watch, interruptible() as asked:
            resumed = engine.recover(execution_ids or None)
            ended = [await_end(engine, each, None, asked) for each in resumed]
        if not resumed:
            click.echo("Nothing to resume", err=True)
        for execution, _ in ended:
            tell(engine, execution, as_json)
    return max((code for _, code in ended), default=exits.OK)


def _load(engine: Tiercel, text: str, name: str) -> Flow:
    from tiercel.errors import FlowError

    try:
        flow = engine.load_flow(text, name)
    except FlowError as error:
        options.blame_plugins(error.problems, engine.registry)
        raise
    if flow.disabled:
        raise click.UsageError(f"Flow {flow.namespace}.{flow.id} is disabled")
    return flow


def _path(key: str, text: str) -> Path:
    path = Path(text.removeprefix("@"))
    if not path.is_file():
        raise click.UsageError(f"Input {key!r}: there is no file {str(path)!r}")
    return path
