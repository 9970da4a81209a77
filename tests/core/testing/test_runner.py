"""`run_task` and `start_task`: one task on the engine's own context and worker."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from tiercel.errors import UnknownTypeError
from tiercel.plugin import Metric, Output, Property, RunContext, State, Task, TaskError
from tiercel.testing import FakeClock, run_task, start_task

RETURN = {"id": "inner", "type": "io.kestra.plugin.core.debug.Return"}


class Reversed(Output):
    value: str


class Reverse(Task[Reversed]):
    """Reverse a text."""

    text: Property[str]

    def run(self, ctx: RunContext) -> Reversed:
        text = ctx.render(self.text)
        if not text:
            raise TaskError("Nothing to reverse", retryable=False)
        ctx.log("INFO", f"Reversing {text}")
        ctx.metric(Metric.counter("characters", len(text)))
        return Reversed(value=text[::-1])


def reverse(text: str, **given: Any) -> Any:
    return run_task(Reverse(id="reverse", type="Reverse", text=text), **given)


def test_a_task_gives_outputs_logs_and_metrics() -> None:
    result = reverse("abc")
    assert result.state is State.SUCCESS
    assert result.outputs == {"value": "cba"}
    assert result.messages() == ["Reversing abc"]
    assert [(metric.name, metric.value) for metric in result.metrics] == [("characters", 3)]


def test_a_task_that_raises_has_failed() -> None:
    result = reverse("")
    assert result.state is State.FAILED
    assert result.error == "Nothing to reverse"
    assert result.messages("ERROR") == ["Nothing to reverse"]
    assert not result.retryable


def test_expressions_see_the_flow_and_what_the_test_gives() -> None:
    result = reverse("{{ task.id }}-{{ flow.id }}-{{ n }}", variables={"n": 5})
    assert result.messages() == ["Reversing reverse-test_flow-5"]


def test_expressions_see_key_value_pairs_secrets_and_files() -> None:
    result = reverse(
        "{{ kv('k') }}-{{ secret('S') }}-{{ read(files.f) }}",
        kv={"k": 1},
        secrets={"S": "a-secret"},
        files={"f": "text"},
    )
    assert result.outputs == {"value": "txet-terces-a-1"}
    assert result.messages() == ["Reversing 1-******-text"]


def test_files_can_be_looked_at_afterwards() -> None:
    result = reverse("{{ files.data }}", files={"data": b"\x00\xff"})
    uri = result.outputs["value"][::-1]
    assert result.file(uri) == b"\x00\xff"
    assert [f"kestra:///{path}" for path in result.files()] == [uri]


def test_key_value_pairs_can_be_looked_at_afterwards() -> None:
    assert reverse("x", kv={"k": [1, 2]}).kv().get("k") == [1, 2]


def test_the_clock_is_the_test_s_own() -> None:
    clock = FakeClock(datetime(2030, 1, 1, tzinfo=UTC))
    (entry,) = reverse("x", clock=clock).logs
    assert entry.at == datetime(2030, 1, 1, tzinfo=UTC)


def test_a_task_can_be_given_as_its_properties() -> None:
    result = run_task({"type": "io.kestra.plugin.core.debug.Return", "format": "{{ task.id }}"})
    assert result.outputs == {"value": "task"}


def test_an_unknown_type_is_refused() -> None:
    with pytest.raises(UnknownTypeError, match="Retrun"):
        run_task({"type": "io.kestra.plugin.core.debug.Retrun"})


def test_an_unknown_property_is_refused() -> None:
    with pytest.raises(ValidationError, match="formt"):
        run_task({"type": "io.kestra.plugin.core.debug.Return", "formt": "x"})


def test_a_flowable_task_is_refused() -> None:
    with pytest.raises(TypeError, match="run a flow"):
        run_task({"type": "io.kestra.plugin.core.flow.Sequential", "tasks": [RETURN]})


class Waiting(Task[Output]):
    """Wait until it is told to stop."""

    def run(self, ctx: RunContext) -> None:
        stopped = threading.Event()
        ctx.on_kill(stopped.set)
        assert stopped.wait(30)


def test_a_running_task_can_be_killed() -> None:
    running = start_task(Waiting(id="wait", type="Waiting"))
    running.kill()
    assert running.result().state is State.KILLED


def test_a_task_that_does_not_end_in_time_is_named() -> None:
    running = start_task(Waiting(id="wait", type="Waiting"))
    with pytest.raises(TimeoutError, match="Task 'wait' still runs"):
        running.result(timeout=0.01)
    running.kill()
    assert running.result().state is State.KILLED
