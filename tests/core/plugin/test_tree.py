"""`every_task`: all of a flow's tasks, wherever they stand."""

from __future__ import annotations

import pytest

from tiercel import Registry
from tiercel.model.load import load
from tiercel.plugin.tree import every_task

RETURN = "type: io.kestra.plugin.core.debug.Return"
FLOW = f"""
id: f
namespace: a.b
tasks:
  - id: one
    type: io.kestra.plugin.core.flow.Sequential
    tasks:
      - {{id: two, {RETURN}}}
      - id: three
        type: io.kestra.plugin.core.flow.If
        condition: "true"
        then: [{{id: four, {RETURN}}}]
        else: [{{id: five, {RETURN}}}]
    errors: [{{id: six, {RETURN}}}]
    finally: [{{id: seven, {RETURN}}}]
  - id: eight
    type: io.kestra.plugin.core.flow.Dag
    tasks: [{{task: {{id: nine, {RETURN}}}}}]
errors: [{{id: ten, {RETURN}}}]
finally: [{{id: eleven, {RETURN}}}]
afterExecution: [{{id: twelve, {RETURN}}}]
"""


@pytest.fixture(scope="module")
def ids() -> list[str]:
    return [task.id for task in every_task(load(FLOW, resolve=Registry().resolve))]


def test_no_task_is_left_out_and_none_comes_twice(ids):
    numbers = "one two three four five six seven eight nine ten eleven twelve"
    assert sorted(ids) == sorted(numbers.split())


def test_a_parent_comes_before_its_tasks(ids):
    assert ids[:5] == ["one", "two", "three", "four", "five"]


def test_the_flows_own_lists_come_in_the_order_in_which_they_run(ids):
    assert ids[-3:] == ["ten", "eleven", "twelve"]
