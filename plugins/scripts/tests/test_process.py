from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tiercel.testing import RunningTask, start_task

# Ignores SIGTERM, as do its child, its grandchild and the daemon that it starts.
FAMILY = ("first", "second", "third", "fourth")
STUBBORN = """
trap '' TERM
(setsid sh -c 'echo $$ > fourth; while :; do sleep 0.1; done' &) &
sh -c 'sh -c "echo \\$\\$ > third; while :; do sleep 0.1; done" & echo $$ > second; wait' &
echo $$ > first
while :; do sleep 0.1; done
"""


def wait_for(condition: Callable[[], Any], seconds: float = 10) -> Any:
    """Return what the condition gives once it is true, or fail."""
    deadline = time.monotonic() + seconds
    never = threading.Event()
    while not (found := condition()):
        assert time.monotonic() < deadline, "it never happened"
        never.wait(0.01)
    return found


def is_running(pid: int) -> bool:
    """Return whether a process lives; a zombie does not."""
    listed = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True)
    return listed.stdout.strip()[:1] not in ("", "Z")


def pids_in(folder: Path, *names: str) -> list[int]:
    """Wait until processes have written their ids into files, and return these."""
    files = [folder / name for name in names]
    wait_for(lambda: all(file.exists() and file.read_text().endswith("\n") for file in files), 30)
    return [int(file.read_text()) for file in files]


@pytest.fixture
def start(task_of: Any, tmp_path: Path) -> Callable[..., RunningTask]:
    """Start a shell script in the test's folder, and wait until it has made the file `first`."""

    def run(script: str, grace: str = "PT0.2S", **properties: Any) -> RunningTask:
        task = task_of("shell.Script", script=f"cd {tmp_path}\n{script}", **properties)
        task["taskRunner"] = {**task["taskRunner"], "killGracePeriod": grace}
        running = start_task(task)
        wait_for((tmp_path / "first").exists)
        return running

    return run


def test_a_kill_ends_the_process_and_the_task(start: Any) -> None:
    running = start("touch first; sleep 60")
    running.kill()
    result = running.result(timeout=5)
    assert (result.state, result.outputs) == ("KILLED", {})
    assert result.messages("WARN")[0].startswith("Killing process ")


def test_the_process_may_clean_up_before_it_ends(start: Any, tmp_path: Path) -> None:
    running = start("trap 'touch cleaned; exit' TERM\ntouch first\nsleep 60 & wait", "PT10S")
    running.kill()
    assert running.result(timeout=5).state == "KILLED"
    assert (tmp_path / "cleaned").exists()


def test_who_ignores_the_warning_is_killed_with_all_descendants(start: Any, tmp_path: Path) -> None:
    running = start(STUBBORN)
    pids = pids_in(tmp_path, *FAMILY)
    assert all(map(is_running, pids))
    running.kill()
    assert running.result(timeout=5).state == "KILLED"
    wait_for(lambda: not any(map(is_running, pids)))


def test_a_task_past_its_time_is_stopped(start: Any) -> None:
    result = start("touch first; sleep 60", timeout="PT0.3S").result(timeout=5)
    assert result.state == "FAILED"
    assert result.messages("WARN")[0].startswith("Killing process ")


@pytest.fixture(params=["handle", "no handle"])
def handles(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the system's handles of processes and, as in some containers, without."""
    if request.param == "no handle":
        refusal = OSError("not permitted")
        monkeypatch.setattr("os.pidfd_open", lambda pid: (_ for _ in ()).throw(refusal))


@pytest.mark.usefixtures("handles")
def test_a_process_that_closed_its_output_is_waited_for(shell: Any) -> None:
    result = shell("exec >&- 2>&-; sleep 0.1; exit 3")
    assert (result.state, result.outputs["exitCode"]) == ("FAILED", 3)


@pytest.mark.usefixtures("handles")
def test_a_process_that_closed_its_output_can_be_killed(start: Any) -> None:
    running = start("exec >&- 2>&-; touch first; trap '' TERM; while :; do sleep 0.1; done")
    running.kill()
    assert running.result(timeout=5).state == "KILLED"


# Each leaves its group and its parent; the second has another environment, too.
DAEMONS = {
    "setsid": "setsid sh -c 'echo $$ > away; exec sleep 60' >&- 2>&- &",
    "double fork": "(setsid sh -c 'echo $$ > away; exec sleep 60' >&- 2>&- &) &",
    "deaf": "setsid sh -c 'trap \"\" TERM HUP; echo $$ > away; while :; do sleep 0.1; done' &",
    "other environment": "setsid env -i /bin/sh -c 'echo $$ > away; exec sleep 60' >&- 2>&- &",
}


@pytest.mark.parametrize("daemon", DAEMONS.values(), ids=DAEMONS.keys())
@pytest.mark.parametrize("timeout", [None, "PT0.5S"], ids=["kill", "timeout"])
def test_a_daemon_ends_with_the_script_that_is_stopped(
    start: Any, tmp_path: Path, daemon: str, timeout: str | None
) -> None:
    running = start(f"{daemon} touch first; sleep 60", timeout=timeout)
    (pid,) = pids_in(tmp_path, "away")
    if timeout is None:
        running.kill()
    assert running.result(timeout=10).state == ("FAILED" if timeout else "KILLED")
    assert not is_running(pid)


def test_a_daemon_of_a_script_that_ended_by_itself_lives_on(shell: Any, tmp_path: Path) -> None:
    daemon = f"cd {tmp_path}; setsid sh -c 'echo $$ > away; exec sleep 60' > /dev/null 2>&1 &"
    result = shell(daemon)
    (pid,) = pids_in(tmp_path, "away")
    assert (result.state, is_running(pid)) == ("SUCCESS", True)
    os.kill(pid, signal.SIGKILL)


def test_the_task_waits_for_whoever_holds_the_output(shell: Any) -> None:
    assert shell("(sleep 0.3; echo late) &").messages("INFO") == ["late"]


def test_nothing_is_left_on_standard_input(shell: Any) -> None:
    assert shell("cat; echo end").messages("INFO") == ["end"]


def test_no_descriptors_are_left_open(shell: Any) -> None:
    shell("true")
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        shell("true")
    assert len(os.listdir("/proc/self/fd")) <= before


ENGINE = """
import sys
from tiercel.testing import run_task
run_task({
    "type": "io.kestra.plugin.scripts.shell.Script",
    "taskRunner": {"type": "io.kestra.plugin.core.runner.Process"},
    "script": f"cd {sys.argv[1]}" + sys.argv[2],
})
"""


def test_no_process_outlives_an_engine_that_was_killed(tmp_path: Path) -> None:
    engine = subprocess.Popen([sys.executable, "-c", ENGINE, str(tmp_path), STUBBORN])
    pids = pids_in(tmp_path, *FAMILY)
    engine.kill()
    engine.wait()
    wait_for(lambda: not any(map(is_running, pids)))
