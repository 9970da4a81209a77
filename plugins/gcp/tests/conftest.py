"""Cloud Storage and BigQuery on loopback, and what makes Google's libraries find them."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Any, cast

import pytest

from tiercel.testing import TaskResult, run_task

sys.path.insert(0, str(Path(__file__).parent))

import bigquery_server
import gcs_server

NUMBERS = count()


@pytest.fixture(scope="session")
def gcs_url() -> Iterator[str]:
    program = gcs_server.install()
    if program is None:
        pytest.skip("fake-gcs-server, on which these tests run, needs Go to be built")
    with gcs_server.serving(program) as url:
        yield url


@pytest.fixture(scope="session")
def client(gcs_url: str) -> Any:
    """A client of the server."""
    from google.auth.credentials import AnonymousCredentials
    from google.cloud.storage import Client

    return Client(
        project="test",
        credentials=AnonymousCredentials(),
        client_options={"api_endpoint": gcs_url},
    )


@pytest.fixture
def gcs(client: Any, gcs_url: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A client of the server; the environment leads the library there, too."""
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", gcs_url)
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    monkeypatch.delenv("GOOGLE_CLOUD_PROJECT", raising=False)
    monkeypatch.setenv("CLOUDSDK_CONFIG", "/nonexistent")
    return client


@pytest.fixture
def bucket(gcs: Any) -> str:
    """A new bucket."""
    return str(gcs.create_bucket(f"bucket-{next(NUMBERS)}").name)


@pytest.fixture
def filled(gcs: Any, bucket: str) -> str:
    """A new bucket with five objects."""
    for name in ("in/", "in/a.csv", "in/b.csv", "in/deep/c.csv", "other.txt"):
        gcs.bucket(bucket).blob(name).upload_from_string(name.encode())
    return bucket


@pytest.fixture
def names(client: Any) -> Callable[[str], list[str]]:
    """Return the names of a bucket's objects."""
    return lambda bucket: [blob.name for blob in client.list_blobs(bucket)]


@pytest.fixture
def task(gcs: Any) -> Callable[..., TaskResult]:
    """Run a task of Cloud Storage; `files` are the test's own."""

    def run(kind: str, **properties: Any) -> TaskResult:
        given = {k: properties.pop(k) for k in ("files",) if k in properties}
        return run_task({"type": f"io.kestra.plugin.gcp.gcs.{kind}", **properties}, **given)

    return run


@pytest.fixture
def bigquery(monkeypatch: pytest.MonkeyPatch) -> Iterator[bigquery_server.BigQueryServer]:
    """A double of BigQuery; the environment leads the library there."""
    from google.auth import _regional_access_boundary_utils as boundary

    # Beside its work the library asks Google itself, in a thread, where the account may be used.
    manager = boundary._RegionalAccessBoundaryManager
    monkeypatch.setattr(manager, "maybe_start_refresh", lambda *_: None)
    with bigquery_server.BigQueryServer() as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", server.url)
        yield server
        server.shutdown()


@pytest.fixture(scope="session")
def private_key() -> str:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


@pytest.fixture
def service_account(bigquery: bigquery_server.BigQueryServer, private_key: str) -> str:
    """The key of a service account that signs in at the double."""
    return json.dumps(
        {
            "type": "service_account",
            "project_id": "test",
            "client_email": "robot@test.example",
            "private_key_id": "1",
            "private_key": private_key,
            "token_uri": f"{bigquery.url}/token",
        }
    )


@pytest.fixture
def load(service_account: str) -> Callable[..., TaskResult]:
    """Run `Load` on a file with a content."""

    def run(content: bytes | str, **properties: Any) -> TaskResult:
        task = {
            "type": "io.kestra.plugin.gcp.bigquery.Load",
            "serviceAccount": "{{ secret('KEY') }}",
            "destinationTable": "demo.orders",
            "format": "CSV",
            "from": "{{ files.data }}",
            **properties,
        }
        return run_task(task, files={"data": content}, secrets={"KEY": service_account})

    return run


@pytest.fixture
def query(service_account: str) -> Callable[..., TaskResult]:
    """Run `Query`."""

    def run(sql: str, **properties: Any) -> TaskResult:
        task = {
            "type": "io.kestra.plugin.gcp.bigquery.Query",
            "serviceAccount": "{{ secret('KEY') }}",
            "sql": sql,
            **properties,
        }
        return run_task(task, secrets={"KEY": service_account})

    return run


class _Recorder(BaseHTTPRequestHandler):
    """Knows no bucket, and takes every change for done."""

    def log_message(self, *_args: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self._answer(404, {"error": {"message": "Not found"}})

    def do_POST(self) -> None:
        sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        cast(Any, self.server).requests.append((self.command, sent))
        self._answer(200, sent)

    do_PATCH = do_POST

    def _answer(self, status: int, data: dict[str, Any]) -> None:
        body = json.dumps(data).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def gcs_requests(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, dict[str, Any]]]]:
    """Method and JSON of what is changed, for what the server of the other tests forgets."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Recorder) as server:
        requests: list[tuple[str, dict[str, Any]]] = []
        cast(Any, server).requests = requests
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"http://127.0.0.1:{server.server_port}")
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield requests
        server.shutdown()
