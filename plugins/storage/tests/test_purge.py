"""`PurgeStorage`: old files of executions go, whoever they belong to."""

from __future__ import annotations

import pytest

from tiercel import Tiercel

STORAGE = "io.kestra.plugin.core.storage"
WRITER = "id: {id}\nnamespace: {namespace}\ntasks: [{{id: w, type: {type}.Write, content: x}}]"


@pytest.fixture
def tiercel():
    """An engine in which two flows each left a file of one execution."""
    with Tiercel(environ={}) as tiercel:
        for flow_id, namespace in (("one", "company"), ("two", "company.team")):
            tiercel.run(WRITER.format(id=flow_id, namespace=namespace, type=STORAGE), timeout=20)
        yield tiercel


def purge(tiercel, properties):
    head = f"id: p\nnamespace: other\ntasks:\n- id: t\n  type: {STORAGE}.PurgeStorage\n"
    source = f"{head}  {properties}\n"
    execution = tiercel.run(source, timeout=20)
    (task_run,) = execution.task_runs.values()
    return task_run


def counts(task_run):
    names = ("scannedCount", "purgedCount", "deletedFilesCount")
    return tuple(task_run.outputs[name] for name in names)


SOON, LONG_AGO = "endDate: '2100-01-01T00:00:00Z'", "endDate: '2000-01-01T00:00:00Z'"


@pytest.mark.parametrize(
    ("properties", "found"),
    [
        (SOON, (2, 2, 0)),
        (f"{SOON}\n  dryRun: false", (2, 2, 2)),
        (f"{LONG_AGO}\n  dryRun: false", (2, 0, 0)),
        (f"{SOON}\n  startDate: '2099-01-01T00:00:00Z'\n  dryRun: false", (2, 0, 0)),
        (f"{SOON}\n  namespace: company.team\n  dryRun: false", (1, 1, 1)),
        (f"{SOON}\n  namespace: company\n  flowId: one\n  dryRun: false", (1, 1, 1)),
        (f"{SOON}\n  namespace: company\n  flowId: two\n  dryRun: false", (0, 0, 0)),
    ],
)
def test_files_go_by_date_and_scope(tiercel, properties, found):
    assert counts(purge(tiercel, properties)) == found
    assert counts(purge(tiercel, SOON))[0] == 2 - found[2]


def test_files_of_executions_that_are_gone_are_found(tiercel):
    tiercel.repository.purge([each.id for each in tiercel.executions()])
    assert counts(purge(tiercel, f"{SOON}\n  dryRun: false")) == (2, 2, 2)


def test_namespace_files_are_left_alone(tiercel):
    with tiercel.files.create("company/_files/one/executions/e/tasks/t/x.txt") as file:
        file.write(b"x")
    assert counts(purge(tiercel, f"{SOON}\n  dryRun: false")) == (2, 2, 2)
    assert tiercel.files.size(file.uri) == 1


def test_a_flow_without_namespace_is_no_scope(tiercel):
    task_run = purge(tiercel, f"{SOON}\n  flowId: one")
    assert task_run.error == "'namespace' is required when 'flowId' is set."
