"""What the golden state cases find: the fixtures' key-value pairs, files, and secrets."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path
from typing import Any

from tiercel.errors import NotFoundError, StoredFileNotFoundError
from tiercel.storage import uri as uris

__all__ = ["FixtureServices"]

# The environment of the golden run (README of the golden data).
SECRETS = {
    "API_TOKEN": "s3cr3t-t0ken",
    "DB_CONFIG": '{"host":"db.example.org","port":5432,"user":"svc"}',
    "EMPTY_ONE": "",
}


class FixtureServices:
    """`tiercel.engine.expressions.functions.Services` on the golden data's `fixtures.json`.

    Args:
        path: the fixtures' file.
    """

    def __init__(self, path: Path) -> None:
        fixtures = json.loads(path.read_text(encoding="utf-8"))
        self._values = {(one["namespace"], one["key"]): one["value"] for one in fixtures["kv"]}
        self._files: dict[str, bytes] = {}
        for file in fixtures["storage_files"]:
            self._files[uris.format_uri(file["path"].lstrip("/"))] = file["content"].encode()
        for file in fixtures["namespace_files"]:
            uri = self.namespace_file_uri(file["namespace"], file["path"])
            self._files[uri] = file["content"].encode()

    def kv_get(self, namespace: str, key: str, *, inherit: bool = True) -> Any:
        """Return a value of the fixtures."""
        names = namespace.split(".")
        for length in range(len(names), 0 if inherit else len(names) - 1, -1):
            found = (".".join(names[:length]), key)
            if found in self._values:
                return self._values[found]
        raise NotFoundError(f"No key {key!r} in {namespace!r}")

    def secret(self, namespace: str, key: str) -> str:
        """Return a secret of the golden run's environment."""
        if key.upper() not in SECRETS:
            raise NotFoundError(f"Cannot find secret for key '{key}'.")
        return SECRETS[key.upper()]

    def secret_read(self, value: str) -> None:
        """Nobody logs here."""

    def open(self, uri: str) -> BytesIO:
        """Open a file of the fixtures."""
        return BytesIO(self._content(uri))

    def size(self, uri: str) -> int:
        """Return the size of a file of the fixtures."""
        return len(self._content(uri))

    def namespace_file_uri(self, namespace: str, path: str) -> str:
        """Return the URI of a namespace file."""
        return uris.format_uri(f"{uris.namespace_files(namespace)}/{path.lstrip('/')}")

    def error_logs(self, execution_id: str) -> list[dict[str, Any]]:
        """Return no lines: the golden state cases have none."""
        return []

    def _content(self, uri: str) -> bytes:
        if uri not in self._files:
            raise StoredFileNotFoundError(f"No file at {uri!r}")
        return self._files[uri]
