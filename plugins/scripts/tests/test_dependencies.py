from __future__ import annotations

import os
import platform
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from tiercel.testing import TaskResult, run_task, start_task

GREET = 'from greeting import greet\nprint(greet("Ada"))'
VERSION = ".".join(platform.python_version_tuple()[:2])


@pytest.fixture
def python(task_of: Any, wheels: Path) -> Any:
    """Run a Python script that greets, with what a test says of its packages."""

    def run(script: str = GREET, **properties: Any) -> TaskResult:
        given = {"dependencies": ["greeting"], **properties}
        return run_task(task_of("python.Script", script=script, **given))

    return run


def kept(tmp_path: Path) -> list[Path]:
    return list((tmp_path / "cache/tiercel/python").glob("*"))


@pytest.mark.parametrize("manager", ["UV", "PIP"])
def test_a_script_imports_the_packages_that_it_depends_on(python: Any, manager: str) -> None:
    result = python(packageManager=manager)
    assert (result.error, result.messages("INFO")) == (None, ["Hello, Ada"])


def test_commands_have_the_packages_too(task_of: Any, wheels: Path) -> None:
    commands = ['python -c "import greeting; print(greeting.greet(1))"']
    task = task_of("python.Commands", commands=commands, dependencies="{{ ['greeting'] }}")
    assert run_task(task).messages("INFO") == ["Hello, 1"]


def test_packages_are_installed_once(python: Any, wheels: Path, tmp_path: Path) -> None:
    python()
    shutil.rmtree(wheels)
    assert python().messages("INFO") == ["Hello, Ada"]
    assert len(kept(tmp_path)) == 1


def test_the_order_of_requirements_does_not_matter(
    python: Any, make_wheel: Any, wheels: Path, tmp_path: Path
) -> None:
    make_wheel(wheels, "other", "2.0", "")
    python(dependencies=["greeting", "other"])
    python(dependencies=["other", "greeting"])
    assert len(kept(tmp_path)) == 1


@pytest.mark.parametrize(
    "changed",
    [{"dependencies": ["greeting>=1"]}, {"env": {"UV_PRERELEASE": "allow"}}],
    ids=["requirement", "environment"],
)
def test_what_decides_about_packages_is_told_apart(
    python: Any, tmp_path: Path, changed: dict[str, Any]
) -> None:
    python()
    python(**changed)
    assert len(kept(tmp_path)) == 2


def test_without_the_cache_packages_are_installed_anew(
    python: Any, wheels: Path, tmp_path: Path
) -> None:
    python(dependencyCacheEnabled=False)
    shutil.rmtree(wheels)
    result = python(dependencyCacheEnabled=False)
    assert result.state == "FAILED"
    assert kept(tmp_path) == []


def test_a_package_given_by_its_path_is_read_anew(
    python: Any, make_wheel: Any, wheels: Path, tmp_path: Path
) -> None:
    path = str(wheels / "greeting-1.0-py3-none-any.whl")
    python(dependencies=[path])
    make_wheel(wheels, "greeting", "1.0", 'def greet(name):\n    return "Changed"\n')
    assert python(dependencies=[path]).messages("INFO") == ["Changed"]
    assert kept(tmp_path) == []


def test_packages_that_nobody_used_for_a_month_are_dropped(python: Any, tmp_path: Path) -> None:
    python()
    (old,) = kept(tmp_path)
    long_ago = time.time() - 31 * 24 * 3600
    os.utime(old, (long_ago, long_ago))
    python(dependencies=["greeting==1.0"])
    (new,) = kept(tmp_path)
    assert new != old


def test_packages_that_others_may_change_are_not_used(python: Any, tmp_path: Path) -> None:
    python()
    (folder,) = kept(tmp_path)
    (folder / "greeting.py").write_text("def greet(name): return 'evil'")
    folder.chmod(0o777)
    assert python().messages("INFO") == ["Hello, Ada"]


@pytest.mark.parametrize("manager", ["UV", "PIP"])
def test_a_package_that_does_not_exist_fails_the_task(
    python: Any, tmp_path: Path, manager: str
) -> None:
    result = python(dependencies=["no-such-package"], packageManager=manager)
    assert result.state == "FAILED"
    assert "no-such-package" in result.error
    assert kept(tmp_path) == []


def test_the_authors_own_modules_come_after_the_packages(python: Any, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("NAME = 'mine'")
    result = python("import greeting, mine\nprint(mine.NAME)", env={"PYTHONPATH": str(tmp_path)})
    assert result.messages("INFO") == ["mine"]


@pytest.mark.parametrize("manager", ["UV", "PIP"])
def test_a_version_of_python_is_found(task_of: Any, wheels: Path, manager: str) -> None:
    script = "import platform\nprint(platform.python_version())"
    task = task_of("python.Script", script=script, pythonVersion=VERSION, packageManager=manager)
    result = run_task(task)
    assert result.error is None
    (found,) = result.messages("INFO")
    assert found.startswith(VERSION + ".")


def test_a_version_of_python_that_is_not_there_is_named(task_of: Any, wheels: Path) -> None:
    task = task_of("python.Script", script="", pythonVersion="2.2", packageManager="PIP")
    result = run_task(task)
    assert result.error == (
        "No Python 2.2 found on this machine; install it, or uv, which fetches it"
    )


def test_an_installation_can_be_killed(
    task_of: Any, wheels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installer = tmp_path / "slow-uv"
    installer.write_text("#!/bin/sh\necho waiting; exec sleep 60\n")
    installer.chmod(0o755)
    monkeypatch.setenv("UV_PATH", str(installer))
    running = start_task(task_of("python.Script", script=GREET, dependencies=["greeting"]))
    running.kill()
    assert running.result(timeout=10).state == "KILLED"
    assert kept(tmp_path) == []
