"""`tiercel schema export` makes the schema once, and anew when something has changed."""

from __future__ import annotations

import json
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
    """A cache folder of its own, and a module whose file may change."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("TIERCEL_NO_CACHE", raising=False)
    file = tmp_path / "plugin_under_work.py"
    file.write_text("x = 1\n", encoding="utf-8")
    made = ModuleType("plugin_under_work")
    made.__file__ = str(file)
    monkeypatch.setitem(sys.modules, "plugin_under_work", made)
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


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> str:
    """A remembered text that nobody would make."""
    monkeypatch.setenv("TIERCEL_LOAD_PLUGINS", "log")
    remembered.remember("{}\n")
    return "{}\n"


def test_the_command_writes_what_is_remembered(kept: str) -> None:
    assert CliRunner().invoke(schema, ["export"]).stdout == kept


def test_the_command_makes_it_anew_when_told_so(kept: str) -> None:
    done = CliRunner().invoke(schema, ["export", "--no-cache"], catch_exceptions=False)
    assert "io.kestra.plugin.core.log.Log" in json.loads(done.stdout)["definitions"]
    assert remembered.recall() == done.stdout
