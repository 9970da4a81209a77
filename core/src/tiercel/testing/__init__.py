"""Door 3, for the tests of plugins and of programs that embed Tiercel.

    from tiercel.testing import run_task

    def test_it_reverses_a_text():
        result = run_task({"type": "com.example.Reverse", "text": "abc"})
        assert result.outputs == {"value": "cba"}

Nothing is imported before it is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tiercel.testing.contracts.repository import RepositoryContract
    from tiercel.testing.contracts.storage import StorageContract
    from tiercel.testing.fakes import FakeClock, SequentialIds
    from tiercel.testing.runner import RunningTask, TaskResult, run_task, start_task

__all__ = [
    "FakeClock",
    "RepositoryContract",
    "RunningTask",
    "SequentialIds",
    "StorageContract",
    "TaskResult",
    "run_task",
    "start_task",
]

_HOMES = {
    "tiercel.testing.contracts.repository": "RepositoryContract",
    "tiercel.testing.contracts.storage": "StorageContract",
    "tiercel.testing.fakes": "FakeClock SequentialIds",
    "tiercel.testing.runner": "RunningTask TaskResult run_task start_task",
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(_HOME_OF[name]), name)
    globals()[name] = value
    return value
