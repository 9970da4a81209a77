"""`tiercel dev`: runs a flow, or flow tests, again whenever they or a plugin's sources change.

Each round is a process of its own, so that it has the new code and nothing of the old one.
"""

from __future__ import annotations

import ast
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from tiercel.cli import exits, options
from tiercel.cli.daemon import stoppable
from tiercel.cli.text import clean

__all__ = ["dev", "diagnose"]

_GROUP = "tiercel"
_SEEN = (".py", ".yaml", ".yml", ".json", ".toml", ".sql")
_IGNORED = {".git", ".venv", "__pycache__", "node_modules", ".pytest_cache", ".mypy_cache"}
_LOOK_EVERY = 0.1
_LOOK_WITHOUT_HELP = 0.3
_PATIENCE = 3.0
_MAIN = "from tiercel.cli.main import main; main()"
_DIAGNOSE = "import sys; from tiercel.cli.dev import diagnose; diagnose(sys.argv[1:])"


@dataclass(frozen=True)
class _Source:
    """The sources of a plugin: what is watched, and what Python must be told to find it."""

    folder: Path
    paths: tuple[Path, ...] = ()


@click.command()
@click.argument("path", type=click.Path(exists=True, path_type=Path), default=Path())
@click.option(
    "-p",
    "--plugin",
    "plugins",
    multiple=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A plugin's project folder; it need not be installed.",
)
@click.option(
    "-i",
    "--input",
    "inputs",
    multiple=True,
    callback=options.pairs,
    metavar="KEY=VALUE",
    help="An input's value, when PATH is a flow.",
)
@click.option("--once", is_flag=True, help="End after the first round, with its exit code.")
def dev(path: Path, plugins: tuple[Path, ...], inputs: dict[str, str], once: bool) -> int:
    """Run the flow PATH, or check the flows and run the tests in the folder
    PATH, and again whenever something changes there or in a plugin.

    Plugins are those of `--plugin`, or else all that are installed as
    editable. Each round is a new process with the new code. A file that is
    wrong is told with its line, and the next change is waited for. What a
    flow keeps (key-value pairs, files) is kept until the end. Ctrl-C ends.

    \b
    Example:
      tiercel dev mirror.yaml --plugin acme-reverse
    """
    with TemporaryDirectory(prefix="tiercel-dev-") as folder, stoppable() as stop:
        scratch = Path(folder)
        sources = [_project(each, scratch) for each in plugins] or _editable()
        rounds = _Rounds(path, [f"{k}={v}" for k, v in inputs.items()], sources, scratch)
        try:
            return _go_round(rounds, path, sources, stop, once)
        finally:
            rounds.stop()


def _go_round(
    rounds: _Rounds, path: Path, sources: Sequence[_Source], stop: threading.Event, once: bool
) -> int:
    watched = [path, *(each.folder for each in sources)]
    _say(f"watching {', '.join(map(_short, watched))}")
    rounds.begin()
    for changed in _changes(watched, stop):
        if changed:
            names = sorted(map(_short, changed))
            _say(f"changed: {', '.join(names[:3])}{' …' if len(names) > 3 else ''}")
            rounds.begin(changed)
        code = rounds.look()
        if once and code is not None:
            return code
    _say("stopped")
    return exits.OK


