"""`TemplatedTask`: a rendered task runs in place of its own."""

from __future__ import annotations

import pytest

from tiercel import Tiercel
from tiercel.testing import run_task
from tiercel_basic.templating import TemplatedTask

TEMPLATED = "io.kestra.plugin.core.templating.TemplatedTask"
RETURN = "io.kestra.plugin.core.debug.Return"


def run(spec, **variables):
    return run_task({"type": TEMPLATED, "spec": spec}, variables=variables)


def test_outputs_and_metrics_are_those_of_the_rendered_task():
    result = run("type: {{ kind }}\n{{ property }}: a {{ value }}\n",
                 kind=RETURN, property="format", value="b")  # fmt: skip
    assert result.outputs == {"value": "a b"}
    assert [metric.name for metric in result.metrics] == ["length", "duration"]


def test_what_the_rendered_task_leaves_unrendered_is_rendered_by_it():
    spec = "type: " + RETURN + "\nformat: '{% raw %}{{ flow.id }}{% endraw %}'\n"
    assert run(spec).outputs == {"value": "test_flow"}


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (f"type: {TEMPLATED}\nspec: x", f"The templated task cannot be of type '{TEMPLATED}'"),
        (
            f"type: io.kestra.plugin.core.flow.Sequential\ntasks: [{{id: a, type: {RETURN}}}]",
            "The templated task must be a runnable task",
        ),
        (
            "type: io.kestra.plugin.core.execution.Exit",
            "The templated task must be a runnable task",
        ),
        ("type: io.example.Nope", "io.example.Nope"),
        ("text", "A task is a mapping with a `type`"),
        ("format: x", "A task needs a `type`"),
        (f"type: {RETURN}\nformatt: x", "formatt"),
        ("type: [", "Invalid task"),
    ],
)
def test_what_is_no_task_that_can_be_run_so_fails(spec, message):
    result = run(spec)
    assert result.state == "FAILED"
    assert message in result.error


def test_the_example_of_the_docs_runs():
    with Tiercel(environ={}) as tiercel:
        execution = tiercel.run(TemplatedTask.examples[0].code, timeout=20)
        (entry,) = tiercel.logs(execution.id)
    assert (execution.state, entry.level, entry.message) == ("SUCCESS", "WARN", "Hello")
