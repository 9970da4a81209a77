from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Tiercel

BAD = "id: bad\nnamespace: company.team\ntasks:\n  - {id: t, type: com.example.Unknown}\n"


@pytest.fixture
def bad(flow: str) -> str:
    """An invalid flow's file."""
    Path("bad.yaml").write_text(BAD)
    return "bad.yaml"


def test_a_valid_flow_is_valid(flow: str, tiercel: Tiercel) -> None:
    done = tiercel("flow", "validate", flow)
    assert (done.code, done.out, done.err) == (0, "flow.yaml: valid\n", "")


def test_every_problem_of_every_file_is_told(flow: str, bad: str, tiercel: Tiercel) -> None:
    done = tiercel("flow", "validate", bad, flow)
    assert (done.code, done.out) == (3, "flow.yaml: valid\n")
    assert done.err == "error: bad.yaml:4:19: Invalid type: com.example.Unknown (t.type)\n"


def test_folders_are_searched(flow: str, bad: str, tiercel: Tiercel) -> None:
    Path("deep").mkdir()
    Path(bad).rename("deep/bad.yml")
    reports = tiercel("flow", "validate", ".", "--json").json()
    assert {each["file"]: each["valid"] for each in reports} == {
        "deep/bad.yml": False,
        "flow.yaml": True,
    }


def test_json_has_places_and_codes(bad: str, tiercel: Tiercel) -> None:
    (report,) = tiercel("flow", "validate", bad, "--json").json()
    (problem,) = report["problems"]
    assert (problem["line"], problem["column"], problem["code"]) == (4, 19, "unknown-type")


def test_a_flow_comes_from_standard_input(tiercel: Tiercel) -> None:
    done = tiercel("flow", "validate", "-", stdin=BAD.encode())
    assert done.err.startswith("error: <stdin>:4:19: ")


def test_a_byte_order_mark_is_no_problem(flow: str, tiercel: Tiercel) -> None:
    Path(flow).write_bytes(b"\xef\xbb\xbf" + Path(flow).read_bytes())
    assert tiercel("flow", "validate", flow).code == 0


@pytest.mark.parametrize(
    ("name", "code", "message"),
    [
        ("nofile.yaml", 4, "There is no file 'nofile.yaml'"),
        ("empty", 2, "There is no flow in empty"),
        ("latin1.yaml", 2, "latin1.yaml:2: byte 0xe9 is not UTF-8 text"),
    ],
)
def test_what_is_no_flow_is_told(name: str, code: int, message: str, tiercel: Tiercel) -> None:
    Path("empty").mkdir()
    Path("latin1.yaml").write_bytes("id: a\n# café".encode("latin-1"))
    done = tiercel("flow", "validate", name)
    assert (done.code, done.out) == (code, "")
    assert message in done.err


PARENT = """
id: parent
namespace: company.team
tasks:
  - id: s
    type: io.kestra.plugin.core.flow.Subflow
    namespace: company.team
    flowId: {}
"""
MISSING = "The subflow 'nobody' not found in namespace 'company.team'"


def test_without_a_database_nobody_knows_whether_a_subflow_exists(
    home: Path, tiercel: Tiercel
) -> None:
    Path("parent.yaml").write_text(PARENT.format("nobody"))
    assert tiercel("flow", "validate", "parent.yaml").err == ""
    assert not home.exists()


def test_a_subflow_is_looked_for_among_the_stored_flows_and_the_given_ones(
    flow: str, tiercel: Tiercel
) -> None:
    tiercel("run", flow)
    Path("given.yaml").write_text(PARENT.format("parent").replace("id: parent", "id: other"))
    Path("parent.yaml").write_text(PARENT.format("nobody"))
    Path("known.yaml").write_text(PARENT.format("sums").replace("id: parent", "id: known"))
    done = tiercel("flow", "validate", "given.yaml", "parent.yaml", "known.yaml")
    assert done.code == 0
    assert done.err.count("warning") == 1
    assert f"warning: parent.yaml:8:13: {MISSING}" in done.err
