from __future__ import annotations

import io
import threading
import time
import tracemalloc
from typing import Any

import pytest

from tiercel.testing import run_task, start_task

TWO = "SELECT i FROM generate_series(1, 2) AS i"


@pytest.mark.parametrize(
    ("properties", "outputs"),
    [
        ({}, {}),
        ({"outputFiles": ["out.csv"]}, {}),
        ({"fetchType": "FETCH"}, {"rows": [{"i": 1}, {"i": 2}], "size": 2}),
        ({"fetch": True}, {"rows": [{"i": 1}, {"i": 2}], "size": 2}),
        ({"fetchType": "FETCH_ONE"}, {"row": {"i": 1}, "size": 1}),
        ({"fetchOne": True}, {"row": {"i": 1}, "size": 1}),
    ],
    ids=str,
)
def test_the_fetch_type_says_what_becomes_of_the_rows(
    database: Any, properties: dict[str, Any], outputs: dict[str, Any]
) -> None:
    result = database.query(TWO, **properties)
    assert (result.error, result.outputs) == (None, outputs)


@pytest.mark.parametrize("size", [1, 2, 3, 10_000])
def test_a_stored_result_is_an_ion_file(database: Any, size: int) -> None:
    sql = "SELECT i, 'é' || i AS s FROM generate_series(1, 5) AS i"
    result = database.query(sql, fetchType="STORE", fetchSize=size)
    lines = result.file(result.outputs["uri"]).decode().splitlines()
    assert lines == [f'{{i:{i},s:"é{i}"}}' for i in range(1, 6)]
    (metric,) = result.metrics
    assert (metric.name, metric.value) == ("fetch.size", 5)
    assert dict(metric.tags) == {"fetch": "false", "store": "true"}


def test_an_empty_result_is_one(database: Any) -> None:
    sql = "SELECT 1 AS i WHERE false"
    assert database.query(sql, fetchType="FETCH").outputs == {"rows": [], "size": 0}
    assert database.query(sql, fetchOne=True).outputs == {"size": 0}


TYPES = [
    ("1::smallint", "1"),
    ("9223372036854775807::bigint", "9223372036854775807"),
    ("1.50::numeric", "1.50"),
    ("'NaN'::numeric", "nan"),
    ("2.5::real", "2.5e0"),
    ("true", "true"),
    ("NULL", "null"),
    ("'é''\"'::text", '"é\'\\""'),
    ("'x'::bytea", "{{eA==}}"),
    ("date '2024-01-31'", "2024-01-31"),
    ("date '0044-03-15 BC'", '"0044-03-15 BC"'),
    ("time '10:11:12.5'", 'LocalTime::"10:11:12.500000"'),
    ("timetz '10:00+03'", 'LocalTime::"08:00:00"'),
    ("timestamp '2024-01-31 10:00'", 'LocalDateTime::"2024-01-31T10:00:00"'),
    ("timestamptz '2024-01-31 10:00Z'", "2024-01-31T11:00:00.000+01:00"),
    ("timestamptz 'infinity'", '"infinity"'),
    ("interval '1 year 2 mons 3 days 04:05:06.7'", '"P1Y2M3DT4H5M6.7S"'),
    ("interval '-1 day -2:00'", '"P0Y0M-1DT-2H0M0S"'),
    ("interval '90 minutes'", '"P0Y0M0DT1H30M0S"'),
    ("ARRAY[1, NULL]", "[1,null]"),
    ("ARRAY[[1], [2]]", "[[1],[2]]"),
    ("ARRAY[date '2024-01-31']", "[2024-01-31]"),
    ("'{\"a\": [1, 2.5]}'::jsonb", "{a:[1,2.5e0]}"),
    ("'[1]'::json", "[1]"),
    ("uuid '0B0E1A3C-1F2E-4A5B-8C6D-7E8F9A0B1C2D'", '"0b0e1a3c-1f2e-4a5b-8c6d-7e8f9a0b1c2d"'),
    ("inet '10.0.0.1/8'", '"10.0.0.1/8"'),
    ("int4range(1, 3)", '"[1,3)"'),
    ("point(1, 2)", '"(1,2)"'),
    ("'1 2'::tsvector", "\"'1' '2'\""),
    ("B'101'", '"101"'),
    ("'<a/>'::xml", '"<a/>"'),
    ("ROW(1, 'a')", '["1","a"]'),
    ("'happy'::mood", '"happy"'),
]


@pytest.mark.parametrize(("expression", "ion"), TYPES, ids=[each[0] for each in TYPES])
def test_values_of_every_type_become_ion(database: Any, expression: str, ion: str) -> None:
    database.connection.execute(b"CREATE TYPE mood AS ENUM ('sad', 'happy')")
    result = database.query(
        f"SELECT {expression} AS x", fetchType="STORE", timeZoneId="Europe/Paris"
    )
    if expression.endswith("::xml") and "libxml" in (result.error or ""):
        pytest.skip("this server knows no XML")
    assert result.error is None
    assert result.file(result.outputs["uri"]).decode() == f"{{x:{ion}}}\n"


