"""Azure Blob Storage on loopback, and what makes its library find it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import azure_server

NUMBERS = count()


@pytest.fixture(scope="session")
def azure_url() -> Iterator[str]:
    program = azure_server.install()
    if program is None:
        pytest.skip("Azurite, on which these tests run, needs npm and Node.js")
    with azure_server.serving(program) as url:
        yield url


@pytest.fixture
def service(azure_url: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A client of the server; the environment leads the library there, too."""
    from azure.storage.blob import BlobServiceClient

    for name in ("ACCOUNT", "KEY", "SAS_TOKEN"):
        monkeypatch.delenv(f"AZURE_STORAGE_{name}", raising=False)
    text = azure_server.connection_string(azure_url)
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", text)
    return BlobServiceClient.from_connection_string(text)


@pytest.fixture
def container(service: Any) -> str:
    """A new container."""
    return str(service.create_container(f"container-{next(NUMBERS)}").container_name)
