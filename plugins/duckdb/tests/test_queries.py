from __future__ import annotations

from pathlib import Path
from typing import Any


def test_every_statement_with_a_result_has_an_output(queries: Any) -> None:
    result = queries(
        "CREATE TABLE t AS SELECT 1 AS i; INSERT INTO t VALUES (2); SELECT * FROM t;"
        "INSERT INTO t VALUES (3) RETURNING i; SELECT count(*) AS n FROM t;",
        fetchType="FETCH",
    )
    assert [each["rows"] for each in result.outputs["outputs"]] == [
        [{"i": 1}, {"i": 2}],
        [{"i": 3}],
        [{"n": 3}],
    ]


def test_files_are_found_by_name_alone(queries: Any) -> None:
    sql = "CREATE TABLE t AS SELECT * FROM 'in.csv'; SELECT sum(a) AS s FROM t"
    result = queries(sql, inputFiles={"in.csv": "a\n1\n2\n"}, fetchType="FETCH_ONE")
    assert result.outputs["outputs"][0]["row"] == {"s": 3}


def test_a_failure_undoes_what_came_before(queries: Any, tmp_path: Path) -> None:
    url = f"jdbc:duckdb:{tmp_path}/my.db"
    sql = "CREATE TABLE t (i INTEGER); SELECT error('no')"
    assert queries(sql, url=url, fetchType="FETCH").state == "FAILED"
    assert queries("SHOW TABLES", url=url, fetchType="FETCH").outputs["outputs"][0]["size"] == 0


def test_without_a_transaction_what_came_before_stays(queries: Any, tmp_path: Path) -> None:
    url = f"jdbc:duckdb:{tmp_path}/my.db"
    sql = "CREATE TABLE t (i INTEGER); SELECT error('no')"
    assert queries(sql, url=url, transaction=False, fetchType="FETCH").state == "FAILED"
    assert queries("SHOW TABLES", url=url, fetchType="FETCH").outputs["outputs"][0]["size"] == 1
