"""What the repository may not hold: hosts of package registries, paths of one machine."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Recorded from Kestra: what stands there is data, not ours to choose.
RECORDED = ("tests/conformance/expressions/", "tests/conformance/flows/", "tests/conformance/rest/")
# Spelt with a character class, so that this file does not hold what it looks for.
REGISTRY = re.compile(
    r"[p]ypi\.org|[f]iles\.pythonhosted|[r]egistry\.npmjs|[r]epo\.maven|[p]roxy\.golang"
)
MACHINE_PATH = re.compile(r"(?<![\w.\-}~])/(?:[w]ork|[r]oot|[U]sers|[h]ome/(?!user\b))/?[\w.]")


@pytest.fixture(scope="module")
def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True
    ).stdout
    return [ROOT / n for n in listed.split("\0") if n and not n.startswith(RECORDED)]


def lines_with(pattern: re.Pattern[str], files: list[Path]) -> list[str]:
    """Return `path:line` of every line of the files in which the pattern occurs."""
    return [
        f"{path.relative_to(ROOT)}:{number}"
        for path in files
        if path.is_file()
        for number, line in enumerate(path.read_text("utf-8", "replace").splitlines(), 1)
        if pattern.search(line)
    ]


def test_no_tracked_file_names_a_package_registry(tracked: list[Path]) -> None:
    assert lines_with(REGISTRY, tracked) == []


def test_no_tracked_file_names_a_path_of_one_machine(tracked: list[Path]) -> None:
    assert lines_with(MACHINE_PATH, tracked) == []


def test_no_lock_with_hosts_is_tracked(tracked: list[Path]) -> None:
    assert {"uv.lock", "package-lock.json"}.isdisjoint(path.name for path in tracked)
