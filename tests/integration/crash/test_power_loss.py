"""The database as it is on disk at some instant, its newest part cut off: whole all the same."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tiercel import Tiercel

HERE = Path(__file__).parent
COPIES = 8


@pytest.fixture
def copies(tmp_path: Path) -> list[Path]:
    """Homes with what was on disk while the reference flow ran, at several instants."""
    source = random.Random(14)
    environ = {
        **os.environ,
        "CRASH_WITNESS": str(tmp_path / "witness"),
        "PYTHONPATH": str(HERE / "plugins"),
    }
    home = tmp_path / "home"
    engine = subprocess.Popen([sys.executable, HERE / "play.py", home], env=environ)
    made: list[Path] = []
    seen = 0
    try:
        while engine.poll() is None and len(made) < COPIES:
            witness = tmp_path / "witness"
            lines = len(witness.read_text().splitlines()) if witness.exists() else 0
            if lines <= seen:
                continue
            seen = lines + source.randrange(3)
            os.kill(engine.pid, signal.SIGSTOP)  # nothing is written while it is copied
            made.append(copied(home, tmp_path / f"copy{len(made)}", source))
            os.kill(engine.pid, signal.SIGCONT)
    finally:
        engine.kill()
        engine.wait()
    return made


def copied(home: Path, to: Path, source: random.Random) -> Path:
    """Copy a database and its log, and cut off as much of the log as may be lost."""
    to.mkdir()
    shutil.copy(home / "tiercel.db", to)
    log = home / "tiercel.db-wal"
    if log.exists():
        data = log.read_bytes()
        (to / log.name).write_bytes(data[: source.randrange(len(data) // 2, len(data) + 1)])
    return to


def test_what_a_power_loss_leaves_is_whole_and_goes_on(copies: list[Path]) -> None:
    assert len(copies) > COPIES / 2
    for home in copies:
        with sqlite3.connect(home / "tiercel.db") as database:
            assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        with Tiercel(home) as tiercel:
            for execution in tiercel.executions():
                log = tiercel.repository.events(execution.id)
                assert [each.sequence for each in log] == list(range(1, len(log) + 1))
                assert tiercel.execution(execution.id).history.entries
