"""`tiercel daemon`: runs the flows of a folder whenever their triggers say so."""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tiercel.cli import exits, options
from tiercel.cli.text import clean

if TYPE_CHECKING:
    from tiercel.embed import Tiercel
    from tiercel.engine.flows.flow_folder import FileChange, FlowFolder
    from tiercel.model.execution import Execution, LogEntry

__all__ = ["daemon", "stoppable"]

_LOOK_EVERY = 1.0
_LOOK_SELDOM = 10
_PATIENCE = 0.05


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("-w", "--watch", is_flag=True, help="Deploy files as they are added and changed.")
@click.option(
    "--grace",
    type=click.FloatRange(min=0),
    default=10,
    show_default=True,
    metavar="SECONDS",
    help="How long running tasks may go on when the daemon is stopped.",
)
@click.option("-q", "--quiet", is_flag=True, help="Tell problems only.")
@options.home
def daemon(folder: Path, watch: bool, grace: float, quiet: bool, home: Path | None) -> int:
    """Deploy the flows in FOLDER and start executions as their triggers say, until stopped.

    A file that is wrong is told with its place, and the flow that it held before goes on. A file
    that is gone has its flow deleted. Executions that another process left are gone on with.
    Ctrl-C or SIGTERM stops: no execution begins any more, and what does not end in time is gone
    on with at the next start.

    \b
    Example:
      tiercel daemon flows/ --watch
    """
    from tiercel.engine.flows.flow_folder import FlowFolder, memory_of

    teller = _Teller(quiet)
    with options.open_engine(home, listener=teller.execution) as engine, stoppable() as stop:
        assert engine.settings is not None
        flows = FlowFolder(folder, engine.flows, memory_of(engine.settings.home, folder))
        teller.files(engine, flows.sync())
        _log_to_stderr()
        engine.warm_up()
        engine.triggers.start()
        for execution_id in engine.recover():
            teller.going_on(execution_id)
        engine.takeover.start(teller.going_on)
        teller.say(f"{len(engine.triggers.list())} triggers at work")
        if watch:
            _follow(engine, flows, folder, stop, teller)
        stop.wait()
        teller.say("stopping")
        _wind_up(engine, grace)
    return exits.OK


class _Teller:
    """Writes what happens to standard error, a line each."""

    def __init__(self, quiet: bool) -> None:
        self._quiet = quiet
        self._begun: set[str] = set()

    def say(self, text: str) -> None:
        """Write a line, unless only problems are asked for."""
        if not self._quiet:
            click.echo(f"{time.strftime('%H:%M:%S')} {clean(text)}", err=True)

    def going_on(self, execution_id: str) -> None:
        """Tell that an execution of an engine that died is gone on with."""
        self.say(f"going on with {execution_id}")

    def files(self, engine: Tiercel, changes: list[FileChange]) -> None:
        """Tell what became of files."""
        for each in changes:
            for problem in each.problems:
                click.echo(clean(f"error: {problem}"), err=True)
            options.blame_plugins(each.problems, engine.registry)
            name = f"{each.namespace}.{each.flow_id}"
            if each.revision is not None:
                self.say(f"deployed {name} revision {each.revision} ({each.file})")
            elif not each.problems:
                self.say(f"deleted {name} ({each.file} is gone)")

    def execution(
        self, execution: Execution, _task_runs: tuple[str, ...], _lines: tuple[LogEntry, ...]
    ) -> None:
        """Tell the begin and the end of an execution."""
        name = f"{execution.id} {execution.namespace}.{execution.flow_id}"
        if execution.id not in self._begun:
            self._begun.add(execution.id)
            cause = f" by {execution.trigger['id']}" if execution.trigger else ""
            self.say(f"started {name}{cause}")
        if execution.done:
            self._begun.discard(execution.id)
            self.say(f"{execution.state} {name}")


@contextmanager
def stoppable() -> Iterator[threading.Event]:
    """Yield an event that Ctrl-C and SIGTERM set; a second one ends the process at once."""
    stop = threading.Event()

    def ask(number: int, _frame: Any) -> None:
        if stop.is_set():
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        stop.set()

    before = {each: signal.signal(each, ask) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _follow(
    engine: Tiercel, flows: FlowFolder, folder: Path, stop: threading.Event, teller: _Teller
) -> None:
    """Deploy what changes in a folder until the process is stopped."""
    from tiercel.errors import TiercelError

    for _ in _changes(folder, stop):
        try:
            teller.files(engine, flows.sync())
        except (TiercelError, OSError) as error:
            click.echo(clean(f"error: Cannot deploy {str(folder)!r}: {error}"), err=True)


def _changes(folder: Path, stop: threading.Event) -> Iterator[object]:
    """Yield whenever something below a folder may have changed, until the process is stopped."""
    try:
        from watchfiles import watch
    except ImportError:  # the extra `watch` is not installed
        while not stop.wait(_LOOK_EVERY):
            yield None
        return
    seconds = watch(
        folder,
        stop_event=stop,
        debounce=200,
        rust_timeout=int(_LOOK_EVERY * 1000),
        yield_on_timeout=True,
        raise_interrupt=False,
    )
    for number, changes in enumerate(seconds):
        # Once at the start, for what changed before it watched; and later on, since not every
        # file system tells of changes.
        if changes or number % _LOOK_SELDOM == 0:
            yield changes


def _wind_up(engine: Tiercel, grace: float) -> None:
    """Start nothing more, and give running tasks some time; a second signal ends the process."""
    engine.triggers.stop()
    engine.takeover.close()
    deadline = time.monotonic() + grace
    while not engine.driver.is_idle and time.monotonic() < deadline:
        time.sleep(_PATIENCE)


def _log_to_stderr() -> None:
    """Have the engine's own log lines written: what triggers could not do, say."""
    logging.basicConfig(
        level=logging.WARNING,
        format="%(asctime)s %(levelname)s %(message)s",
        datefmt="%H:%M:%S",
    )
    logging.getLogger("watchfiles").setLevel(logging.ERROR)
