"""`*.test.yaml`: how suites are read, what assertions mean, and how results are told."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tiercel.errors import FlowError
from tiercel.testing.flow_tests.library import suite_files
from tiercel.testing.flow_tests.model import read_suite
from tiercel.testing.flow_tests.report import write_junit
from tiercel.testing.flow_tests.suite import CaseResult, load_suite

FLOW = """
id: shop
namespace: company.team
inputs: [{id: amount, type: INT}]
tasks:
  - {id: order, type: com.example.Order, uri: https://shop.invalid}
  - {id: text, type: io.kestra.plugin.core.debug.Return, format: "{{ outputs.order | toJson }}"}
"""
HEAD = "id: shop_tests\nnamespace: company.team\nflowId: shop\ntestCases:\n"
CASE = """
  - id: one
    type: io.kestra.core.tests.flow.UnitTest
    fixtures:
      inputs: {amount: 2}
      secrets: {TOKEN: hidden}
      tasks:
        - id: order
          outputs: {code: 200, name: Hat, tags: [new, red], ok: true, paid: null}
    assertions:
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "shop.yaml").write_text(FLOW)
    return tmp_path


def judged(folder: Path, *assertions: str, cases: str = "") -> CaseResult:
    """Return the result of the first case of a suite."""
    path = folder / "shop.test.yaml"
    path.write_text(HEAD + cases + CASE + "".join(f"      - {each}\n" for each in assertions))
    return load_suite(path)[0].run()


@pytest.mark.parametrize(
    "assertion",
    [
        "{value: '{{ outputs.order.code }}', equalTo: 200}",
        "{value: '{{ outputs.order.code }}', equalTo: '200'}",
        "{value: '{{ outputs.order.code }}', equalsTo: '{{ inputs.amount * 100 }}'}",
        "{value: '{{ outputs.order.ok }}', equalTo: true}",
        "{value: '{{ outputs.order.ok }}', equalTo: 'true'}",
        "{value: '{{ outputs.order.tags }}', equalTo: [new, red]}",
        "{value: '{{ outputs.order.code }}', notEqualTo: 404}",
        "{value: '{{ outputs.order.name }}', notEqualsTo: 1}",
        "{value: '{{ outputs.order.paid }}', isNull: true}",
        "{value: '{{ outputs.order.name }}', isNull: false, isNotNull: true}",
        "{value: '{{ outputs.order.name }}', startsWith: H, endsWith: t, contains: a}",
        "{value: '{{ outputs.order.tags }}', contains: red}",
        "{value: '{{ outputs.order }}', contains: name}",
        "{value: '{{ outputs.order.name }}', matches: '^H.t$'}",
        "{value: '{{ outputs.order.code }}', in: [200, 201], notIn: [404]}",
        "{value: '{{ outputs.order.code }}', greaterThan: 199, lessThan: '201'}",
        "{value: '{{ outputs.order.code }}', greaterThanOrEqualTo: 200, lessThanOrEqualTo: 200}",
        "{taskId: text, value: '{{ task.id }} {{ taskrun.attemptsCount }}', equalTo: text 1}",
        "{value: '{{ states.order }} {{ execution.state }}', equalTo: SUCCESS SUCCESS}",
    ],
)
def test_what_holds_passes(assertion: str, folder: Path) -> None:
    result = judged(folder, assertion)
    assert (result.outcome, result.problems) == ("passed", ())


@pytest.mark.parametrize(
    ("assertion", "problem"),
    [
        ("{value: '{{ 1 }}', equalTo: 2}", "{{ 1 }} equalTo 2, but it is 1"),
        ("{value: '{{ 1 }}', equalTo: true}", "{{ 1 }} equalTo True, but it is 1"),
        ("{value: '{{ 1 }}', notEqualTo: '1'}", "{{ 1 }} notEqualTo '1', but it is 1"),
        ("{value: '{{ null }}', isNotNull: true}", "{{ null }} isNotNull true, but it is None"),
        ("{value: '{{ 1 }}', isNull: true}", "{{ 1 }} isNull true, but it is 1"),
        ("{value: abc, startsWith: b}", "abc startsWith 'b', but it is 'abc'"),
        ("{value: abc, endsWith: b}", "abc endsWith 'b', but it is 'abc'"),
        ("{value: abc, contains: x}", "abc contains 'x', but it is 'abc'"),
        ("{value: abc, matches: '^b'}", "abc matches '^b', but it is 'abc'"),
        ("{value: abc, in: [a]}", "abc in ['a'], but it is 'abc'"),
        ("{value: a, notIn: [a]}", "a notIn ['a'], but it is 'a'"),
        ("{value: abc, in: a}", "abc in 'a': 'a' is no list"),
        ("{value: '{{ 5 }}', greaterThan: 5}", "{{ 5 }} greaterThan 5, but it is 5"),
        ("{value: '{{ 5 }}', lessThan: 5}", "{{ 5 }} lessThan 5, but it is 5"),
        ("{value: abc, lessThan: 5}", "abc lessThan 5: 'abc' is no number"),
        ("{value: '{{ [1] }}', startsWith: 1}", "{{ [1] }} startsWith 1: [1] is no text"),
        ("{value: a, equalTo: b, description: D, errorMessage: E}", "D: E: a equalTo 'b', but"),
        ("{value: '{{ outputs.nope }}', isNull: true}", "'nope' does not exist here"),
        ("{value: '{{ task }}', taskId: nope, isNull: true}", "Task 'nope' did not run"),
        ("{value: \"{{ secret('TOKEN') }}\", equalTo: x}", "equalTo 'x', but it is '******'"),
    ],
)
def test_what_does_not_hold_is_told(assertion: str, problem: str, folder: Path) -> None:
    result = judged(folder, assertion)
    assert result.outcome == "failed"
    assert problem in result.text
    assert "hidden" not in result.text


