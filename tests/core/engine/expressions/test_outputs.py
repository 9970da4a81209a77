"""What a flow's `outputs` become: text first, then what their type makes of it."""

from __future__ import annotations

import pytest

from tiercel import Execution, State, Tiercel


@pytest.fixture
def run():
    """Run a flow with one task and these outputs; return the execution and its warnings."""
    with Tiercel(environ={}) as tiercel:

        def run(outputs: str) -> tuple[Execution, list[str]]:
            execution = tiercel.run(
                "id: giving\nnamespace: company.team\n"
                "tasks: [{id: a, type: io.kestra.plugin.core.debug.Return, format: x}]\n"
                f"outputs: [{outputs}]\n",
                timeout=20,
            )
            lines = tiercel.logs(execution.id)
            return execution, [line.message for line in lines if line.level == "WARN"]

        yield run


@pytest.mark.parametrize(
    ("kind", "template", "value"),
    [
        ("STRING", "outputs.a", '{"value":"x"}'),
        ("STRING", "[1, true]", "[1,true]"),
        ("JSON", "outputs.a", {"value": "x"}),
        ("ARRAY", "[1, 2]", [1, 2]),
        ("INT", "1 + 1", 2),
        ("BOOLEAN", "1 == 1", True),
    ],
)
def test_a_value_is_the_text_that_its_expression_renders_to(run, kind, template, value):
    execution, _ = run(f"{{id: o, type: {kind}, value: '{{{{ {template} }}}}'}}")
    assert execution.outputs == {"o": value}


def test_an_output_that_is_not_required_is_left_out_when_it_cannot_be_rendered(run):
    missing = "{id: o, type: INT, required: false, value: '{{ nothing }}'}"
    execution, warnings = run(missing + ", {id: p, type: STRING, value: y}")
    assert (execution.state, execution.outputs) == (State.SUCCESS, {"p": "y"})
    assert warnings == ["Failed to render optional flow output 'o'. Output is ignored."]
