"""What `pip` installs, upgrades and removes is there, or gone, in the very next process."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

PYPROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "tiercel-passing"
version = "{version}"

[project.entry-points.tiercel]
{name} = "passing"

[tool.hatch.build.targets.wheel]
only-include = ["passing.py"]
"""
LIST = """
from tiercel.plugin.discovery import entry_points
for point in entry_points():
    if point.package == "tiercel-passing":
        print(point.name, point.version)
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an empty environment on top of this one's packages."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False)
    site = next(folder.glob("lib/python*/site-packages"))
    here = next(path for path in sys.path if path.endswith("site-packages"))
    (site / "outer.pth").write_text(f"import site; site.addsitedir({here!r})\n")
    return folder / "bin" / "python"


def write(folder: Path, name: str, version: str) -> Path:
    """Write a package that brings one plugin."""
    folder.mkdir(exist_ok=True)
    (folder / "passing.py").write_text("")
    (folder / "pyproject.toml").write_text(PYPROJECT.format(name=name, version=version))
    return folder


def pip(python: Path, *arguments: str | Path) -> None:
    command = [sys.executable, "-m", "pip", "--python", python, "-q", "--no-input"]
    done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def listed(python: Path, cache: Path) -> str:
    """Return the plugins of the package as a new process sees them."""
    env = {**os.environ, "XDG_CACHE_HOME": str(cache)}
    done = subprocess.run([python, "-c", LIST], env=env, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_every_installation_is_noticed(python: Path, tmp_path: Path) -> None:
    source, cache = tmp_path / "source", tmp_path / "cache"
    offline = ["install", "--no-index", "--no-deps", "--no-build-isolation"]
    seen = [listed(python, cache)]
    pip(python, *offline, write(source, "first", "1.0"))
    seen.append(listed(python, cache))
    pip(python, *offline, write(source, "second", "1.1"))
    seen.append(listed(python, cache))
    pip(python, *offline, "-e", write(source, "third", "1.1"))
    seen.append(listed(python, cache))
    pip(python, *offline, "-e", write(source, "fourth", "1.1"))
    seen.append(listed(python, cache))
    pip(python, "uninstall", "-y", "tiercel-passing")
    seen.append(listed(python, cache))
    assert seen == ["", "first 1.0", "second 1.1", "third 1.1", "fourth 1.1", ""]
    assert (cache / "tiercel").is_dir()