class _Rounds:
    """Runs the commands of a round, one after the other, in a process each.

    Args:
        path: the flow, or the folder.
        inputs: `KEY=VALUE`, for a flow.
        sources: the plugins under work.
        scratch: a folder for what flows keep.
    """

    def __init__(
        self, path: Path, inputs: Sequence[str], sources: Sequence[_Source], scratch: Path
    ) -> None:
        self._path = path
        self._inputs = inputs
        self._roots = [str(each.folder) for each in sources]
        self._home = scratch / "home"
        places = [str(place) for each in sources for place in each.paths]
        before = os.environ.get("PYTHONPATH")
        self._environ = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([*places, *([before] if before else [])]),
            # Two changes within a second would find the first one's byte code.
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        self._left: list[list[str]] = []
        self._process: subprocess.Popen[bytes] | None = None
        self._began = 0.0
        self._code = exits.OK

    def begin(self, changed: Iterable[Path] = ()) -> None:
        """Begin a round, instead of the one that runs; not while a changed file is half done."""
        self.stop()
        broken = [each for path in changed if (each := _syntax_error(path))]
        for each in broken:
            click.echo(clean(f"error: {each}"), err=True)
        if broken:
            return
        self._left, self._code = self._commands(), exits.OK
        self._began = time.monotonic()
        self._next()

    def look(self) -> int | None:
        """Go on to the next command when one has ended; return the exit code of a round's end."""
        if self._process is None or (code := self._process.poll()) is None:
            return None
        self._process = None
        self._code = self._code or code
        if code == exits.OK and self._left:
            self._next()
            return None
        if code != exits.OK and self._roots:
            self._explain()
        took = time.monotonic() - self._began
        ended = "done" if self._code == exits.OK else f"failed (exit {self._code})"
        _say(f"{ended} in {took:.1f} s, waiting for changes")
        return self._code

    def stop(self) -> None:
        """End what runs: as Ctrl-C does, and then for good."""
        self._left = []
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        process.send_signal(signal.SIGINT)
        try:
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _commands(self) -> list[list[str]]:
        from tiercel.model.flow_files import is_suite

        path = str(self._path)
        if self._path.is_file():
            if is_suite(self._path.name):
                return [["test", path]]
            given = [word for each in self._inputs for word in ("--input", each)]
            return [["run", path, *given, "--home", str(self._home)]]
        names = [each.name for each in _files_in(self._path) if each.suffix in (".yaml", ".yml")]
        suites = [is_suite(name) for name in names]
        commands = [] if all(suites) else [["check", path, "--home", str(self._home)]]
        commands += [["test", path]] if any(suites) else []
        if not commands:
            raise click.UsageError(f"There are neither flows nor flow tests in {path!r}")
        return commands

    def _next(self) -> None:
        self._process = self._started(_MAIN, self._left.pop(0))

    def _explain(self) -> None:
        """Tell where in the plugins an error is that keeps them from being imported."""
        self._started(_DIAGNOSE, self._roots).wait()

    def _started(self, code: str, arguments: Sequence[str]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-c", code, *arguments],
            env=self._environ,
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C reaches it by `stop` alone
        )


# What is watched


def _editable() -> list[_Source]:
    """Return the plugins that are installed as editable."""
    import json
    from importlib import metadata
    from urllib.parse import unquote, urlsplit

    found = []
    for dist in metadata.distributions():
        if not any(point.group == _GROUP for point in dist.entry_points):
            continue
        origin = json.loads(dist.read_text("direct_url.json") or "{}")
        if origin.get("dir_info", {}).get("editable"):
            folder = Path(unquote(urlsplit(origin["url"]).path))
            found.append(_Source(folder / "src" if (folder / "src").is_dir() else folder))
    return found


def _project(folder: Path, scratch: Path) -> _Source:
    """Return the plugin in a project folder; Python finds it there as if it were installed.

    Raises:
        UsageError: its `pyproject.toml` names no plugin.
    """
    import tomllib

    file = folder / "pyproject.toml"
    try:
        project = tomllib.loads(file.read_text(encoding="utf-8")).get("project", {})
    except (OSError, ValueError) as error:
        raise click.UsageError(f"Cannot read {str(file)!r}: {error}") from error
    points = project.get("entry-points", {}).get(_GROUP)
    if not points:
        raise click.UsageError(f"{str(file)!r} has no [project.entry-points.{_GROUP}]")
    name, version = project.get("name", folder.name), project.get("version", "0")
    metadata = scratch / f"{name.replace('-', '_')}-{version}.dist-info"
    metadata.mkdir(parents=True)
    head = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    (metadata / "METADATA").write_text(head, encoding="utf-8")
    lines = "".join(f"{key} = {value}\n" for key, value in points.items())
    (metadata / "entry_points.txt").write_text(f"[{_GROUP}]\n{lines}", encoding="utf-8")
    source = folder / "src" if (folder / "src").is_dir() else folder
    return _Source(source.resolve(), (source.resolve(), scratch))


