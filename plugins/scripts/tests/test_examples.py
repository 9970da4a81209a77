"""The examples of the docs, run as they stand."""

from __future__ import annotations

import pytest

from tiercel import Tiercel
from tiercel_scripts import tasks


@pytest.mark.parametrize(
    "task", ["PythonScript", "PythonCommands", "ShellScript", "ShellCommands", "RubyCommands"]
)
def test_the_example_of_the_docs_runs(task: str) -> None:
    (example,) = getattr(tasks, task).examples
    with Tiercel() as tiercel:
        execution = tiercel.run(example.code)
        messages = [entry.message for entry in tiercel.logs(execution.id)]
    assert execution.state == "SUCCESS"
    assert any(message.startswith("Hello") for message in messages)
