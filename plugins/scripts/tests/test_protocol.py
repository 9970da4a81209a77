from __future__ import annotations

import json
from typing import Any

import pytest

from tiercel_scripts.protocol import printable


def say(**message: Any) -> str:
    return f"echo '::{json.dumps(message)}::'"


def test_outputs_of_all_messages_are_joined(shell: Any) -> None:
    result = shell(say(outputs={"a": 1, "l": [1, {"k": True}]}), say(outputs={"a": 2, "b": None}))
    assert result.outputs["vars"] == {"a": 2, "l": [1, {"k": True}], "b": None}
    assert result.messages("INFO") == []


def test_metrics_are_recorded(shell: Any) -> None:
    metrics = [
        {"name": "rows", "type": "counter", "value": 3, "tags": {"table": 1}},
        {"name": "load", "type": "timer", "value": 1.5},
        {"name": "wait", "type": "timer", "value": "PT2S"},
        {"name": "level", "type": "gauge", "value": 0.5},
    ]
    found = shell(say(metrics=metrics)).metrics
    assert [(m.name, m.kind, m.value) for m in found] == [
        ("rows", "counter", 3),
        ("load", "timer", 1.5),
        ("wait", "timer", 2),
        ("level", "gauge", 0.5),
    ]
    assert dict(found[0].tags) == {"table": "1"}


def test_logs_are_written_at_their_own_levels(shell: Any) -> None:
    logs = [
        {"level": "WARN", "message": "warned"},
        {"level": "critical", "message": "lost"},
        {"level": "DEBUG", "message": "detail"},
    ]
    result = shell(say(logs=logs))
    assert result.messages("WARN") == ["warned"]
    assert result.messages("ERROR") == ["lost"]
    assert "detail" in result.messages("DEBUG")


def test_messages_on_standard_error_are_read_too(shell: Any) -> None:
    assert shell(say(outputs={"a": 1}) + " >&2").outputs["vars"] == {"a": 1}


@pytest.mark.parametrize(
    "line",
    [
        "::{broken}::",
        '::{"outputs": [1]}::',
        '::{"logs": [{"level": "LOUD", "message": "x"}]}::',
        '::{"metrics": [{"name": "x", "type": "histogram", "value": 1}]}::',
        '::{"metrics": [{"name": "x", "type": "counter", "value": "many"}]}::',
    ],
)
def test_a_broken_message_is_a_warning_and_no_more(shell: Any, line: str) -> None:
    result = shell(f"echo '{line}'")
    assert result.state == "SUCCESS"
    (warning,) = result.messages("WARN")
    assert warning.startswith(f"Invalid outputs '{line[2:-2]}': ")


@pytest.mark.parametrize("line", ['x ::{"outputs":{"a":1}}::', '::{"outputs":{"a":1}}:: x', "::"])
def test_a_message_stands_alone_on_its_line(shell: Any, line: str) -> None:
    result = shell(f"echo '{line}'")
    assert (result.outputs["vars"], result.messages("INFO")) == ({}, [line])


def test_outputs_may_be_large(shell: Any) -> None:
    result = shell(
        'head -c 1000000 /dev/zero | tr \'\\0\' x | sed \'s/.*/::{"outputs":{"a":"&"}}::/\''
    )
    assert len(result.outputs["vars"]["a"]) == 1_000_000


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07text", "text"),
        ("a\0b", "a\ufffdb"),
        ("\x1b[31mcut off \x1b[", "cut off \ufffd["),
        ("bell\x07 and \x9b1m", "bell\ufffd and \ufffd1m"),
        ("a\ttab", "a\ttab"),
        ("plain ü", "plain ü"),
    ],
)
def test_terminal_controls_do_not_reach_the_log(line: str, expected: str) -> None:
    assert printable(line) == expected


def test_a_line_of_many_megabytes_is_cut_in_the_log(shell: Any) -> None:
    command = "head -c 20000000 /dev/zero | tr '\\0' x"
    (message,) = shell(command).messages("INFO")
    assert len(message) < 70_000
    assert message.endswith(" more characters in this line)")
