"""The `Log` task on the engine's own worker."""

from __future__ import annotations

import pytest

from tiercel.testing import run_task

LOG = "io.kestra.plugin.core.log.Log"


def test_a_message_is_rendered_and_logged_at_info():
    result = run_task({"type": LOG, "message": "Hello {{ flow.id }}"})
    assert result.messages("INFO") == ["Hello test_flow"]
    assert result.outputs == {}


def test_each_message_of_a_list_is_a_line():
    result = run_task({"type": LOG, "message": ["a {{ 1 + 1 }}", "b", 3]})
    assert result.messages() == ["a 2", "b", "3"]


@pytest.mark.parametrize("level", ["ERROR", "WARN", "INFO", "DEBUG", "TRACE"])
def test_a_message_is_logged_at_its_level(level):
    result = run_task({"type": LOG, "message": "x", "level": level})
    assert [(entry.level, entry.message) for entry in result.logs] == [(level, "x")]


def test_the_level_can_be_an_expression():
    result = run_task(
        {"type": LOG, "message": "x", "level": "{{ wanted }}"}, variables={"wanted": "WARN"}
    )
    assert result.messages("WARN") == ["x"]


def test_an_unknown_level_fails_the_task():
    result = run_task({"type": LOG, "message": "x", "level": "{{ 'LOUD' }}"})
    assert result.state == "FAILED"
    assert "'TRACE'" in result.error


def test_a_number_is_logged_as_text():
    assert run_task({"type": LOG, "message": 5}).messages() == ["5"]


def test_an_expression_that_gives_a_map_is_logged_as_json():
    result = run_task({"type": LOG, "message": "{{ data }}"}, variables={"data": {"a": [1]}})
    assert result.messages() == ['{"a":[1]}']


def test_a_mapping_fails_when_the_task_runs():
    result = run_task({"type": LOG, "message": {"k": "v"}})
    assert result.error.startswith("Invalid message type")
    assert not result.retryable


def test_lines_below_the_task_s_own_log_level_are_dropped():
    assert run_task({"type": LOG, "message": "x", "logLevel": "WARN"}).logs == ()


def test_secrets_are_masked():
    result = run_task(
        {"type": LOG, "message": "key {{ secret('KEY') }}"}, secrets={"KEY": "golden-secret"}
    )
    assert result.messages() == ["key ******"]


def test_an_expression_that_cannot_be_rendered_fails_the_task():
    result = run_task({"type": LOG, "message": "{{ nothing.here }}"})
    assert result.state == "FAILED"
    assert "nothing" in result.error


def test_the_older_type_name_works():
    result = run_task({"type": "io.kestra.core.tasks.log.Log", "message": "old"})
    assert result.messages() == ["old"]
