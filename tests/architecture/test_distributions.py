"""Every plugin folder is a distribution of the same shape, and the root knows it."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PLUGINS = sorted(path.parent for path in ROOT.glob("plugins/*/pyproject.toml"))


def metadata(folder: Path) -> dict[str, Any]:
    return tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture(params=PLUGINS, ids=lambda path: path.name)
def plugin(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


def test_folder_distribution_and_entry_point_share_a_name(plugin: Path) -> None:
    project = metadata(plugin)["project"]
    assert project["name"] == f"tiercel-{plugin.name}"
    points = project["entry-points"]["tiercel"]
    assert points == {plugin.name: f"tiercel_{plugin.name}.hooks"}


def test_a_plugin_depends_on_a_range_of_the_core(plugin: Path) -> None:
    needs = metadata(plugin)["project"]["dependencies"]
    assert "tiercel-core>=0.1,<0.2" in needs
    # What is built on another plugin names that by a range, too.
    ours = [each for each in needs if each.startswith("tiercel")]
    assert [each for each in ours if not each.endswith(">=0.1,<0.2")] == []


def test_a_plugin_brings_readme_types_and_tests(plugin: Path) -> None:
    package = plugin / f"src/tiercel_{plugin.name}"
    assert (plugin / "README.md").is_file()
    assert (package / "py.typed").is_file()
    assert list(plugin.glob("tests/**/test_*.py")) != []


def test_the_root_brings_every_plugin_as_dependency_or_extra(plugin: Path) -> None:
    root = metadata(ROOT)["project"]
    extras = [name for extra in root["optional-dependencies"].values() for name in extra]
    named = {each.partition("[")[0] for each in [*root["dependencies"], *extras]}
    assert f"tiercel-{plugin.name}" in named


def test_no_plugin_that_has_left_is_still_named_by_the_root() -> None:
    sources = metadata(ROOT)["tool"]["uv"]["sources"]
    assert sorted(sources) == sorted(["tiercel-core", *(f"tiercel-{p.name}" for p in PLUGINS)])
