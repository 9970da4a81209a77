"""A flowable that someone else wrote, through the public door alone."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tiercel import State, Tiercel

SOURCE = '''
"""Alternatives: the first one that does not fail is enough."""

from typing import ClassVar

from tiercel.plugin import (
    Decision, Finish, FlowableTask, FlowableView, Lane, Open, State, TaskBase, TaskList, Wait,
    hookimpl,
)


class FirstOf(FlowableTask):
    """Try tasks in order until one does not fail."""

    tasks: TaskList
    """The alternatives, the best first."""

    def next(self, view: FlowableView) -> Decision:
        tried = view.opened
        if view.active:
            return Wait()
        if tried and not view.lanes[tried - 1].is_failed:
            return Finish(State.SUCCESS, {"winner": self.tasks[tried - 1].id})
        if tried == len(self.tasks):
            return Finish(State.FAILED, error="No alternative is left")
        return Open((Lane(tried, (self.tasks[tried],)),))

    def children(self) -> tuple[TaskBase, ...]:
        return tuple(self.tasks)


@hookimpl
def register_tasks():
    return {"org.example.flow.FirstOf": "first_of_plugin:FirstOf"}
'''
FLOW = """
id: f
namespace: company.team
tasks:
  - id: fetch
    type: org.example.flow.FirstOf
    tasks:
      - {id: mirror, type: io.kestra.plugin.core.execution.Fail}
      - id: origin
        type: io.kestra.plugin.core.flow.ForEach
        values: [1, 2]
        tasks: [{id: t, type: %s}]
      - {id: never, type: io.kestra.plugin.core.debug.Return}
    finally: [{id: clean, type: io.kestra.plugin.core.debug.Return}]
  - {id: after, type: io.kestra.plugin.core.debug.Return, format: "{{ outputs.fetch.winner }}"}
"""
RETURN = "io.kestra.plugin.core.debug.Return"


@pytest.fixture
def tiercel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tiercel]:
    """An engine in an environment where the plugin is installed, as pip would leave it."""
    (tmp_path / "first_of_plugin.py").write_text(SOURCE)
    metadata = tmp_path / "example_first_of-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: example-first-of\nVersion: 1.0\n"
    )
    (metadata / "entry_points.txt").write_text("[tiercel]\nfirst_of = first_of_plugin\n")
    monkeypatch.syspath_prepend(tmp_path)
    with Tiercel() as engine:
        yield engine
    sys.modules.pop("first_of_plugin", None)


def test_it_decides_which_tasks_run(tiercel, states, runs):
    execution = tiercel.run(FLOW % RETURN, timeout=30)
    assert states(execution) == {
        "fetch": "SUCCESS",
        "mirror": "FAILED",
        "origin": "SUCCESS",
        "t[1]": "SUCCESS",
        "t[2]": "SUCCESS",
        "clean": "SUCCESS",
        "after": "SUCCESS",
    }
    assert runs(execution)["after"].outputs == {"value": "origin"}


def test_it_can_fail_with_its_own_words(tiercel):
    fail = "io.kestra.plugin.core.execution.Fail"
    execution = tiercel.run((FLOW % fail).replace(f"never, type: {RETURN}", f"never, type: {fail}"))
    assert execution.state is State.FAILED
    assert "No alternative is left" in [line.message for line in tiercel.logs(execution.id)]


def test_it_is_killed_like_any_other(tiercel, until):
    execution_id = tiercel.start(FLOW % "io.kestra.plugin.core.flow.Sleep, duration: PT30S")
    until(execution_id, State.RUNNING)
    tiercel.kill(execution_id)
    execution = tiercel.wait(execution_id, 10)
    assert execution.state is State.KILLED
    assert all(each.state.is_terminal for each in execution.task_runs.values())


def test_its_properties_are_checked_like_those_of_any_task(tiercel):
    report = tiercel.examine(
        (FLOW % RETURN).replace("tasks:\n      - {id: mirror", "task:\n      - {id: mirror")
    )
    assert report.constraints[0] == "fetch.tasks: must not be empty"
