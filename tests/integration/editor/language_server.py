"""The real yaml-language-server, spoken to as an editor does (LSP over its stdin and stdout)."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from pathlib import Path
from queue import SimpleQueue
from typing import Any

__all__ = ["LanguageServer", "install_server"]

_PATIENCE = 100.0


def install_server(folder: Path) -> Path:
    """Install the server into a folder with npm, and return its program."""
    shutil.copy(Path(__file__).with_name("package.json"), folder)
    command = ["npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--silent"]
    subprocess.run(command, cwd=folder, check=True)
    return folder / "node_modules/yaml-language-server/out/server/src/server.js"


class LanguageServer:
    """A server process for one JSON Schema.

    Args:
        script: the server's program.
        schema: the file with the schema, which counts for every document.
    """

    def __init__(self, script: Path, schema: Path) -> None:
        self._process = subprocess.Popen(
            ["node", str(script), "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._answers: dict[int, SimpleQueue[Any]] = {}
        self._diagnostics: dict[str, SimpleQueue[list[dict[str, Any]]]] = {}
        self._settings = {
            "yaml": {
                "schemas": {schema.as_uri(): ["*.yaml"]},
                "validate": True,
                "completion": True,
                "hover": True,
                "schemaStore": {"enable": False},
                "maxItemsComputed": 50_000,
            }
        }
        self._last = 0
        threading.Thread(target=self._read, daemon=True).start()
        capabilities = {
            "workspace": {"configuration": True},
            "textDocument": {
                "completion": {"completionItem": {"documentationFormat": ["markdown"]}},
                "hover": {"contentFormat": ["markdown"]},
                "publishDiagnostics": {},
            },
        }
        self._ask("initialize", {"processId": None, "rootUri": None, "capabilities": capabilities})
        self._tell("initialized", {})
        self._tell("workspace/didChangeConfiguration", {"settings": self._settings})

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()

    def diagnostics(self, *texts: str) -> list[list[dict[str, Any]]]:
        """Return what the server has to say against each of some documents."""
        uris = [self._open(text) for text in texts]
        return [self._diagnostics[uri].get(timeout=_PATIENCE) for uri in uris]

    def completions(self, text: str) -> dict[str, dict[str, Any]]:
        """Return what the server offers at the `|` in a text, by label."""
        uri, position = self._at_mark(text)
        answer = self._ask(
            "textDocument/completion", {"textDocument": {"uri": uri}, "position": position}
        )
        items = answer["items"] if isinstance(answer, dict) else answer or []
        return {item["label"]: item for item in items}

    def hover(self, text: str) -> str:
        """Return what the server shows at the `|` in a text."""
        uri, position = self._at_mark(text)
        answer = self._ask(
            "textDocument/hover", {"textDocument": {"uri": uri}, "position": position}
        )
        contents = (answer or {}).get("contents", "")
        return contents["value"] if isinstance(contents, dict) else str(contents)

    def _at_mark(self, text: str) -> tuple[str, dict[str, int]]:
        before, _, after = text.partition("|")
        position = {
            "line": before.count("\n"),
            "character": len(before) - before.rfind("\n") - 1,
        }
        return self._open(before + after), position

    def _open(self, text: str) -> str:
        uri = f"file:///flows/{len(self._diagnostics)}.yaml"
        self._diagnostics[uri] = SimpleQueue()
        document = {"uri": uri, "languageId": "yaml", "version": 1, "text": text}
        self._tell("textDocument/didOpen", {"textDocument": document})
        return uri

    # The protocol

    def _ask(self, method: str, params: Any) -> Any:
        self._last += 1
        self._answers[self._last] = SimpleQueue()
        self._send({"id": self._last, "method": method, "params": params})
        return self._answers[self._last].get(timeout=_PATIENCE)

    def _tell(self, method: str, params: Any) -> None:
        self._send({"method": method, "params": params})

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin is not None
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self._process.stdin.flush()

    def _read(self) -> None:
        stream = self._process.stdout
        assert stream is not None
        while True:
            length = 0
            while line := stream.readline().strip():
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
            if not length:
                return
            self._receive(json.loads(stream.read(length)))

    def _receive(self, message: dict[str, Any]) -> None:
        method = message.get("method")
        if method is None:
            self._answers[message["id"]].put(message.get("result"))
        elif method == "textDocument/publishDiagnostics":
            params = message["params"]
            if params["uri"] in self._diagnostics:
                self._diagnostics[params["uri"]].put(params["diagnostics"])
        elif "id" in message:  # the server asks
            result: Any = None
            if method == "workspace/configuration":
                items = message["params"]["items"]
                result = [self._settings.get(item.get("section", "")) for item in items]
            self._send({"id": message["id"], "result": result})
