"""Subflow: what becomes of the task when the other flow ends, or cannot begin."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from tiercel import Execution, ExecutionQuery, LogEntry, State, TaskRun, Tiercel
from tiercel.testing import FakeClock

CHILD = """
id: child
namespace: company.team
tasks: [{{id: x, type: io.kestra.plugin.core.{task}}}]
{rest}
"""
FLOW = """
id: f
namespace: company.team
tasks:
  - id: s
    type: io.kestra.plugin.core.flow.Subflow
    namespace: company.team
    flowId: child
    {more}
"""


@pytest.fixture
def subflow(tiercel: Tiercel) -> Callable[..., TaskRun]:
    """Runs a flow whose one task runs the flow `child`, and gives that task's run."""

    def run(more: str = "", task: str = "debug.Return", rest: str = "") -> TaskRun:
        tiercel.save_flow(tiercel.load_flow(CHILD.format(task=task, rest=rest)))
        return only(tiercel.run(FLOW.format(more=more), timeout=30))

    return run


def only(execution: Execution) -> TaskRun:
    (task_run,) = execution.task_runs.values()
    return task_run


def told(tiercel: Tiercel) -> list[LogEntry]:
    """Return what the logs of the flow warn of."""
    executions = [one for one in tiercel.executions() if one.flow_id == "f"]
    logs = [entry for one in executions for entry in tiercel.logs(one.id)]
    return [entry for entry in logs if entry.level in ("WARN", "ERROR")]


@pytest.mark.parametrize(
    ("ends", "more", "expected"),
    [
        ("WARNING", "", "WARNING"),
        ("FAILED", "", "FAILED"),
        ("FAILED", "allowFailure: true", "WARNING"),
        ("FAILED", "transmitFailed: false", "SUCCESS"),
        ("FAILED", "wait: false", "SUCCESS"),
        ("KILLED", "", "KILLED"),
        ("CANCELED", "", "SUCCESS"),
    ],
)
def test_the_task_ends_as_the_other_execution_did(subflow, ends, more, expected):
    task_run = subflow(more, task=f"execution.Exit, state: {ends}")
    assert str(task_run.state) == expected


def test_outputs_of_the_other_flow_are_the_tasks(subflow):
    task_run = subflow(rest="outputs: [{id: o, type: INT, value: 3}]")
    assert task_run.outputs["outputs"] == {"o": 3}


@pytest.mark.filterwarnings("ignore:.*outputs.*:DeprecationWarning")
def test_older_outputs_see_what_the_other_execution_did(subflow):
    more = "outputs: {o: '{{ outputs.x.value }} of {{ flow.id }}'}"
    assert subflow(more, task="debug.Return, format: a").outputs["outputs"] == {"o": "a of child"}


def test_failing_outputs_of_the_other_flow_fail_the_task(tiercel, subflow):
    task_run = subflow(rest="outputs: [{id: o, type: STRING, value: '{{ nothing.here }}'}]")
    assert str(task_run.state) == "FAILED"
    entry = told(tiercel)[0]
    assert "Failed to extract outputs with the error: '" in entry.message


def test_a_disabled_flow_is_refused(tiercel, subflow):
    task_run = subflow(rest="disabled: true")
    assert str(task_run.state) == "FAILED"
    assert "Cannot execute a flow which is disabled" in told(tiercel)[0].message


def test_a_flow_or_revision_that_is_not_there_is_told(tiercel, subflow):
    subflow("revision: 7")
    message = "Unable to find flow 'company.team'.'child' with revision '7'"
    assert message in told(tiercel)[0].message


def test_an_input_that_the_other_flow_does_not_declare_is_worth_a_warning(tiercel, subflow):
    task_run = subflow("inputs: {z: 1}")
    assert str(task_run.state) == "SUCCESS"
    entry = told(tiercel)[0]
    assert entry.level == "WARN"
    assert "Input z was provided by parent execution" in entry.message


@pytest.mark.parametrize("date", ["2024-01-01T01:00:00+01:00", "2023-12-31T00:00:00"])
def test_a_date_that_has_passed_is_now(
    tiercel: Tiercel, subflow: Callable[..., TaskRun], date: str
) -> None:
    assert subflow(f"scheduleDate: '{date}'").state is State.SUCCESS


def test_the_other_execution_begins_at_its_date() -> None:
    clock = FakeClock()
    with Tiercel(clock=clock) as tiercel:
        tiercel.save_flow(tiercel.load_flow(CHILD.format(task="debug.Return", rest="")))
        parent = tiercel.start(FLOW.format(more="scheduleDate: '2024-01-01T01:00:00Z'"))
        while not (children := tiercel.executions(ExecutionQuery(parent_id=parent))):
            tiercel.driver.wait(parent, 0.01)
        assert (children[0].state, tiercel.execution(parent).done) == (State.CREATED, False)
        clock.move(timedelta(hours=1))
        tiercel.driver.wake()
        assert tiercel.wait(parent, 10).state is State.SUCCESS
