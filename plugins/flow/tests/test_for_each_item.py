"""ForEachItem: an execution for each batch of a file."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tiercel import Execution, State, Tiercel
from tiercel_flow import for_each_item

CHILD = """
id: child
namespace: company.team
inputs: [{{id: f, type: FILE}}, {{id: i, type: INT, defaults: 0}}]
tasks: [{{id: a, type: io.kestra.plugin.core.{task}}}]
outputs: [{{id: o, type: STRING, value: "{{{{ read(inputs.f) | trim }}}}/{{{{ inputs.i }}}}"}}]
"""
FLOW = """
id: f
namespace: company.team
tasks:
  - {{id: w, type: io.kestra.plugin.core.storage.Write, content: "{content}"}}
  - id: each
    type: io.kestra.plugin.core.flow.ForEachItem
    items: "{{{{ outputs.w.uri }}}}"
    namespace: company.team
    flowId: child
    inputs: {{f: "{{{{ taskrun.items }}}}", i: "{{{{ taskrun.iteration }}}}"}}
    {options}
outputs: [{{id: all, type: STRING, value: "{{{{ read(outputs.each_merge.subflowOutputs) }}}}"}}]
"""
LINES = "".join(f"{number}\\n" for number in range(7))


@pytest.fixture
def each(tiercel: Tiercel) -> Callable[..., Execution]:
    """Runs a flow over lines, with a child of this task."""

    def run(options: str = "", content: str = LINES, task: str = "debug.Return") -> Execution:
        tiercel.save_flow(tiercel.load_flow(CHILD.format(task=task)))
        text = FLOW.format(content=content, options=options or "wait: true")
        if task != "debug.Return" or not content:
            text = text.partition("outputs: [")[0]
        return tiercel.run(text, timeout=30)

    return run


def children(tiercel: Tiercel) -> list[Execution]:
    return [one for one in tiercel.executions() if one.flow_id == "child"]


def test_outputs_are_merged_in_the_order_of_batches(each):
    merged = each("batch: {rows: 3}").outputs["all"].splitlines()
    assert merged == ['{o:"0\\n1\\n2/1"}', '{o:"3\\n4\\n5/2"}', '{o:"6/3"}']


@pytest.mark.parametrize(("under_way", "at_once"), [(1, 1), (2, 3), (1000, 2), (3, 1000)])
def test_batches_are_looked_up_and_begun_a_part_at_a_time(
    each, monkeypatch, under_way, at_once, runs
):
    monkeypatch.setattr(for_each_item, "_UNDER_WAY", under_way)
    monkeypatch.setattr(for_each_item, "_AT_ONCE", at_once)
    execution = each()
    assert [line[4] for line in execution.outputs["all"].splitlines()] == list("0123456")
    outputs = runs(execution)["each_items"].outputs
    assert outputs["iterations"] == {"CREATED": 0, "RUNNING": 0, "SUCCESS": 7}


LOOP = """  - id: loop
    type: io.kestra.plugin.core.flow.ForEach
    values: [x, y]
    tasks:
      - id: each"""


def test_in_a_loop_each_round_has_batches_of_its_own(tiercel):
    tiercel.save_flow(tiercel.load_flow(CHILD.format(task="debug.Return")))
    text = FLOW.format(content=LINES, options="batch: {rows: 9}")
    head, _, each = text.partition("outputs: [")[0].partition("  - id: each")
    merged = "{{ read(outputs.each_merge['y'].subflowOutputs) }}"
    tail = f'outputs: [{{id: all, type: STRING, value: "{merged}"}}]'
    looped = head + LOOP + each.rstrip().replace("\n", "\n    ")
    execution = tiercel.run(f"{looped}\n{tail}", timeout=30)
    assert execution.outputs["all"].strip() == '{o:"0\\n1\\n2\\n3\\n4\\n5\\n6/1"}'


def test_an_empty_file_runs_nothing(each, tiercel, runs):
    execution = each(content="")
    assert execution.state is State.SUCCESS
    assert (runs(execution)["each_items"].outputs["numberOfBatches"], children(tiercel)) == (0, [])


@pytest.mark.parametrize(
    ("options", "state"), [("", State.FAILED), ("transmitFailed: false", State.SUCCESS)]
)
def test_failures_are_the_tasks_unless_told_otherwise(each, runs, options, state):
    execution = each(options, task="execution.Fail")
    assert execution.state is state
    assert runs(execution)["each_items"].outputs["iterations"]["FAILED"] == 7


def test_what_does_not_begin_fails_the_task(each, tiercel):
    execution = each("revision: 9")
    assert execution.state is State.FAILED
    assert any("revision" in line.message for line in tiercel.logs(execution.id))


def test_an_execution_knows_which_of_many_it_is(each, tiercel):
    each("batch: {rows: 4}")
    causes = [one.trigger for one in children(tiercel)]
    assert sorted(cause["variables"]["taskRunIteration"] for cause in causes) == [1, 2]
    assert {cause["id"] for cause in causes} == {"each_items"}


def test_a_kill_ends_the_executions_under_way(tiercel, until):
    tiercel.save_flow(tiercel.load_flow(CHILD.format(task="flow.Pause")))
    execution_id = tiercel.start(FLOW.format(content=LINES, options="wait: true"))
    while len([one for one in children(tiercel) if one.state is State.PAUSED]) < 7:
        assert not tiercel.driver.wait(execution_id, 0.01)
    tiercel.kill(execution_id)
    assert tiercel.wait(execution_id, 20).state is State.KILLED
    for one in children(tiercel):
        assert tiercel.wait(one.id, 20).state is State.KILLED
