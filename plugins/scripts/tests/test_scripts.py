from __future__ import annotations

import os
import re
import shutil
from typing import Any

import pytest

from tiercel.testing import run_task
from tiercel_scripts import tasks
from tiercel_scripts.languages import LANGUAGES, Language

EVERY = pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.name)


@EVERY
def test_the_sample_of_every_language_greets(task_of: Any, language: Language) -> None:
    program = language.interpreter[0] if language.run == "&" else language.run.split(" ")[0]
    if program and not any(map(shutil.which, (program, *language.programs))):
        pytest.skip(f"{program} is not installed")
    result = run_task(task_of(f"{language.name}.Script", script=language.sample))
    assert result.error is None
    (greeting,) = re.findall(r"Hello from [^\\\"]+", language.sample)
    assert result.messages("INFO") == [greeting]


@EVERY
@pytest.mark.parametrize("kind", ["Script", "Commands"])
def test_every_language_has_both_tasks(language: Language, kind: str) -> None:
    cls = getattr(tasks, language.class_of(kind))
    assert cls.language is language
    assert cls.model_fields["container_image"].default.raw == language.image
    assert language.type_of(kind) in cls.examples[0].code


def test_a_script_imports_what_lies_beside_it(task_of: Any) -> None:
    task = task_of(
        "python.Script",
        inputFiles={"helper.py": "def double(x): return 2 * x"},
        script="from helper import double\nprint(double(21))",
    )
    assert run_task(task).messages("INFO") == ["42"]


def test_the_script_itself_is_no_output_file(task_of: Any) -> None:
    script = "open('made.py', 'w').close()"
    result = run_task(task_of("python.Script", script=script, outputFiles=["*.py"]))
    assert list(result.outputs["outputFiles"]) == ["made.py"]


def test_a_traceback_is_logged_as_errors(task_of: Any) -> None:
    result = run_task(task_of("python.Script", script="raise ValueError('no')"))
    assert result.outputs["exitCode"] == 1
    assert result.messages("ERROR")[-2:] == [
        "ValueError: no",
        "Command failed with exit code 1",
    ]


def test_python_output_is_seen_as_it_comes(task_of: Any) -> None:
    script = "import os\nprint(os.environ['PYTHONUNBUFFERED'])"
    assert run_task(task_of("python.Script", script=script)).messages("INFO") == ["true"]


def test_the_authors_env_wins_over_that_of_the_language(task_of: Any) -> None:
    script = "import os\nprint(os.environ['PIP_ROOT_USER_ACTION'])"
    task = task_of("python.Script", script=script, env={"PIP_ROOT_USER_ACTION": "warn"})
    assert run_task(task).messages("INFO") == ["warn"]


def test_python_is_found_where_only_python3_is_installed(
    task_of: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    (tmp_path / "python3").symlink_to(shutil.which("sh") or "")
    monkeypatch.setenv("PATH", str(tmp_path))
    result = run_task(task_of("python.Script", script="echo I am $0"))
    assert result.messages("INFO")[0].startswith("I am ")


def test_a_name_that_no_language_has_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="CobolScript"):
        _ = tasks.CobolScript


@pytest.fixture
def program(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Put a program of this name on the path that tells what it was called with."""

    def make(name: str) -> None:
        file = tmp_path / name
        file.write_text('#!/bin/sh\necho "$0 $@" | sed "s#/[^ ]*/##g"\n')
        file.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")

    return make


@pytest.mark.parametrize(
    ("properties", "called"),
    [
        ({}, r"jbang --quiet \w+\.java"),
        ({"extension": ".kt", "quiet": False}, r"jbang \w+\.kt"),
    ],
    ids=["defaults", "given"],
)
def test_jbang_is_told_the_language_and_how_much_to_say(
    task_of: Any, program: Any, properties: dict[str, Any], called: str
) -> None:
    program("jbang")
    result = run_task(task_of("jbang.Script", script="x", **properties))
    (message,) = result.messages("INFO")
    assert re.fullmatch(called, message)


def test_what_a_language_needs_is_set_up_first(task_of: Any, program: Any) -> None:
    program("dotnet-script")
    result = run_task(task_of("dotnet.Script", script="x", beforeCommands=["echo before"]))
    before, call = result.messages("INFO")
    assert before == "before"
    assert re.fullmatch(r"dotnet-script \w+\.csx", call)
