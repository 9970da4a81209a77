"""`Clone` from real repositories: in files, on a web server, over SSH."""

from __future__ import annotations

import os
import stat

import pytest
from git_server import git

from tiercel import Tiercel
from tiercel.plugin import OutboundPolicy

FLOW = """
id: clone
namespace: company.team
tasks:
  - id: folder
    type: io.kestra.plugin.core.flow.WorkingDirectory
    tasks:
      - id: clone
        type: io.kestra.plugin.git.Clone
        url: {url}
        {options}
      - id: show
        type: io.kestra.plugin.scripts.shell.Commands
        taskRunner: {{type: io.kestra.plugin.core.runner.Process}}
        commands:
          - cat {file}
"""


def cat(url, file, options=""):
    """Clone in a working folder, and return what a script then finds in a file."""
    with Tiercel(environ={}) as tiercel:
        execution = tiercel.run(FLOW.format(url=url, file=file, options=options), timeout=60)
        logs = [entry.message for entry in tiercel.logs(execution.id)]
        assert execution.state == "SUCCESS", logs
        return logs[-1]


def test_a_script_finds_what_was_cloned(origin):
    origin.commit(hello_dot_txt="from a file")
    assert cat(origin.url, "hello.txt") == "from a file"


def test_a_repository_is_cloned_into_a_folder(origin):
    origin.commit(hello_dot_txt="in a folder")
    assert cat(origin.url, "sub/hello.txt", "directory: sub") == "in a folder"


def test_a_repository_is_cloned_over_http(origin, server):
    origin.commit(hello_dot_txt="over http")
    assert cat(f"{server.url}/repo.git", "hello.txt") == "over http"


def test_what_kestra_needs_to_ask_its_server_does_no_harm(task, origin):
    origin.commit(hello_dot_txt="hello")
    auth = {"username": "ada", "password": "{{ secret('P') }}"}
    result = task("Clone", kestraUrl="http://127.0.0.1:9", auth=auth)
    assert result.error is None


def test_user_and_password_open_a_private_repository(task, origin, private_server):
    origin.commit(hello_dot_txt="private")
    given = {"url": f"{private_server.url}/repo.git", "username": "robot"}
    result = task("Clone", password="{{ secret('TOKEN') }}", secrets={"TOKEN": "hidden"}, **given)
    assert result.state == "SUCCESS"
    refused = task("Clone", password="wrong", **given)
    assert "the user name or the password is wrong, or missing" in refused.error
    assert "wrong" not in refused.error.partition(": the user")[0]


def test_a_password_in_the_url_is_never_told(task, origin, private_server):
    url = private_server.url.replace("//", "//robot:s3cr3t@") + "/missing.git"
    result = task("Clone", url=url)
    assert result.state == "FAILED"
    assert "s3cr3t" not in str(result.logs) + result.error


@pytest.fixture
def history(origin):
    """A repository with two commits on main, a tag on the first one, and a branch."""
    first = origin.commit(hello_dot_txt="first")
    git("tag", "--annotate", "--message", "first", "v1", cwd=origin.work)
    git("push", "origin", "v1", cwd=origin.work)
    origin.commit(hello_dot_txt="second")
    origin.commit("other", hello_dot_txt="branch")
    return first


@pytest.mark.parametrize(
    ("options", "content"),
    [
        ("branch: main", "second"),
        ("branch: other", "branch"),
        ("tag: v1", "first"),
        ("commit: {commit}", "first"),
        ("commit: {short}", "first"),
        ("branch: main\n        cloneAllBranches: false\n        noTags: true", "second"),
    ],
)
def test_branch_tag_or_commit_is_checked_out(origin, history, options, content):
    options = options.format(commit=history, short=history[:10])
    assert cat(origin.url, "hello.txt", options) == content


