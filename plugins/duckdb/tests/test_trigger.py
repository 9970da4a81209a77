from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tiercel import Tiercel
from tiercel_duckdb.query import Trigger


@pytest.mark.parametrize("fetch_type", ["FETCH", "FETCH_ONE", "STORE"])
def test_a_trigger_finds_rows_until_there_are_none(
    tmp_path: Path, poll: Any, queries: Any, fetch_type: str
) -> None:
    url = f"jdbc:duckdb:{tmp_path}/my.db"
    assert queries("CREATE TABLE t AS SELECT 7 AS i", url=url).error is None
    trigger = {"url": url, "sql": "SELECT i FROM t", "afterSQL": "DELETE FROM t"}
    found = poll({**trigger, "fetchType": fetch_type})
    assert found.size == 1
    assert poll(trigger) is None


def test_a_trigger_reads_files(tmp_path: Path, poll: Any) -> None:
    (tmp_path / "a.csv").write_text("i\n1\n2\n")
    found = poll({"sql": f"SELECT sum(i) AS s FROM '{tmp_path}/*.csv'"})
    assert found.rows == [{"s": 3}]


def test_the_example_of_the_docs_is_valid() -> None:
    with Tiercel() as tiercel:
        (trigger,) = tiercel.load_flow(Trigger.examples[0].code).triggers
    assert trigger.id == "watch"
