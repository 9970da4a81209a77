from __future__ import annotations

from typing import Any

import psycopg
import pytest

from tiercel.testing import start_task

ROWS = "".join(f'{{i:{i},s:"é{i}"}}\n' for i in range(25))


@pytest.fixture
def batch(database: Any) -> Any:
    """Run a Batch task on a file."""
    database.connection.execute(b"CREATE TABLE t (i int PRIMARY KEY, s text)")

    def run(content: str, **properties: Any) -> Any:
        return database.run(
            "Batch", **{"from": "{{ files.rows }}"}, files={"rows": content}, **properties
        )

    return run


@pytest.mark.parametrize(
    "properties",
    [
        {"sql": "INSERT INTO t VALUES (?, ?)"},
        {"sql": "INSERT INTO t (s, i) VALUES (?, ?)", "columns": ["s", "i"]},
        {"table": "t"},
        {"table": "t", "columns": ["s", "i"]},
        {"table": "t", "inputHandling": "STREAM"},
        {"table": "t", "inputHandling": "LOCAL"},
    ],
    ids=str,
)
def test_rows_are_inserted_in_chunks(batch: Any, database: Any, properties: dict[str, Any]) -> None:
    result = batch(ROWS, chunk=10, **properties)
    assert result.error is None
    assert result.outputs == {"rowCount": 25, "updatedCount": 25}
    assert {m.name: m.value for m in result.metrics} == {"records": 25, "updated": 25, "query": 3}
    assert database.rows("SELECT * FROM t ORDER BY i")[24] == (24, "é24")


def test_rows_may_be_lists_and_lack_what_is_null(batch: Any, database: Any) -> None:
    batch(
        '[1,"a"]\n[2]\n{i:3}\n{s:"b",i:4}\n', sql="INSERT INTO t VALUES (?, ?)", columns=["i", "s"]
    )
    assert database.rows("SELECT * FROM t ORDER BY i") == [
        *((1, "a"), (2, None), (3, None), (4, "b")),
    ]


def test_a_statement_may_do_anything(batch: Any, database: Any) -> None:
    batch(ROWS, table="t")
    result = batch(
        '{i:1,s:"new"}\n{i:99,s:"none"}\n',
        sql="UPDATE t SET s = ? || ' 5%' WHERE i = ? AND '?' <> ''",
        columns=["s", "i"],
    )
    assert result.outputs == {"rowCount": 2, "updatedCount": 1}
    assert database.rows("SELECT s FROM t WHERE i = 1") == [("new 5%",)]


def test_values_of_every_type_are_sent_as_the_columns_want_them(database: Any) -> None:
    columns = {
        "b": "boolean", "i": "bigint", "n": "numeric", "f": "float8", "s": "text", "y": "bytea",
        "d": "date", "c": "time", "m": "timestamp", "z": "timestamptz", "v": "interval",
        "j": "jsonb", "a": "int[]", "u": "uuid",
    }  # fmt: skip
    declared = ", ".join(f"{name} {kind}" for name, kind in columns.items())
    database.connection.execute(f"CREATE TABLE w ({declared})".encode())
    values = {
        "b": "true", "i": "9223372036854775807", "n": "1.50", "f": "2.5e0", "s": '"é"',
        "y": "{{eA==}}", "d": "2024-01-31", "c": 'LocalTime::"10:11:12"',
        "m": 'LocalDateTime::"2024-01-31T10:00:00"', "z": "2024-01-31T10:00:00Z",
        "v": '"PT1H30M"', "j": '{k:[1,"x"]}', "a": "[1,2]",
        "u": '"0b0e1a3c-1f2e-4a5b-8c6d-7e8f9a0b1c2d"',
    }  # fmt: skip
    row = "{" + ",".join(f"{name}:{value}" for name, value in values.items()) + "}\n"
    result = database.run("Batch", **{"from": "{{ files.r }}"}, files={"r": row}, table="w")
    assert result.error is None
    back = database.query("SELECT * FROM w", fetchType="STORE")
    text = back.file(back.outputs["uri"]).decode()
    assert text == row.replace('"PT1H30M"', '"P0Y0M0DT1H30M0S"').replace(":00Z", ":00.000Z")


def test_numbers_go_into_text_columns_and_texts_into_numbers(batch: Any, database: Any) -> None:
    batch('{i:"7",s:1.50}\n{i:8,s:true}\n', table="t")
    assert database.rows("SELECT * FROM t ORDER BY i") == [(7, "1.50"), (8, "true")]


