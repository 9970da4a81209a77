from __future__ import annotations

from pathlib import Path

import pytest

from tiercel.errors import NotFoundError, RepositoryError
from tiercel.secrets.folder import FolderSecrets


def put(root: Path, **files: str) -> FolderSecrets:
    """Write files (`company__KEY` is `company/KEY`) and return the manager."""
    for name, content in files.items():
        path = root.joinpath(*name.replace("_DOT_", ".").split("__"))
        path.parent.mkdir(exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return FolderSecrets(root)


def test_the_nearest_namespace_wins(tmp_path: Path) -> None:
    known = put(tmp_path, KEY="all", company__KEY="company", company_DOT_team__KEY="team")
    namespaces = ("company.team.sub", "company.team", "company.other", "elsewhere")
    assert [known.get(each, "key") for each in namespaces] == ["team", "team", "company", "all"]


def test_a_secret_of_another_namespace_is_not_found(tmp_path: Path) -> None:
    known = put(tmp_path, company__KEY="x")
    with pytest.raises(NotFoundError):
        known.get("companion", "KEY")


def test_a_secret_can_be_changed_while_flows_run(tmp_path: Path) -> None:
    known = put(tmp_path, KEY="old")
    before = known.get("a", "KEY")
    put(tmp_path, KEY="new")
    assert (before, known.get("a", "KEY")) == ("old", "new")


def test_what_kubernetes_keeps_beside_them_is_no_secret(tmp_path: Path) -> None:
    (tmp_path / "..2024").mkdir()
    (tmp_path / "..2024" / "KEY").write_text("x")
    (tmp_path / "KEY").symlink_to(tmp_path / "..2024" / "KEY")
    known = FolderSecrets(tmp_path)
    assert (known.get("a", "KEY"), list(known.values())) == ("x", ["x"])


def test_only_the_last_line_break_is_left_out(tmp_path: Path) -> None:
    assert put(tmp_path, KEY="a\n\n").get("a", "KEY") == "a\n"


def test_what_is_no_text_or_too_large_is_told_without_its_content(tmp_path: Path) -> None:
    (tmp_path / "BYTES").write_bytes(b"\xff\xfe")
    (tmp_path / "LARGE").write_bytes(b"x" * (2 << 20))
    known = FolderSecrets(tmp_path)
    with pytest.raises(RepositoryError, match="'BYTES': it is not UTF-8"):
        known.get("a", "BYTES")
    with pytest.raises(RepositoryError, match="'LARGE' is larger than"):
        known.get("a", "LARGE")
    assert list(known.values()) == []


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(RepositoryError, match="Cannot read the folder of secrets"):
        FolderSecrets(tmp_path / "no").get("a", "KEY")
