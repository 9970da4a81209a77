"""Which tasks can have run before which."""

from __future__ import annotations

import pytest

from tiercel.check.tree import Order

TASKS = """
- {id: first, type: io.kestra.plugin.core.debug.Return, format: x}
- {id: off, type: io.kestra.plugin.core.debug.Return, format: x, disabled: true}
- {id: at_times, type: io.kestra.plugin.core.debug.Return, format: x, runIf: "{{ flow.id }}"}
- id: both
  type: io.kestra.plugin.core.flow.Parallel
  tasks:
    - {id: left, type: io.kestra.plugin.core.debug.Return, format: x}
    - id: right
      type: io.kestra.plugin.core.flow.Sequential
      tasks:
        - {id: right1, type: io.kestra.plugin.core.debug.Return, format: x}
        - {id: right2, type: io.kestra.plugin.core.debug.Return, format: x}
      errors:
        - {id: right_error, type: io.kestra.plugin.core.debug.Return, format: x}
- id: in_turn
  type: io.kestra.plugin.core.flow.Parallel
  concurrent: 1
  tasks:
    - {id: turn1, type: io.kestra.plugin.core.debug.Return, format: x}
    - {id: turn2, type: io.kestra.plugin.core.debug.Return, format: x}
- id: fork
  type: io.kestra.plugin.core.flow.If
  condition: "true"
  then:
    - {id: then1, type: io.kestra.plugin.core.debug.Return, format: x}
    - {id: then2, type: io.kestra.plugin.core.debug.Return, format: x}
  else:
    - {id: else1, type: io.kestra.plugin.core.debug.Return, format: x}
- id: choose
  type: io.kestra.plugin.core.flow.Switch
  value: a
  cases:
    a: [{id: case_a, type: io.kestra.plugin.core.debug.Return, format: x}]
    b: [{id: case_b, type: io.kestra.plugin.core.debug.Return, format: x}]
- id: graph
  type: io.kestra.plugin.core.flow.Dag
  tasks:
    - task: {id: d1, type: io.kestra.plugin.core.debug.Return, format: x}
    - task: {id: d2, type: io.kestra.plugin.core.debug.Return, format: x}
      dependsOn: [d1]
    - task: {id: d3, type: io.kestra.plugin.core.debug.Return, format: x}
      dependsOn: [d2]
    - task: {id: d4, type: io.kestra.plugin.core.debug.Return, format: x}
- id: loop
  type: io.kestra.plugin.core.flow.ForEach
  values: [a]
  tasks:
    - {id: round1, type: io.kestra.plugin.core.debug.Return, format: x}
    - {id: round2, type: io.kestra.plugin.core.debug.Return, format: x}
- {id: last, type: io.kestra.plugin.core.debug.Return, format: x}
"""
MORE = {
    name: f"- {{id: {task}, type: io.kestra.plugin.core.debug.Return, format: x}}"
    for name, task in (("errors", "mend"), ("finally", "tidy"), ("afterExecution", "tell"))
}


@pytest.fixture
def tree(opened, flow):
    return opened(flow(TASKS, **MORE)).flow.tree


@pytest.mark.parametrize(
    ("reader", "other", "order"),
    [
        ("last", "first", Order.BEFORE),
        ("first", "last", Order.NEVER),
        ("first", "first", Order.NEVER),
        ("last", "off", Order.DISABLED),
        ("last", "at_times", Order.UNCERTAIN),
        ("at_times", "first", Order.BEFORE),
        ("left", "right1", Order.PARALLEL),
        ("right2", "right1", Order.BEFORE),
        ("right1", "right2", Order.NEVER),
        ("right2", "first", Order.BEFORE),
        ("right_error", "right1", Order.OPEN),
        ("right1", "right_error", Order.NEVER),
        ("last", "right1", Order.BEFORE),
        ("last", "right_error", Order.UNCERTAIN),
        ("turn2", "turn1", Order.BEFORE),
        ("turn1", "turn2", Order.PARALLEL),
        ("then2", "then1", Order.BEFORE),
        ("then1", "else1", Order.NEVER),
        ("then1", "fork", Order.OPEN),
        ("last", "then1", Order.UNCERTAIN),
        ("last", "fork", Order.BEFORE),
        ("case_b", "case_a", Order.NEVER),
        ("last", "case_a", Order.UNCERTAIN),
        ("d2", "d1", Order.BEFORE),
        ("d3", "d1", Order.BEFORE),
        ("d1", "d3", Order.NEVER),
        ("d4", "d1", Order.PARALLEL),
        ("last", "d3", Order.BEFORE),
        ("round2", "round1", Order.BEFORE),
        ("round1", "round2", Order.OPEN),
        ("round1", "round1", Order.OPEN),
        ("round1", "last", Order.NEVER),
        ("last", "round1", Order.BEFORE),
        ("mend", "last", Order.OPEN),
        ("last", "mend", Order.NEVER),
        ("tidy", "mend", Order.OPEN),
        ("tell", "tidy", Order.OPEN),
        ("tidy", "tell", Order.NEVER),
    ],
)
def test_the_order_of_two_tasks(tree, reader: str, other: str, order: Order) -> None:
    assert tree.order(tree.find(reader), tree.find(other)) is order


