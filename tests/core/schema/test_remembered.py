"""`tiercel schema export` makes the schema once, and anew when something has changed."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import ModuleType

import pytest
from click.testing import CliRunner

from tiercel.cli.schema import schema
from tiercel.schema import remembered


@pytest.fixture(autouse=True)
def module(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A cache folder of its own, and a module whose file may change.

    Folders of the workspace are no places here: other tests may write into them meanwhile.
    """
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("TIERCEL_NO_CACHE", raising=False)
    file = tmp_path / "plugin_under_work.py"
    file.write_text("x = 1\n", encoding="utf-8")
    made = ModuleType("plugin_under_work")
    made.__file__ = str(file)
    monkeypatch.setitem(sys.modules, "plugin_under_work", made)
    installed = [each for each in sys.path if each.startswith((sys.prefix, sys.base_prefix))]
    monkeypatch.setattr(sys, "path", installed)
    return file


def test_a_text_is_recalled_while_nothing_changes() -> None:
    assert remembered.recall() is None
    remembered.remember("{“}\n\n")
    assert remembered.recall() == "{“}\n\n"


def test_it_is_forgotten_when_a_module_changes(module: Path) -> None:
    remembered.remember("{}")
    before = module.stat().st_mtime_ns
    os.utime(module, ns=(before, before + 1))
    assert remembered.recall() is None


def test_it_is_forgotten_when_a_module_is_gone(module: Path) -> None:
    remembered.remember("{}")
    module.unlink()
    assert remembered.recall() is None


def test_it_is_forgotten_when_a_package_is_installed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))
    remembered.remember("{}")
    assert remembered.recall() == "{}"
    os.utime(site, ns=(1, 1))
    assert remembered.recall() is None


def test_other_plugins_have_another_text(monkeypatch: pytest.MonkeyPatch) -> None:
    remembered.remember("{}")
    monkeypatch.setenv("TIERCEL_LOAD_PLUGINS", "log")
    assert remembered.recall() is None


def test_a_damaged_file_is_no_file(tmp_path: Path) -> None:
    remembered.remember("{}")
    (file,) = (tmp_path / "cache/tiercel").glob("schema-*")
    file.write_text("[1\n{}", encoding="utf-8")
    assert remembered.recall() is None


def test_the_command_writes_what_is_remembered() -> None:
    remembered.remember("{}\n")
    assert CliRunner().invoke(schema, ["export"]).stdout == "{}\n"


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> str:
    """What the command writes when it makes the schema anew, of no plugin at all."""
    text = '{"anew": true}\n'
    monkeypatch.setattr(remembered, "schema_text", lambda registry: text)
    monkeypatch.setattr("tiercel.plugin.registry.installed", lambda: [])
    return text


def test_the_command_makes_it_anew_when_told_so(made: str, tmp_path: Path) -> None:
    remembered.remember("{}\n")
    done = CliRunner().invoke(schema, ["export", "--no-cache"], catch_exceptions=False)
    assert done.stdout == made
    (file,) = (tmp_path / "cache/tiercel").glob("schema-*")
    assert file.read_text(encoding="utf-8").endswith(made)


def test_a_schema_that_lacks_a_type_is_told_of_and_not_kept(
    made: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tiercel.schema.export.troubles", lambda registry: ["Plugin x is broken"])
    done = CliRunner().invoke(schema, ["export"], catch_exceptions=False)
    assert (done.stdout, done.stderr) == (made, "Plugin x is broken\n")
    assert list((tmp_path / "cache").glob("*/schema-*")) == []
