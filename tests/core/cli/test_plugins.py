from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from tiercel.plugin import hookimpl
from tiercel.plugin.registry import HOOKS, Plugin

if TYPE_CHECKING:
    from conftest import Tiercel

LOG = "io.kestra.plugin.core.log.Log"


def test_the_list_has_type_kind_package_and_version(tiercel: Tiercel) -> None:
    listed = tiercel("plugins", "list").out.splitlines()
    line = next(each for each in listed if each.startswith(LOG + " "))
    assert line.split()[1:3] == ["task", "tiercel-log"]


def test_the_list_as_json(tiercel: Tiercel) -> None:
    listed = tiercel("plugins", "list", "--json").json()
    assert listed["broken"] == []
    assert {"task", "task runner"} <= {each["kind"] for each in listed["types"]}


@pytest.mark.parametrize(
    ("name", "kind", "package"),
    [
        ("s3", "storage", "tiercel-aws"),
        ("sqlite", "repository", "tiercel-sql"),
        ("http", "function", "tiercel-http"),
    ],
)
def test_what_is_no_type_is_listed_too(
    name: str, kind: str, package: str, tiercel: Tiercel
) -> None:
    others = tiercel("plugins", "list", "--json").json()["others"]
    found = next(each for each in others if (each["name"], each["kind"]) == (name, kind))
    assert found["package"] == package
    lines = [line.split() for line in tiercel("plugins", "list").out.splitlines()]
    assert [name, kind, package, found["version"]] in lines


def test_every_kind_that_can_be_registered_is_listed(
    tiercel: Tiercel, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything = SimpleNamespace()
    for kind, hook in HOOKS.items():
        setattr(everything, hook, hookimpl(partial(dict, {f"a {kind}": "nowhere:Nothing"})))
    plugin = Plugin("all", "all_hooks", "all-kinds", "1.2")
    monkeypatch.setattr("tiercel.plugin.registry.installed", lambda: [(plugin, lambda: everything)])
    listed = tiercel("plugins", "list", "--json").json()
    assert [each["kind"] for each in listed["types"] + listed["others"]] == list(HOOKS)


def test_a_type_is_described_from_its_class(tiercel: Tiercel) -> None:
    shown = tiercel("plugins", "show", LOG).out
    assert shown.startswith(f"{LOG}  (tiercel-log ")
    assert "  message (" in shown
    assert "required" in shown
    assert "Example: " in shown


def test_a_type_as_json_has_properties_and_outputs(tiercel: Tiercel) -> None:
    shown = tiercel("plugins", "show", "io.kestra.plugin.core.debug.Return", "--json").json()
    assert "format" in shown["properties"]["properties"]
    assert "value" in shown["outputs"]["properties"]


def test_an_old_name_describes_the_present_type(tiercel: Tiercel) -> None:
    listed = tiercel("plugins", "show", LOG, "--json").json()
    for alias in listed["aliases"]:
        assert tiercel("plugins", "show", alias, "--json").json() == listed


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        (LOG + "g", f"; did you mean '{LOG}'?"),
        ("io.kestra.plugin.core.logging.Log", f"; did you mean '{LOG}'?"),
        ("nothing.like.it", ""),
    ],
)
def test_an_unknown_type_is_told_with_the_nearest(name: str, hint: str, tiercel: Tiercel) -> None:
    done = tiercel("plugins", "show", name)
    assert (done.code, done.out) == (4, "")
    assert done.err == f"Error: Unknown type {name!r}{hint}\n"


def test_the_schema_is_written_to_a_file_or_to_standard_output(tiercel: Tiercel) -> None:
    shown = tiercel("schema", "export").json()
    assert tiercel("schema", "export", "--output", "flow.json").out == ""
    assert json.loads(Path("flow.json").read_text()) == shown
    assert shown["$schema"] == "http://json-schema.org/draft-07/schema#"


def test_a_schema_that_cannot_be_written_is_told(tiercel: Tiercel) -> None:
    done = tiercel("schema", "export", "--output", "no/folder/flow.json")
    assert (done.code, done.err) == (
        4,
        "Error: No such file or directory: 'no/folder/flow.json'\n",
    )


def test_the_page_of_one_type_is_printed(tiercel: Tiercel) -> None:
    page = tiercel("plugins", "docs", "--type", LOG).out
    assert page.startswith(f"# Log\n\n```yaml\ntype: {LOG}\n```\n")


def test_the_pages_of_all_types_are_written(
    tiercel: Tiercel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIERCEL_LOAD_PLUGINS", "log")
    assert tiercel("plugins", "docs", "new/pages").code == 0
    page = Path("new/pages/tiercel-log", f"{LOG}.md").read_text()
    assert page == tiercel("plugins", "docs", "--type", LOG).out
    assert f"tiercel-log/{LOG}.md" in Path("new/pages/index.md").read_text()


def test_pages_that_cannot_be_made_fail_the_command(
    tiercel: Tiercel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIERCEL_LOAD_PLUGINS", "log")
    monkeypatch.setitem(sys.modules, "tiercel_log.hooks", None)
    done = tiercel("plugins", "docs", "pages")
    assert done.code == 1
    assert done.err.startswith("Error: Plugin tiercel-log ")


def test_the_pages_of_one_package_are_written_without_folders(tiercel: Tiercel) -> None:
    assert tiercel("plugins", "docs", "pages", "--package", "tiercel-log").code == 0
    assert Path("pages", f"{LOG}.md").read_text() == tiercel("plugins", "docs", "--type", LOG).out
    assert f"[{LOG}]({LOG}.md)" in Path("pages/index.md").read_text()
    assert not Path("pages/tiercel-log").exists()


def test_the_pages_of_a_package_that_is_no_plugin_are_not_found(tiercel: Tiercel) -> None:
    done = tiercel("plugins", "docs", "pages", "--package", "click")
    assert done.code == 4
    assert "the package 'click'; known: tiercel-aws, " in done.err
    assert not Path("pages").exists()


@pytest.mark.parametrize("words", [[], ["pages", "--type", LOG]])
def test_pages_are_for_a_folder_or_for_one_type(words: list[str], tiercel: Tiercel) -> None:
    assert tiercel("plugins", "docs", *words).code == 2
    assert not Path("pages").exists()
