"""The examples of the docs are flows."""

from __future__ import annotations

import pytest

from tiercel import Registry, Tiercel
from tiercel_fs.hooks import register_tasks


@pytest.mark.parametrize("name", sorted(register_tasks()))
def test_the_example_of_the_docs_is_a_flow(name):
    (example,) = Registry().load("task", name).examples
    with Tiercel() as tiercel:
        assert name in {task.type for task in tiercel.load_flow(example.code).tasks}
