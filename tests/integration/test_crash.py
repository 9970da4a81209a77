"""`kill -9` in the middle of a run, then `tiercel resume`: nothing lost, nothing done twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

TIERCEL = Path(sys.executable).with_name("tiercel")

FLOW = """
id: crash
namespace: company.team
inputs:
  - {id: folder, type: STRING}
tasks:
  - id: before
    type: io.kestra.plugin.scripts.shell.Commands
    taskRunner: {type: io.kestra.plugin.core.runner.Process}
    commands:
      - echo before >> "{{ inputs.folder }}/done"
      - >-
        echo '::{"outputs":{"n":7}}::'
  - id: during
    type: io.kestra.plugin.scripts.shell.Commands
    taskRunner: {type: io.kestra.plugin.core.runner.Process}
    commands:
      - test -e "{{ inputs.folder }}/started" || { touch "{{ inputs.folder }}/started"; sleep 300; }
      - echo during >> "{{ inputs.folder }}/done"
  - id: after
    type: io.kestra.plugin.core.debug.Return
    format: "{{ outputs.before.vars.n }}"
outputs:
  - {id: n, type: INT, value: "{{ outputs.after.value }}"}
"""


def wait_for(condition: Callable[[], bool], what: str) -> None:
    """Return when a condition of the outside world holds."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not happen"
        time.sleep(0.02)


def cli(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command line on a home folder."""
    command = [str(TIERCEL), *arguments, "--home", str(home)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=90)


@pytest.fixture
def crashed(tmp_path: Path) -> Path:
    """A home folder whose engine was killed with SIGKILL while `during` was running."""
    (tmp_path / "flow.yaml").write_text(FLOW)
    command = [TIERCEL, "run", tmp_path / "flow.yaml", "-i", f"folder={tmp_path}"]
    engine = subprocess.Popen([*command, "--home", tmp_path / "home", "-q"])
    try:
        wait_for((tmp_path / "started").exists, "The second task's start")
    finally:
        os.kill(engine.pid, signal.SIGKILL)
        engine.wait()
    return tmp_path


def test_resume_ends_the_execution_without_repeating_finished_tasks(crashed: Path) -> None:
    done = cli(crashed / "home", "resume", "--json")
    assert done.returncode == 0, done.stderr
    execution = json.loads(done.stdout)
    assert execution["state"]["current"] == "SUCCESS"
    assert execution["outputs"] == {"n": 7}
    assert (crashed / "done").read_text().split() == ["before", "during"]


def test_a_second_resume_finds_nothing_to_do(crashed: Path) -> None:
    cli(crashed / "home", "resume")
    again = cli(crashed / "home", "resume")
    assert (again.returncode, again.stderr) == (0, "Nothing to resume\n")


def test_an_interrupted_execution_is_listed_as_running(crashed: Path) -> None:
    listed = json.loads(cli(crashed / "home", "executions", "list", "--json").stdout)
    assert [each["state"]["current"] for each in listed] == ["RUNNING"]


def test_a_living_engine_keeps_its_executions(tmp_path: Path) -> None:
    (tmp_path / "flow.yaml").write_text(FLOW)
    command = [TIERCEL, "run", tmp_path / "flow.yaml", "-i", f"folder={tmp_path}"]
    engine = subprocess.Popen([*command, "--home", tmp_path / "home", "-q"])
    try:
        wait_for((tmp_path / "started").exists, "The second task's start")
        other = cli(tmp_path / "home", "resume")
        assert (other.returncode, other.stderr) == (0, "Nothing to resume\n")
    finally:
        engine.send_signal(signal.SIGINT)
        assert engine.wait(60) == 130
    listed = json.loads(cli(tmp_path / "home", "executions", "list", "--json").stdout)
    assert [each["state"]["current"] for each in listed] == ["KILLED"]
