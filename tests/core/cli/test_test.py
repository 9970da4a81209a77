"""`tiercel test`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Tiercel

SUITE = """id: sums_tests
namespace: company.team
flowId: sums
testCases:
  - id: right
    assertions: [{value: "{{ execution.outputs.name }}", equalTo: World}]
  - id: named
    fixtures: {inputs: {name: Ada}, tasks: [{id: warn}]}
    assertions: [{value: "{{ execution.outputs.name }}", equalTo: Ada}]
"""
WRONG = SUITE.replace("equalTo: Ada", "equalTo: Bob")


@pytest.fixture
def suite(flow: str) -> Path:
    """A suite of the flow in `flow.yaml`."""
    path = Path("sums.test.yaml")
    path.write_text(SUITE)
    return path


def test_the_tests_of_the_current_folder_are_run(suite: Path, tiercel: Tiercel) -> None:
    done = tiercel("test")
    assert done.code == 0
    assert done.out.startswith("ok      sums_tests::right (")
    assert "\n2 passed in " in done.out


def test_what_fails_is_told_with_its_place_and_log(suite: Path, tiercel: Tiercel) -> None:
    suite.write_text(WRONG)
    done = tiercel("test", "--quiet")
    assert done.code == 1
    assert "        sums.test.yaml:7\n" in done.out
    assert "{{ execution.outputs.name }} equalTo 'Bob', but it is 'Ada'" in done.out
    assert "INFO greet Hello, Ada!" in done.out
    assert "right" not in done.out


def test_a_filter_chooses_cases(suite: Path, tiercel: Tiercel) -> None:
    assert "1 passed" in tiercel("test", str(suite), "--filter", "tests::na").out


def test_without_a_test_it_is_wrong_usage(flow: str, tiercel: Tiercel) -> None:
    done = tiercel("test")
    assert (done.code, "There is no flow test" in done.err) == (2, True)


def test_a_wrong_suite_is_told_before_anything_runs(suite: Path, tiercel: Tiercel) -> None:
    Path("other.test.yaml").write_text("id: other\n")
    done = tiercel("test")
    assert (done.code, done.out) == (3, "")
    assert "other.test.yaml:1:" in done.err


def test_json_and_junit_tell_the_same(suite: Path, tiercel: Tiercel) -> None:
    suite.write_text(WRONG)
    found = tiercel("test", "--json", "--junit", "report.xml").json()
    assert [each["outcome"] for each in found] == ["passed", "failed"]
    report = Path("report.xml").read_text(encoding="utf-8")
    assert 'tests="2" failures="1" errors="0" skipped="0"' in report


def test_flows_may_be_in_another_folder(suite: Path, tiercel: Tiercel) -> None:
    Path("suites").mkdir()
    suite.rename("suites/sums.test.yaml")
    assert "2 with an error" in tiercel("test", "suites").out
    assert tiercel("test", "suites", "--flows", ".").code == 0


def test_a_suite_is_no_flow(suite: Path, tiercel: Tiercel) -> None:
    assert tiercel("flow", "validate", ".").out == "flow.yaml: valid\n"
