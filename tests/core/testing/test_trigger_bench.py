"""Triggers start executions as a test lets time pass."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tiercel.errors import FlowError, TiercelError
from tiercel.plugin import Output, PollingTrigger, RunContext, hookimpl
from tiercel.plugin.registry import Plugin, Registry, installed
from tiercel.testing import FakeClock, TriggerBench, poll_trigger, run_flow, run_task

CORE = "io.kestra.plugin.core"
HOURLY = f"{{id: t, type: {CORE}.trigger.Schedule, cron: '0 * * * *'}}"
COUNTING = "{id: t, type: org.example.Counting, interval: PT10M}"
START = datetime(2024, 1, 1, 8, 30, tzinfo=UTC)


class Counted(Output):
    count: int


class Counting(PollingTrigger):
    """Finds something at each second look."""

    def poll(self, ctx: RunContext) -> Counted | None:
        store = ctx.kv()
        count = store.get("count") + 1
        store.set("count", count)
        ctx.log("INFO", f"Looked with {ctx.secret('TOKEN')}")
        return Counted(count=count) if count % 2 == 0 else None


@hookimpl
def register_triggers() -> dict[str, str]:
    return {"org.example.Counting": f"{__name__}:Counting"}


@pytest.fixture(scope="module")
def registry() -> Registry:
    plugin = Plugin("counting", __name__, "counting", "1")
    return Registry([*installed(), (plugin, lambda: sys.modules[__name__])])


def flow(trigger: str, task: str = f"{{id: a, type: {CORE}.debug.Return, format: x}}") -> str:
    return f"id: f\nnamespace: company.team\ntasks: [{task}]\ntriggers: [{trigger}]\n"


def test_each_date_starts_an_execution_at_its_time() -> None:
    with TriggerBench(flow(HOURLY), clock=START) as bench:
        begun = bench.move(hours=3)
    assert [each.history.started.hour for each in begun] == [9, 10, 11]
    assert {str(each.state) for each in begun} == {"SUCCESS"}


def test_only_executions_that_began_meanwhile_are_returned() -> None:
    with TriggerBench(flow(HOURLY), clock=START) as bench:
        assert [len(bench.move(hours=hours)) for hours in (0, 1, 2)] == [0, 1, 2]
        assert len(bench.executions) == 3


def test_a_clock_of_the_tests_own_is_moved() -> None:
    clock = FakeClock(START)
    with TriggerBench(flow(HOURLY), clock=clock) as bench:
        bench.move(timedelta(hours=1), minutes=30)
    assert clock.now() == START + timedelta(minutes=90)


def test_what_tasks_wait_for_takes_its_time() -> None:
    pause = f"{{id: a, type: {CORE}.flow.Pause, pauseDuration: PT20M}}"
    with TriggerBench(flow(HOURLY, pause), clock=START) as bench:
        (execution,) = bench.move(minutes=45)
        assert execution.state == "PAUSED"
        bench.move(minutes=10)
        assert [each.state for each in bench.executions] == ["SUCCESS"]


def test_tasks_can_be_mocked() -> None:
    mocks = {"a": lambda seen: {"value": seen["trigger"]["date"]}}
    with TriggerBench(flow(HOURLY), clock=START, mocks=mocks) as bench:
        (execution,) = bench.move(hours=1)
    (run,) = execution.task_runs.values()
    assert run.outputs == {"value": "2024-01-01T09:00:00Z"}


def test_a_mock_for_no_task_is_refused() -> None:
    with pytest.raises(TiercelError, match="no task 'b'"):
        TriggerBench(flow(HOURLY), mocks={"b": {}})


def test_a_flow_that_is_wrong_is_refused(tmp_path: Path) -> None:
    (tmp_path / "f.yaml").write_text(flow("{id: t, type: org.example.Missing}"))
    with pytest.raises(FlowError, match=r"f\.yaml:4"):
        TriggerBench(tmp_path / "f.yaml")


def test_polls_keep_what_they_keep_and_see_secrets(registry: Registry) -> None:
    world = {"kv": {"count": 0}, "secrets": {"TOKEN": "abc"}, "registry": registry}
    with TriggerBench(flow(COUNTING), **world) as bench:
        counts = [
            each.trigger["variables"]["count"] for each in bench.move(hours=1) if each.trigger
        ]
    assert counts == [2, 4, 6]


def test_another_engine_goes_on(registry: Registry) -> None:
    world = {"kv": {"count": 0}, "secrets": {"TOKEN": "abc"}, "registry": registry}
    with TriggerBench(flow(COUNTING), **world) as bench:
        bench.move(minutes=30)
        bench.restart_engine()
        bench.move(minutes=30)
        assert [each.trigger["variables"]["count"] for each in bench.executions] == [2, 4, 6]


def test_a_trigger_looks_once(registry: Registry) -> None:
    trigger = {"type": "org.example.Counting"}
    found = [
        poll_trigger(trigger, kv={"count": count}, secrets={"TOKEN": "abc"}, registry=registry)
        for count in (0, 1)
    ]
    assert [(each.state, each.outputs) for each in found] == [
        ("SUCCESS", {}),
        ("SUCCESS", {"count": 2}),
    ]
    assert found[0].kv().get("count") == 1
    assert found[0].messages() == ["Looked with ******"]


def test_a_trigger_that_fails_says_why(registry: Registry) -> None:
    result = poll_trigger({"type": "org.example.Counting"}, registry=registry)
    assert (result.state, result.outputs) == ("FAILED", {})
    assert "count" in str(result.error)


def test_what_is_no_polling_trigger_is_refused() -> None:
    with pytest.raises(TypeError, match="no polling trigger"):
        poll_trigger({"type": f"{CORE}.trigger.Schedule", "cron": "0 * * * *"})


@pytest.mark.parametrize("clock", [START, FakeClock(START)], ids=["moment", "clock"])
def test_a_task_sees_the_time_that_it_is_given(clock: datetime | FakeClock) -> None:
    task = {
        "type": f"{CORE}.debug.Return",
        "format": "{{ now() | date('yyyy-MM-dd HH:mm', timeZone='UTC') }}",
    }
    assert run_task(task, clock=clock).outputs == {"value": "2024-01-01 08:30"}


def test_a_flow_moves_the_clock_that_it_is_given() -> None:
    clock = FakeClock(START)
    text = flow(HOURLY, f"{{id: a, type: {CORE}.flow.Pause, pauseDuration: P1D}}")
    assert run_flow(text, clock=clock).state == "SUCCESS"
    assert clock.now() >= START + timedelta(days=1)