def test_chunks_before_a_failure_stay(batch: Any, database: Any) -> None:
    result = batch(ROWS + "{i:3}\n", table="t", chunk=10)
    assert result.error.startswith('duplicate key value violates unique constraint "t_pkey"')
    assert database.rows("SELECT count(*) FROM t") == [(20,)]


@pytest.mark.parametrize(
    ("content", "properties", "reason"),
    [
        (ROWS, {}, "Nothing to insert into: set `sql` or `table`"),
        (ROWS, {"table": "nope"}, 'relation "nope" does not exist'),
        (ROWS, {"sql": "INSERT INTO t VALUES (?)"}, "A row has 2 values, the statement 1 `?`"),
        (ROWS, {"sql": "INSER"}, 'syntax error at or near "INSER"'),
        ("{i:1", {"table": "t"}, "The file is not ION: "),
        ('{i:"x"}', {"table": "t"}, 'invalid input syntax for type integer: "x"'),
        (
            ROWS,
            {"table": "t", "inputHandling": "LOCAL", "localBufferMaxBytes": 10},
            "exceeds `localBufferMaxBytes` (10 bytes)",
        ),
    ],
)
def test_mistakes_are_explained(
    batch: Any, content: str, properties: dict[str, Any], reason: str
) -> None:
    result = batch(content, **properties)
    assert result.state == "FAILED"
    assert reason in result.error


def test_a_large_file_is_streamed_unless_told_otherwise(batch: Any) -> None:
    result = batch(ROWS, table="t", localBufferMaxBytes=10)
    assert result.outputs["rowCount"] == 25


class Flaky:
    """Fails the second chunk once, as a server does that goes away."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
        self._error: Exception | None = error
        self._calls = 0
        self._send = psycopg.Cursor.executemany
        monkeypatch.setattr(psycopg.Cursor, "executemany", self._flaky())

    def _flaky(self) -> Any:
        def executemany(cursor: Any, *arguments: Any, **others: Any) -> None:
            self._calls += 1
            if self._calls == 2 and self._error is not None:
                raise self._error
            self._send(cursor, *arguments, **others)

        return executemany


@pytest.mark.parametrize(("resume", "error"), [(True, None), (False, "duplicate key value")])
def test_what_cannot_be_reached_is_tried_again_from_the_last_chunk_on(
    batch: Any, database: Any, monkeypatch: Any, resume: bool, error: str | None
) -> None:
    Flaky(monkeypatch, psycopg.OperationalError("the server went away"))
    result = batch(
        ROWS,
        table="t",
        chunk=10,
        retryScope="ALL",
        retryBackoff="PT0.01S",
        resumeOnRetry=resume,
    )
    assert len(result.messages("WARN")) == 1
    if error is None:
        assert result.outputs == {"rowCount": 25, "updatedCount": 25}
        assert database.rows("SELECT count(*) FROM t") == [(25,)]
    else:
        assert result.error.startswith(error)


@pytest.mark.parametrize(
    ("properties", "error"),
    [
        ({}, psycopg.OperationalError("the server went away")),
        ({"retryScope": "ALL"}, psycopg.errors.UniqueViolation("twice")),
        ({"retryScope": "ALL", "maxRetries": 0}, psycopg.OperationalError("gone")),
    ],
    ids=["scope", "lasting", "none"],
)
def test_other_failures_are_not_tried_again(
    batch: Any, monkeypatch: Any, properties: dict[str, Any], error: Exception
) -> None:
    Flaky(monkeypatch, error)
    result = batch(ROWS, table="t", chunk=10, **properties)
    assert (result.error, result.messages("WARN")) == (str(error), [])


def test_a_kill_ends_the_wait_for_another_try(batch: Any, database: Any, monkeypatch: Any) -> None:
    Flaky(monkeypatch, psycopg.OperationalError("the server went away"))
    table = {"table": "t", "chunk": 1, "retryScope": "ALL", "retryBackoff": "PT600S"}
    made = database.query("SELECT i, 'x' AS s FROM generate_series(1, 9) i", fetchType="STORE")
    content = made.file(made.outputs["uri"])
    task = start_task(
        database.properties("Batch", **table, **{"from": "{{ files.rows }}"}),
        files={"rows": content},
    )
    task.kill()
    assert task.result(timeout=20).state == "KILLED"
