"""The extension for Visual Studio Code starts the server, and gives flows their schema."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

EXTENSION = Path(__file__).parents[2] / "examples/vscode"
# What the extension sees of the editor: it writes down what it is told.
EDITOR = """
const told = { clients: [], commands: [], errors: [] };
const documents = [
  { uri: { toString: () => "file:///flow.yaml" }, getText: () => "id: a\\nnamespace: b\\n" },
  { uri: { toString: () => "file:///other.yaml" }, getText: () => "services: {}\\n" },
];
const yaml = {
  activate: async () => ({
    registerContributor: (name, wanted, content) => Object.assign(told, { name, wanted, content }),
  }),
};
module.exports = {
  told,
  workspace: {
    textDocuments: documents,
    getConfiguration: () => ({ get: () => process.env.TIERCEL }),
    createFileSystemWatcher: (pattern) => pattern,
  },
  extensions: { getExtension: () => yaml },
  commands: { registerCommand: (name, run) => (told.commands.push(name), run) },
  window: { showErrorMessage: (message) => told.errors.push(message) },
};
"""
CLIENT = """
const { told } = require("vscode");
class LanguageClient {
  constructor(id, name, server, options) { told.clients.push({ server, options }); }
  async start() {}
  async stop() {}
}
module.exports = { LanguageClient };
"""
SCRIPT = """
const { told } = require("vscode");
const extension = require(process.argv[2]);
extension.activate({ subscriptions: [] }).then(() => {
  const schema = told.wanted && told.wanted("file:///flow.yaml");
  console.log(JSON.stringify({
    ...told,
    schema,
    other: told.wanted && told.wanted("file:///other.yaml"),
    content: told.content && told.content(schema),
  }));
});
"""

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="the extension needs Node")


def activated(folder: Path, command: str) -> dict[str, Any]:
    """Activate the extension in an editor of ours; return what it was told."""
    for name, text in (
        ("vscode/index.js", EDITOR),
        ("vscode-languageclient/node.js", CLIENT),
        ("run.js", SCRIPT),
    ):
        path = folder / ("node_modules" if "/" in name else ".") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    shutil.copy(EXTENSION / "extension.js", folder)
    done = subprocess.run(
        ["node", "run.js", "./extension.js"],
        cwd=folder,
        env={**os.environ, "TIERCEL": command},
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    command = str(Path(sys.executable).with_name("tiercel"))
    return activated(tmp_path_factory.mktemp("extension"), command)


def test_it_starts_the_language_server_for_yaml(told: dict[str, Any]) -> None:
    (client,) = told["clients"]
    assert client["server"]["args"] == ["lsp"]
    assert client["options"]["documentSelector"] == [{"scheme": "file", "language": "yaml"}]
    assert told["errors"] == []


def test_flows_have_the_schema_of_the_installed_plugins(told: dict[str, Any]) -> None:
    schema = json.loads(told["content"])
    assert "io.kestra.plugin.core.log.Log" in schema["definitions"]
    assert told["schema"] == "tiercel://schema/flow"
    assert "other" not in told


def test_a_command_that_is_not_there_is_told(tmp_path: Path) -> None:
    (error,) = activated(tmp_path, "no-such-command")["errors"]
    assert "tiercel[lsp]" in error


def test_what_it_declares_is_what_it_has(told: dict[str, Any]) -> None:
    declared = json.loads((EXTENSION / "package.json").read_text(encoding="utf-8"))
    assert (EXTENSION / declared["main"]).is_file()
    assert [each["command"] for each in declared["contributes"]["commands"]] == told["commands"]
    assert "vscode-languageclient" in declared["dependencies"]
