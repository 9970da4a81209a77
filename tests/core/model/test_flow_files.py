"""Flows among the other YAML of a folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from tiercel.model.flow_files import is_flow, yaml_files

FLOW = "id: a\nnamespace: company.team\ntasks: []\n"
OTHERS = {
    "compose": "services:\n  a:\n    image: b\n",
    "CI": "name: tests\non: push\njobs:\n  a:\n    steps: [{id: x, run: y}]\n",
    "Kubernetes": "kind: Pod\nmetadata:\n  namespace: a\n  id: b\n  tasks: c\n",
    "Ansible": "- hosts: all\n  tasks: []\n",
    "playbook": "tasks: []\nvars: {}\n",
    "flow tests": "id: t\nnamespace: company.team\nflowId: a\ntestCases: []\n",
    "an app": "id: t\ntype: x\nnamespace: company.team\nflowId: a\n",
    "a list": "- id: a\n- namespace: b\n- tasks: c\n",
    "nothing": "",
    "JSON": '{"id": 1, "name": "x"}',
    "JSON that is none": '{"id": 1, "namespace": ',
}
FLOWS = {
    "a flow": FLOW,
    "without tasks": "id: a\nnamespace: company.team\ntaks: []\n",
    "without a namespace": "id: a\ntasks: []\n",
    "with a mistake in its YAML": "id: a\nnamespace: company.team\ntasks: [\n",
    "with quoted keys": "\"id\": a\n'tasks': []\n",
    "with Windows lines": FLOW.replace("\n", "\r\n"),
    "as JSON": '{"id": "a", "namespace": "b", "tasks": []}',
}


@pytest.mark.parametrize("text", OTHERS.values(), ids=OTHERS)
def test_other_yaml_is_no_flow(text: str) -> None:
    assert not is_flow(text)


@pytest.mark.parametrize("text", FLOWS.values(), ids=FLOWS)
def test_a_flow_is_one_whatever_is_wrong_with_it(text: str) -> None:
    assert is_flow(text)


def test_files_of_tools_and_flow_tests_are_not_looked_at(tmp_path: Path) -> None:
    names = ("a.yaml", "deep/b.yml", "a.test.yaml", "c.json", ".github/d.yml", "node_modules/e.yml")
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(FLOW)
    found = [each.relative_to(tmp_path).as_posix() for each in yaml_files(tmp_path)]
    assert found == ["a.yaml", "deep/b.yml"]
