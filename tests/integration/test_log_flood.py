"""Tasks that say far too much: the run ends, within bounds of memory and of rows."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

FLOW = """\
id: flood
namespace: company.team
tasks:
  - id: say
    type: io.kestra.plugin.scripts.shell.Script
    taskRunner: {type: io.kestra.plugin.core.runner.Process}
    script: |
      SCRIPT
"""
RUN = """\
import re
from pathlib import Path
from tiercel.cli.main import main
try:
    main()
finally:
    print(re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1])
"""
MB = 1 << 20


class Flood(NamedTuple):
    """What a run left behind.

    Attributes:
        lines: the log, as `executions logs --json` shows it.
        memory: bytes that the run had at most.
        database: bytes.
        files: bytes in internal storage.
    """

    lines: list[dict[str, Any]]
    memory: int
    database: int
    files: int


@pytest.fixture
def flood(tiercel: Any) -> Any:
    """Run a script to its end."""

    def run(script: str, **settings: str) -> Flood:
        tiercel.env.update(settings)
        tiercel.file("flow.yaml", FLOW.replace("SCRIPT", script))
        done = subprocess.run(
            [sys.executable, "-c", RUN, "run", "flow.yaml", "-q"],
            cwd=tiercel.folder,
            env=tiercel.env,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        (listed,) = json.loads(tiercel("executions", "list", "--json").stdout)
        shown = json.loads(tiercel("executions", "logs", listed["id"], "--json").stdout)
        home = tiercel.folder / "home"
        return Flood(
            shown,
            int(done.stdout.split()[-1]) * 1024,
            sum(map(_size, home.glob("tiercel.db*"))),
            sum(map(_size, (home / "storage").rglob("*"))),
        )

    return run


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def test_a_flood_of_lines_has_a_bounded_number_of_rows(flood: Any) -> None:
    done = flood("seq 1 30000", TIERCEL_LOG_LINES="1000")
    numbers = [line["message"] for line in done.lines if line["level"] == "INFO"]
    assert numbers == [str(number) for number in range(1, len(numbers) + 1)]
    assert 990 < len(numbers) <= 1000
    assert done.lines[-1]["message"].startswith("Log file: kestra:///company/team/flood/")


def test_a_line_of_megabytes_is_short_in_the_database(flood: Any) -> None:
    done = flood("head -c 3000000 /dev/zero | tr '\\0' x; echo; echo after")
    long, after = [line["message"] for line in done.lines if line["level"] == "INFO"]
    assert long.startswith("xxx")
    assert " more characters" in long[-200:]
    assert len(long) < 100_000
    assert after == "after"


def test_a_line_that_is_longer_than_memory_allows_loses_its_end(flood: Any) -> None:
    done = flood("head -c 100000000 /dev/zero | tr '\\0' x")
    assert done.memory < 150 * MB
    assert done.files < 10 * MB


def test_bytes_that_are_no_text_are_lines_all_the_same(flood: Any) -> None:
    done = flood("head -c 1000000 /dev/urandom; printf '\\nafter\\n'", TIERCEL_LOG_LINES="100000")
    messages = [line["message"] for line in done.lines]
    assert "after" in messages
    assert any("\ufffd" in each for each in messages)
    assert not any("\0" in each for each in messages)


def test_what_would_move_a_terminal_s_cursor_does_not_reach_it(tiercel: Any) -> None:
    script = "printf '\\033[2J\\033[31mred\\033[0m\\r10%%\\r20%%\\n'"
    tiercel.file("flow.yaml", FLOW.replace("SCRIPT", script))
    done = tiercel("run", "flow.yaml")
    assert done.returncode == 0
    assert "red" in done.stderr
    assert "20%" in done.stderr
    assert not {"\033", "\r"} & {*done.stderr}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("script", "rows"),
    [
        ("seq 1 1000000", 100_010),
        ("seq 1 1000000 >&2", 100_010),
        ("head -c 100000000 /dev/zero | tr '\\0' x; echo", 10),
        ("head -c 100000000 /dev/urandom", 100_010),
        ("yes \"$(head -c 20000 /dev/zero | tr '\\0' x)\" | head -n 20000", 100_010),
    ],
    ids=["lines", "errors", "one line", "bytes", "long lines"],
)
def test_no_flood_takes_more_than_its_share(flood: Any, script: str, rows: int) -> None:
    done = flood(script)
    assert len(done.lines) <= rows
    assert done.memory < 200 * MB
    assert done.database < 150 * MB