@pytest.mark.parametrize(
    ("other", "order"),
    [("first", Order.BEFORE), ("then1", Order.UNCERTAIN), ("tell", Order.NEVER)],
)
def test_the_flows_own_outputs_are_read_when_its_tasks_have_run(tree, other, order) -> None:
    assert tree.order(None, tree.find(other)) is order


def test_a_flowable_that_nobody_knows_says_nothing_of_order(opened, flow) -> None:
    tasks = """
- id: strange
  type: com.acme.Strange
  steps:
    - {id: one, type: io.kestra.plugin.core.debug.Return, format: x}
    - {id: two, type: io.kestra.plugin.core.debug.Return, format: x}
"""
    tree = opened(flow(tasks)).flow.tree
    assert tree.order(tree.find("one"), tree.find("two")) is Order.OPEN


def test_the_tasks_that_a_flowable_makes_are_there(opened, flow) -> None:
    tasks = """
- id: each
  type: io.kestra.plugin.core.flow.ForEachItem
  items: "x"
  namespace: company.team
  flowId: other
"""
    tree = opened(flow(tasks)).flow.tree
    assert list(tree.by_id) == ["each", "each_split", "each_items", "each_merge"]


def test_of_a_flowable_that_is_not_valid_the_made_tasks_are_not_known(found, flow) -> None:
    tasks = """
- {id: each, type: io.kestra.plugin.core.flow.ForEachItem, namespace: company.team, flowId: o}
- id: show
  type: io.kestra.plugin.core.debug.Return
  format: "{{ outputs.each_merge.subflowOutputs }}"
"""
    assert [each[:5] for each in found(flow(tasks))] == ["TC004"]


def wrong_reads(found, flow, tasks: str) -> list[str]:
    return [each for each in found(flow(tasks)) if "TC2" in each]


@pytest.mark.parametrize(
    ("reader", "said"),
    [
        ("{{ outputs.fork1.value }}", ["~TC203 fork1"]),
        ("{{ outputs.fork1.value ?? 'x' }}", []),
        ("{{ outputs.fork1 is defined ? outputs.fork1.value : 'x' }}", []),
        ("{{ outputs.later.value }}", ["TC201 later"]),
        ("{{ outputs.later.value ?? 'x' }}", ["~TC201 later"]),
        ("{{ outputs.off.value }}", ["TC201 off"]),
        ("{{ outputs.left.value }}", ["~TC202 left"]),
        ("{{ outputs.left.value ?? 'x' }}", []),
        ("{{ outputs['fork1'].value }}", ["~TC203 'fork1'"]),
    ],
)
def test_what_is_read_too_early_is_told(found, flow, reader: str, said: list[str]) -> None:
    tasks = f"""
- {{id: off, type: io.kestra.plugin.core.debug.Return, format: x, disabled: true}}
- id: fork
  type: io.kestra.plugin.core.flow.If
  condition: "true"
  then: [{{id: fork1, type: io.kestra.plugin.core.debug.Return, format: x}}]
- id: both
  type: io.kestra.plugin.core.flow.Parallel
  tasks:
    - {{id: left, type: io.kestra.plugin.core.debug.Return, format: x}}
    - id: right
      type: io.kestra.plugin.core.debug.Return
      format: "{reader}"
- {{id: later, type: io.kestra.plugin.core.debug.Return, format: x}}
"""
    assert wrong_reads(found, flow, tasks) == said


def test_a_task_that_asks_first_may_read_what_may_be_missing(found, flow) -> None:
    tasks = """
- {id: a, type: io.kestra.plugin.core.debug.Return, format: x, runIf: "{{ flow.id == 'x' }}"}
- id: same
  type: io.kestra.plugin.core.debug.Return
  runIf: "{{ flow.id == 'x' }}"
  format: "{{ outputs.a.value }}"
- id: asks
  type: io.kestra.plugin.core.debug.Return
  runIf: "{{ outputs.a is defined }}"
  format: "{{ outputs.a.value }}"
- id: fork
  type: io.kestra.plugin.core.flow.If
  condition: "{{ outputs.a.value is defined }}"
  then:
    - {id: b, type: io.kestra.plugin.core.debug.Return, format: "{{ outputs.a.value }}"}
"""
    assert wrong_reads(found, flow, tasks) == []
