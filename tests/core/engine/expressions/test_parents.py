"""`parents`: the loops and other tasks with outputs that a task is inside of."""

from __future__ import annotations

import pytest

from tiercel import State, Tiercel

RETURN = "type: io.kestra.plugin.core.debug.Return"


@pytest.fixture
def run():
    """Run a flow with this task; return the execution."""
    with Tiercel(environ={}) as tiercel:
        yield lambda task: tiercel.run(f"id: f\nnamespace: a.b\ntasks: [{task}]", timeout=20)


def test_a_task_inside_of_nothing_has_no_parents(run):
    execution = run(f"{{id: a, {RETURN}, format: '{{{{ parents }}}}'}}")
    assert execution.state is State.SUCCESS
    assert next(iter(execution.task_runs.values())).outputs == {"value": "[]"}


def test_a_task_inside_of_nothing_has_no_parent(run):
    execution = run(f"{{id: a, {RETURN}, format: '{{{{ parent }}}}'}}")
    assert execution.state is State.FAILED
