"""What `tiercel plugins new` writes passes every check that it brings, at once."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml

pytestmark = pytest.mark.xdist_group("authoring-template")

BIN = Path(sys.executable).parent


def output_of(*command: str | Path, folder: Path, **env: str) -> str:
    """Run a command of this environment and return its output; a failure shows all of it."""
    done = subprocess.run(
        list(map(str, command)),
        cwd=folder,
        env={**os.environ, **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project of a plugin as it is written."""
    folder = tmp_path_factory.mktemp("authoring")
    output_of(BIN / "tiercel", "plugin", "new", "acme-words", folder=folder)
    return folder / "acme-words"


@pytest.fixture(scope="module")
def wheel(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of the project."""
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation"]
    output_of(*build, "-w", folder, project, folder=folder)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def site(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for PYTHONPATH where the plugin is installed."""
    folder = tmp_path_factory.mktemp("site")
    zipfile.ZipFile(wheel).extractall(folder)
    return folder


@pytest.mark.parametrize("name", ["z", "acme-words", "an-uncommonly-long-name-for-a-plugin"])
def test_the_style_is_right_whatever_the_name(name: str, tmp_path: Path) -> None:
    output_of(BIN / "tiercel", "plugin", "new", name, folder=tmp_path)
    output_of(BIN / "ruff", "check", "--no-cache", folder=tmp_path / name)
    output_of(BIN / "ruff", "format", "--check", "--no-cache", folder=tmp_path / name)


def test_the_types_are_right(project: Path, site: Path, tmp_path: Path) -> None:
    said = output_of(BIN / "mypy", "--cache-dir", tmp_path, folder=project, PYTHONPATH=str(site))
    assert "no issues found in 4 source files" in said


def test_its_own_tests_pass(project: Path, site: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    said = output_of(*command, folder=project, PYTHONPATH=str(site))
    assert " passed" in said.splitlines()[-1]


def test_its_flow_test_passes_on_the_command_line(project: Path, site: Path) -> None:
    said = output_of(BIN / "tiercel", "test", "tests", folder=project, PYTHONPATH=str(site))
    assert said.startswith("ok      count_tests::short_words_are_left_out")


def test_the_wheel_has_types_licence_and_entry_point(wheel: Path) -> None:
    content = zipfile.ZipFile(wheel)
    names = {each.partition(".dist-info/")[2] or each for each in content.namelist()}
    assert {"acme_words/py.typed", "licenses/LICENSE", "entry_points.txt"} <= names
    assert not any(each.startswith(("tests", "docs", "examples")) for each in names)


def test_the_pages_are_those_of_the_installed_plugin(
    project: Path, site: Path, tmp_path: Path
) -> None:
    command = ["plugins", "docs", tmp_path / "docs", "--package", "acme-words"]
    output_of(BIN / "tiercel", *command, folder=project, PYTHONPATH=str(site))
    for page in ("index.md", "acme.words.Count.md"):
        assert (tmp_path / "docs" / page).read_text() == (project / "docs" / page).read_text()


def test_its_workflow_checks_builds_and_publishes_without_a_password(project: Path) -> None:
    workflow = yaml.safe_load((project / ".github/workflows/ci.yml").read_text())
    jobs = workflow["jobs"]
    said = {step.get("run") for step in jobs["check"]["steps"]}
    assert {"ruff check", "ruff format --check", "mypy", "pytest"} <= said
    assert jobs["publish"]["permissions"] == {"id-token": "write"}
    assert (jobs["publish"]["needs"], jobs["build"]["needs"]) == ("build", "check")
