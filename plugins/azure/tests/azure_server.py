"""A Blob Storage server on loopback: Azurite, installed by npm into a cache folder.

python azure_server.py      installs it ahead of the tests, which takes half a minute, once
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# The newest that runs on Node.js 20.
VERSION = "3.35.0"
CACHE = Path(os.environ.get("TIERCEL_TEST_CACHE", "~/.cache/tiercel-tests")).expanduser()
PROGRAM = "node_modules/azurite/dist/src/blob/main.js"

# The account of every Azurite: Microsoft's documentation names it.
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


def install() -> Path | None:
    """Return the server's program, installing it when need be; None without npm and Node.js."""
    folder = CACHE / f"azurite-{VERSION}"
    npm = shutil.which("npm")
    if (folder / PROGRAM).exists() and shutil.which("node"):
        return folder / PROGRAM
    if npm is None or shutil.which("node") is None:
        return None
    CACHE.mkdir(parents=True, exist_ok=True)
    # Several test processes may come at once: one installs, the others wait.
    with (CACHE / "azurite.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
                (Path(scratch) / "package.json").write_text("{}")
                flags = ["--omit=dev", "--no-audit", "--no-fund", "--ignore-scripts"]
                subprocess.run(
                    [npm, "install", "--prefix", scratch, *flags, f"azurite@{VERSION}"], check=True
                )
                shutil.copytree(scratch, folder.with_suffix(".new"), symlinks=True)
                folder.with_suffix(".new").rename(folder)
    return folder / PROGRAM


@contextmanager
def serving(program: Path) -> Iterator[str]:
    """Start the server and yield the URL of its account."""
    process = subprocess.Popen(
        [
            *("node", program, "--blobHost", "127.0.0.1", "--blobPort", "0"),
            *("--inMemoryPersistence", "--skipApiVersionCheck", "--disableTelemetry", "--silent"),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with process:
        assert process.stdout
        try:
            lines = (line.partition("listens on ")[2].strip() for line in process.stdout)
            url = next(filter(None, lines))
            threading.Thread(target=process.stdout.read, daemon=True).start()
            yield f"{url}/{ACCOUNT}"
        finally:
            process.terminate()


def connection_string(url: str) -> str:
    """Return what the libraries find the server by."""
    return (
        f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={KEY};BlobEndpoint={url};"
    )


if __name__ == "__main__":
    print(install() or "There is no npm to install Azurite with")
