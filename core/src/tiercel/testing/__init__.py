"""Door 3, for the tests of plugins and of programs that embed Tiercel.

    from tiercel.testing import run_task

    def test_it_reverses_a_text():
        result = run_task({"type": "com.example.Reverse", "text": "abc"})
        assert result.outputs == {"value": "cba"}

    from tiercel.testing import run_flow

    def test_it_says_what_the_api_said():
        result = run_flow("flow.yaml", {"name": "Ada"}, mocks={"api": {"body": "Hi"}})
        assert result.state == "SUCCESS"

Nothing is imported before it is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiercel._lazy import door

if TYPE_CHECKING:
    from tiercel.testing.contracts.executor import ExecutorContract
    from tiercel.testing.contracts.flowable import FlowableContract
    from tiercel.testing.contracts.repository import RepositoryContract
    from tiercel.testing.contracts.secrets import SecretsContract
    from tiercel.testing.contracts.storage import StorageContract
    from tiercel.testing.contracts.task import TaskContract, TaskDeclarationContract
    from tiercel.testing.contracts.task_runner import TaskRunnerContract
    from tiercel.testing.contracts.trigger import (
        PollingTriggerContract,
        ScheduledTriggerContract,
        TriggerContract,
    )
    from tiercel.testing.fakes import FakeClock, SequentialIds
    from tiercel.testing.flow_tests.bench import Fired, Resume
    from tiercel.testing.flow_tests.crashes import Crash
    from tiercel.testing.flow_tests.mocks import Mock
    from tiercel.testing.flow_tests.run import FlowResult, run_flow
    from tiercel.testing.recorded_http import recorded_http
    from tiercel.testing.runner import (
        RunningTask,
        TaskResult,
        poll_trigger,
        run_task,
        start_task,
    )
    from tiercel.testing.trigger_bench import TriggerBench
    from tiercel.testing.triggers import load_condition, load_trigger, trigger_context

__all__ = [
    "Crash",
    "ExecutorContract",
    "FakeClock",
    "Fired",
    "FlowResult",
    "FlowableContract",
    "Mock",
    "PollingTriggerContract",
    "RepositoryContract",
    "Resume",
    "RunningTask",
    "ScheduledTriggerContract",
    "SecretsContract",
    "SequentialIds",
    "StorageContract",
    "TaskContract",
    "TaskDeclarationContract",
    "TaskResult",
    "TaskRunnerContract",
    "TriggerBench",
    "TriggerContract",
    "load_condition",
    "load_trigger",
    "poll_trigger",
    "recorded_http",
    "run_flow",
    "run_task",
    "start_task",
    "trigger_context",
]

__getattr__ = door(
    globals(),
    {
        "tiercel.testing.contracts.executor": "ExecutorContract",
        "tiercel.testing.contracts.flowable": "FlowableContract",
        "tiercel.testing.contracts.repository": "RepositoryContract",
        "tiercel.testing.contracts.secrets": "SecretsContract",
        "tiercel.testing.contracts.storage": "StorageContract",
        "tiercel.testing.contracts.task": "TaskContract TaskDeclarationContract",
        "tiercel.testing.contracts.task_runner": "TaskRunnerContract",
        "tiercel.testing.contracts.trigger": (
            "PollingTriggerContract ScheduledTriggerContract TriggerContract"
        ),
        "tiercel.testing.fakes": "FakeClock SequentialIds",
        "tiercel.testing.flow_tests.bench": "Fired Resume",
        "tiercel.testing.flow_tests.crashes": "Crash",
        "tiercel.testing.flow_tests.mocks": "Mock",
        "tiercel.testing.flow_tests.run": "FlowResult run_flow",
        "tiercel.testing.recorded_http": "recorded_http",
        "tiercel.testing.runner": "RunningTask TaskResult poll_trigger run_task start_task",
        "tiercel.testing.trigger_bench": "TriggerBench",
        "tiercel.testing.triggers": "load_condition load_trigger trigger_context",
    },
)
