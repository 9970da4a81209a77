"""A folder's files as deployed flows: added, changed, removed, moved, wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tiercel import Tiercel
from tiercel.engine.flows.flow_folder import FlowFolder, memory_of
from tiercel.errors import NotFoundError

FLOW = """id: {id}
namespace: company.team
description: "{text}"
tasks:
  - {{id: a, type: io.kestra.plugin.core.debug.Return, format: x}}
triggers:
  - {{id: t, type: io.kestra.plugin.core.trigger.Webhook, key: k}}
"""


class Folder:
    """A folder of flows, and the flows deployed from it."""

    def __init__(self, root: Path) -> None:
        self.root = root / "flows"
        self.root.mkdir()
        self.memory = memory_of(root / "home", self.root)
        self.tiercel = Tiercel()
        self.flows = self.opened()

    def opened(self) -> FlowFolder:
        """Return the folder as the next process sees it."""
        return FlowFolder(self.root, self.tiercel.flows, self.memory)

    def write(self, path: str, flow_id: str = "", text: str = "") -> None:
        """Write a flow's file."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(FLOW.format(id=flow_id or file.stem, text=text))

    def sync(self) -> list[tuple[str, Any]]:
        """Sync, and return (flow, revision) of what changed, or (file, what is wrong with it)."""
        return [
            (Path(each.file).relative_to(self.root).as_posix(), [str(p) for p in each.problems])
            if each.problems
            else (each.flow_id, each.revision)
            for each in self.flows.sync()
        ]

    def deployed(self) -> list[str]:
        """Return the flows whose triggers work."""
        return [each.flow_id for each in self.tiercel.triggers.list()]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    folder = Folder(tmp_path)
    yield folder
    folder.tiercel.close()


def test_every_yaml_file_is_deployed(folder: Folder) -> None:
    for path in ("b.yaml", "a.yml", "below/further/c.YAML"):
        folder.write(path)
    for path in ("notes.txt", ".hidden.yaml", ".git/d.yaml", "flow.yaml.bak", "a.test.yaml"):
        folder.write(path, "other")
    assert folder.sync() == [("a", 1), ("b", 1), ("c", 1)]
    assert folder.deployed() == ["a", "b", "c"]
    assert folder.sync() == []


def test_a_changed_file_becomes_a_revision(folder: Folder) -> None:
    folder.write("a.yaml")
    folder.sync()
    folder.write("a.yaml", text="changed")
    assert folder.sync() == [("a", 2)]
    folder.write("a.yaml", text="changed")
    assert folder.sync() == []


def test_a_removed_file_has_its_flow_deleted(folder: Folder) -> None:
    folder.write("a.yaml")
    folder.write("b.yaml")
    folder.sync()
    (folder.root / "a.yaml").unlink()
    assert folder.sync() == [("a", None)]
    assert folder.deployed() == ["b"]


def test_a_flow_whose_file_comes_back_lives_again(folder: Folder) -> None:
    folder.write("a.yaml")
    folder.sync()
    (folder.root / "a.yaml").unlink()
    folder.sync()
    folder.write("a.yaml")
    assert folder.sync() == [("a", 2)]
    assert folder.deployed() == ["a"]


def test_a_moved_file_changes_nothing(folder: Folder) -> None:
    folder.write("a.yaml")
    folder.sync()
    (folder.root / "a.yaml").rename(folder.root / "z.yaml")
    assert folder.sync() == []
    (folder.root / "z.yaml").unlink()
    assert folder.sync() == [("a", None)]


def test_a_file_that_names_another_flow_has_its_former_one_deleted(folder: Folder) -> None:
    folder.write("a.yaml")
    folder.sync()
    folder.write("a.yaml", "other")
    assert folder.sync() == [("other", 1), ("a", None)]


