"""`Return`, `Echo`, `OutputValues` and `Publish` on the engine's own worker."""

from __future__ import annotations

import pytest

from tiercel.testing import run_task

RETURN = "io.kestra.plugin.core.debug.Return"
ECHO = "io.kestra.plugin.core.debug.Echo"
VALUES = "io.kestra.plugin.core.output.OutputValues"
PUBLISH = "io.kestra.plugin.core.metric.Publish"


def test_return_renders_its_format():
    assert run_task({"type": RETURN, "format": "{{ task.id }}!"}).outputs == {"value": "task!"}


def test_return_gives_text_even_of_a_lone_expression():
    result = run_task({"type": RETURN, "format": "{{ n }}"}, variables={"n": {"a": 1}})
    assert result.outputs == {"value": '{"a":1}'}


def test_return_without_format_gives_nothing():
    result = run_task({"type": RETURN})
    assert result.state == "SUCCESS"
    assert result.outputs == {}


def test_return_logs_its_value_for_debugging_and_measures_it():
    result = run_task({"type": RETURN, "format": "four"})
    assert result.messages("DEBUG") == ["four"]
    length, duration = result.metrics
    assert (length.name, length.kind, length.value) == ("length", "counter", 4)
    assert (duration.name, duration.kind) == ("duration", "timer")


def test_echo_logs_at_its_level():
    assert run_task({"type": ECHO, "format": "{{ 1 + 1 }}"}).messages("INFO") == ["2"]
    assert run_task({"type": ECHO, "format": "x", "level": "WARN"}).messages("WARN") == ["x"]


def test_output_values_render_texts_and_keys_and_keep_other_types():
    values = {
        "text": "s",
        "number": 5,
        "float": 2.5,
        "flag": False,
        "list": ["a", {"x": "{{ 1 + 1 }}"}, None],
        "map": {"k{{ 1 }}": "v{{ 2 }}"},
        "rendered": "{{ [1, 2] }}",
    }
    assert run_task({"type": VALUES, "values": values}).outputs["values"] == {
        "text": "s",
        "number": 5,
        "float": 2.5,
        "flag": False,
        "list": ["a", {"x": "2"}, None],
        "map": {"k1": "v2"},
        "rendered": "[1,2]",
    }


def test_output_values_leave_nulls_out():
    values = {"a": None, "b": {"c": None, "d": 1}}
    assert run_task({"type": VALUES, "values": values}).outputs == {"values": {"b": {"d": 1}}}


def test_output_values_without_values_give_nothing():
    assert run_task({"type": VALUES}).outputs == {}


def test_metrics_of_all_kinds_are_published():
    metrics = [
        {"name": "rows", "type": "counter", "value": "{{ 1 + 2 }}"},
        {"name": "time", "type": "timer", "value": "PT1.5S", "tags": {"table": "{{ flow.id }}"}},
        {"name": "level", "type": "gauge", "value": 0.5, "description": "how full"},
    ]
    result = run_task({"type": PUBLISH, "metrics": metrics})
    assert result.error is None
    assert [(m.name, m.kind, m.value, m.tags) for m in result.metrics] == [
        ("rows", "counter", 3, ()),
        ("time", "timer", 1.5, (("table", "test_flow"),)),
        ("level", "gauge", 0.5, ()),
    ]


def test_a_metric_without_a_number_fails_the_task():
    metrics = [{"name": "rows", "type": "counter", "value": "{{ 'many' }}"}]
    assert run_task({"type": PUBLISH, "metrics": metrics}).state == "FAILED"


@pytest.mark.parametrize(
    "name", ["io.kestra.core.tasks.debugs.Return", "io.kestra.core.tasks.debugs.Echo"]
)
def test_the_older_type_names_work(name):
    assert run_task({"type": name, "format": "x"}).state == "SUCCESS"
