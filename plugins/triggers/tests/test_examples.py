"""The examples of the docs are flows that Tiercel takes."""

from __future__ import annotations

from textwrap import dedent

import pytest

from tiercel import Registry, Tiercel
from tiercel.plugin import Example
from tiercel_triggers import hooks

REGISTRY = Registry()
KINDS = {
    "trigger": hooks.register_triggers(),
    "condition": hooks.register_conditions(),
    "task": hooks.register_tasks(),
}
CLASSES = [
    REGISTRY.load(kind, name if isinstance(name, str) else name[0])
    for kind, listed in KINDS.items()
    for name in listed
]
EXAMPLES = [example for cls in CLASSES for example in cls.examples]


@pytest.mark.parametrize("example", EXAMPLES, ids=[each.title for each in EXAMPLES])
def test_the_example_of_the_docs_is_a_flow(example: Example) -> None:
    report = Tiercel(registry=REGISTRY).examine(dedent(example.code))
    assert [str(each) for each in report.problems] == []
