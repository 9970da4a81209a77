"""`tiercel daemon` as a process of its own: started, watching, stopped, killed."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Empty, SimpleQueue

import pytest

from tiercel import State, Tiercel
from tiercel.cli import daemon as module
from tiercel.repository.spi import ExecutionQuery

TIERCEL = Path(sys.executable).with_name("tiercel")
TICK = """
id: tick
namespace: company.team
tasks:
  - {id: a, type: io.kestra.plugin.core.debug.Return, format: x}
triggers:
  - id: every_second
    type: io.kestra.plugin.core.trigger.Schedule
    cron: "* * * * * *"
    withSeconds: true
"""
AFTER = """
id: after
namespace: company.team
tasks:
  - {id: a, type: io.kestra.plugin.core.debug.Return, format: x}
triggers:
  - {id: ended, type: io.kestra.plugin.core.trigger.Flow}
"""


class Daemon:
    """A daemon on a folder of flows."""

    def __init__(self, root: Path, *options: str) -> None:
        self.flows, self.home = root / "flows", root / "home"
        self.flows.mkdir(exist_ok=True)
        self._options = options
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Begin, and note what it tells."""
        command = [TIERCEL, "daemon", self.flows, "--home", self.home, *self._options]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        # What an earlier process told is no news.
        self._lines: SimpleQueue[str] = SimpleQueue()
        self._reader = threading.Thread(target=self._read, args=(self.process,), daemon=True)
        self._reader.start()

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stderr is not None
        with process.stderr:
            for line in process.stderr:
                self._lines.put(line)

    def tells(self, text: str) -> str:
        """Wait for a line with a text in it, and return it."""
        told = []
        try:
            while True:
                told.append(self._lines.get(timeout=30))
                if text in told[-1]:
                    return told[-1]
        except Empty:
            raise AssertionError(f"{text!r} was not told, but {told}") from None

    def tells_in_any_order(self, *texts: str) -> None:
        """Wait for lines with all of these texts in them."""
        wanted = set(texts)
        while wanted:
            line = self._lines.get(timeout=60)
            wanted -= {text for text in wanted if text in line}

    def end(self, number: int) -> int:
        """Send a signal, and return the exit code."""
        assert self.process is not None
        self.process.send_signal(number)
        code = self.process.wait(30)
        self._reader.join()
        return code

    def dates(self, flow_id: str, key: str = "date") -> list[str]:
        """Return what a flow's executions were started for."""
        with Tiercel(home=self.home) as engine:
            found = engine.executions(ExecutionQuery(flow_id=flow_id, limit=1000))
        return [(each.trigger or {})["variables"][key] for each in found]


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Callable[..., Daemon]]:
    made = []

    def make(*options: str) -> Daemon:
        made.append(Daemon(tmp_path, *options))
        return made[-1]

    yield make
    for each in made:
        if each.process is not None:
            each.end(signal.SIGKILL)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_daemon_starts_executions_until_it_is_stopped(
    daemon: Callable[..., Daemon], number: int
) -> None:
    running = daemon()
    (running.flows / "tick.yaml").write_text(TICK)
    running.start()
    running.tells("deployed company.team.tick revision 1")
    running.tells("SUCCESS")
    assert running.end(number) == 0
    running.tells("stopping")
    assert len(running.dates("tick")) > 0


def test_files_are_followed_and_wrong_ones_told(daemon: Callable[..., Daemon]) -> None:
    running = daemon("--watch")
    running.start()
    running.tells("0 triggers at work")
    file = running.flows / "tick.yaml"
    file.write_text(TICK)
    running.tells("deployed company.team.tick revision 1")
    file.write_text(TICK.replace("debug.Return", "debug.Retrun"))
    assert f"{file}:5:19: Invalid type" in running.tells("error:")
    file.write_text(TICK.replace("format: x", "format: y"))
    running.tells("deployed company.team.tick revision 2")
    file.unlink()
    running.tells("deleted company.team.tick")
    assert running.end(signal.SIGTERM) == 0


def test_a_killed_daemon_is_gone_on_with_and_nothing_is_started_twice(
    daemon: Callable[..., Daemon],
) -> None:
    running = daemon()
    (running.flows / "tick.yaml").write_text(TICK)
    (running.flows / "after.yaml").write_text(AFTER)
    for _ in range(3):
        running.start()
        running.tells("SUCCESS")
        running.tells("company.team.after")
        assert running.end(signal.SIGKILL) == -signal.SIGKILL
    running.start()
    running.tells("company.team.after")
    assert running.end(signal.SIGTERM) == 0
    ticks = Counter(running.dates("tick"))
    assert set(ticks.values()) == {1}
    assert set(Counter(running.dates("after", "executionId")).values()) == {1}
    seconds = sorted(int(date[14:16]) * 60 + int(date[17:19]) for date in ticks)
    assert seconds == list(range(seconds[0], seconds[0] + len(seconds)))


@pytest.mark.slow
def test_what_another_process_leaves_that_dies_is_gone_on_with(
    daemon: Callable[..., Daemon], tmp_path: Path
) -> None:
    running = daemon()
    running.start()
    running.tells("0 triggers at work")
    flow = tmp_path / "waits.yaml"
    pause = "flow.Pause, pauseDuration: PT2S"
    flow.write_text(TICK.partition("triggers:")[0].replace("debug.Return, format: x", pause))
    command = [TIERCEL, "run", flow, "--home", running.home]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as other:
        with Tiercel(home=running.home) as engine:
            while not engine.executions(ExecutionQuery(states=frozenset({State.PAUSED}))):
                assert other.poll() is None
        other.kill()
    # It may be over as soon as it is gone on with: its pause has passed meanwhile.
    running.tells_in_any_order("going on with", "SUCCESS")


def test_a_daemon_needs_a_folder(daemon: Callable[..., Daemon]) -> None:
    running = daemon()
    running.flows.rmdir()
    running.start()
    running.tells("does not exist")
    assert running.process is not None
    assert running.process.wait(30) == 2


def test_without_the_library_that_watches_files_are_looked_at_again_and_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "watchfiles", None)
    monkeypatch.setattr(module, "_LOOK_EVERY", 0.001)
    stop = threading.Event()
    looks = module._changes(tmp_path, stop)
    assert [next(looks), next(looks)] == [None, None]
    stop.set()
    assert list(looks) == []
