"""`Fetch` and `PurgeLogs`: the lines of whole executions."""

from __future__ import annotations

import pytest

from tiercel import Tiercel
from tiercel.plugin import ion
from tiercel_log.fetch import Fetch
from tiercel_log.purge import PurgeLogs

LOG = "io.kestra.plugin.core.log"
NOISY = f"""
id: noisy
namespace: company.team
tasks:
  - {{id: a, type: {LOG}.Log, message: low, level: DEBUG}}
  - {{id: b, type: {LOG}.Log, message: high, level: WARN}}
"""


@pytest.fixture
def tiercel():
    with Tiercel(environ={}) as tiercel:
        yield tiercel


def run(tiercel, task, properties=""):
    """Run one task of the package in a flow of another namespace; return its outputs."""
    source = (
        f"id: f\nnamespace: other.place\ntasks:\n- id: t\n  type: {LOG}.{task}\n  {properties}\n"
    )
    execution = tiercel.run(source, timeout=20)
    assert execution.state == "SUCCESS", tiercel.logs(execution.id)
    (task_run,) = execution.task_runs.values()
    return task_run.outputs


def rows(tiercel, uri):
    with tiercel.files.open(uri) as stream:
        return list(ion.load_lines(stream))


def test_the_lines_of_an_execution_become_a_file_with_a_record_a_line(tiercel):
    noisy = tiercel.run(NOISY)
    found = run(tiercel, "Fetch", f"executionId: {noisy.id}")
    (row,) = rows(tiercel, found["uri"])
    assert found["size"] == 1
    assert (row["level"], row["message"], row["taskId"]) == ("WARN", "high", "b")
    assert (row["namespace"], row["flowId"], row["executionId"]) == (
        "company.team",
        "noisy",
        noisy.id,
    )


@pytest.mark.parametrize(
    ("options", "messages"),
    [
        ("level: TRACE", ["low", "high"]),
        ("level: ERROR", []),
        ("level: DEBUG\n  tasksId: [a, nobody]", ["low"]),
    ],
    ids=["every level", "none that high", "of a task"],
)
def test_lines_are_chosen_by_level_and_task(tiercel, options, messages):
    noisy = tiercel.run(NOISY)
    found = run(tiercel, "Fetch", f"executionId: {noisy.id}\n  {options}")
    assert [row["message"] for row in rows(tiercel, found["uri"])] == messages


def test_fetching_what_is_not_there_fails(tiercel):
    source = f"id: f\nnamespace: a.b\ntasks: [{{id: t, type: {LOG}.Fetch, executionId: nobody}}]"
    assert tiercel.run(source).state == "FAILED"


@pytest.mark.parametrize(
    ("scope", "left"),
    [
        ("namespace: company", []),
        ("namespace: company.team\n  flowId: noisy", []),
        ("namespace: company.te", ["low", "high"]),
        ("flowId: other", ["low", "high"]),
        ("logLevels: [DEBUG, TRACE]", ["high"]),
        ("executionId: nobody", ["low", "high"]),
        ("startDate: '2100-01-01T00:00:00Z'", ["low", "high"]),
    ],
)
def test_old_lines_go(tiercel, scope, left):
    noisy = tiercel.run(NOISY)
    purged = run(tiercel, "PurgeLogs", f"endDate: '2100-01-01T00:00:00Z'\n  {scope}")
    assert [line.message for line in tiercel.logs(noisy.id)] == left
    assert purged["count"] == 2 - len(left)


def test_lines_after_the_end_stay(tiercel):
    noisy = tiercel.run(NOISY)
    assert run(tiercel, "PurgeLogs", "endDate: '2000-01-01T00:00:00'") == {"count": 0}
    assert len(tiercel.logs(noisy.id)) == 2


def test_who_purges_keeps_the_log_of_its_own_execution(tiercel):
    source = f"""
id: f
namespace: a.b
tasks:
  - {{id: say, type: {LOG}.Log, message: mine}}
  - {{id: purge, type: {LOG}.PurgeLogs, endDate: '2100-01-01T00:00:00Z'}}
"""
    execution = tiercel.run(source)
    assert [line.message for line in tiercel.logs(execution.id)] == ["mine"]


@pytest.mark.parametrize("task", [Fetch, PurgeLogs])
def test_the_examples_of_the_docs_run(tiercel, task):
    assert task.examples
    for example in task.examples:
        assert tiercel.run(example.code, timeout=20).state == "SUCCESS"
