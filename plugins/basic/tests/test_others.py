"""`Count` and `Resume`: what a task learns of other executions, and does to them."""

from __future__ import annotations

import pytest

from tiercel import Tiercel
from tiercel_basic.others import Count

EXECUTION = "io.kestra.plugin.core.execution"
DONE = "namespace: company.team\ntasks: [{id: a, type: io.kestra.plugin.core.debug.Return}]"
FAILED = f"namespace: company.team\ntasks: [{{id: a, type: {EXECUTION}.Fail}}]"


@pytest.fixture
def tiercel():
    """An engine with two executions of `good`, one of `bad`."""
    with Tiercel(environ={}) as tiercel:
        for source in (f"id: good\n{DONE}", f"id: good\n{DONE}", f"id: bad\n{FAILED}"):
            tiercel.run(source, timeout=20)
        yield tiercel


def count(tiercel, options, expression="{{ true }}"):
    """Run a `Count`; return its state and outputs as {flow: count}."""
    source = (
        "id: counting\nnamespace: other.place\ntasks:\n"
        f"  - id: c\n    type: {EXECUTION}.Count\n    expression: '{expression}'\n{options}"
    )
    execution = tiercel.run(source, timeout=20)
    (task_run,) = execution.task_runs.values()
    outputs = task_run.outputs or {"results": [], "total": None}
    found = {each["flowId"]: each["count"] for each in outputs["results"]}
    return execution.state, found, outputs["total"]


FLOWS = (
    "    flows:\n      - {namespace: company.team, flowId: good}\n"
    "      - {namespace: company.team, flowId: none}\n"
)
LONG_AGO = "    startDate: 2000-01-01T00:00:00Z\n"


@pytest.mark.parametrize(
    ("options", "expression", "found"),
    [
        (FLOWS + LONG_AGO, "{{ true }}", {"good": 2, "none": 0}),
        (FLOWS + LONG_AGO, "{{ count == 0 }}", {"none": 0}),
        (FLOWS + LONG_AGO + "    states: [FAILED]\n", "{{ true }}", {"good": 0, "none": 0}),
        ("    namespaces: [company.team]\n" + LONG_AGO, "{{ true }}", {"bad": 1, "good": 2}),
        (FLOWS + "    startDate: \"{{ now() | dateAdd(1, 'DAYS') }}\"\n", "{{ count > 0 }}", {}),
        (FLOWS + LONG_AGO + '    endDate: "2001-01-01T00:00:00"\n', "{{ count > 0 }}", {}),
    ],
)
def test_executions_are_counted_by_flow_namespace_state_and_time(
    tiercel, options, expression, found
):
    assert count(tiercel, options, expression) == ("SUCCESS", found, sum(found.values()))


@pytest.mark.parametrize(
    "options",
    [LONG_AGO, FLOWS + LONG_AGO + "    states: [GONE]\n", FLOWS + "    startDate: yesterday\n"],
    ids=["neither flows nor namespaces", "no such state", "no date"],
)
def test_a_question_without_sense_fails(tiercel, options):
    assert count(tiercel, options)[0] == "FAILED"


def test_the_example_of_the_docs_runs():
    with Tiercel(environ={}) as tiercel:
        execution = tiercel.run(Count.examples[0].code, timeout=20)
        assert [entry.message for entry in tiercel.logs(execution.id)] == ["1 idle"]


def test_resuming_what_is_not_paused_fails(tiercel):
    source = f"id: r\nnamespace: other.place\ntasks: [{{id: r, type: {EXECUTION}.Resume}}]"
    execution = tiercel.run(source, timeout=20)
    assert execution.state == "FAILED"
    assert [entry.message for entry in tiercel.logs(execution.id)] == [
        "The execution is not paused, its state is RUNNING"
    ]
