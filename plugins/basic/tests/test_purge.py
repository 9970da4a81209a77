"""`PurgeExecutions`: executions go, with all that is kept of them, or only some of it."""

from __future__ import annotations

import pytest

from tiercel import Tiercel
from tiercel_basic.purge import PurgeExecutions

CORE = "io.kestra.plugin.core"
OLD = f"""
namespace: company.team
tasks:
  - {{id: say, type: {CORE}.log.Log, message: x}}
  - {{id: keep, type: {CORE}.storage.Write, content: x}}
  - {{id: count, type: {CORE}.metric.Publish, metrics: [{{name: n, type: counter, value: 1}}]}}
"""
SOON = "endDate: '2100-01-01T00:00:00Z'"


@pytest.fixture
def tiercel():
    """An engine in which `good` succeeded and `bad` failed."""
    with Tiercel(environ={}) as tiercel:
        tiercel.run(f"id: good\n{OLD}", timeout=20)
        tiercel.run(f"id: bad\n{OLD}  - {{id: f, type: {CORE}.execution.Fail}}", timeout=20)
        yield tiercel


def purge(tiercel, properties):
    """Purge from another namespace; return the counts and which flows still have executions."""
    source = (
        f"id: purging\nnamespace: other\ntasks:\n- id: t\n"
        f"  type: {CORE}.execution.PurgeExecutions\n  {properties}\n"
    )
    execution = tiercel.run(source, timeout=20)
    (task_run,) = execution.task_runs.values()
    found = {each.flow_id for each in tiercel.executions()} - {"purging"}
    return task_run.outputs or task_run.error, found


@pytest.mark.parametrize(
    ("properties", "left"),
    [
        ("", set()),
        ("namespace: company", set()),
        ("namespace: comp", {"good", "bad"}),
        ("namespace: company.team\n  flowId: bad", {"good"}),
        ("states: [SUCCESS, WARNING]", {"bad"}),
        ("startDate: '2099-01-01T00:00:00Z'", {"good", "bad"}),
    ],
)
def test_executions_go_by_scope_state_and_date(tiercel, properties, left):
    counts, found = purge(tiercel, f"{SOON}\n  {properties}")
    assert found == left
    gone = 2 - len(left)
    assert counts["executionsCount"] == counts["storagesCount"] == counts["metricsCount"] == gone
    assert counts["logsCount"] >= gone


def test_only_some_of_what_is_kept_can_go(tiercel):
    good = next(each for each in tiercel.executions() if each.flow_id == "good")
    counts, found = purge(
        tiercel, f"{SOON}\n  purgeExecution: false\n  purgeMetric: false\n  purgeStorage: false"
    )
    assert (counts["executionsCount"], counts["metricsCount"], counts["storagesCount"]) == (0, 0, 0)
    assert found == {"good", "bad"}
    assert tiercel.logs(good.id) == []
    assert len(tiercel.repository.metrics(good.id)) == 1


def test_files_are_gone_from_storage(tiercel):
    purge(tiercel, SOON)
    assert list(tiercel.files.of_executions()) == []


def test_a_running_execution_is_left_alone(tiercel):
    counts, _ = purge(tiercel, SOON)
    again, _ = purge(tiercel, f"{SOON}\n  namespace: other")
    # The first purge had ended by then, the second one had not.
    assert (counts["executionsCount"], again["executionsCount"]) == (2, 1)


@pytest.mark.parametrize(
    ("properties", "reason"),
    [("endDate: yesterday", "'yesterday' is no date"), (f"{SOON}\n  states: [DONE]", "'SUCCESS'")],
)
def test_what_is_no_date_or_state_fails(tiercel, properties, reason):
    error, found = purge(tiercel, properties)
    assert reason in error
    assert found == {"good", "bad"}


def test_the_example_of_the_docs_runs():
    for example in PurgeExecutions.examples:
        with Tiercel(environ={}) as tiercel:
            assert tiercel.run(example.code, timeout=20).state == "SUCCESS"