def test_rows_are_outputs_as_json_has_them(database: Any) -> None:
    sql = (
        "SELECT 1.50::numeric n, 'NaN'::float8 f, date '2024-01-31' d, "
        "timestamptz '2024-01-31 10:00Z' t, '{\"a\":[1]}'::jsonb j"
    )
    assert database.query(sql, fetchOne=True).outputs["row"] == {
        "n": 1.5,
        "f": "NaN",
        "d": "2024-01-31",
        "t": "2024-01-31T10:00:00Z",
        "j": {"a": [1]},
    }


def test_hstore_is_a_struct(database: Any) -> None:
    known = database.rows("SELECT 1 FROM pg_available_extensions WHERE name = 'hstore'")
    if not known:
        pytest.skip("this server has no hstore")
    database.connection.execute(b"CREATE EXTENSION hstore")
    row = database.query("SELECT 'a=>1, b=>NULL'::hstore AS h", fetchOne=True).outputs["row"]
    assert row == {"h": {"a": "1", "b": None}}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        (":a", "x'; DROP TABLE t; --"),
        (":n + :n", 14),
        (":n::text || '%' || 5 % 2", "7%1"),
        ("(:d)::jsonb -> 'k'", [1]),
        ("2 = ANY(:l)", True),
        (":missing_one IS NULL", None),
        ("':a' || ' -- :a'", ":a -- :a"),
        ("coalesce(:z, 'none')", "none"),
    ],
)
def test_parameters_are_bound(database: Any, expression: str, value: Any) -> None:
    parameters = {"a": "x'; DROP TABLE t; --", "n": 7, "d": {"k": [1]}, "l": [1, 2], "z": None}
    result = database.query(f"SELECT {expression} AS x", parameters=parameters, fetchOne=True)
    if value is None:
        assert 'syntax error at or near ":"' in result.error
    else:
        assert result.outputs["row"] == {"x": value}


def test_every_statement_with_a_result_has_an_output(database: Any) -> None:
    result = database.run(
        "Queries",
        sql="""
          CREATE TABLE t (i int); -- a comment; with an end
          INSERT INTO t VALUES (1), (2) RETURNING i;
          DO $$ BEGIN PERFORM 1; END $$;
          UPDATE t SET i = i + 1;
          WITH gone AS (DELETE FROM t WHERE i = 2 RETURNING i) SELECT count(*) AS n FROM gone;
          SELECT ';' AS s, i FROM t
        """,
        fetchType="FETCH",
    )
    assert result.error is None
    assert [each["rows"] for each in result.outputs["outputs"]] == [
        [{"i": 1}, {"i": 2}],
        [{"n": 1}],
        [{"s": ";", "i": 3}],
    ]
    assert [metric.value for metric in result.metrics] == [4]


@pytest.mark.parametrize("fetch_type", ["FETCH_ONE", "NONE"])
def test_a_statement_is_run_whole_even_if_its_rows_are_not_wanted(
    database: Any, fetch_type: str
) -> None:
    database.connection.execute(b"CREATE TABLE t (i int)")
    database.connection.execute(b"""
      CREATE FUNCTION add(i int) RETURNS int LANGUAGE sql AS 'INSERT INTO t VALUES (i) RETURNING i'
    """)
    sql = "SELECT add(i) FROM generate_series(1, 50) AS i"
    result = database.query(sql, fetchType=fetch_type, fetchSize=1, afterSQL="SELECT 1")
    assert result.error is None
    assert database.rows("SELECT count(*) FROM t") == [(50,)]


@pytest.mark.parametrize(("transaction", "left"), [(True, None), (False, "t")])
def test_a_failure_undoes_what_came_before_unless_told_otherwise(
    database: Any, transaction: bool, left: str | None
) -> None:
    result = database.run(
        "Queries", sql="CREATE TABLE t (i int); SELECT nope", transaction=transaction
    )
    assert result.error.startswith('column "nope" does not exist\nLINE 1: SELECT nope')
    assert database.rows("SELECT to_regclass('t')::text") == [(left,)]


def test_after_sql_runs_in_the_same_transaction(database: Any) -> None:
    database.connection.execute(b"CREATE TABLE t AS SELECT 1 AS i")
    failed = database.query("DELETE FROM t RETURNING i", afterSQL="SELECT nope", fetch=True)
    fine = database.query("SELECT i FROM t", afterSQL="UPDATE t SET i = 2", fetch=True)
    assert failed.state == "FAILED"
    assert fine.outputs["rows"] == [{"i": 1}]
    assert database.rows("SELECT i FROM t") == [(2,)]