def test_a_disabled_case_is_skipped(folder: Path) -> None:
    disabled = "  - {id: off, disabled: true, assertions: [{value: a, equalTo: b}]}\n"
    assert judged(folder, "{value: a, equalTo: a}", cases=disabled).outcome == "skipped"


def test_a_disabled_suite_is_skipped(folder: Path) -> None:
    path = folder / "shop.test.yaml"
    path.write_text("disabled: true\n" + HEAD + CASE + "      - {value: a, equalTo: b}\n")
    assert load_suite(path)[0].run().outcome == "skipped"


def test_a_refused_execution_can_be_asserted(folder: Path) -> None:
    refused = """
  - id: refused
    fixtures: {inputs: {amount: many}, tasks: [{id: order}]}
    assertions: [{value: "{{ error }}", contains: amount}]
"""
    assert judged(folder, "{value: a, equalTo: a}", cases=refused).outcome == "passed"


def test_a_flow_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    result = judged(tmp_path, "{value: a, equalTo: a}")
    assert result.outcome == "error"
    assert "There is no flow company.team.shop near" in result.text


def test_the_flow_may_be_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "shop.yaml").write_text(FLOW)
    path = tmp_path / "tests/shop.test.yaml"
    path.write_text("flow: ../shop.yaml\n" + HEAD + CASE + "      - {value: a, equalTo: a}\n")
    assert load_suite(path)[0].run().outcome == "passed"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: [", "YAML parsing error"),
        ("- a", "1:1: A test suite is a mapping of properties"),
        ("id: a\nnamespace: b\ntestCases: []", "flowId"),
        (HEAD + "  - {id: a, assertions: [{value: a}]}", "needs an operator, one of isNull"),
        (HEAD + "  - {id: a, assertions: [{value: a, equalto: 1}]}", "did you mean 'equalTo'?"),
        (HEAD + "  - {id: a, assertions: []}", "5:25: must not be empty"),
        (HEAD + 2 * "  - {id: a, assertions: [{value: a, in: [a]}]}\n", "Two test cases have the"),
        (
            HEAD + "  - {id: a, fixtures: {crash: {at: noon}}, assertions: [{value: a, in: [a]}]}",
            "not one of the values accepted for Enum class: [commit-before, commit-after",
        ),
        (
            HEAD
            + "  - {id: a, fixtures: {tasks: [{id: a, state: DONE}]}, assertions: "
            + "[{value: a, in: [a]}]}",
            "not one of the values accepted for Enum class: [SUCCESS, WARNING, FAILED, SKIPPED]",
        ),
    ],
)
def test_a_wrong_suite_is_told_with_its_place(text: str, problem: str) -> None:
    with pytest.raises(FlowError) as caught:
        read_suite(text, "x.test.yaml")
    assert problem in str(caught.value)
    assert str(caught.value).startswith("x.test.yaml:")


def test_suites_are_found_in_folders(tmp_path: Path) -> None:
    for name in ("b.test.yaml", "a/c.test.yml", "a/d.yaml", ".hidden/e.test.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    found = [path.relative_to(tmp_path).as_posix() for path in suite_files([tmp_path])]
    assert found == ["b.test.yaml", "a/c.test.yml"]


def test_junit_tells_every_case(folder: Path) -> None:
    disabled = "  - {id: off, disabled: true, assertions: [{value: a, equalTo: b}]}\n"
    judged(folder, '{value: "a\\u0001", equalTo: a}', cases=disabled)
    results = [case.run() for case in load_suite(folder / "shop.test.yaml")]
    write_junit(folder / "report.xml", results)
    root = ElementTree.parse(folder / "report.xml").getroot()
    counts: dict[str, Any] = dict(root[0].attrib)
    assert (counts["tests"], counts["failures"], counts["skipped"]) == ("2", "1", "1")
    assert [(case.get("name"), case[0].tag) for case in root[0]] == [
        ("off", "skipped"),
        ("one", "failure"),
    ]
