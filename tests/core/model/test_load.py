from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tiercel.errors import FlowError, FlowSyntaxError, InputError
from tiercel.model.flow import Flow
from tiercel.model.load import Report, examine, load

Read = Callable[..., Flow]
Look = Callable[..., Report]
Resolve = Callable[[str, str], Any]


def test_a_flow_keeps_its_text_verbatim(resolve: Resolve) -> None:
    text = "# mine\nid: a\nnamespace: b\ntasks:\n- {id: t,   type: test.Echo}\n\n"
    assert load(text, resolve=resolve).source == text


def test_tasks_are_the_classes_that_the_resolver_names(read: Read) -> None:
    flow = read("tasks: [{id: a, type: test.Say, message: hi}]")
    (task,) = flow.tasks
    assert (type(task).__name__, task.message) == ("Say", "hi")  # type: ignore[attr-defined]


def test_a_flow_cannot_be_changed(read: Read) -> None:
    with pytest.raises(ValueError, match="frozen"):
        read("").id = "other"


def test_broken_yaml_is_a_syntax_error_with_its_place(read: Read) -> None:
    with pytest.raises(FlowSyntaxError, match=r"^f\.yaml:1:8: YAML parsing error"):
        read("tasks: ]", file="f.yaml")


def test_every_problem_is_told_at_once(read: Read) -> None:
    text = """\
id: bad id
nope: 1
inputs: [{id: i, type: NUMBER}, {id: i, type: INT}]
tasks:
  - {id: a, type: test.Say}
  - {id: a, type: test.Group, tasks: [{id: b, type: test.Missing}]}
  - {id: c, type: test.Echo, level: many}
concurrency: {limit: 0}
"""
    with pytest.raises(FlowError) as caught:
        read(text, file="f.yaml")
    assert sorted(problem.code for problem in caught.value.problems) == [
        "duplicate-id",
        "duplicate-id",
        "greater-than-equal",
        "int-parsing",
        "missing",
        "string-pattern-mismatch",
        "unknown-property",
        "unknown-type",
        "unknown-type",
    ]
    assert all(problem.line and problem.file == "f.yaml" for problem in caught.value.problems)


@pytest.mark.parametrize("text", ["just text", "[1, 2]", "5", "~"])
def test_a_flow_must_be_a_mapping(resolve: Resolve, text: str) -> None:
    (problem,) = examine(text, resolve=resolve).problems
    assert "A flow is a mapping" in problem.message


def test_a_report_of_a_bad_flow_still_names_it(look: Look) -> None:
    report = look("id: f\nnamespace: n.m\ntasks: 5")
    assert (report.flow, report.id, report.namespace) == (None, "f", "n.m")


def test_a_report_of_a_text_that_is_no_yaml_says_so(look: Look) -> None:
    report = look("tasks: [")
    assert (report.syntax, report.flow, len(report.problems)) == (True, None, 1)


def test_a_report_of_a_good_flow_has_the_flow(look: Look) -> None:
    report = look("id: f")
    assert report.flow is not None
    assert (report.problems, report.id) == ((), "f")


def test_a_source_property_in_the_text_does_not_replace_the_text(read: Read) -> None:
    assert read("source: fake").source.startswith("source: fake\n")


def test_defaults_of_the_installation_are_applied(read: Read) -> None:
    default = {"type": "test.Echo", "values": {"text": "from outside"}}
    flow = read("tasks: [{id: a, type: test.Echo}]", plugin_defaults=[default])
    assert flow.tasks[0].text == "from outside"  # type: ignore[attr-defined]


def test_sixty_nested_flowables_load(read: Read) -> None:
    task = "{id: leaf, type: test.Echo}"
    for number in range(60):
        task = f"{{id: g{number}, type: test.Group, tasks: [{task}]}}"
    assert read(f"tasks: [{task}]").tasks[0].id == "g59"


def test_more_nesting_is_refused_and_does_not_exhaust_the_stack(look: Look) -> None:
    task = "{id: leaf, type: test.Echo}"
    for number in range(500):
        task = f"{{id: g{number}, type: test.Group, tasks: [{task}]}}"
    assert look(f"tasks: [{task}]").syntax


def test_errors_can_be_sent_between_processes(look: Look) -> None:
    error = FlowError(look("tasks: 5").problems)
    again = pickle.loads(pickle.dumps(error))
    assert again.problems == error.problems
    input_error = pickle.loads(pickle.dumps(InputError("no", input_id="a")))
    assert (str(input_error), input_error.input_id) == ("no", "a")


WORDS = st.sampled_from(
    [
        "id",
        "namespace",
        "tasks",
        "type",
        "labels",
        "inputs",
        "outputs",
        "triggers",
        "retry",
        "dependsOn",
        "errors",
        "values",
        "sla",
        "pluginDefaults",
        "forced",
        "conditions",
        "concurrency",
        "checks",
        "variables",
        "defaults",
        "itemType",
        "name",
        "flowId",
        "test.Echo",
        "test.Group",
        "test.Say",
        "test.Clock",
        "test.Broken",
        "STRING",
        "SELECT",
        "constant",
        "system.x",
        "a-b",
    ]
)
DATA = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 300) | WORDS | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=6),
    max_leaves=25,
)
PARTS = ["tasks", "triggers", "inputs", "outputs", "labels", "pluginDefaults", "sla", "retry"]


@given(flow=st.fixed_dictionaries({"id": DATA}, optional={part: DATA for part in PARTS}))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_data_give_a_flow_or_problems(flow: dict[str, Any], resolve: Resolve) -> None:
    report = examine(json.dumps(flow), resolve=resolve)
    assert (report.flow is None) == bool(report.problems)


TYPED = st.fixed_dictionaries(
    {"id": WORDS, "type": WORDS}, optional={part: DATA for part in ("tasks", "retry", "dependsOn")}
)


@given(tasks=st.lists(TYPED, max_size=3), inputs=st.lists(TYPED, max_size=3))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_tasks_and_inputs_give_a_flow_or_problems(
    tasks: Any, inputs: Any, resolve: Resolve
) -> None:
    flow = {"id": "f", "namespace": "n", "tasks": tasks, "inputs": inputs}
    report = examine(json.dumps(flow), resolve=resolve)
    assert (report.flow is None) == bool(report.problems)
