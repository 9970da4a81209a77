"""Scripts on a disk that is full, and killed while their files are stored."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tiercel.storage.local import LocalStorage
from tiercel.storage.memory import MemoryStorage
from tiercel.testing import TaskResult, run_task, start_task

ROOM = 256 << 10
TOO_MUCH = 1 << 20


def commands(*lines: str, **properties: Any) -> dict[str, Any]:
    """Return the properties of a task that runs shell commands as a process."""
    return {
        "type": "io.kestra.plugin.scripts.shell.Commands",
        "taskRunner": {"type": "io.kestra.plugin.core.runner.Process"},
        "commands": list(lines),
        **properties,
    }


@contextmanager
def limited(folder: Path) -> Iterator[None]:
    """Let no file of this process or its children grow beyond the room that there is."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def mounted(folder: Path) -> Iterator[None]:
    """Put a file system of that size in the place of a folder."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True).returncode != 0:
        pytest.skip("no right to mount a small file system")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A file of more bytes than there is room for."""
    file = tmp_path / "large"
    file.write_bytes(bytes(TOO_MUCH))
    return file


@pytest.fixture(params=[limited, mounted], ids=["limit", "file system"])
def small(request: pytest.FixtureRequest, large: Path, tmp_path: Path) -> Iterator[Path]:
    """A folder with little room; `large` was made before."""
    folder = tmp_path / "small"
    folder.mkdir()
    with request.param(folder):
        yield folder


@pytest.fixture
def run(small: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., TaskResult]:
    """Run commands whose working folders have little room."""
    monkeypatch.setattr(tempfile, "tempdir", str(small))
    return lambda *lines, **properties: run_task(commands(*lines, **properties))


def test_a_script_that_fills_the_disk_fails_and_the_next_one_runs(run: Any, small: Path) -> None:
    result = run(f"dd if=/dev/zero of=large bs=1024 count={TOO_MUCH >> 10}")
    assert result.state == "FAILED"
    assert result.error.startswith("Command failed with exit code ")
    assert list(small.iterdir()) == []
    assert run("echo small > file", outputFiles=["file"]).state == "SUCCESS"


def test_an_input_file_that_does_not_fit_is_named(run: Any, small: Path) -> None:
    result = run("true", inputFiles={"large.txt": "x" * TOO_MUCH})
    assert result.error.startswith("Cannot write 'large.txt' into the working folder: ")
    assert (result.state, result.retryable) == ("FAILED", True)
    assert list(small.iterdir()) == []


def test_an_output_file_that_does_not_fit_is_not_seen_in_part(small: Path, large: Path) -> None:
    storage = LocalStorage(small / "storage")
    result = run_task(commands(f"ln -s {large} out", outputFiles=["out"]), storage=storage)
    assert result.state == "FAILED"
    assert result.error.startswith("Cannot store 'main/company/team/")
    assert list(storage.list()) == []
    after = run_task(commands("echo x > out", outputFiles=["out"]), storage=storage)
    assert after.file(after.outputs["outputFiles"]["out"]) == b"x\n"


class Halting(MemoryStorage):
    """Stops in the middle of the first file that is stored, until it may go on."""

    def __init__(self) -> None:
        super().__init__()
        self.reached, self.go_on = threading.Event(), threading.Event()

    def create(self, key: str) -> Any:
        return _HaltingWriter(super().create(key), self)


class _HaltingWriter:
    def __init__(self, writer: Any, storage: Halting) -> None:
        self._writer, self._storage = writer, storage
        self.commit, self.abort = writer.commit, writer.abort

    def write(self, data: bytes) -> int:
        written = self._writer.write(data)
        self._storage.reached.set()
        assert self._storage.go_on.wait(30)
        return int(written)


def test_a_task_killed_while_a_file_is_stored_leaves_nothing_of_it(large: Path) -> None:
    storage = Halting()
    line = f"cat {large} {large} {large} > out"
    running = start_task(commands(line, outputFiles=["out"]), storage=storage)
    assert storage.reached.wait(30)
    running.kill()
    storage.go_on.set()
    assert running.result().state == "KILLED"
    assert list(storage.list()) == []


ENGINE = """
import sys, threading
from tiercel.storage.local import LocalStorage
from tiercel.testing import run_task

class Halting(LocalStorage):
    def create(self, key):
        writer = super().create(key)
        write = writer.write
        def halt(data):
            write(data)
            writer._file.flush()
            print("writing", flush=True)
            threading.Event().wait()
        writer.write = halt
        return writer

run_task({
    "type": "io.kestra.plugin.scripts.shell.Commands",
    "taskRunner": {"type": "io.kestra.plugin.core.runner.Process"},
    "commands": ["head -c 3000000 /dev/zero > out"],
    "outputFiles": ["out"],
}, storage=Halting(sys.argv[1]))
"""


def test_an_engine_killed_while_a_file_is_stored_leaves_nothing_to_see(tmp_path: Path) -> None:
    command = [sys.executable, "-c", ENGINE, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as engine:
        assert engine.stdout is not None
        assert engine.stdout.readline() == "writing\n"
        engine.send_signal(signal.SIGKILL)
    written = [path.stat().st_size for path in tmp_path.rglob("*") if path.is_file()]
    assert written == [1 << 20]
    assert list(LocalStorage(tmp_path).list()) == []