@pytest.mark.parametrize(
    ("properties", "reason"),
    [
        ({"branch": "missing"}, "b'missing' is not a valid branch or tag"),
        ({"tag": "missing"}, "Cannot resolve tag 'missing'"),
        ({"commit": "0123456789abcdef0123456789abcdef01234567"}, "Cannot resolve commit '01234"),
        ({"tag": "v1", "noTags": True}, "`tag` cannot be used with `noTags: true`"),
        ({"cloneAllBranches": False}, "`branch` must be set"),
        ({"url": "file:///nowhere/x.git"}, "there is no such repository"),
        ({"url": "http://127.0.0.1:9/x.git"}, "Cannot clone http://127.0.0.1:9/x.git"),
        ({"directory": "../out"}, "Path '../out' leads out of the repository"),
    ],
)
def test_what_cannot_be_cloned_is_told(task, history, properties, reason):
    result = task("Clone", **properties)
    assert result.state == "FAILED"
    assert reason in result.error


def test_settings_are_written_to_the_clone(origin):
    origin.commit(hello_dot_txt="x")
    options = "gitConfig: {core.fileMode: false, user.name: Robot, nonsense: 1}"
    config = cat(origin.url, ".git/config", options)
    assert "name = Robot" in config


SSH = """#!/bin/sh
# Stands for ssh: keeps what it was told, and runs the command here.
while [ $# -gt 2 ]; do
  [ "$1" = "-i" ] && { cat "$2" > "$FAKE_SSH/key"; stat -c %a "$2" > "$FAKE_SSH/mode"; }
  shift
done
echo "$1" > "$FAKE_SSH/host"
eval "exec git ${2#git-}"
"""


@pytest.fixture
def ssh(tmp_path, monkeypatch):
    """A program `ssh` that runs what it is asked for on this machine; returns its notes."""
    program = tmp_path / "bin/ssh"
    program.parent.mkdir()
    program.write_text(SSH)
    program.chmod(stat.S_IRWXU)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("FAKE_SSH", str(tmp_path))
    return tmp_path


def test_a_private_key_is_used_for_ssh_and_read_by_nobody_else(task, origin, ssh):
    origin.commit(hello_dot_txt="over ssh")
    result = task("Clone", url=f"ssh://git@host.test{origin.bare}", privateKey="the key")
    assert result.error is None
    assert (ssh / "key").read_text() == "the key\n"
    assert (ssh / "mode").read_text().strip() == "600"
    assert (ssh / "host").read_text().strip() == "git@host.test"


def test_a_passphrase_opens_the_private_key(task, origin, ssh):
    from cryptography.hazmat.primitives import serialization as forms
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    locked = forms.BestAvailableEncryption(b"open sesame")
    text = key.private_bytes(forms.Encoding.PEM, forms.PrivateFormat.PKCS8, locked).decode()
    origin.commit(hello_dot_txt="over ssh")
    given = {"url": f"ssh://git@host.test{origin.bare}", "privateKey": text}
    assert task("Clone", **given, passphrase="open sesame").error is None
    opened = forms.load_ssh_private_key((ssh / "key").read_bytes(), None)
    assert opened.public_key() == key.public_key()
    wrong = task("Clone", **given, passphrase="other")
    assert wrong.error == "The private key does not open with the passphrase"


@pytest.mark.parametrize("place", ["http", "ssh", "git"])
def test_nothing_is_cloned_from_what_the_operator_denies(task, origin, server, monkeypatch, place):
    monkeypatch.setattr(Tiercel, "outbound", OutboundPolicy.of(deny="private"))
    url = {
        "http": f"{server.url}/repo.git",
        "ssh": "ssh://git@127.0.0.1/repo.git",
        "git": "git://127.0.0.1/repo.git",
    }[place]
    result = task("Clone", url=url)
    assert "'127.0.0.1' is refused by 'private' in the setting httpDeny" in result.error
    assert not result.retryable


def test_a_repository_is_cloned_from_what_the_operator_allows(origin, server, monkeypatch):
    monkeypatch.setattr(Tiercel, "outbound", OutboundPolicy.of(allow="127.0.0.0/8"))
    origin.commit(hello_dot_txt="allowed")
    assert cat(f"{server.url}/repo.git", "hello.txt") == "allowed"
