from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tiercel.testing import load_trigger, run_task, start_task

PREFIX = "io.kestra.plugin.jdbc.sqlite"
TWO = "SELECT 1 AS i UNION ALL SELECT 2"


@pytest.mark.parametrize(
    ("properties", "outputs"),
    [
        ({}, {"outputFiles": {}}),
        ({"fetchType": "FETCH"}, {"rows": [{"i": 1}, {"i": 2}], "size": 2, "outputFiles": {}}),
        ({"fetch": True}, {"rows": [{"i": 1}, {"i": 2}], "size": 2, "outputFiles": {}}),
        ({"fetchType": "FETCH_ONE"}, {"row": {"i": 1}, "size": 1, "outputFiles": {}}),
        ({"fetchOne": True}, {"row": {"i": 1}, "size": 1, "outputFiles": {}}),
    ],
    ids=str,
)
def test_the_fetch_type_says_what_becomes_of_the_rows(
    sqlite: Any, properties: dict[str, Any], outputs: dict[str, Any]
) -> None:
    assert sqlite("Query", TWO, **properties).outputs == outputs


def test_a_stored_result_is_an_ion_file(sqlite: Any) -> None:
    result = sqlite("Query", "SELECT 1.5 AS n, 'é' AS s, x'78' AS b, NULL AS z", store=True)
    assert result.file(result.outputs["uri"]).decode() == '{n:1.5e0,s:"é",b:{{eA==}},z:null}\n'
    (metric,) = result.metrics
    assert (metric.name, metric.value) == ("fetch.size", 1)
    assert dict(metric.tags) == {"fetch": "false", "store": "true"}


def test_parameters_are_bound(sqlite: Any) -> None:
    sql = "SELECT :a AS a, :a || ':b' AS c, :l AS l"
    parameters = {"a": "x'; DROP", "b": 1, "l": [1]}
    result = sqlite("Query", sql, parameters=parameters, fetchOne=True)
    assert result.outputs["row"] == {"a": "x'; DROP", "c": "x'; DROP:b", "l": "[1]"}


def test_declared_types_make_dates(sqlite: Any) -> None:
    sql = """
      CREATE TABLE t (d DATE, m DATETIME, s TIMESTAMP, c TIME, x TEXT);
      INSERT INTO t VALUES ('2024-01-31', '2024-01-31 10:00:00', '2024-01-31T10:00:00+02:00',
        '10:11:12', '2024-01-31'), ('soon', 'later', 1706695200000, 'noon', NULL);
      SELECT *, d AS e, :p AS p FROM t WHERE 1 = :one;
    """
    result = sqlite(
        "Queries",
        sql,
        parameters={"one": 1, "p": 2},
        fetchType="STORE",
        timeZoneId="Europe/Paris",
    )
    assert result.error is None
    (output,) = result.outputs["outputs"]
    first, second = result.file(output["uri"]).decode().splitlines()
    assert first == (
        "{d:2024-01-31,m:2024-01-31T09:00:00.000Z,s:2024-01-31T08:00:00.000Z,"
        'c:LocalTime::"10:11:12",x:"2024-01-31",e:2024-01-31,p:2}'
    )
    assert second.startswith('{d:"soon",m:"later",s:2024-01-31T10:00:00.000Z,c:"noon",x:null')


def test_every_statement_with_a_result_has_an_output(sqlite: Any) -> None:
    sql = "CREATE TABLE t (i); INSERT INTO t VALUES (1), (2) RETURNING i; SELECT count(*) n FROM t"
    result = sqlite("Queries", sql, fetchType="FETCH")
    assert [each["rows"] for each in result.outputs["outputs"]] == [
        [{"i": 1}, {"i": 2}],
        [{"n": 2}],
    ]


@pytest.mark.parametrize(("transaction", "left"), [(True, 0), (False, 1)])
def test_a_failure_undoes_what_came_before_unless_told_otherwise(
    sqlite: Any, tmp_path: Path, transaction: bool, left: int
) -> None:
    url = f"jdbc:sqlite:{tmp_path}/my.db"
    sql = "CREATE TABLE t (i INTEGER); SELECT nope"
    failed = sqlite("Queries", sql, url=url, transaction=transaction)
    assert failed.error == "no such column: nope"
    found = sqlite("Query", "SELECT * FROM sqlite_master", url=url, fetch=True)
    assert found.outputs["size"] == left


def test_after_sql_runs_in_the_same_transaction(sqlite: Any, tmp_path: Path) -> None:
    url = f"jdbc:sqlite:{tmp_path}/my.db"
    failed = sqlite("Query", "CREATE TABLE t (i)", afterSQL="SELECT nope", url=url)
    fine = sqlite("Query", "CREATE TABLE t (i)", afterSQL="INSERT INTO t VALUES (1)", url=url)
    assert (failed.state, fine.state) == ("FAILED", "SUCCESS")
    assert sqlite("Query", "SELECT * FROM t", url=url, fetch=True).outputs["rows"] == [{"i": 1}]


def test_several_queries_have_no_statement_after_them(sqlite: Any, tmp_path: Path) -> None:
    url = f"jdbc:sqlite:{tmp_path}/my.db"
    result = sqlite("Queries", "CREATE TABLE t (i)", afterSQL="DROP TABLE t", url=url)
    assert result.messages("WARN") == ["`afterSQL` is left out: write it at the end of `sql`"]
    assert sqlite("Query", "SELECT * FROM t", url=url).error is None


