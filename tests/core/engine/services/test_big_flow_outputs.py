"""Outputs of flows that are too big for the database: in a file, and there wherever they go."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tiercel import Execution, Settings, State, Tiercel
from tiercel.engine.services.spilling import is_reference
from tiercel.errors import StoredFileNotFoundError
from tiercel.plugin import Request
from tiercel.repository.memory import MemoryRepository
from tiercel.repository.spi import ExecutionQuery
from tiercel.storage.memory import MemoryStorage

CORE = "io.kestra.plugin.core"
BIG = "x" * 1000
FLOW = f"""
id: big
namespace: a.b
inputs: [{{id: text, type: STRING, defaults: {BIG}}}]
tasks: [{{id: a, type: {CORE}.debug.Return, format: "{{{{ execution.id }}}}"}}]
outputs: [{{id: o, type: STRING, value: "{{{{ inputs.text }}}}"}}]
triggers: [{{id: w, type: {CORE}.trigger.Webhook, key: k, wait: true, returnOutputs: true}}]
"""
SEEN = f"""
tasks:
  - id: s
    type: {CORE}.flow.Subflow
    namespace: a.b
    flowId: big
  - {{id: a, type: {CORE}.debug.Return, format: "{{{{ outputs.s.outputs.o | length }}}}"}}
"""
AFTER = f"""
id: after
namespace: a.b
inputs: [{{id: length, type: INT}}]
tasks: [{{id: a, type: {CORE}.debug.Return, format: "{{{{ trigger.outputs.o | length }}}}"}}]
triggers:
  - id: t
    type: {CORE}.trigger.Flow
    inputs: {{length: "{{{{ trigger.outputs.o | length }}}}"}}
    %s
"""
ALONE = f"conditions: [{{type: {CORE}.condition.ExecutionFlow, namespace: a.b, flowId: big}}]"
TOGETHER = "preconditions: {id: p, flows: [{namespace: a.b, flowId: big}]}"


@pytest.fixture
def tiercel(tmp_path: Path) -> Iterator[Tiercel]:
    """An engine that keeps five hundred bytes of outputs in its database."""
    with Tiercel(
        settings=Settings(home=tmp_path, inline_limit=500),
        repository=MemoryRepository(),
        storage=MemoryStorage(),
        environ={},
    ) as engine:
        yield engine


def value_of(execution: Execution, task_id: str) -> object:
    (run,) = [each for each in execution.task_runs.values() if each.task_id == task_id]
    return (run.outputs or {})["value"]


def test_the_execution_has_a_reference_and_people_get_what_it_means(tiercel: Tiercel) -> None:
    execution = tiercel.run(FLOW)
    assert is_reference(execution.outputs)
    assert tiercel.outputs(execution) == {"o": BIG}
    log = "".join(each.payload for each in tiercel.repository.events(execution.id)[1:])
    assert len(log) < 1500


def test_what_is_small_stays_where_it_is(tiercel: Tiercel) -> None:
    assert tiercel.run(FLOW, {"text": "y"}).outputs == {"o": "y"}


def test_the_flow_that_runs_it_sees_them(tiercel: Tiercel) -> None:
    tiercel.save_flow(tiercel.load_flow(FLOW))
    execution = tiercel.run(f"id: parent\nnamespace: a.b\n{SEEN}")
    assert value_of(execution, "a") == "1000"
    assert BIG not in str(tiercel.repository.execution(execution.id).task_runs.values())


@pytest.mark.parametrize("told", [ALONE, TOGETHER])
def test_a_flow_trigger_tells_them(tiercel: Tiercel, told: str) -> None:
    tiercel.save_flow(tiercel.load_flow(AFTER % told))
    tiercel.run(FLOW)
    tiercel.triggers.scheduler.run_due()
    (started,) = tiercel.executions(ExecutionQuery(flow_id="after"))
    execution = tiercel.wait(started.id, 20)
    assert (execution.inputs, value_of(execution, "a")) == ({"length": 1000}, "1000")
    assert is_reference((execution.trigger or {})["variables"]["outputs"])


def test_a_webhook_answers_with_them(tiercel: Tiercel) -> None:
    tiercel.save_flow(tiercel.load_flow(FLOW))
    answer = tiercel.triggers.webhook("a.b", "big", "k", Request(method="POST"), 20)
    assert (answer.status, answer.outputs) == (200, {"o": BIG})


def test_they_are_gone_with_the_execution(tiercel: Tiercel) -> None:
    execution = tiercel.run(FLOW)
    assert (execution.state, is_reference(execution.outputs)) == (State.SUCCESS, True)
    tiercel.delete(execution.id)
    with pytest.raises(StoredFileNotFoundError):
        tiercel.outputs(execution)
