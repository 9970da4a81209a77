"""Entry points are read once, and again whenever something was installed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from tiercel.plugin.discovery import Point, entry_points

Install = Callable[[str, str], Path]


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder that is all there is on `sys.path`, and a cache of its own."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.setattr(sys, "path", [str(folder)])
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("TIERCEL_NO_CACHE", raising=False)
    return folder


@pytest.fixture
def install(site: Path) -> Install:
    """Put a package with one plugin into the folder."""

    def put(name: str, version: str) -> Path:
        info = site / f"{name}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        (info / "entry_points.txt").write_text(f"[tiercel]\n{name} = {name}.hooks\n")
        return info

    return put


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Each time that the metadata of the packages is read."""
    read: list[str] = []
    original = metadata.entry_points

    def entry_points(**selection: Any) -> Any:
        read.append(selection["group"])
        return original(**selection)

    monkeypatch.setattr(metadata, "entry_points", entry_points)
    return read


def kept(tmp_path: Path) -> list[Path]:
    return list((tmp_path / "cache" / "tiercel").glob("*"))


def test_a_plugin_is_found_with_its_package_and_version(install: Install) -> None:
    install("hello", "1.0")
    assert entry_points() == [Point("hello", "hello.hooks", "hello", "1.0")]


def test_what_was_found_is_remembered(install: Install, reads: list[str]) -> None:
    install("hello", "1.0")
    assert entry_points() == entry_points()
    assert reads == ["tiercel"]


def test_a_new_package_is_noticed(install: Install) -> None:
    install("hello", "1.0")
    entry_points()
    install("again", "2.0")
    assert [point.name for point in entry_points()] == ["again", "hello"]


def test_an_upgrade_is_noticed(install: Install, site: Path) -> None:
    old = install("hello", "1.0")
    entry_points()
    old.rename(site / "~ello-1.0.dist-info")
    install("hello", "1.1")
    assert "1.1" in {point.version for point in entry_points()}


def test_another_sys_path_is_another_environment(
    install: Install, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    install("hello", "1.0")
    entry_points()
    monkeypatch.setattr(sys, "path", [str(tmp_path / "elsewhere")])
    assert entry_points() == []


def test_a_folder_that_appears_is_noticed(
    monkeypatch: pytest.MonkeyPatch, site: Path, install: Install, tmp_path: Path
) -> None:
    later = tmp_path / "later"
    monkeypatch.setattr(sys, "path", [str(later)])
    assert entry_points() == []
    install("hello", "1.0")
    site.rename(later)
    assert [point.name for point in entry_points()] == ["hello"]


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{", b'{"places": 1}', b"\xff", b'{"places": [], "points": [1]}']
)
def test_a_broken_file_is_written_anew(
    content: bytes, install: Install, tmp_path: Path, reads: list[str]
) -> None:
    install("hello", "1.0")
    found = entry_points()
    (file,) = kept(tmp_path)
    file.write_bytes(content)
    assert entry_points() == entry_points() == found
    assert len(reads) == 2


def test_points_that_are_no_points_are_read_again(install: Install, tmp_path: Path) -> None:
    install("hello", "1.0")
    found = entry_points()
    (file,) = kept(tmp_path)
    file.write_text(file.read_text().replace('["hello", "hello.hooks", "hello", "1.0"]', "[1]"))
    assert entry_points() == found


def test_a_file_that_others_may_write_is_not_trusted(
    install: Install, tmp_path: Path, reads: list[str]
) -> None:
    install("hello", "1.0")
    entry_points()
    kept(tmp_path)[0].chmod(0o666)
    entry_points()
    assert len(reads) == 2


def test_a_place_where_nothing_can_be_kept_is_fine(
    install: Install, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    install("hello", "1.0")
    occupied = tmp_path / "file"
    occupied.write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(occupied))
    assert [point.name for point in entry_points()] == ["hello"]


def test_the_cache_can_be_switched_off(
    install: Install, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, reads: list[str]
) -> None:
    install("hello", "1.0")
    monkeypatch.setenv("TIERCEL_NO_CACHE", "1")
    assert entry_points() == entry_points()
    assert (len(reads), kept(tmp_path)) == (2, [])


def test_only_the_newest_environments_are_remembered(
    monkeypatch: pytest.MonkeyPatch, site: Path, tmp_path: Path
) -> None:
    for number in range(20):
        monkeypatch.setattr(sys, "path", [str(site), str(tmp_path / str(number))])
        entry_points()
    assert len(kept(tmp_path)) == 16