@pytest.mark.parametrize(
    ("properties", "reason"),
    [
        ({"sql": "SELEC 1"}, 'syntax error at or near "SELEC"\nLINE 1: SELEC 1'),
        ({"sql": "SELECT 1/0"}, "division by zero"),
        ({"sql": "SELECT * FROM nope"}, 'relation "nope" does not exist'),
        ({"sql": "SELECT 1; SELECT 2"}, "Query task support only a single SQL statement."),
        ({"sql": "-- nothing"}, "Query task support only a single SQL statement."),
        ({"sql": "COPY (SELECT 1) TO STDOUT"}, "COPY cannot be used with this method"),
        ({"sql": "SELECT 1", "timeZoneId": "Mars"}, "Unknown time zone 'Mars'"),
        ({"sql": "SELECT 1", "username": "nobody"}, "connection failed: "),
        ({"sql": "SELECT 1", "url": "jdbc:mysql://x"}, "Invalid PostgreSQL URL: it begins with"),
    ],
)
def test_mistakes_are_explained(database: Any, properties: dict[str, Any], reason: str) -> None:
    result = database.run("Query", **properties)
    assert result.state == "FAILED"
    assert reason in result.error


def test_a_server_that_is_not_there_is_explained(database: Any) -> None:
    result = database.query("SELECT 1", url="jdbc:postgresql://127.0.0.1:1/x?connectTimeout=2")
    assert "connection failed: " in result.error
    assert result.retryable


def test_the_password_is_never_shown(database: Any) -> None:
    result = database.query(
        "SELECT 1", url="jdbc:postgresql://me:hunter2@127.0.0.1/x", password="hunter2"
    )
    assert result.state == "FAILED"
    assert "hunter2" not in str(result)


def test_properties_of_the_url_reach_the_server(database: Any) -> None:
    url = f"{database.url}?currentSchema=%22my%20own%22,public&ApplicationName=test&readOnly=true"
    result = database.query(
        "SELECT current_setting('search_path') AS s, current_setting('application_name') AS a, "
        "current_setting('transaction_read_only') AS r",
        url=url,
        fetchOne=True,
    )
    assert result.outputs["row"] == {"s": '"my own",public', "a": "test", "r": "on"}


def wait_for_query(database: Any, text: str) -> None:
    """Wait until the server runs a query that has this text."""
    seen = f"SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%{text}%'"
    mine = " AND pid <> pg_backend_pid()"
    until = time.monotonic() + 10
    pause = threading.Event()
    while not database.rows(seen + mine):
        assert time.monotonic() < until
        pause.wait(0.01)


def test_a_running_query_is_cancelled_on_the_server(database: Any) -> None:
    task = start_task(database.properties("Query", sql="SELECT pg_sleep(600) AS zzz"))
    wait_for_query(database, "pg_sleep(600) AS zzz")
    task.kill()
    assert task.result(timeout=10).state == "KILLED"
    left = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%AS zzz'"
    assert database.rows(left + " AND pid <> pg_backend_pid()") == [(0,)]


def test_a_query_that_takes_too_long_is_cancelled(database: Any) -> None:
    query = database.properties("Query", sql="SELECT pg_sleep(600)", timeout="PT0.5S")
    assert start_task(query).result(timeout=10).state == "FAILED"


def test_rows_stop_coming_when_the_task_is_killed(database: Any) -> None:
    sql = "SELECT i, repeat('x', 1000) AS s, 1 AS qqq FROM generate_series(1, 100000000) AS i"
    task = start_task(database.properties("Query", sql=sql, fetchType="STORE", fetchSize=100))
    wait_for_query(database, "AS qqq")
    task.kill()
    assert task.result(timeout=20).state == "KILLED"


class Forgetful:
    """A storage that counts what is written and forgets it."""

    written = 0

    def create(self, key: str) -> Forgetful:
        return self

    def write(self, data: bytes) -> int:
        self.written += len(data)
        return len(data)

    def open(self, key: str, start: int = 0, length: int | None = None) -> io.BytesIO:
        return io.BytesIO()

    def commit(self) -> None: ...
    def abort(self) -> None: ...


def test_memory_does_not_grow_with_the_result(database: Any) -> None:
    sql = "SELECT i, repeat('x', 100) AS s FROM generate_series(1, {}) AS i"
    properties = {"fetchType": "STORE", "fetchSize": 500}
    # Once before, so that what is imported and cached does not count.
    database.query(sql.format(1000), storage=Forgetful(), **properties)
    storage = Forgetful()
    tracemalloc.start()
    result = database.query(sql.format(60_000), storage=storage, **properties)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (result.error, result.outputs["size"]) == (None, 60_000)
    assert storage.written > 6_000_000
    assert most < 3_000_000


@pytest.mark.parametrize("properties", [{}, {"fetchType": "FETCH_ONE"}, {"fetchType": "STORE"}])
def test_a_trigger_finds_rows_until_there_are_none(
    database: Any, poll: Any, properties: dict[str, str]
) -> None:
    database.connection.execute(b"CREATE TABLE t AS SELECT 7 AS i, false AS seen")
    trigger = database.properties(
        "Trigger", sql="UPDATE t SET seen = true WHERE NOT seen RETURNING i", **properties
    )
    found, nothing = poll(trigger), poll(trigger)
    assert (found.size, nothing) == (1, None)


def test_a_missing_driver_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "psycopg", None)
    url = "jdbc:postgresql://localhost/x"
    result = run_task(
        {"type": "io.kestra.plugin.jdbc.postgresql.Query", "url": url, "sql": "SELECT 1"}
    )
    assert result.error == "This task needs psycopg: pip install 'tiercel-jdbc[postgres]'"
    assert not result.retryable
