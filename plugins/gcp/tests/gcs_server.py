"""A Cloud Storage server on loopback: fake-gcs-server, built by Go into a cache folder.

python gcs_server.py        builds it ahead of the tests, which takes a minute or two, once
"""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

VERSION = "v1.56.1"
CACHE = Path(os.environ.get("TIERCEL_TEST_CACHE", "~/.cache/tiercel-tests")).expanduser()


def install() -> Path | None:
    """Return the server's program, building it when need be; None without Go to build it with."""
    program = CACHE / f"fake-gcs-server-{VERSION}"
    go = shutil.which("go")
    if program.exists() or go is None:
        return program if program.exists() else None
    CACHE.mkdir(parents=True, exist_ok=True)
    # Several test processes may come at once: one builds, the others wait.
    with (CACHE / "fake-gcs-server.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not program.exists():
            with tempfile.TemporaryDirectory(dir=CACHE) as folder:
                subprocess.run(
                    [go, "install", f"github.com/fsouza/fake-gcs-server@{VERSION}"],
                    env={**os.environ, "GOBIN": folder, "CGO_ENABLED": "0"},
                    check=True,
                )
                (Path(folder) / "fake-gcs-server").rename(program)
    return program


@contextmanager
def serving(program: Path) -> Iterator[str]:
    """Start the server and yield its URL."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    arguments = {
        "-backend": "memory",
        "-scheme": "http",
        "-host": "127.0.0.1",
        "-port": str(port),
        "-external-url": url,
        "-public-host": f"127.0.0.1:{port}",
    }
    process = subprocess.Popen(
        [program, *(word for pair in arguments.items() for word in pair)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with process:
        assert process.stdout
        try:
            assert any("server started" in line for line in process.stdout), "it did not start"
            # It tells of every request, and stops when nobody listens.
            threading.Thread(target=process.stdout.read, daemon=True).start()
            yield url
        finally:
            process.terminate()


if __name__ == "__main__":
    print(install() or "There is no Go to build fake-gcs-server with")
