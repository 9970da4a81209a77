from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tiercel.testing import TaskResult, run_task

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
