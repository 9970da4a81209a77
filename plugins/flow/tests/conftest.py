"""What the tests of the flowables share."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tiercel import Execution, State, TaskRun, Tiercel

Play = Callable[..., Execution]


@pytest.fixture
def tiercel() -> Iterator[Tiercel]:
    """An engine in memory."""
    with Tiercel() as engine:
        yield engine


@pytest.fixture
def text_of() -> Callable[[str], str]:
    """Makes a flow's text of its tasks' YAML, which is indented by four."""
    return lambda tasks: f"id: f\nnamespace: company.team\ntasks:\n{tasks}"


@pytest.fixture
def play(tiercel: Tiercel, text_of: Callable[[str], str]) -> Play:
    """Runs a flow with these tasks to its end."""
    return lambda tasks, **inputs: tiercel.run(text_of(tasks), inputs, timeout=30)


@pytest.fixture
def until(tiercel: Tiercel) -> Callable[[str, State], Execution]:
    """Waits until an execution is in a state that is not its last."""

    def wait(execution_id: str, state: State) -> Execution:
        deadline = time.monotonic() + 10
        while (execution := tiercel.execution(execution_id)).state is not state:
            assert time.monotonic() < deadline, f"{execution.state} instead of {state}"
            tiercel.driver.wait(execution_id, 0.01)
        return execution

    return wait


@pytest.fixture
def runs() -> Callable[[Execution], dict[str, TaskRun]]:
    """Gives an execution's task runs by task id; by `id[value]` in a loop."""

    def named(run: TaskRun) -> str:
        return run.task_id if run.value is None else f"{run.task_id}[{run.value}]"

    return lambda execution: {named(run): run for run in execution.task_runs.values()}


@pytest.fixture
def states(runs: Any) -> Callable[[Execution], dict[str, str]]:
    """Gives the last state of each task run, by the names that `runs` gives."""
    return lambda execution: {name: str(run.state) for name, run in runs(execution).items()}