def _changes(watched: Sequence[Path], stop: threading.Event) -> Iterator[set[Path]]:
    """Yield the files that changed, several times a second, until the process is stopped."""
    try:
        from watchfiles import watch
    except ImportError:  # the extra `watch` is not installed
        yield from _noticed(watched, stop)
        return
    rounds = watch(
        *watched,
        stop_event=stop,
        debounce=200,
        step=20,
        rust_timeout=int(_LOOK_EVERY * 1000),
        yield_on_timeout=True,
        raise_interrupt=False,
        watch_filter=lambda _change, path: _is_seen(Path(path)),
    )
    for changes in rounds:
        yield {Path(path) for _, path in changes}


def _noticed(watched: Sequence[Path], stop: threading.Event) -> Iterator[set[Path]]:
    """Yield the files whose time changed."""
    known = _times(watched)
    while not stop.wait(_LOOK_WITHOUT_HELP):
        times = _times(watched)
        yield {path for path in known.keys() | times.keys() if known.get(path) != times.get(path)}
        known = times


def _times(watched: Sequence[Path]) -> dict[Path, int]:
    found = {}
    for each in (file for path in watched for file in _files_in(path)):
        with suppress(FileNotFoundError):
            found[each] = each.stat().st_mtime_ns
    return found


def _files_in(path: Path) -> Iterator[Path]:
    """Yield the files below a folder that matter, or the file itself."""
    found = path.rglob("*") if path.is_dir() else iter([path])
    return (each for each in found if _is_seen(each) and each.is_file())


def _is_seen(path: Path) -> bool:
    return path.suffix in _SEEN and _IGNORED.isdisjoint(path.parts)


# What is wrong with a plugin


def _syntax_error(path: Path) -> str | None:
    """Return what keeps a Python file from being read, with its place; None when nothing does."""
    if path.suffix != ".py":
        return None
    try:
        ast.parse(path.read_bytes(), str(path))
    except SyntaxError as error:
        return f"{_short(path)}:{error.lineno}:{error.offset}: {error.msg}"
    except (OSError, ValueError):  # it is gone, or no text
        return None
    return None


def diagnose(roots: Sequence[str]) -> None:
    """Import the plugins whose sources are below some folders, and tell where that fails.

    Args:
        roots: the folders.
    """
    from importlib import import_module

    from tiercel.plugin.registry import HOOKS, Registry

    registry = Registry()
    modules = [each.plugin.module for each in registry.broken()]
    for kind in HOOKS:
        modules += [entry.target for entry in registry.canonical(kind)]
    told: set[str] = set()
    for name in dict.fromkeys(module.partition(":")[0] for module in modules):
        try:
            if _is_below(name, roots):
                import_module(name)
        except (Exception, SystemExit) as error:  # the plugin's code: anything may come of it
            told.add(_placed(error, roots))
    for each in sorted(told):
        click.echo(clean(f"error: {each}"), err=True)


def _is_below(module: str, roots: Sequence[str]) -> bool:
    from importlib.util import find_spec

    spec = find_spec(module.partition(".")[0])
    return spec is not None and any((spec.origin or "").startswith(root) for root in roots)


def _placed(error: BaseException, roots: Sequence[str]) -> str:
    """Return an error with the line of a plugin that it comes from."""
    from traceback import extract_tb

    if isinstance(error, SyntaxError) and error.filename:
        return f"{_short(Path(error.filename))}:{error.lineno}:{error.offset}: {error.msg}"
    frames = extract_tb(error.__traceback__)
    own = [each for each in frames if any(each.filename.startswith(root) for root in roots)]
    place = f"{_short(Path(own[-1].filename))}:{own[-1].lineno}: " if own else ""
    return f"{place}{type(error).__name__}: {error}"


def _short(path: Path) -> str:
    """Return a path as seen from the current folder."""
    with suppress(ValueError):
        return str(path.resolve().relative_to(Path.cwd()))
    return str(path)


def _say(text: str) -> None:
    click.echo(f"{time.strftime('%H:%M:%S')} {clean(text)}", err=True)
