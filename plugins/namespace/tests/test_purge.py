"""`PurgeFiles`: files of many namespaces go."""

from __future__ import annotations

import pytest

from tiercel import Tiercel
from tiercel_namespace.purge import PurgeFiles

PURGE = "io.kestra.plugin.core.namespace.PurgeFiles"
RETURN = "io.kestra.plugin.core.debug.Return"


@pytest.fixture
def tiercel():
    """An engine with two namespace files each in `company` and `company.team`."""
    with Tiercel(environ={}) as tiercel:
        for namespace in ("company", "company.team"):
            source = f"id: f\nnamespace: {namespace}\ntasks: [{{id: t, type: {RETURN}}}]"
            tiercel.save_flow(tiercel.load_flow(source))
            for name in ("a.sql", "sub/b.txt"):
                with tiercel.files.create(f"{namespace.replace('.', '/')}/_files/{name}") as file:
                    file.write(b"x")
        yield tiercel


def left(tiercel):
    return [[*tiercel.files.below(f"{folder}/_files")] for folder in ("company", "company/team")]


BOTH = ["a.sql", "sub/b.txt"]


@pytest.mark.parametrize(
    ("properties", "files"),
    [
        ("", [BOTH, BOTH]),
        ("behavior: {type: version, before: '2100-01-01T00:00:00Z'}", [BOTH, BOTH]),
        ("behavior: {type: version}", [[], []]),
        ("behavior: {type: version, keepAmount: 0}\n  filePattern: '*.sql'", [BOTH[1:], BOTH[1:]]),
        ("behavior: {type: version}\n  filePattern: 's*b.txt'", [BOTH[:1], BOTH[:1]]),
        (
            "behavior: {type: version}\n  namespaces: [company]\n  includeChildNamespaces: false",
            [[], BOTH],
        ),
    ],
)
def test_files_go_as_behavior_and_scope_have_it(tiercel, properties, files):
    source = f"id: p\nnamespace: other\ntasks:\n- id: t\n  type: {PURGE}\n  {properties}\n"
    execution = tiercel.run(source, timeout=20)
    (task_run,) = execution.task_runs.values()
    assert left(tiercel) == files
    assert task_run.outputs == {"size": 4 - len(files[0]) - len(files[1])}


def test_the_example_of_the_docs_runs():
    for example in PurgeFiles.examples:
        with Tiercel(environ={}) as tiercel:
            assert tiercel.run(example.code, timeout=20).state == "SUCCESS"
