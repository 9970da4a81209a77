from __future__ import annotations

import shlex
import sys
from typing import Any

import pytest

from tiercel.testing import run_task


def test_each_line_of_output_is_a_log_line(shell: Any) -> None:
    result = shell('echo "hi {{ flow.id }}"', "echo two; echo oops >&2")
    assert result.outputs == {"vars": {}, "exitCode": 0, "outputFiles": {}}
    assert result.messages("INFO") == ["hi test_flow", "two"]
    assert result.messages("ERROR") == ["oops"]


def test_the_commands_may_come_from_one_expression(task_of: Any) -> None:
    task = task_of("shell.Commands", commands="{{ vars.cmds }}")
    result = run_task(task, variables={"vars": {"cmds": ["echo 1", "echo 2"]}})
    assert result.messages("INFO") == ["1", "2"]


def test_a_failing_command_fails_the_task_and_keeps_its_outputs(shell: Any) -> None:
    result = shell('echo \'::{"outputs":{"a":1}}::\'', "exit 3")
    assert (result.state, result.error) == ("FAILED", "Command failed with exit code 3")
    assert result.outputs == {"vars": {"a": 1}, "exitCode": 3, "outputFiles": {}}


@pytest.mark.parametrize(
    ("command", "code"), [("no-such-command-xyz", 127), ("kill -9 $$", 137), ("exit 255", 255)]
)
def test_exit_codes_are_those_of_a_shell(shell: Any, command: str, code: int) -> None:
    assert shell(command).outputs["exitCode"] == code


def test_the_first_failing_command_ends_the_task(shell: Any) -> None:
    result = shell("false", "echo reached")
    assert (result.outputs["exitCode"], result.messages("INFO")) == (1, [])


def test_without_fail_fast_the_last_command_counts(shell: Any) -> None:
    result = shell("false", "echo reached", failFast=False)
    assert (result.state, result.messages("INFO")) == ("SUCCESS", ["reached"])


def test_before_commands_share_the_shell(shell: Any) -> None:
    result = shell("echo $GREETING", beforeCommands=["GREETING={{ flow.id }}"])
    assert result.messages("INFO") == ["test_flow"]


def test_another_shell_is_told_to_stop_at_failures_too(shell: Any) -> None:
    result = shell("[[ a == a ]] && echo bash", "false", interpreter=["/bin/bash", "-c"])
    assert (result.messages("INFO"), result.outputs["exitCode"]) == (["bash"], 1)


def test_an_interpreter_that_is_no_shell_gets_the_commands_alone(shell: Any) -> None:
    result = shell("print(1)", "print(2)", interpreter=[sys.executable, "-c"])
    assert result.messages("INFO") == ["1", "2"]


def test_a_missing_interpreter_is_named(shell: Any) -> None:
    result = shell("true", interpreter=["/no/such/shell", "-c"])
    assert result.error == "Cannot run '/no/such/shell': No such file or directory"
    assert not result.retryable


def test_env_is_added_to_the_environment(shell: Any) -> None:
    result = shell("echo $A $B ${HOME:+home}", env={"A": 5, "B": "{{ flow.id }}"})
    assert result.messages("INFO") == ["5 test_flow home"]


def test_secrets_of_flows_are_not_inherited(shell: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_API_KEY", "czNjcjN0")
    monkeypatch.setenv("TIERCEL_SECRET_API_KEY", "s3cr3t")
    monkeypatch.setenv("TIERCEL_ENCRYPTION_KEY", "1:c2VjcmV0")
    result = shell("env | grep -e SECRET -e ENCRYPTION || echo none")
    assert result.messages("INFO") == ["none"]


def test_commands_run_in_the_working_folder(shell: Any) -> None:
    result = shell('[ "$PWD" = "{{ workingDir }}" ] && [ "$PWD" = "$WORKING_DIR" ] && echo same')
    assert result.messages("INFO") == ["same"]


def test_commands_longer_than_one_argument_can_be_are_run_all_the_same(shell: Any) -> None:
    result = shell(f"printf %s {'x' * 200_000} | wc -c", outputFiles=["**"])
    assert [line.strip() for line in result.messages("INFO")] == ["200000"]
    assert result.outputs["outputFiles"] == {}


def test_a_stored_file_in_a_command_becomes_a_local_one(shell: Any) -> None:
    result = shell("cat {{ files.data }}", files={"data": "stored"}, outputFiles=["**"])
    assert result.messages("INFO") == ["stored"]
    assert result.outputs["outputFiles"] == {}


@pytest.mark.parametrize(
    ("wanted", "state"), [(None, "SUCCESS"), (False, "SUCCESS"), (True, "WARNING")]
)
def test_standard_error_is_a_warning_for_those_who_ask(
    shell: Any, wanted: bool | None, state: str
) -> None:
    properties = {} if wanted is None else {"warningOnStdErr": wanted}
    assert shell("echo oops >&2", **properties).state == state


def test_windows_commands_end_in_carriage_returns(shell: Any) -> None:
    program = "import sys; print(repr(sys.argv[1]))"
    interpreter = [sys.executable, "-c", program]
    result = shell("a", "b", interpreter=interpreter, targetOS="WINDOWS")
    assert result.messages("INFO") == [repr("a\r\nb")]


def test_quotes_and_line_breaks_reach_the_shell_untouched(shell: Any) -> None:
    text = 'it\'s "quoted"\n\\n $HOME `x`'
    assert shell(f"printf %s {shlex.quote(text)}").messages("INFO") == text.split("\n")
