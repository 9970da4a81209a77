"""Scripts that say far too much: memory stays bounded, and the task ends."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

# Runs a command in a new interpreter; prints its state, and by how many MB memory peaked higher.
PROGRAM = """
import resource, sys
from tiercel.testing import run_task

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

def run(command):
    return run_task({
        "type": "io.kestra.plugin.scripts.shell.Commands",
        "taskRunner": {"type": "io.kestra.plugin.core.runner.Process"},
        "commands": [command],
    })

run("true")
before = peak()
print(run(sys.argv[1]).state, peak() - before)
"""


@pytest.mark.parametrize(
    "command",
    [
        "head -c 100000000 /dev/zero | tr '\\0' x",
        "head -c 100000000 /dev/zero",
        "head -c 100000000 /dev/zero | tr '\\0' '\\033'",
        "printf '::{'; head -c 100000000 /dev/zero | tr '\\0' x; printf '}::'",
    ],
    ids=["letters", "bytes", "control characters", "a message"],
)
def test_a_line_of_100_megabytes_needs_little_memory(command: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, command], capture_output=True, text=True, check=True
    )
    state, grown = done.stdout.split()
    assert state == "SUCCESS"
    assert int(grown) < 100


def test_binary_output_is_logged_as_text(shell: Any) -> None:
    messages = shell("head -c 300000 /dev/urandom").messages("INFO")
    assert messages
    assert not any("\0" in message or "\x1b[" in message for message in messages)


def test_many_lines_come_in_order(shell: Any) -> None:
    assert shell("seq 20000").messages("INFO") == [str(number) for number in range(1, 20001)]
