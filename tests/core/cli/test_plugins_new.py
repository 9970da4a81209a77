from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Tiercel


def files_below(folder: str) -> set[str]:
    return {
        path.relative_to(folder).as_posix() for path in Path(folder).rglob("*") if path.is_file()
    }


def test_a_project_has_all_that_a_plugin_needs(tiercel: Tiercel) -> None:
    assert tiercel("plugin", "new", "acme-words").code == 0
    assert files_below("acme-words") == {
        ".github/workflows/ci.yml",
        ".gitignore",
        "CHANGELOG.md",
        "LICENSE",
        "README.md",
        "docs/acme.words.Count.md",
        "docs/index.md",
        "examples/count.yaml",
        "pyproject.toml",
        "src/acme_words/__init__.py",
        "src/acme_words/count.py",
        "src/acme_words/hooks.py",
        "src/acme_words/py.typed",
        "tests/count.test.yaml",
        "tests/test_count.py",
    }


def test_what_to_do_next_is_told(tiercel: Tiercel) -> None:
    said = tiercel("plugin", "new", "acme-words", "--into", "some/where").out.splitlines()
    assert "    cd some/where/acme-words" in said
    assert "    pytest" in said


def test_plugins_is_the_same_command(tiercel: Tiercel) -> None:
    assert tiercel("plugins", "new", "acme-words").code == 0
    assert Path("acme-words/pyproject.toml").exists()


def test_the_entry_point_leads_to_the_hooks(tiercel: Tiercel) -> None:
    tiercel("plugin", "new", "acme-words")
    project = tomllib.loads(Path("acme-words/pyproject.toml").read_text())["project"]
    assert project["entry-points"] == {"tiercel": {"acme-words": "acme_words.hooks"}}
    assert project["dependencies"] == ["tiercel-core>=0.1,<0.2"]


@pytest.mark.parametrize(
    ("name", "folder", "module", "type_name"),
    [
        ("words", "words", "words", "words.Count"),
        ("Acme.Word_Tools", "acme-word-tools", "acme_word_tools", "acme.word.tools.Count"),
        ("acme-2words", "acme-2words", "acme_2words", "acme_2words.Count"),
    ],
)
def test_a_name_gives_folder_module_and_type(
    name: str, folder: str, module: str, type_name: str, tiercel: Tiercel
) -> None:
    tiercel("plugin", "new", name)
    hooks = Path(folder, "src", module, "hooks.py").read_text()
    assert f'"{type_name}": "{module}.count:Count"' in hooks


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("acme words", "no name of a package"),
        ("acme-", "no name of a package"),
        ("größe", "no name of a package"),
        ("../acme", "no name of a package"),
        ("2words", "begin with a digit"),
        ("class", "a word of Python"),
        ("json", "a module 'json' exists already"),
        ("tiercel-log", "a module 'tiercel_log' exists already"),
        ("PyYAML", "a package 'pyyaml' is installed already"),
    ],
)
def test_a_name_that_cannot_be_is_refused(name: str, reason: str, tiercel: Tiercel) -> None:
    done = tiercel("plugin", "new", name)
    assert done.code == 2
    assert reason in done.err
    assert list(Path().iterdir()) == []


def test_nothing_that_exists_is_touched(tiercel: Tiercel) -> None:
    Path("acme-words").mkdir()
    done = tiercel("plugin", "new", "acme-words")
    assert (done.code, done.err) == (
        1,
        "Error: 'acme-words' exists already; nothing was written\n",
    )
    assert files_below("acme-words") == set()


def test_writing_a_project_leaves_nothing_of_it_in_the_process(tiercel: Tiercel) -> None:
    before = list(sys.path)
    tiercel("plugin", "new", "acme-words")
    assert sys.path == before
    assert "acme_words.count" not in sys.modules
