"""The examples of the docs, run as they stand."""

from __future__ import annotations

import pytest

from tiercel import Tiercel
from tiercel_storage import concat, file, items, local, purge, reverse, split

TASKS = [
    concat.Concat,
    file.Delete,
    file.PurgeCurrentExecutionFiles,
    file.Size,
    file.Write,
    items.DeduplicateItems,
    items.FilterItems,
    local.LocalFiles,
    purge.PurgeStorage,
    reverse.Reverse,
    split.Split,
]


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.__name__)
def test_the_examples_of_the_docs_run(task):
    assert task.examples
    for example in task.examples:
        with Tiercel(environ={}) as tiercel:
            assert tiercel.run(example.code, timeout=20).state == "SUCCESS"
