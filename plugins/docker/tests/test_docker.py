from __future__ import annotations

import json
from typing import Any

import docker
import pytest

from tiercel import Tiercel
from tiercel.testing import run_task


def test_commands_run_in_a_container(shell: Any) -> None:
    result = shell("echo $0; pwd; cat /etc/passwd | head -n 1; echo oops >&2")
    assert result.error is None
    first, folder, users = result.messages("INFO")
    assert (first, users) == ("/bin/sh", "root:x:0:0::/root:/bin/sh")
    assert folder.startswith("/tmp/tiercel-")
    assert result.messages("ERROR") == ["oops"]


def test_what_a_script_says_between_colons_is_heard(shell: Any) -> None:
    result = shell('echo \'::{"outputs":{"a":1}}::\'', "printf 'no line break'")
    assert result.outputs["vars"] == {"a": 1}
    assert result.messages("INFO") == ["no line break"]


@pytest.mark.parametrize("code", [1, 3, 255])
def test_the_exit_code_is_that_of_the_command(shell: Any, code: int) -> None:
    result = shell(f"exit {code}")
    assert result.error == f"Command failed with exit code {code}"
    assert result.outputs["exitCode"] == code


def test_nothing_is_left_of_the_container(shell: Any, engine: docker.APIClient) -> None:
    container = shell("true").outputs["taskRunner"]["containerId"]
    with pytest.raises(docker.errors.NotFound):
        engine.inspect_container(container)


def test_the_container_is_kept_when_it_is_wanted(shell: Any, engine: docker.APIClient) -> None:
    result = shell("exit 4", runner={"delete": False})
    state = engine.inspect_container(result.outputs["taskRunner"]["containerId"])["State"]
    assert (state["Running"], state["ExitCode"]) == (False, 4)


def test_its_environment_is_what_env_gives(shell: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OF_THE_ENGINE", "1")
    result = shell("echo ${OF_THE_ENGINE:-none} $GIVEN", env={"GIVEN": "{{ flow.id }}"})
    assert result.messages("INFO") == ["none test_flow"]


def test_python_runs_a_script_with_packages_of_its_own(
    task_of: Any, wheels: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = task_of(
        "python.Script",
        script='from greeting import greet\nprint(greet("Ada"))',
        dependencies=["greeting"],
        pythonVersion="3.11",
    )
    result = run_task(task)
    assert (result.error, result.messages("INFO")) == (None, ["Hello, Ada"])


@pytest.mark.parametrize(
    ("image", "warnings"), [("python:3.12-slim", 0), ("acme/python:latest", 1)]
)
def test_packages_are_for_the_python_that_the_image_names(
    task_of: Any, wheels: Any, image: str, warnings: int
) -> None:
    task = task_of("python.Script", script="", dependencies=["greeting"], containerImage=image)
    result = run_task({**task, "taskRunner": {**task["taskRunner"], "pullPolicy": "NEVER"}})
    assert len(result.messages("WARN")) == warnings
    assert result.error.startswith(f"Cannot create a container of '{image}': ")


def test_the_image_is_asked_for(task_of: Any) -> None:
    result = run_task({**task_of("shell.Commands", commands=["true"]), "containerImage": ""})
    assert result.error == "The Docker task runner needs `containerImage`"


@pytest.mark.parametrize("host", ["unix:///no/such/socket", "tcp://127.0.0.1:1"])
def test_an_engine_that_does_not_answer_is_named(shell: Any, host: str) -> None:
    result = shell("true", runner={"host": host})
    assert result.error.startswith(f"No container engine answers at {host}: ")
    assert "io.kestra.plugin.core.runner.Process" in result.error


def test_it_is_the_default_once_it_is_installed(task_of: Any) -> None:
    task = task_of("shell.Commands", commands=["cat /etc/passwd"])
    del task["taskRunner"]
    result = run_task(task)
    assert result.messages("INFO")[0] == "root:x:0:0::/root:/bin/sh"
    assert result.messages("WARN") == []


def test_the_older_docker_options_are_understood(task_of: Any) -> None:
    task = task_of("shell.Commands", commands=["id -u; pwd"])
    options = {"image": task.pop("containerImage"), "user": "65534", "networkMode": "host"}
    del task["taskRunner"]
    result = run_task({**task, "runner": "DOCKER", "docker": options})
    assert (result.error, result.messages("INFO")[0]) == (None, "65534")


SHARED = """
id: shared
namespace: company.team
tasks:
  - id: folder
    type: io.kestra.plugin.core.flow.WorkingDirectory
    tasks:
      - {id: write, commands: ["mkdir d; echo shared > d/file"], OPTIONS}
      - {id: read, commands: ["cat d/file"], OPTIONS}
"""


def test_tasks_in_containers_share_a_working_directory(task_of: Any) -> None:
    options = json.dumps(task_of("shell.Commands"))[1:-1]
    with Tiercel() as tiercel:
        execution = tiercel.run(SHARED.replace("OPTIONS", options))
        messages = [entry.message for entry in tiercel.logs(execution.id) if entry.level == "INFO"]
    assert (execution.state, messages) == ("SUCCESS", ["shared"])


def test_a_flood_of_output_is_taken_as_it_comes(shell: Any) -> None:
    result = shell("i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done")
    assert result.messages("INFO") == [f"line {number}" for number in range(3000)]


def test_an_endless_line_of_bytes_is_cut(shell: Any) -> None:
    result = shell("head -c 20000000 /dev/zero")
    (message,) = result.messages("INFO")
    assert len(message) < 70_000


@pytest.mark.parametrize("call", ["containers", "put_archive", "start", "attach", "wait"])
def test_an_engine_that_drops_a_connection_is_asked_again(
    shell: Any, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    drop_once(monkeypatch, call)
    result = shell("echo out; echo data > file", outputFiles=["file"])
    assert result.error is None
    assert result.messages("INFO") == ["out"]
    assert list(result.outputs["outputFiles"]) == ["file"]


def drop_once(monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    """Have the answer to the first call of a method lost."""
    real = getattr(docker.APIClient, call)
    dropped: list[str] = []

    def dropping(*arguments: Any, **more: Any) -> Any:
        if dropped:
            return real(*arguments, **more)
        dropped.append(call)
        if call != "attach":  # whose answer is an open connection
            real(*arguments, **more)
        raise ConnectionResetError(104, "Connection reset by peer")

    monkeypatch.setattr(docker.APIClient, call, dropping)


def test_what_is_said_after_the_connection_broke_off_is_heard_once(
    shell: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = docker.APIClient.attach

    def broken(*arguments: Any, **more: Any) -> Any:
        stream = real(*arguments, **more)

        class Breaking:
            _response = stream._response

            def __iter__(self) -> Any:
                yield next(iter(stream))
                raise ConnectionResetError(104, "Connection reset by peer")

        return Breaking()

    monkeypatch.setattr(docker.APIClient, "attach", broken)
    result = shell("echo first; sleep 0.3; echo second; echo oops >&2; sleep 0.3; echo third")
    assert result.error is None
    assert result.messages("INFO") == ["first", "second", "third"]
    assert result.messages("ERROR") == ["oops"]
