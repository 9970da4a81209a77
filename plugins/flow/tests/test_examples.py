"""Every flowable's examples are flows that run to their end."""

from __future__ import annotations

from textwrap import dedent

import pytest

from tiercel import Registry, State, Tiercel
from tiercel_flow.hooks import register_tasks

REGISTRY = Registry()
NAMES = [name if isinstance(name, str) else name[0] for name in register_tasks()]
EXAMPLES = [
    pytest.param(example.code, id=f"{name.rpartition('.')[2]}: {example.title}")
    for name in NAMES
    for example in REGISTRY.load("task", name).examples
    if example.full
]
HELLO = """
id: hello
namespace: company.team
inputs: [{id: name, type: STRING, required: false}]
tasks: [{id: a, type: io.kestra.plugin.core.log.Log, message: "{{ inputs.name ?? '' }}"}]
"""
GREET = """
id: greet_people
namespace: company.team
inputs: [{id: people, type: FILE}]
tasks: [{id: a, type: io.kestra.plugin.core.log.Log, message: "{{ read(inputs.people) }}"}]
"""


@pytest.mark.parametrize("name", NAMES)
def test_every_type_that_is_not_deprecated_has_an_example(name: str) -> None:
    loaded = REGISTRY.load("task", name)
    assert loaded.examples or loaded.deprecated


@pytest.mark.parametrize("code", EXAMPLES)
def test_an_example_runs_to_its_end(tiercel: Tiercel, code: str) -> None:
    for text in (HELLO, GREET):
        tiercel.save_flow(tiercel.load_flow(text))
    execution = tiercel.run(dedent(code), timeout=30)
    assert execution.state in (State.SUCCESS, State.WARNING)
    assert all(run.state.is_terminal for run in execution.task_runs.values())