def test_a_database_is_handed_from_task_to_task_as_a_file(sqlite: Any) -> None:
    made = sqlite("Query", "CREATE TABLE t AS SELECT 42 AS i", outputDbFile=True)
    database = made.file(made.outputs["databaseUri"])
    read = sqlite(
        "Query",
        "SELECT i FROM t",
        sqliteFile="{{ files.db }}",
        files={"db": database},
        url="jdbc:sqlite:my.db",
        outputDbFile=True,
        fetchOne=True,
    )
    assert read.outputs["row"] == {"i": 42}
    assert read.outputs["databaseUri"].endswith("-my.db")


def test_a_file_that_sql_writes_is_stored(sqlite: Any, tmp_path: Path) -> None:
    result = sqlite(
        "Queries",
        "CREATE TABLE t AS SELECT 1 AS i; VACUUM INTO '{{ outputFiles.copy }}'",
        transaction=False,
        outputFiles=["copy"],
    )
    assert result.error is None
    copy = tmp_path / "copy.db"
    copy.write_bytes(result.file(result.outputs["outputFiles"]["copy"]))
    with sqlite3.connect(copy) as connection:
        assert connection.execute("SELECT i FROM t").fetchall() == [(1,)]
    connection.close()


def test_options_of_the_url_are_pragmas(sqlite: Any) -> None:
    url = "jdbc:sqlite::memory:?foreign_keys=on"
    result = sqlite("Query", "PRAGMA foreign_keys", url=url, fetchOne=True)
    assert result.outputs["row"] == {"foreign_keys": 1}


def test_a_uri_of_sqlites_own_is_passed_on(sqlite: Any, tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "my.db").close()
    url = f"jdbc:sqlite:file:{tmp_path}/my.db?mode=ro"
    assert sqlite("Query", "CREATE TABLE t (i)", url=url).error == (
        "attempt to write a readonly database"
    )


@pytest.mark.parametrize(
    ("properties", "reason"),
    [
        ({"sql": "SELEC 1"}, 'near "SELEC": syntax error'),
        ({"sql": "SELECT 1; SELECT 2"}, "Query task support only a single SQL statement."),
        ({"sql": "SELECT 1", "afterSQL": "a; b"}, "afterSQL support only a single SQL statement."),
        ({"sql": "SELECT :a"}, "You did not supply a value for binding parameter :a."),
        ({"sql": "SELECT 1", "url": "jdbc:duckdb:x"}, "Invalid SQLite URL 'jdbc:duckdb:x'"),
        ({"sql": "SELECT 1", "url": "jdbc:sqlite:x?a-b=1"}, "Invalid option 'a-b' of a SQLite"),
        ({"sql": "SELECT 1", "url": "jdbc:sqlite:/no/such/x"}, "Cannot open the SQLite database"),
        ({"sql": "SELECT 1", "timeZoneId": "Mars"}, "Unknown time zone 'Mars'"),
        ({"sql": "SELECT 1", "outputFiles": ["../x"]}, "Invalid output file '../x'"),
        ({"sql": "SELECT 1", "outputFiles": ["x"]}, "The SQL did not write its output file 'x'"),
    ],
)
def test_mistakes_are_explained(properties: dict[str, Any], reason: str) -> None:
    result = run_task({"type": f"{PREFIX}.Query", **properties})
    assert result.state == "FAILED"
    assert result.error.startswith(reason)


ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT sum(i) FROM n"


def test_a_running_query_is_interrupted() -> None:
    task = start_task({"type": f"{PREFIX}.Query", "sql": ENDLESS, "fetchOne": True})
    task.kill()
    assert task.result(timeout=10).state == "KILLED"


def test_a_query_that_takes_too_long_is_interrupted() -> None:
    query = {"type": f"{PREFIX}.Query", "sql": ENDLESS, "timeout": "PT0.3S"}
    assert start_task(query).result(timeout=10).state == "FAILED"


def test_a_file_of_the_working_folder_is_found_before_one_of_the_machine(
    sqlite: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    made = sqlite("Query", "CREATE TABLE t (i)", url="jdbc:sqlite:here.db")
    assert made.error is None
    assert (tmp_path / "here.db").is_file()


@pytest.mark.parametrize("properties", [{}, {"fetchType": "FETCH_ONE"}, {"fetchType": "STORE"}])
def test_a_trigger_finds_rows_until_there_are_none(
    tmp_path: Path, sqlite: Any, poll: Any, properties: dict[str, str]
) -> None:
    url = f"jdbc:sqlite:{tmp_path}/my.db"
    sqlite("Queries", "CREATE TABLE t AS SELECT 7 AS i", url=url)
    trigger = {
        "type": f"{PREFIX}.Trigger",
        "url": url,
        "sql": "SELECT i FROM t",
        "afterSQL": "DELETE FROM t",
        **properties,
    }
    found, nothing = poll(trigger), poll(trigger)
    assert (found.size, nothing) == (1, None)


def test_a_trigger_must_fetch(poll: Any) -> None:
    with pytest.raises(Exception, match="fetchType NONE is not valid for triggers"):
        poll({"type": f"{PREFIX}.Trigger", "sql": "SELECT 1", "fetchType": "NONE"})


def test_a_trigger_looks_every_minute_unless_told_otherwise() -> None:
    trigger: Any = load_trigger({"type": f"{PREFIX}.Trigger", "sql": "SELECT 1"})
    assert trigger.interval.total_seconds() == 60


def test_psycopg_is_imported_only_by_a_query_that_runs() -> None:
    modules = ("postgresql", "postgresql_batch", "postgresql_copy", "sqlite")
    imports = "; ".join(f"import tiercel_jdbc.{name}" for name in modules)
    code = f"import sys; {imports}; sys.exit('psycopg' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
