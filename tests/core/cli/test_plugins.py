from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

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


@pytest.mark.parametrize("words", [[], ["pages", "--type", LOG]])
def test_pages_are_for_a_folder_or_for_one_type(words: list[str], tiercel: Tiercel) -> None:
    assert tiercel("plugins", "docs", *words).code == 2
    assert not Path("pages").exists()
