from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tiercel import Tiercel as Engine

if TYPE_CHECKING:
    from conftest import Tiercel

WRONG = """\
id: wrong
namespace: company.team
inputs:
  - {id: name, type: STRING, required: false}
tasks:
  - id: greet
    type: io.kestra.plugin.core.log.Log
    message: "Hello {{ inputs.nmae }} and {{ inputs.name }}"
"""
CALL = """\
id: call
namespace: company.team
tasks:
  - id: sub
    type: io.kestra.plugin.core.flow.Subflow
    namespace: company.team
    flowId: {other}
    inputs: {{nmae: x}}
"""


@pytest.fixture
def wrong(home: Path) -> str:
    """A flow with an error and a warning."""
    Path("wrong.yaml").write_text(WRONG)
    return "wrong.yaml"


def test_a_flow_in_order_says_so(flow: str, tiercel: Tiercel) -> None:
    done = tiercel("check", flow)
    assert (done.code, done.out, done.err) == (0, "", "0 errors and 0 warnings in 1 file\n")


def test_a_finding_is_shown_with_its_line_and_a_mark(wrong: str, tiercel: Tiercel) -> None:
    done = tiercel("check", wrong)
    assert done.code == 3
    assert done.out.splitlines()[:3] == [
        "wrong.yaml:8:31: error TC104: The flow has no input 'nmae'; it has name; "
        "did you mean 'name'?",
        '    message: "Hello {{ inputs.nmae }} and {{ inputs.name }}"',
        "                              ^^^^",
    ]
    assert done.err == "1 error and 1 warning in 1 file\n"


def test_warnings_alone_are_no_failure_unless_strict(wrong: str, tiercel: Tiercel) -> None:
    Path(wrong).write_text(WRONG.replace("nmae", "name"))
    assert tiercel("check", wrong).code == 0
    assert tiercel("check", wrong, "--strict").code == 3


@pytest.mark.parametrize("code", ["TC205", "tc205", "optional-input"])
def test_findings_can_be_left_out(code: str, wrong: str, tiercel: Tiercel) -> None:
    done = tiercel("check", wrong, "--ignore", code, "--ignore", "TC104", "--strict")
    assert (done.code, done.out) == (0, "")


def test_a_code_that_does_not_exist_is_wrong_usage(wrong: str, tiercel: Tiercel) -> None:
    done = tiercel("check", wrong, "--ignore", "TC999")
    assert done.code == 2
    assert "There is no code 'TC999'" in done.err


def test_json_has_all_there_is_to_say(wrong: str, tiercel: Tiercel) -> None:
    first, second = tiercel("check", wrong, "--json").json()
    assert first == {
        "code": "TC104",
        "name": "unknown-input",
        "severity": "error",
        "message": "The flow has no input 'nmae'; it has name",
        "suggestion": "name",
        "file": "wrong.yaml",
        "path": "tasks[0].message",
        "line": 8,
        "column": 31,
        "endLine": 8,
        "endColumn": 35,
    }
    assert second["severity"] == "warning"


def test_sarif_names_the_file_and_the_rules(wrong: str, tiercel: Tiercel) -> None:
    done = tiercel("check", wrong, "--sarif")
    (run,) = done.json()["runs"]
    assert [each["ruleId"] for each in run["results"]] == ["TC104", "TC205"]
    assert done.code == 3


def test_files_of_a_folder_know_each_other(home: Path, tiercel: Tiercel) -> None:
    Path("flows").mkdir()
    Path("flows/a.yaml").write_text(CALL.format(other="wrong"))
    Path("flows/b.yml").write_text(WRONG.replace("nmae", "name"))
    found = tiercel("check", "flows", "--json").json()
    assert {(each["file"], each["code"]) for each in found} == {
        ("flows/a.yaml", "TC402"),
        ("flows/b.yml", "TC205"),
    }


@pytest.mark.parametrize("command", [("check",), ("flow", "validate")])
def test_what_is_no_flow_in_a_folder_is_skipped_and_counted(
    command: tuple[str, ...], flow: str, tiercel: Tiercel
) -> None:
    Path("compose.yaml").write_text("services: {}\n")
    Path("other.yml").write_bytes(b"\xff\xfe")
    done = tiercel(*command, ".")
    assert done.code == 0
    assert done.err.endswith("Skipped 2 YAML files, no flows\n")


def test_a_file_that_is_named_is_checked_whatever_is_in_it(home: Path, tiercel: Tiercel) -> None:
    Path("compose.yaml").write_text("services: {}\n")
    assert tiercel("check", "compose.yaml").code == 3


def test_a_folder_without_any_flow_is_wrong_usage(home: Path, tiercel: Tiercel) -> None:
    Path("compose.yaml").write_text("services: {}\n")
    done = tiercel("check", ".")
    assert (done.code, "There is no flow in ." in done.err) == (2, True)


def test_flows_of_the_database_are_known(home: Path, tiercel: Tiercel) -> None:
    from tiercel.settings import Settings

    with Engine(settings=Settings(home=home)) as engine:
        engine.save_flow(engine.load_flow(WRONG.replace("nmae", "name")))
    Path("a.yaml").write_text(CALL.format(other="wrong"))
    (found,) = tiercel("check", "a.yaml", "--json").json()
    assert found["code"] == "TC402"


def test_a_flow_comes_from_standard_input(home: Path, tiercel: Tiercel) -> None:
    done = tiercel("check", "-", stdin=WRONG.encode())
    assert done.out.startswith("<stdin>:8:31: error TC104")


def test_control_characters_do_not_reach_the_terminal(home: Path, tiercel: Tiercel) -> None:
    text = WRONG.replace('"Hello', '"\\e[31m {{ 1 \x7f }}Hello')
    Path("odd.yaml").write_text(text.replace("nmae", "n\u202eame"))
    done = tiercel("check", "odd.yaml")
    assert done.code == 3
    assert "\u202e" not in done.out


def test_tabs_keep_the_mark_in_its_place(home: Path, tiercel: Tiercel) -> None:
    Path("tabs.yaml").write_text(WRONG.replace("Hello ", "Hello\t\t"))
    line, mark = tiercel("check", "tabs.yaml").out.splitlines()[1:3]
    assert line.index("nmae") == mark.index("^")
    assert mark.count("\t") == 2


def test_a_file_that_is_not_there_is_not_found(home: Path, tiercel: Tiercel) -> None:
    assert tiercel("check", "nothing.yaml").code == 4
