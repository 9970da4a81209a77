from __future__ import annotations

from pathlib import Path

import pytest

from tiercel.check.checker import Checker
from tiercel.lsp.workspace import Flows
from tiercel.parts import language
from tiercel.plugin.registry import Registry

FLOW = """\
id: {id}
namespace: company.team
inputs: [{{id: day, type: DATE}}]
tasks: [{{id: t, type: io.kestra.plugin.core.log.Log, message: x}}]
"""
CALL = """\
id: call
namespace: company.team
tasks:
  - id: sub
    type: io.kestra.plugin.core.flow.Subflow
    namespace: company.team
    flowId: other
"""


@pytest.fixture
def flows() -> Flows:
    registry = Registry()
    return Flows(Checker(registry, language(registry).tables))


def names(flows: Flows) -> set[str]:
    return {each.id for each in flows.known}


def codes(flows: Flows, file: str) -> list[str]:
    document = flows.document(file)
    assert document is not None
    return [each.code for each in document.findings]


def test_the_flows_of_folders_are_known(flows: Flows, tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep/a.yml").write_text(FLOW.format(id="a"))
    (tmp_path / "b.yaml").write_text(FLOW.format(id="b"))
    (tmp_path / "b.test.yaml").write_text(FLOW.format(id="tests"))
    (tmp_path / "other.yaml").write_text("services: {}\n")
    (tmp_path / "broken.yaml").write_text("namespace: a\ntasks: [")
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    for skipped in ("node_modules", ".venv"):
        (tmp_path / skipped).mkdir()
        (tmp_path / skipped / "c.yaml").write_text(FLOW.format(id="c"))
    flows.read_folders([tmp_path])
    assert names(flows) == {"a", "b"}


def test_what_is_open_counts_more_than_what_is_on_the_disk(flows: Flows, tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(FLOW.format(id="disk"))
    flows.read(file)
    flows.open(str(file), FLOW.format(id="open"))
    assert names(flows) == {"open"}
    flows.close(str(file))
    assert names(flows) == {"disk"}


def test_a_file_that_is_gone_is_known_no_more(flows: Flows, tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(FLOW.format(id="a"))
    flows.read(file)
    file.unlink()
    flows.read(file)
    assert names(flows) == set()


def test_a_flow_is_checked_anew_when_another_one_shows_something_else(flows: Flows) -> None:
    flows.open("call.yaml", CALL)
    flows.open("other.yaml", FLOW.format(id="other"))
    assert codes(flows, "call.yaml") == ["TC403"]
    flows.open("other.yaml", FLOW.format(id="other").replace("DATE", "DATE, required: false"))
    assert codes(flows, "call.yaml") == []


def test_a_flow_is_not_checked_anew_when_nobody_sees_a_difference(flows: Flows) -> None:
    flows.open("call.yaml", CALL)
    flows.open("other.yaml", FLOW.format(id="other"))
    before = flows.document("call.yaml")
    flows.open("other.yaml", FLOW.format(id="other").replace("message: x", "message: y"))
    assert flows.document("call.yaml") is before


def test_what_is_not_open_or_no_flow_is_no_document(flows: Flows) -> None:
    flows.open("a.yaml", "services: {}\n")
    assert flows.document("a.yaml") is None
    assert flows.document("b.yaml") is None
    assert flows.files == []
