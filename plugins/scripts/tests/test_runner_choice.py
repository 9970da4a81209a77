from __future__ import annotations

from typing import Any, ClassVar

import pytest

from tiercel.plugin import RunContext, RunnerCommand, RunnerResult, TaskRunner, UnknownTypeError
from tiercel.testing import run_task
from tiercel_scripts import tasks
from tiercel_scripts.process import PROCESS, Process

DOCKER = "io.kestra.plugin.scripts.runner.docker.Docker"


class Docker(TaskRunner):
    """Stands in for a container plugin: it keeps what it is asked to run."""

    pull_policy: str = "IF_NOT_PRESENT"
    asked: ClassVar[list[tuple[Docker, RunnerCommand]]] = []

    def run(self, ctx: RunContext, command: RunnerCommand) -> RunnerResult:
        self.asked.append((self, command))
        return RunnerResult(0)


def resolve(name: str, kind: str) -> type[TaskRunner]:
    classes = {DOCKER: Docker, PROCESS: Process}
    if name not in classes:
        raise UnknownTypeError(name)
    return classes[name]


def run_with_docker(**properties: Any) -> tuple[Docker, RunnerCommand]:
    Docker.asked.clear()
    given = {"id": "x", "type": "x", "commands": ["pwd"], **properties}
    run_task(tasks.ShellCommands.model_validate(given, context={"resolve": resolve}))
    (asked,) = Docker.asked
    return asked


def test_a_container_plugin_takes_over_tasks_without_a_runner() -> None:
    runner, command = run_with_docker(containerImage="{{ flow.id }}:1")
    assert runner.pull_policy == "IF_NOT_PRESENT"
    assert command.container_image == "test_flow:1"
    assert command.argv == ["/bin/sh", "-c", "set -e\npwd"]


def test_the_image_of_old_docker_options_may_be_an_expression() -> None:
    _, command = run_with_docker(docker={"image": "{{ flow.id }}:2"})
    assert command.container_image == "test_flow:2"


def test_the_image_of_the_language_is_the_default() -> None:
    assert run_with_docker()[1].container_image == "ubuntu"


@pytest.mark.parametrize("old", [{"runner": "DOCKER"}, {}])
def test_old_docker_options_are_those_of_the_runner(old: dict[str, str]) -> None:
    options = {"image": "alpine", "pullPolicy": "ALWAYS"}
    runner, command = run_with_docker(docker=options, **old)
    assert runner.pull_policy == "ALWAYS"
    assert command.container_image == "alpine"


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No other plugin than this one is installed."""
    monkeypatch.setenv("TIERCEL_LOAD_PLUGINS", "scripts")


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("old", [{}, {"runner": "DOCKER"}, {"docker": {"image": "alpine"}}])
def test_without_a_container_plugin_it_is_a_process_and_a_warning(old: dict[str, Any]) -> None:
    properties = {"type": "io.kestra.plugin.scripts.shell.Commands", "commands": ["echo hi"]}
    result = run_task({**properties, **old})
    (warning,) = result.messages("WARN")
    assert result.messages("INFO") == ["hi"]
    assert warning.startswith("No container plugin is installed")


@pytest.mark.parametrize("name", ["process", "PROCESS", PROCESS])
def test_the_environment_makes_processes_the_default(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIERCEL_TASK_RUNNER", name)
    properties = {"type": "io.kestra.plugin.scripts.shell.Commands", "commands": ["echo hi"]}
    result = run_task({**properties, "docker": {"image": "alpine"}})
    assert (result.messages("INFO"), result.messages("WARN")) == (["hi"], [])


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("name", ["docker", "com.acme.Runner"])
def test_a_default_that_is_not_installed_is_an_error(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIERCEL_TASK_RUNNER", name)
    properties = {"type": "io.kestra.plugin.scripts.shell.Commands", "commands": ["echo hi"]}
    result = run_task(properties)
    assert result.error.startswith("The default task runner, TIERCEL_TASK_RUNNER, cannot be used:")


@pytest.mark.parametrize("runner", ["PROCESS", "process"])
def test_the_old_runner_property_still_works(runner: str) -> None:
    properties = {"type": "io.kestra.plugin.scripts.shell.Commands", "commands": ["echo hi"]}
    result = run_task({**properties, "runner": runner})
    assert (result.messages("INFO"), result.messages("WARN")) == (["hi"], [])
