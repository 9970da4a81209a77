"""Secrets at rest: what is stored, with which key, and what people get to see."""

from __future__ import annotations

import base64
import json
import stat
from pathlib import Path

import pytest

from tiercel import Settings, Tiercel
from tiercel.engine.services.sealing import Sealer, hidden, is_sealed, key_file, read_keys
from tiercel.errors import SealError

OLD = base64.b64encode(b"o" * 32).decode()
NEW = base64.b64encode(b"n" * 16).decode()
FLOW = """\
id: sealed
namespace: company.team
inputs:
  - {id: p, type: SECRET}
tasks:
  - {id: r, type: io.kestra.plugin.core.debug.Return, format: "p is {{ inputs.p }}"}
  - {id: l, type: io.kestra.plugin.core.log.Log, message: "p={{ inputs.p }}"}
outputs:
  - {id: out, type: SECRET, value: "{{ inputs.p }}"}
"""
SECRET = "s3cr3t-word"


def sealer(keys: str) -> Sealer:
    return Sealer(lambda: read_keys(keys))


@pytest.mark.parametrize("text", ["", "s3cr3t", "ünï \n" * 1000])
def test_a_sealed_text_comes_back(text):
    ours = sealer(OLD)
    sealed = ours.seal(text)
    assert is_sealed(sealed)
    assert ours.unseal(sealed) == text


def test_the_same_text_is_never_sealed_alike_and_never_in_clear():
    ours = sealer(OLD)
    first, second = ours.seal(SECRET)["value"], ours.seal(SECRET)["value"]
    assert first != second
    assert SECRET.encode() not in base64.b64decode(first)


def test_an_older_key_opens_what_the_newer_one_does_not_write():
    sealed = sealer(f"old:{OLD}").seal("x")
    rotated = sealer(f"new:{NEW},old:{OLD}")
    assert rotated.unseal(sealed) == "x"
    assert sealer(f"new:{NEW}").unseal(rotated.seal("y")) == "y"


@pytest.mark.parametrize("position", [0, 1, 5, 14, -1])
def test_what_was_changed_by_a_bit_is_refused(position):
    ours = sealer(OLD)
    data = bytearray(base64.b64decode(ours.seal("text")["value"]))
    data[position] ^= 1
    with pytest.raises(SealError):
        ours.unseal({"value": base64.b64encode(bytes(data)).decode()})


@pytest.mark.parametrize("value", ["", "not base64", "AA=="])
def test_what_was_never_sealed_is_refused(value):
    with pytest.raises(SealError):
        sealer(OLD).unseal({"value": value})


def test_a_key_that_is_gone_is_named():
    sealed = sealer(f"old:{OLD}").seal("x")
    with pytest.raises(SealError, match="'old'"):
        sealer(f"new:{NEW}").unseal(sealed)


@pytest.mark.parametrize(
    "text", ["", ",", "a:", "short:AAAA", f"a:{OLD},a:{NEW}", f":{OLD}", "not base64!"]
)
def test_keys_that_cannot_be_used_are_refused_without_being_shown(text):
    with pytest.raises(SealError) as caught:
        read_keys(text)
    assert OLD not in str(caught.value)


def test_the_key_file_is_made_once_for_its_owner_alone(tmp_path):
    first = key_file(tmp_path / "home")
    path = tmp_path / "home/encryption.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert key_file(tmp_path / "home") == first
    assert [each.name for each in path.parent.iterdir()] == ["encryption.key"]


def test_data_is_revealed_in_place_and_otherwise_not_copied():
    ours = sealer(OLD)
    plain = {"a": [1, {"b": "c"}]}
    found: list[str] = []
    assert ours.reveal(plain, found) is plain
    assert ours.reveal({"a": [ours.seal("x")], "b": plain}, found) == {"a": ["x"], "b": plain}
    assert found == ["x"]


def test_what_is_sealed_is_hidden_from_people():
    sealed = sealer(OLD).seal("x")
    data = {"a": [sealed, 1], "b": {"value": "v"}}
    assert hidden(data, "*") == {"a": ["*", 1], "b": {"value": "v"}}


def engine(home: Path, key: str | None = None) -> Tiercel:
    return Tiercel(settings=Settings(home=home, encryption_key=key), environ={})


def test_a_secret_input_is_clear_to_expressions_and_stored_encrypted(tmp_path):
    with engine(tmp_path) as tiercel:
        execution = tiercel.run(FLOW, {"p": SECRET}, timeout=20)
        logs = [each.message for each in tiercel.logs(execution.id) if each.level == "INFO"]
    assert execution.state == "SUCCESS"
    assert is_sealed(execution.inputs["p"])
    assert is_sealed(execution.outputs["out"])
    assert {each.task_id: each.outputs for each in execution.task_runs.values()}["r"] == {
        "value": f"p is {SECRET}"
    }
    assert logs == ["p=******"]


def test_people_see_no_secret_input_anywhere_in_an_execution(tmp_path):
    from click.testing import CliRunner

    from tiercel.cli.main import cli

    with engine(tmp_path) as tiercel:
        execution = tiercel.run(FLOW, {"p": SECRET}, timeout=20)
    for command in ("show", "outputs"):
        shown = CliRunner().invoke(
            cli, ["executions", command, execution.id, "--json", "--home", str(tmp_path)]
        )
        assert shown.exit_code == 0
        assert SECRET not in shown.output
        assert "p is ******" in shown.output
        assert execution.outputs["out"]["value"] not in shown.output


def test_an_execution_reads_its_secret_again_after_a_restart(tmp_path):
    with engine(tmp_path) as tiercel:
        execution = tiercel.run(FLOW, {"p": SECRET}, timeout=20)
    with engine(tmp_path) as tiercel:
        assert tiercel.evaluate(execution.id, "{{ inputs.p == '" + SECRET + "' }}") == "true"
        assert tiercel.evaluate(execution.id, "{{ inputs.p }}") == "******"


def test_without_its_key_a_secret_input_is_missing_rather_than_wrong(tmp_path):
    with engine(tmp_path, f"old:{OLD}") as tiercel:
        execution = tiercel.run(FLOW, {"p": SECRET}, timeout=20)
    with engine(tmp_path, f"new:{NEW}") as tiercel:
        assert tiercel.evaluate(execution.id, "{{ inputs.p is defined }}") == "false"


def test_neither_database_nor_event_log_holds_a_secret_input_in_clear(tmp_path):
    source = FLOW.replace('"p is {{ inputs.p }}"', '"{{ inputs.p | length }}"')
    with engine(tmp_path) as tiercel:
        execution = tiercel.run(source, {"p": SECRET}, timeout=20)
        events = json.dumps([each.payload for each in tiercel.repository.events(execution.id)])
    assert "aes_encrypted" in events
    assert SECRET not in events
    for path in tmp_path.glob("tiercel.db*"):
        assert SECRET.encode() not in path.read_bytes()
