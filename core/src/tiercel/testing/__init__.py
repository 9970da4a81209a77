"""Door 3, for the tests of plugins and of programs that embed Tiercel.

    from tiercel.testing import run_task

    def test_it_reverses_a_text():
        result = run_task({"type": "com.example.Reverse", "text": "abc"})
        assert result.outputs == {"value": "cba"}

Nothing is imported before it is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiercel._lazy import door

if TYPE_CHECKING:
    from tiercel.testing.contracts.repository import RepositoryContract
    from tiercel.testing.contracts.secrets import SecretsContract
    from tiercel.testing.contracts.storage import StorageContract
    from tiercel.testing.fakes import FakeClock, SequentialIds
    from tiercel.testing.runner import RunningTask, TaskResult, run_task, start_task
    from tiercel.testing.triggers import load_condition, load_trigger, trigger_context

__all__ = [
    "FakeClock",
    "RepositoryContract",
    "RunningTask",
    "SecretsContract",
    "SequentialIds",
    "StorageContract",
    "TaskResult",
    "load_condition",
    "load_trigger",
    "run_task",
    "start_task",
    "trigger_context",
]

__getattr__ = door(
    globals(),
    {
        "tiercel.testing.contracts.repository": "RepositoryContract",
        "tiercel.testing.contracts.secrets": "SecretsContract",
        "tiercel.testing.contracts.storage": "StorageContract",
        "tiercel.testing.fakes": "FakeClock SequentialIds",
        "tiercel.testing.runner": "RunningTask TaskResult run_task start_task",
        "tiercel.testing.triggers": "load_condition load_trigger trigger_context",
    },
)
