from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tiercel.plugin import Output, RunContext, Task
from tiercel.testing import TaskResult, load_trigger, run_task

PREFIX = "io.kestra.plugin.jdbc.duckdb"


@pytest.fixture
def query() -> Callable[..., TaskResult]:
    """Run a `Query` task; `files`, `variables` and `storage` are the test's own."""

    def run(sql: str, **properties: Any) -> TaskResult:
        given = {k: properties.pop(k) for k in ("files", "variables") if k in properties}
        return run_task({"type": f"{PREFIX}.Query", "sql": sql, **properties}, **given)

    return run


@pytest.fixture
def queries() -> Callable[..., TaskResult]:
    """Run a `Queries` task."""

    def run(sql: str, **properties: Any) -> TaskResult:
        return run_task({"type": f"{PREFIX}.Queries", "sql": sql, **properties})

    return run


@pytest.fixture
def poll() -> Callable[[dict[str, Any]], Any]:
    """Have a trigger look once; return what it found."""

    def look(properties: dict[str, Any]) -> Any:
        trigger: Any = load_trigger({"type": f"{PREFIX}.Trigger", **properties})
        found: list[Any] = []

        class Poll(Task[Output]):
            def run(self, ctx: RunContext) -> Output:
                found.append(trigger.poll(ctx))
                return Output()

        result = run_task(Poll(id="poll", type="com.example.Poll"))
        assert result.error is None
        return found[0]

    return look
