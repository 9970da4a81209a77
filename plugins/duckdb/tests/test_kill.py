from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC
from pathlib import Path
from types import SimpleNamespace

from tiercel.testing import start_task
from tiercel_duckdb.session import open_duckdb

ENDLESS = "SELECT sum(sin(a.range * b.range)) FROM range(10000000) a, range(1000000) b"


def test_a_running_query_is_interrupted() -> None:
    task = start_task({"type": "io.kestra.plugin.jdbc.duckdb.Query", "sql": ENDLESS})
    task.kill()
    assert task.result(timeout=10).state == "KILLED"


def test_a_query_that_takes_too_long_is_interrupted() -> None:
    query = {"type": "io.kestra.plugin.jdbc.duckdb.Query", "sql": ENDLESS, "timeout": "PT0.3S"}
    result = start_task(query).result(timeout=10)
    assert (result.state, result.outputs) == ("FAILED", {})


def test_a_kill_after_the_last_row_does_no_harm(tmp_path: Path) -> None:
    callbacks: list[Callable[[], None]] = []
    ctx = SimpleNamespace(working_dir=tmp_path, on_kill=callbacks.append, cancelled=False)
    with open_duckdb(ctx, ":memory:", UTC) as session:  # type: ignore[arg-type]
        assert session.connection.execute("SELECT 1").fetchall() == [(1,)]
    for callback in callbacks:
        callback()
    assert len(callbacks) == 1


def test_duckdb_is_imported_only_by_a_query_that_runs() -> None:
    code = "import sys, tiercel_duckdb.query as q; q.Query; sys.exit('duckdb' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
