from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tiercel.testing import TaskResult, run_task

PROCESS = {"type": "io.kestra.plugin.core.runner.Process"}
Run = Callable[..., TaskResult]


@pytest.fixture
def task_of() -> Callable[..., dict[str, Any]]:
    """Return a script task's properties, to run as a process."""

    def make(kind: str, **properties: Any) -> dict[str, Any]:
        return {
            "type": f"io.kestra.plugin.scripts.{kind}",
            "taskRunner": PROCESS,
            **properties,
        }

    return make


@pytest.fixture
def shell(task_of: Callable[..., dict[str, Any]]) -> Run:
    """Run shell commands; `files` and `variables` are the test's own."""

    def run(*commands: str, **properties: Any) -> TaskResult:
        given: dict[str, Mapping[str, Any]] = {
            name: properties.pop(name) for name in ("files", "variables") if name in properties
        }
        return run_task(task_of("shell.Commands", commands=list(commands), **properties), **given)

    return run
