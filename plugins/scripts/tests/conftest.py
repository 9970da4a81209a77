from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from tiercel.testing import TaskResult, run_task

PROCESS = {"type": "io.kestra.plugin.core.runner.Process"}
Run = Callable[..., TaskResult]


@pytest.fixture
def task_of() -> Callable[..., dict[str, Any]]:
    """Return a script task's properties, to run as a process."""

    def make(kind: str, **properties: Any) -> dict[str, Any]:
        return {
            "type": f"io.kestra.plugin.scripts.{kind}",
            "taskRunner": PROCESS,
            **properties,
        }

    return make


@pytest.fixture
def shell(task_of: Callable[..., dict[str, Any]]) -> Run:
    """Run shell commands; `files` and `variables` are the test's own."""

    def run(*commands: str, **properties: Any) -> TaskResult:
        given: dict[str, Mapping[str, Any]] = {
            name: properties.pop(name) for name in ("files", "variables") if name in properties
        }
        return run_task(task_of("shell.Commands", commands=list(commands), **properties), **given)

    return run


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of wheels that stands for an index, and an empty cache; it holds `greeting` 1.0."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    _make_wheel(folder, "greeting", "1.0", 'def greet(name):\n    return f"Hello, {name}"\n')
    for name, value in {
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(folder),
        "UV_OFFLINE": "1",
        "UV_FIND_LINKS": str(folder),
        "UV_CACHE_DIR": str(tmp_path / "uv"),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("TIERCEL_NO_CACHE", raising=False)
    return folder


@pytest.fixture
def make_wheel() -> Callable[..., Path]:
    """Return a function that makes a package which can be installed."""
    return _make_wheel


def _make_wheel(folder: Path, name: str, version: str, source: str) -> Path:
    """Make a package of one module that can be installed; return its file."""
    about = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": source,
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{about}/RECORD"] = "".join(f"{file},,\n" for file in [*files, f"{about}/RECORD"])
    wheel = folder / f"{name}-{version}-py3-none-any.whl"
    with ZipFile(wheel, "w") as archive:
        for file, content in files.items():
            archive.writestr(file, content)
    return wheel
