"""Properties that a task renders with variables of its own, and lists from one expression."""

from __future__ import annotations

from typing import Any

import pytest

from tiercel.plugin import Output, Property, RunContext, Task, Text, render_with
from tiercel.testing import TaskResult, run_task


class Shown(Output):
    value: Any


class Show(Task[Shown]):
    lines: Property[list[Text]] | None = None
    pairs: Property[dict[str, Text]] | None = None
    data: Property[dict[str, Any]] | None = None
    extra: bool = False

    def run(self, ctx: RunContext) -> Shown:
        prop: Property[Any] | None = self.lines or self.pairs or self.data
        assert prop is not None
        extra = {"own": "mine", "items": [1, "b"]}
        return Shown(value=render_with(ctx, prop, extra) if self.extra else ctx.render(prop))


def show(**properties: Any) -> TaskResult:
    task = Show.model_validate({"id": "show", "type": "show", **properties})
    return run_task(task, variables={"items": [1, "b"], "map": {"k": "v", "n": 1}})


@pytest.mark.parametrize("extra", [False, True])
@pytest.mark.parametrize(
    ("properties", "value"),
    [
        ({"lines": ["{{ flow.id }}", 5, True]}, ["test_flow", "5", "true"]),
        ({"lines": "{{ items }}"}, ["1", "b"]),
        ({"lines": [1, 2]}, ["1", "2"]),
        ({"pairs": {"PORT": 80, "F": "{{ flow.id }}"}}, {"PORT": "80", "F": "test_flow"}),
        ({"pairs": "{{ map }}"}, {"k": "v", "n": "1"}),
        ({"data": "{{ map }}"}, {"k": "v", "n": 1}),
    ],
)
def test_lists_and_maps_of_texts_are_rendered_to_texts(
    properties: dict[str, Any], value: Any, extra: bool
) -> None:
    assert show(**properties, extra=extra).outputs == {"value": value}


def test_a_tasks_own_variables_are_seen_at_every_depth() -> None:
    result = show(pairs={"{{ own }}": "{{ own }} of {{ flow.id }}"}, extra=True)
    assert result.outputs == {"value": {"mine": "mine of test_flow"}}


def test_a_value_of_another_type_is_named() -> None:
    result = show(data="{{ items }}", extra=True)
    assert result.state == "FAILED"
    assert result.error.startswith("Invalid value '{{ items }}': ")
    assert not result.retryable
