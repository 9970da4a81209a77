"""HTTP exchanges are recorded once, without secrets, and answered without a network ever after."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
import requests

from tiercel.errors import TiercelError
from tiercel.testing import recorded_http, run_task


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        reply = {"path": self.path.partition("?")[0], "token": "t0ken-of-reply"}
        body = json.dumps(reply).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Set-Cookie", "session=c00kie")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *_: Any) -> None: ...


@contextmanager
def serving() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def by_task(url: str) -> Any:
    result = run_task({"type": "io.kestra.plugin.core.http.Request", "uri": url})
    assert result.error is None, result.error
    return json.loads(result.outputs["body"])["path"]


ASK: dict[str, Callable[[str], Any]] = {
    "task": by_task,
    "httpx": lambda url: httpx.get(url).json()["path"],
    "requests": lambda url: requests.get(url, timeout=10).json()["path"],
}


@pytest.mark.parametrize("ask", ASK.values(), ids=ASK.keys())
def test_what_was_recorded_is_answered_without_a_server(
    ask: Callable[[str], Any], tmp_path: Path
) -> None:
    file = tmp_path / "recorded" / "some.yaml"
    with serving() as url, recorded_http(file):
        assert ask(f"{url}/one") == "/one"
    with recorded_http(file):
        assert ask(f"{url}/one") == "/one"


def test_the_file_holds_no_secret(tmp_path: Path) -> None:
    secrets = ("in-header", "in-query", "in-json", "t0ken-of-reply", "c00kie", "in-text", "0wn")
    with (
        serving() as url,
        recorded_http(tmp_path / "a.yaml", hide=["x-own"], secrets={"A": "in-text"}),
    ):
        requests.post(
            f"{url}/in-text?api_key=in-query&page=2",
            headers={"Authorization": "Bearer in-header", "X-Own": "0wn"},
            json={"password": "in-json", "page": 3},
            timeout=10,
        )
    text = (tmp_path / "a.yaml").read_text()
    assert [secret for secret in secrets if secret in text] == []
    assert "/<A>?api_key=REDACTED&page=2" in text
    assert '"page": 3' in text


def test_a_request_with_another_secret_is_answered_all_the_same(tmp_path: Path) -> None:
    with serving() as url, recorded_http(tmp_path / "a.yaml"):
        by_task(f"{url}/one?token=real")
    with recorded_http(tmp_path / "a.yaml"):
        assert by_task(f"{url}/one?token=other") == "/one"


def test_a_request_that_was_not_recorded_fails(tmp_path: Path) -> None:
    with serving() as url, recorded_http(tmp_path / "a.yaml"):
        by_task(f"{url}/one")
    with recorded_http(tmp_path / "a.yaml"):
        task = {"type": "io.kestra.plugin.core.http.Request", "uri": f"{url}/two"}
        assert "/two" in str(run_task(task).error)


def test_nothing_is_sent_where_nothing_may_be_recorded(tmp_path: Path) -> None:
    with (
        pytest.raises(TiercelError, match="Nothing is recorded"),
        recorded_http(tmp_path / "a.yaml", record=False),
    ):
        pass


def test_a_missing_library_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vcr", None)
    with pytest.raises(TiercelError, match=r"tiercel-core\[testing\]"):
        recorded_http(tmp_path / "a.yaml").__enter__()


def test_the_fixture_answers_from_a_file_beside_the_test(tmp_path: Path) -> None:
    def pytested(*options: str) -> str:
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options]
        done = subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60
        )
        return done.stdout

    with serving() as url:
        (tmp_path / "test_it.py").write_text(
            "import httpx, pytest\n"
            "@pytest.mark.recorded_http(hide=['x'])\n"
            "def test_it(recorded_http):\n"
            f"    assert httpx.get('{url}/one').json()['path'] == '/one'\n"
        )
        assert "run pytest --record-http first" in pytested()
        assert "1 passed" in pytested("--record-http")
    assert (tmp_path / "recorded/test_it.test_it.yaml").exists()
    assert "1 passed" in pytested()
