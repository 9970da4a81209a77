"""The examples of the docs, run as they stand."""

from __future__ import annotations

import pytest

from tiercel import Tiercel
from tiercel_scripts import tasks
from tiercel_scripts.process import Process


@pytest.mark.parametrize(
    "task", ["PythonScript", "PythonCommands", "ShellScript", "ShellCommands", "RubyCommands"]
)
def test_the_example_of_the_docs_runs(task: str) -> None:
    with Tiercel() as tiercel:
        execution = tiercel.run(getattr(tasks, task).examples[0].code)
        messages = [entry.message for entry in tiercel.logs(execution.id)]
    assert execution.state == "SUCCESS"
    assert any(message.startswith("Hello") for message in messages)


def test_the_example_of_the_process_runner_runs() -> None:
    (example,) = Process.examples
    with Tiercel() as tiercel:
        assert tiercel.run(example.code).state == "SUCCESS"


def test_the_example_with_packages_is_a_flow() -> None:
    with Tiercel() as tiercel:
        assert tiercel.load_flow(tasks.PythonScript.examples[1].code).id == "prices"
