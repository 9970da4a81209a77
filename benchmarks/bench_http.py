"""How long `Download` of a gibibyte takes beside `curl -o` to the same disk, and its memory.

Both ask the same server on loopback and write below the same folder; they take turns. The engine is
a process of its own, durable, as it is in use; its idle memory is read after a small download,
which has imported all that is needed, and its highest after the large ones.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from threading import Thread
from time import perf_counter
from typing import Any

from measure import Row, beside, command

SIZE = 1 << 30
PIECE = 1 << 25
TURNS = 5
MOST_TIME = 1.25
"""How many times curl's time it may take."""
MOST_MEMORY = 10
"""Megabytes that it may take beside what the idle engine takes."""
ENGINE = r"""
import json, sys, time
from pathlib import Path
from tiercel import Tiercel

def memory(name):
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(name)).split()[1]) / 1024

FLOW = '''
id: fetch
namespace: bench
tasks: [{id: fetch, type: io.kestra.plugin.core.http.Download, uri: "%s"}]
'''
with Tiercel(sys.argv[1]) as tiercel:
    for line in sys.stdin:
        size, uri = line.split()
        began = time.perf_counter()
        execution = tiercel.run(FLOW % uri)
        taken = time.perf_counter() - began
        assert execution.state == "SUCCESS", execution
        [run] = execution.task_runs.values()
        assert run.outputs["length"] == int(size), run
        tiercel.files.delete(run.outputs["uri"])
        print(json.dumps([taken, memory("VmRSS"), memory("VmHWM")]), flush=True)
"""


class Content(BaseHTTPRequestHandler):
    """Answers `/<size>/<name>` with so many bytes, sent by the system itself.

    They are the same few over and over, which stay in memory: only what is downloaded is written.
    """

    protocol_version = "HTTP/1.1"
    server: Any

    def do_GET(self) -> None:
        """Answer with the server's file, as often as it takes."""
        size = int(self.path.split("/")[1])
        self.send_response(200)
        self.send_header("Content-Length", str(size))
        self.end_headers()
        self.wfile.flush()
        with self.server.content.open("rb") as file:
            for start in range(0, size, PIECE):
                self.connection.sendfile(file, 0, min(PIECE, size - start))

    def log_message(self, *_: object) -> None:
        """Stay silent."""


def main() -> list[Row]:
    """Return a row of the time and one of the memory."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        content = folder / "content"
        content.write_bytes(os.urandom(PIECE))
        with _serving(content) as url, _engine(folder) as engine:
            return _measured(folder, url, engine)


def _measured(folder: Path, url: str, engine: subprocess.Popen[str]) -> list[Row]:
    _, idle, _ = _download(engine, url, 1 << 20)
    ours, curls, most = [], [], 0.0
    for turn in range(TURNS + 1):
        curl = _curl(url, folder / "by_curl")
        taken, _, most = _download(engine, url, SIZE)
        if turn:  # the first one does not count: the disk's pages were not there yet
            curls.append(curl)
            ours.append(taken)
    what = f"Download of {SIZE >> 30} GiB, {MOST_TIME} × curl allowed"
    more = most - idle
    memory = f"{idle:.0f} MB idle, {MOST_MEMORY} MB allowed"
    return [
        beside(what, median(ours), median(curls), "curl -o"),
        Row("  its memory", f"{more:.1f} MB more", memory, more / MOST_MEMORY),
    ]


def _curl(url: str, target: Path) -> float:
    began = perf_counter()
    command("curl", "--silent", "--fail", "-o", str(target), f"{url}/{SIZE}/file")
    taken = perf_counter() - began
    assert target.stat().st_size == SIZE
    target.unlink()
    return taken


def _download(engine: subprocess.Popen[str], url: str, size: int) -> tuple[float, float, float]:
    """Have the engine download; return seconds, and megabytes resident now and at most."""
    assert engine.stdin is not None
    assert engine.stdout is not None
    engine.stdin.write(f"{size} {url}/{size}/file\n")
    engine.stdin.flush()
    line = engine.stdout.readline()
    if not line:
        raise RuntimeError("The engine ended")
    seconds, now, most = json.loads(line)
    return seconds, now, most


@contextmanager
def _engine(folder: Path) -> Iterator[subprocess.Popen[str]]:
    argv = [sys.executable, "-c", ENGINE, str(folder / "home")]
    with subprocess.Popen(
        argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process


@contextmanager
def _serving(content: Path) -> Iterator[str]:
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), Content)
    server.content = content
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
