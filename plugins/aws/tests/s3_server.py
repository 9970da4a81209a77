"""A real S3 server on loopback: moto, in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

# It ends with its input: when this process does, whatever way.
_PROGRAM = """
import sys
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
server.start()
print("port", server.get_host_and_port()[1], flush=True)
sys.stdin.read()
"""

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "test-key",
    "AWS_SECRET_ACCESS_KEY": "test-secret",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
}
"""What boto3 finds everything but the endpoint by."""


@contextmanager
def serving() -> Iterator[str]:
    """Start the server and yield its URL; without moto the test is skipped."""
    pytest.importorskip("moto", reason="the S3 server of the tests is moto: pip install 'moto[s3]'")
    process = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with process:
        assert process.stdout
        lines = (line.split() for line in process.stdout)
        port = next(words[1] for words in lines if words[:1] == ["port"])
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
