from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tiercel import Execution, Tiercel
from tiercel.testing import load_condition, trigger_context

CONDITION = "io.kestra.plugin.core.condition."


@pytest.fixture
def holds() -> Callable[..., bool]:
    """Ask a condition, by its short name, about a trigger's date or an execution."""

    def ask(name: str, properties: dict[str, Any], date: str = "", **context: Any) -> bool:
        condition = load_condition({"type": CONDITION + name, **properties})
        variables = {"trigger": {"date": date}} if date else {}
        return condition.holds(trigger_context(variables, **context))

    return ask


@pytest.fixture(scope="module")
def execution() -> Execution:
    """An execution of `company.team.etl`, labelled, with an output and a task tried twice."""
    with Tiercel() as tiercel:
        return tiercel.run(ETL, labels={"env": "prod", "team": "data"})


ETL = """
id: etl
namespace: company.team
tasks:
  - id: flaky
    type: io.kestra.plugin.core.execution.Fail
    allowFailure: true
    retry: {type: constant, interval: PT0.01S, maxAttempts: 2}
outputs:
  - {id: status, type: STRING, value: done}
"""
