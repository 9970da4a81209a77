"""`tiercel dev`, as a process: a plugin is edited while it runs."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import tiercel_log
from tiercel.cli.dev import _changes, _editable

PATIENCE = 60

PROJECT = """
[project]
name = "acme-reverse"
version = "0.1.0"

[project.entry-points.tiercel]
acme-reverse = "acme_reverse"
"""
HOOKS = """
from tiercel.plugin import hookimpl

@hookimpl
def register_tasks():
    return {"com.acme.Reverse": "acme_reverse.reverse:Reverse"}
"""
TASK = """
from tiercel.plugin import Output, Property, Task

class Reversed(Output):
    value: str

class Reverse(Task[Reversed]):
    text: Property[str]

    def run(self, ctx):
        ctx.log("INFO", "first version")
        return Reversed(value=ctx.render(self.text)[::-1])
"""
FLOW = """
id: mirror
namespace: company.team
tasks:
  - {id: reverse, type: com.acme.Reverse, text: mirror}
"""
SUITE = """
id: mirror_tests
namespace: company.team
flowId: mirror
testCases:
  - id: mirrored
    assertions: [{value: "{{ outputs.reverse.value }}", equalTo: rorrim}]
"""


class Dev:
    """The process, and what it says."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", "from tiercel.cli.main import main; main()", "dev", *arguments],
            cwd=folder,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.said: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)

    def wait_for(self, text: str) -> None:
        """Wait until it says something."""
        while True:
            try:
                line = self._lines.get(timeout=PATIENCE)
            except queue.Empty:
                pytest.fail(f"It never said {text!r}, but {''.join(self.said)}")
            self.said.append(line)
            if text in line:
                return

    def close(self) -> None:
        """See to it that nothing is left of it."""
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        assert self.process.stdout is not None
        self.process.stdout.close()

    def interrupt(self) -> int:
        """Press Ctrl-C; return the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(PATIENCE)


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    """A plugin under work, not installed; returns the file of its task."""
    package = tmp_path / "acme-reverse/src/acme_reverse"
    package.mkdir(parents=True)
    (tmp_path / "acme-reverse/pyproject.toml").write_text(PROJECT)
    (package / "__init__.py").write_text(HOOKS)
    (package / "reverse.py").write_text(TASK)
    (tmp_path / "mirror.yaml").write_text(FLOW)
    return package / "reverse.py"


@pytest.fixture
def start(tmp_path: Path, plugin: Path) -> Iterator[Callable[..., Dev]]:
    """Start it in the folder with the flow."""
    started: list[Dev] = []

    def begin(*arguments: str) -> Dev:
        started.append(Dev(tmp_path, *arguments, "--plugin", "acme-reverse"))
        return started[-1]

    yield begin
    for each in started:
        each.close()


def test_a_flow_runs_again_with_the_new_code(start: Callable[..., Dev], plugin: Path) -> None:
    dev = start("mirror.yaml")
    dev.wait_for("first version")
    dev.wait_for("waiting for changes")
    plugin.write_text(TASK.replace("first", "second"))
    dev.wait_for("changed: acme-reverse/src/acme_reverse/reverse.py")
    dev.wait_for("second version")
    dev.wait_for("waiting for changes")
    assert dev.interrupt() == 0


def test_a_file_that_is_half_done_is_told_with_its_line(
    start: Callable[..., Dev], plugin: Path
) -> None:
    dev = start("mirror.yaml")
    dev.wait_for("waiting for changes")
    plugin.write_text(TASK.replace("[::-1])", "[::-1]"))
    dev.wait_for("error: acme-reverse/src/acme_reverse/reverse.py:12:24: '(' was never closed")
    plugin.write_text(TASK.replace("Property[str]", "Proprety[str]"))
    dev.wait_for("error: acme-reverse/src/acme_reverse/reverse.py")
    plugin.write_text(TASK.replace("first", "third"))
    dev.wait_for("third version")
    assert dev.interrupt() == 0


def test_what_fails_at_import_is_told_with_its_line(
    start: Callable[..., Dev], plugin: Path
) -> None:
    plugin.write_text(TASK.replace("\nclass Reverse(", "\nwrong = unheard_of\n\nclass Reverse("))
    dev = start("mirror.yaml")
    dev.wait_for(
        "error: acme-reverse/src/acme_reverse/reverse.py:7: NameError: "
        "name 'unheard_of' is not defined"
    )
    dev.wait_for("failed (exit 3)")


def test_a_change_of_the_flow_ends_the_round_that_runs(
    start: Callable[..., Dev], plugin: Path, tmp_path: Path
) -> None:
    sleep = "{id: s, type: io.kestra.plugin.core.flow.Sleep, duration: PT10M}"
    (tmp_path / "mirror.yaml").write_text(f"{FLOW}  - {sleep}\n")
    dev = start("mirror.yaml")
    dev.wait_for("first version")
    (tmp_path / "mirror.yaml").write_text(FLOW)
    dev.wait_for("changed: mirror.yaml")
    dev.wait_for("done in")


def test_ctrl_c_ends_a_round_that_runs(
    start: Callable[..., Dev], plugin: Path, tmp_path: Path
) -> None:
    sleep = "{id: s, type: io.kestra.plugin.core.flow.Sleep, duration: PT10M}"
    (tmp_path / "mirror.yaml").write_text(f"{FLOW}  - {sleep}\n")
    dev = start("mirror.yaml")
    dev.wait_for("first version")
    assert dev.interrupt() == 0


def test_the_tests_of_a_folder_run(start: Callable[..., Dev], tmp_path: Path) -> None:
    (tmp_path / "mirror.test.yaml").write_text(SUITE)
    dev = start(".", "--once")
    dev.wait_for("mirror_tests::mirrored")
    dev.wait_for("1 passed")
    assert dev.process.wait(PATIENCE) == 0


def test_a_folder_that_is_no_plugin_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mirror.yaml").write_text(FLOW)
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    dev = Dev(tmp_path, "mirror.yaml", "--plugin", ".")
    dev.wait_for("has no [project.entry-points.tiercel]")
    assert dev.process.wait(PATIENCE) == 2
    dev.close()


def test_changes_are_noticed_where_nothing_tells_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "watchfiles", None)
    (tmp_path / "old.py").touch()
    rounds = _changes([tmp_path], threading.Event())
    assert next(rounds) == set()
    (tmp_path / "new.py").touch()
    (tmp_path / "new.pyc").touch()
    (tmp_path / "old.py").unlink()
    assert next(rounds) == {tmp_path / "new.py", tmp_path / "old.py"}


def test_plugins_that_are_installed_as_editable_are_watched() -> None:
    folder = Path(tiercel_log.__file__).parents[1]
    assert folder in [each.folder for each in _editable()]
