"""`ssh.Command` on a real SSH server on loopback."""

from __future__ import annotations

import pytest

from tiercel import Tiercel
from tiercel.plugin import OutboundPolicy
from tiercel.testing import start_task

COMMAND = "ssh.Command"


def test_commands_run_in_one_shell_and_are_heard(task):
    said = """echo '::{"outputs": {"rows": 3}}::'"""
    result = task(COMMAND, commands=["cd /", "pwd", "echo oops >&2", said])
    assert result.outputs == {"exitCode": 0, "vars": {"rows": 3}}
    assert result.messages("INFO") == ["/"]
    assert result.messages("ERROR") == ["oops"]


def test_a_command_that_fails_is_told_with_its_exit_code(task):
    result = task(COMMAND, commands=["""echo '::{"outputs": {"a": 1}}::'""", "exit 7"])
    assert result.error == "SSH command fails with exit status 7"
    assert result.outputs == {"exitCode": 7, "vars": {"a": 1}}


def test_environment_variables_are_sent(task):
    result = task(COMMAND, env={"TEAM": "{{ flow.namespace }}"}, commands=["echo $TEAM"])
    assert result.messages("INFO") == ["company.team"]


@pytest.mark.parametrize("locked", [False, True], ids=["plain", "with a passphrase"])
def test_a_private_key_opens_the_server(task, server, locked):
    key = {"privateKey": "{{ secret('KEY') }}"}
    if locked:
        key["privateKeyPassphrase"] = server.passphrase
    held = server.locked_key if locked else server.key
    given = {"authMethod": "PUBLIC_KEY", "password": None, **key}
    result = task(COMMAND, commands=["echo in"], secrets={"KEY": held}, **given)
    assert (result.error, result.messages("INFO")) == (None, ["in"])


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"password": "guess"}, "the user name, the password or the key is wrong, or missing"),
        ({"password": None}, "Password is necessary for given SSH auth method: PASSWORD"),
        ({"authMethod": "PUBLIC_KEY"}, "Private key is necessary for given SSH auth method"),
        ({"authMethod": "PUBLIC_KEY", "privateKey": "none"}, "The private key cannot be read: "),
        ({"port": "ssh"}, "Invalid `port` 'ssh': expected a number"),
        ({"port": "9"}, "Cannot connect to 127.0.0.1:9: "),
        ({"strictHostKeyChecking": "yes"}, "Cannot connect to 127.0.0.1:"),
    ],
    ids=str,
)
def test_what_keeps_us_out_is_told(task, given, reason, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    result = task(COMMAND, commands=["true"], **given)
    assert reason in result.error
    assert "hidden" not in result.error


def test_settings_of_openssh_can_name_the_server(task, server, tmp_path):
    key, config = tmp_path / "key", tmp_path / "config"
    key.write_text(server.key)
    key.chmod(0o600)
    config.write_text(
        f"Host files\n  HostName 127.0.0.1\n  Port {server.port}\n  User robot\n"
        f"  IdentityFile {key}\n  StrictHostKeyChecking no\n"
    )
    given = {"host": "files", "port": "{{ 22 }}", "username": None, "password": None}
    result = task(
        COMMAND,
        **{**given, "port": str(server.port)},
        authMethod="OPEN_SSH",
        openSSHConfigPath=str(config),
        commands=["echo in"],
    )
    assert (result.error, result.messages("INFO")) == (None, ["in"])


def test_a_killed_task_does_not_wait_for_its_commands(properties, server):
    running = start_task(properties(COMMAND, commands=["hang"]))
    assert server.hanging.wait(20)
    running.kill()
    assert running.result().state == "KILLED"


@pytest.mark.parametrize("kind", [COMMAND, "sftp.List"])
def test_no_connection_is_made_to_what_the_operator_denies(task, monkeypatch, kind):
    monkeypatch.setattr(Tiercel, "outbound", OutboundPolicy.of(deny="private"))
    given = {"commands": ["true"]} if kind == COMMAND else {"from": "/"}
    result = task(kind, **given)
    assert "'127.0.0.1' is refused by 'private' in the setting httpDeny" in result.error
    assert not result.retryable
