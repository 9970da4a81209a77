from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Tiercel

WRONG = [
    (["--input", "name"], "'name' is not KEY=VALUE"),
    (["--input", "=Ada"], "'=Ada' is not KEY=VALUE"),
    (["--label", "team"], "'team' is not KEY=VALUE"),
    (["--input-file", "name=@nofile"], "Input 'name': there is no file 'nofile'"),
    (["--timeout", "0"], "Invalid value for '--timeout'"),
    (["--timeout", "soon"], "Invalid value for '--timeout'"),
]


@pytest.mark.parametrize(("options", "message"), WRONG, ids=lambda each: str(each[0]))
def test_wrong_options_begin_nothing(
    options: list[str], message: str, flow: str, tiercel: Tiercel
) -> None:
    done = tiercel("run", flow, *options)
    assert message in done.err
    assert (done.code, done.out) == (2, "")
    assert tiercel("executions", "list", "--json").json() == []


@pytest.mark.parametrize(
    ("name", "code", "message"),
    [
        ("nofile.yaml", 4, "There is no file 'nofile.yaml'"),
        (".", 2, "'.' is a folder; name a flow's file"),
    ],
)
def test_a_file_that_is_none_is_told(name: str, code: int, message: str, tiercel: Tiercel) -> None:
    done = tiercel("run", name)
    assert (done.code, done.out) == (code, "")
    assert message in done.err


def test_the_text_on_standard_input_must_be_text(tiercel: Tiercel) -> None:
    done = tiercel("run", "-", stdin=b"id: \xff")
    assert (done.code, "<stdin>:1: byte 0xff is not UTF-8 text" in done.err) == (2, True)


def test_an_invalid_input_is_told(flow: str, tiercel: Tiercel) -> None:
    text = Path(flow).read_text().replace("type: STRING, defaults: World", "type: INT")
    Path(flow).write_text(text)
    done = tiercel("run", flow, "--input", "name=many")
    assert (done.code, done.out) == (2, "")
    assert "name" in done.err
    assert tiercel("run", flow).code == 2


def test_a_disabled_flow_is_not_run(flow: str, tiercel: Tiercel) -> None:
    Path(flow).write_text("disabled: true\n" + Path(flow).read_text())
    done = tiercel("run", flow)
    assert (done.code, "Flow company.team.sums is disabled" in done.err) == (2, True)


@pytest.mark.parametrize("workers", ["0", "-1", "many", ""])
def test_a_setting_that_cannot_be_is_told(
    workers: str, flow: str, tiercel: Tiercel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIERCEL_WORKERS", workers)
    done = tiercel("run", flow)
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        f"Error: TIERCEL_WORKERS is {workers!r}; it must be a whole number, 1 or more\n"
    )


def test_an_unknown_kind_of_database_is_told(
    flow: str, tiercel: Tiercel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIERCEL_REPOSITORY", "mysql://127.0.0.1/x")
    done = tiercel("run", flow)
    assert "No installed plugin brings the repository 'mysql'; known: sqlite" in done.err
    assert done.code == 1


def test_resume_without_anything_to_do_says_so(tiercel: Tiercel) -> None:
    done = tiercel("resume")
    assert (done.code, done.out, done.err) == (0, "", "Nothing to resume\n")


def test_resume_of_an_ended_execution_tells_its_state(tiercel: Tiercel, execution_id: str) -> None:
    done = tiercel("resume", execution_id)
    assert (done.code, done.out.splitlines()[-1]) == (0, "SUCCESS")
