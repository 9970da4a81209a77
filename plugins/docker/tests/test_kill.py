from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import docker
import pytest

from tiercel.testing import run_task

LABEL = {"label": "kestra.io/task-id"}


@pytest.fixture
def started(start: Any, engine: docker.APIClient, eventually: Any, tmp_path: Path) -> Any:
    """Start commands in a container that sees the test's folder; wait for the file `first`."""

    def run(command: str, runner: dict[str, Any] | None = None, **properties: Any) -> Any:
        mounted = {"volumes": [f"{tmp_path}:{tmp_path}"], **(runner or {})}
        running = start(f"cd {tmp_path}; {command}", runner=mounted, **properties)
        eventually((tmp_path / "first").exists)
        return running

    return run


def test_a_kill_ends_the_container_with_everything_in_it(
    started: Any, engine: docker.APIClient
) -> None:
    running = started("trap '' TERM; setsid sleep 60 & touch first; sleep 60")
    running.kill()
    result = running.result(timeout=100)
    assert (result.state, result.outputs) == ("KILLED", {})
    assert result.messages("WARN")[0].startswith("Killing container ")
    assert engine.containers(all=True, filters=LABEL) == []


def test_a_container_may_clean_up_before_it_ends(started: Any, tmp_path: Path) -> None:
    command = "trap 'touch cleaned; exit' TERM; touch first; while :; do sleep 0.1; done"
    running = started(command, {"killGracePeriod": "PT20S"})
    running.kill()
    assert running.result(timeout=100).state == "KILLED"
    assert (tmp_path / "cleaned").exists()


def test_a_container_past_its_time_is_killed(started: Any, engine: docker.APIClient) -> None:
    result = started("touch first; sleep 60", timeout="PT3S").result(timeout=100)
    assert (result.state, result.error) == ("FAILED", "Timeout after 00:00:03.000")
    assert engine.containers(all=True, filters=LABEL) == []


def test_a_kill_before_the_start_leaves_nothing(start: Any, engine: docker.APIClient) -> None:
    running = start("sleep 60")
    running.kill()
    assert running.result(timeout=100).state == "KILLED"
    assert engine.containers(all=True, filters=LABEL) == []


def test_what_was_killed_elsewhere_is_a_failure(started: Any, engine: docker.APIClient) -> None:
    running = started("touch first; sleep 60")
    (container,) = engine.containers(filters=LABEL)
    engine.kill(container["Id"])
    assert running.result(timeout=100).outputs["exitCode"] == 137


def test_a_container_that_is_not_waited_for_goes_on(shell: Any, engine: docker.APIClient) -> None:
    result = shell("sleep 60", runner={"wait": False})
    assert (result.state, result.outputs["exitCode"]) == ("SUCCESS", 0)
    container = engine.inspect_container(result.outputs["taskRunner"]["containerId"])
    assert container["State"]["Running"]


def test_an_attempt_goes_on_with_its_container(task_of: Any, engine: docker.APIClient) -> None:
    commands = ["echo before; echo oops >&2; cat in.txt > out.txt; echo after"]
    task = task_of("shell.Commands", commands=commands, inputFiles={"in.txt": "in"})
    task["outputFiles"] = ["out.txt"]
    alone = {**task, "taskRunner": {**task["taskRunner"], "wait": False}}
    container = run_task(alone).outputs["taskRunner"]["containerId"]
    result = run_task(task)
    assert result.messages("INFO") == [f"Going on with container {container}", "before", "after"]
    assert result.messages("ERROR") == ["oops"]
    assert result.outputs["taskRunner"]["containerId"] == container
    assert result.file(result.outputs["outputFiles"]["out.txt"]) == b"in"


def test_an_attempt_begins_anew_when_it_is_told_to(task_of: Any) -> None:
    task = task_of("shell.Commands", {"resume": False}, commands=["true"])
    alone = {**task, "taskRunner": {**task["taskRunner"], "wait": False}}
    containers = {run_task(each).outputs["taskRunner"]["containerId"] for each in (alone, task)}
    assert len(containers) == 2


FLOW = """
id: survivor
namespace: company.team
tasks:
  - id: work
    type: io.kestra.plugin.scripts.shell.Commands
    taskRunner:
      type: io.kestra.plugin.scripts.runner.docker.Docker
      networkMode: host
      fileHandlingStrategy: {strategy}
      volumes: ["{folder}:{folder}"]
    containerImage: {image}
    outputFiles: [out.txt]
    commands:
      - echo began; touch {folder}/first
      - until test -e {folder}/go; do sleep 0.1; done
      - echo ended; echo x > out.txt
"""


@pytest.mark.parametrize("strategy", ["VOLUME", "MOUNT"])
def test_a_container_survives_a_crash_and_is_gone_on_with(
    engine: docker.APIClient, eventually: Any, task_of: Any, tmp_path: Path, strategy: str
) -> None:
    flow = tmp_path / "flow.yaml"
    image = task_of("shell.Commands")["containerImage"]
    flow.write_text(FLOW.format(folder=tmp_path, image=image, strategy=strategy))
    command = [str(Path(sys.executable).with_name("tiercel"))]
    home = ["--home", str(tmp_path / "home")]
    first = subprocess.Popen([*command, "run", flow, *home, "-q"])
    eventually((tmp_path / "first").exists)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    (container,) = engine.containers(filters=LABEL)
    (tmp_path / "go").touch()
    done = subprocess.run([*command, "resume", "--json", *home], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (run,) = json.loads(done.stdout)["taskRunList"]
    assert run["outputs"]["taskRunner"]["containerId"] == container["Id"]
    assert list(run["outputs"]["outputFiles"]) == ["out.txt"]