def test_a_wrong_file_is_told_with_its_place_and_changes_nothing(folder: Folder) -> None:
    folder.write("a.yaml")
    folder.sync()
    (folder.root / "a.yaml").write_text(FLOW.format(id="a", text="").replace("Return", "Retrun"))
    [(file, [problem])] = folder.sync()
    assert file == "a.yaml"
    assert problem.startswith(f"{folder.root}/a.yaml:5:19: Invalid type")
    assert folder.sync() == []
    assert folder.deployed() == ["a"]
    assert folder.tiercel.flow("company.team", "a").revision == 1


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"id: a\ntasks: [", "YAML"),
        (b"id: a\n# \xff\n", "Line 2: byte 0xff is not UTF-8 text"),
        (b"#" * (17 << 20), "longer than"),
    ],
)
def test_a_file_that_cannot_be_read_is_told(folder: Folder, content: bytes, problem: str) -> None:
    (folder.root / "a.yaml").write_bytes(content)
    [(file, [told])] = folder.sync()
    assert file == "a.yaml"
    assert problem in told


def test_other_yaml_is_passed_over(folder: Folder) -> None:
    (folder.root / "compose.yaml").write_text("services: {}")
    assert folder.sync() == []


def test_a_flow_that_became_something_else_is_told_and_stays(folder: Folder) -> None:
    folder.write("a.yaml")
    folder.sync()
    (folder.root / "a.yaml").write_text("services: {}")
    [(file, _)] = folder.sync()
    assert file == "a.yaml"
    assert folder.deployed() == ["a"]


def test_a_flow_stands_in_one_file(folder: Folder) -> None:
    folder.write("a.yaml")
    folder.write("b.yaml", "a", text="other")
    assert folder.sync()[0] == ("a", 1)
    (folder.root / "a.yaml").unlink()
    assert folder.sync() == [("a", 2)]


def test_the_second_file_of_a_flow_is_told(folder: Folder) -> None:
    folder.write("a.yaml")
    folder.write("b.yaml", "a", text="other")
    [_, (file, [problem])] = folder.sync()
    assert file == "b.yaml"
    assert "Flow company.team.a is in a.yaml already" in problem
    (folder.root / "b.yaml").unlink()
    assert folder.sync() == []
    assert folder.deployed() == ["a"]


def test_files_removed_while_nobody_looked_have_their_flows_deleted(folder: Folder) -> None:
    folder.write("a.yaml")
    folder.write("b.yaml")
    folder.sync()
    (folder.root / "a.yaml").unlink()
    folder.flows = folder.opened()
    assert folder.sync() == [("a", None)]
    assert folder.deployed() == ["b"]


def test_a_file_that_is_wrong_at_the_start_keeps_its_flow(folder: Folder) -> None:
    folder.write("a.yaml")
    folder.sync()
    (folder.root / "a.yaml").write_text("id: [")
    folder.flows = folder.opened()
    assert len(folder.sync()) == 1
    assert folder.deployed() == ["a"]


def test_flows_that_were_deployed_otherwise_are_left_alone(folder: Folder) -> None:
    folder.tiercel.save_flow(folder.tiercel.load_flow(FLOW.format(id="theirs", text="")))
    folder.write("a.yaml")
    folder.sync()
    (folder.root / "a.yaml").unlink()
    folder.sync()
    assert folder.deployed() == ["theirs"]


def test_a_flow_deleted_by_somebody_else_is_no_trouble(folder: Folder) -> None:
    folder.write("a.yaml")
    folder.sync()
    folder.tiercel.flows.delete("company.team", "a")
    (folder.root / "a.yaml").unlink()
    assert folder.sync() == []
    with pytest.raises(NotFoundError):
        folder.tiercel.flow("company.team", "a")


def test_a_folder_that_is_gone_is_told(folder: Folder) -> None:
    folder.write("a.yaml")
    folder.sync()
    for file in folder.root.iterdir():
        file.unlink()
    folder.root.rmdir()
    with pytest.raises(FileNotFoundError):
        folder.sync()
    assert folder.deployed() == ["a"]
