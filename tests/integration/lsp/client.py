"""`tiercel lsp` as an editor speaks to it: a process, JSON-RPC on its standard input and output."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

__all__ = ["CURSOR", "Editor", "editor"]

CURSOR = "‸"
_PATIENCE = 20.0


class Editor:
    """One editor with one server; `CURSOR` in a text is the cursor.

    Args:
        process: the server.
        folder: the editor's folder.
    """

    def __init__(self, process: subprocess.Popen[bytes], folder: Path) -> None:
        self._process = process
        self._folder = folder
        self._answers: dict[int, SimpleQueue[Any]] = {}
        self._published: dict[str, SimpleQueue[Any]] = {}
        self._last = 0
        self._versions: dict[str, int] = {}
        threading.Thread(target=self._read, daemon=True).start()
        self.capabilities = self.ask(
            "initialize",
            {
                "processId": None,
                "rootUri": folder.as_uri(),
                "workspaceFolders": [{"uri": folder.as_uri(), "name": "flows"}],
                "capabilities": {"workspace": {"workspaceFolders": True}},
            },
        )["capabilities"]
        self.tell("initialized", {})

    def uri(self, name: str) -> str:
        """Return the address of a file in the folder."""
        return (self._folder / name).as_uri()

    def open(self, name: str, text: str) -> dict[str, Any]:
        """Open a file; return where the cursor is, as requests name it."""
        uri = self.uri(name)
        self._published.setdefault(uri, SimpleQueue())
        plain = text.replace(CURSOR, "")
        self._versions[uri] = 1
        document = {"uri": uri, "languageId": "yaml", "version": 1, "text": plain}
        self.tell("textDocument/didOpen", {"textDocument": document})
        return self.at(name, text)

    def at(self, name: str, text: str) -> dict[str, Any]:
        """Return a place in a file: that of the `CURSOR` in a text."""
        before = text.partition(CURSOR)[0].split("\n")
        units = len(before[-1].encode("utf-16-le")) // 2
        return {
            "textDocument": {"uri": self.uri(name)},
            "position": {"line": len(before) - 1, "character": units},
        }

    def change(self, name: str, text: str) -> None:
        """Replace a file's text."""
        uri = self.uri(name)
        self._versions[uri] += 1
        self.tell(
            "textDocument/didChange",
            {
                "textDocument": {"uri": uri, "version": self._versions[uri]},
                "contentChanges": [{"text": text}],
            },
        )

    def diagnostics(self, name: str) -> list[dict[str, Any]]:
        """Return what the server says of a file next."""
        found: list[dict[str, Any]] = self._published[self.uri(name)].get(timeout=_PATIENCE)
        return found

    def ask(self, method: str, params: Any) -> Any:
        """Return the answer to a request; raise `LookupError` for an error."""
        self._last += 1
        waiting = self._answers[self._last] = SimpleQueue()
        self._send({"id": self._last, "method": method, "params": params})
        try:
            answer = waiting.get(timeout=_PATIENCE)
        except Empty:
            raise AssertionError(f"no answer to {method}") from None
        if "error" in answer:
            raise LookupError(answer["error"]["message"])
        return answer["result"]

    def tell(self, method: str, params: Any) -> None:
        """Send a notification."""
        self._send({"method": method, "params": params})

    def _send(self, message: dict[str, Any]) -> None:
        content = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin is not None
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(content) + content)
        self._process.stdin.flush()

    def _read(self) -> None:
        stream = self._process.stdout
        assert stream is not None
        while header := stream.readline():
            length = int(header.partition(b":")[2])
            while stream.readline() != b"\r\n":
                pass
            self._take(json.loads(stream.read(length)))

    def _take(self, message: dict[str, Any]) -> None:
        if message.get("method") == "textDocument/publishDiagnostics":
            params = message["params"]
            self._published.setdefault(params["uri"], SimpleQueue()).put(params["diagnostics"])
        elif message.get("id") in self._answers:
            self._answers[message["id"]].put(message)


TIERCEL = str(Path(sys.executable).with_name("tiercel"))


@contextmanager
def editor(
    folder: Path, command: Sequence[str] = (TIERCEL, "lsp"), env: Mapping[str, str] | None = None
) -> Iterator[Editor]:
    """Run a server for an editor with a folder."""
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env)
    try:
        opened = Editor(process, folder)
        yield opened
        opened.ask("shutdown", None)
        opened.tell("exit", None)
        assert process.wait(_PATIENCE) == 0
    finally:
        process.kill()
        process.communicate()
