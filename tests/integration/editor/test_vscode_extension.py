"""The extension for Visual Studio Code: its manifest, and what it does once it is activated."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

EXTENSION = Path(__file__).parents[3] / "examples/vscode"
PROGRAM = Path(__file__).with_name("vscode.js")
TIERCEL = str(Path(sys.executable).with_name("tiercel"))
FLOW = "id: a\nnamespace: company.team\ntasks: []\n"
DOCUMENTS = {
    "file:///flow.yaml": FLOW,
    "file:///begun.yaml": "id: a\nnamespace: company.team\n",
    "file:///flow.test.yaml": FLOW,
    "file:///compose.yaml": "services:\n  a: {image: b}\n",
}
SOURCE = (EXTENSION / "extension.js").read_text(encoding="utf-8")

needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="the extension runs in Node")


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    """The extension's `package.json`."""
    found: dict[str, Any] = json.loads((EXTENSION / "package.json").read_text(encoding="utf-8"))
    return found


def activated(command: str, cache: Path) -> dict[str, Any]:
    """Return what the extension does when it is activated, and restarted twice."""
    argv = ["node", str(PROGRAM), str(EXTENSION / "extension.js"), command, json.dumps(DOCUMENTS)]
    env = {**os.environ, "XDG_CACHE_HOME": str(cache)}
    done = subprocess.run(argv, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_the_manifest_has_what_a_package_of_an_extension_needs(manifest: dict[str, Any]) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9-]*", manifest["name"])
    assert re.fullmatch(r"\d+\.\d+\.\d+", manifest["version"])
    assert re.fullmatch(r"\^\d+\.\d+\.\d+", manifest["engines"]["vscode"])
    assert {"publisher", "license", "description"} <= manifest.keys()
    assert (EXTENSION / manifest["main"]).is_file()
    assert manifest["activationEvents"] == ["onLanguage:yaml"]
    # What it depends on is packed with it.
    assert "node_modules" not in (EXTENSION / ".vscodeignore").read_text(encoding="utf-8")


def test_what_the_program_uses_is_what_the_manifest_contributes(manifest: dict[str, Any]) -> None:
    contributed = manifest["contributes"]
    settings = re.findall(r'getConfiguration\("(\w+)"\)\.get\("(\w+)"', SOURCE)
    assert {".".join(each) for each in settings} == contributed["configuration"][
        "properties"
    ].keys()
    commands = {each["command"] for each in contributed["commands"]}
    assert set(re.findall(r'registerCommand\("([\w.]+)"', SOURCE)) == commands
    packages = {name.partition("/")[0] for name in re.findall(r'require\("([^"]+)"\)', SOURCE)}
    assert packages == {"node:child_process", "vscode", *manifest["dependencies"]}
    assert re.findall(r'getExtension\("([\w.-]+)"\)', SOURCE) == manifest["extensionDependencies"]


@needs_node
def test_the_program_has_no_mistake_in_its_syntax() -> None:
    subprocess.run(["node", "--check", str(EXTENSION / "extension.js")], check=True)


@needs_node
@pytest.mark.service
def test_it_starts_the_server_and_gives_flows_their_schema(
    manifest: dict[str, Any], tmp_path: Path
) -> None:
    done = activated(TIERCEL, tmp_path)
    assert done["errors"] == []
    assert [each["server"] for each in done["clients"]] == [
        {"command": TIERCEL, "args": ["lsp"]}
    ] * 3
    assert done["clients"][0]["languages"] == [{"scheme": "file", "language": "yaml"}]
    assert done["stopped"] == 3
    assert done["commands"] == ["tiercel.restart"]
    assert done["yaml"] == manifest["extensionDependencies"][0]
    given = {Path(uri).name: text for uri, text in done["schemas"].items()}
    assert json.loads(given["flow.yaml"])["title"] == "A Tiercel flow"
    assert [name for name, text in given.items() if text] == ["flow.yaml", "begun.yaml"]


@needs_node
def test_a_command_that_is_not_there_is_told(tmp_path: Path) -> None:
    done = activated(str(tmp_path / "tiercel"), tmp_path)
    assert all("Is 'tiercel[lsp]' installed?" in each for each in done["errors"])
    assert len(done["errors"]) == 3
    assert not any(done["schemas"].values())
