"""`checks`: what must hold before an execution begins."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tiercel import State, Tiercel
from tiercel.errors import CheckError

FLOW = """
id: f
namespace: a.b
inputs: [{id: n, type: INT}]
checks:
  - {condition: "{{ inputs.n > 10 }}", message: too small%s}
tasks: [{id: a, type: io.kestra.plugin.core.debug.Return}]
"""


@pytest.fixture
def tiercel() -> Iterator[Tiercel]:
    with Tiercel() as engine:
        yield engine


def test_checks_that_hold_let_the_execution_run(tiercel):
    assert tiercel.run(FLOW % "", {"n": 50}, timeout=10).state is State.SUCCESS


def test_a_check_blocks_by_default_and_nothing_is_stored(tiercel):
    with pytest.raises(CheckError, match=r"a\.b\.f refuses this execution: too small") as caught:
        tiercel.start(FLOW % "", {"n": 5})
    assert [check.message for check in caught.value.failed] == ["too small"]
    assert tiercel.executions() == []


def test_a_check_can_make_the_execution_fail_at_once(tiercel):
    execution = tiercel.run(FLOW % ", behavior: FAIL_EXECUTION", {"n": 5}, timeout=10)
    assert execution.history.states == (State.CREATED, State.FAILED)
    assert (execution.error, len(execution.task_runs)) == ("too small", 0)


def test_a_check_can_be_a_mere_remark(tiercel):
    flow = tiercel.load_flow(FLOW % ", behavior: CREATE_EXECUTION")
    assert tiercel.run(flow, {"n": 5}, timeout=10).state is State.SUCCESS
    assert [check.message for check in tiercel.failed_checks(flow, {"n": 5})] == ["too small"]


def test_the_gravest_of_several_checks_counts(tiercel):
    more = "  - {condition: 'false', message: no, behavior: FAIL_EXECUTION}\ntasks:"
    with pytest.raises(CheckError, match=r"too small$"):
        tiercel.start((FLOW % "").replace("tasks:", more), {"n": 5})


@pytest.mark.parametrize("condition", ["inputs.n", "'true'", "inputs.n | string"])
def test_nothing_but_true_itself_makes_a_check_hold(tiercel, condition):
    with pytest.raises(CheckError, match=r"too small$"):
        tiercel.start((FLOW % "").replace("inputs.n > 10", condition), {"n": 50})


def test_a_check_that_cannot_be_rendered_blocks(tiercel):
    text = (FLOW % ", behavior: CREATE_EXECUTION").replace("inputs.n > 10", "nothing.here")
    with pytest.raises(CheckError, match="Cause: Unable to find `nothing` used in the expression"):
        tiercel.start(text, {"n": 50})
