from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest

from tiercel.testing import run_task
from tiercel_duckdb.session import load_extension

CSV = "brand,price\nApple,10\nApple,20\nPear,5\n"


def test_a_stored_result_is_an_ion_file(query: Any) -> None:
    result = query(
        "SELECT brand, avg(price) AS price FROM read_csv_auto('{{ workingDir }}/in.csv') "
        "GROUP BY brand ORDER BY brand;",
        inputFiles={"in.csv": "{{ files.prices }}"},
        files={"prices": CSV},
        store=True,
    )
    assert result.outputs["size"] == 2
    assert result.outputs["uri"].endswith(".ion")
    assert result.file(result.outputs["uri"]) == (
        b'{brand:"Apple",price:15e0}\n{brand:"Pear",price:5e0}\n'
    )


@pytest.mark.parametrize(
    ("properties", "outputs"),
    [
        ({}, {"outputFiles": {}}),
        ({"fetchType": "NONE"}, {"outputFiles": {}}),
        ({"fetchType": "FETCH"}, {"rows": [{"i": 0}, {"i": 1}], "size": 2, "outputFiles": {}}),
        ({"fetch": True}, {"rows": [{"i": 0}, {"i": 1}], "size": 2, "outputFiles": {}}),
        ({"fetchType": "FETCH_ONE"}, {"row": {"i": 0}, "size": 1, "outputFiles": {}}),
        ({"fetchOne": True}, {"row": {"i": 0}, "size": 1, "outputFiles": {}}),
    ],
    ids=str,
)
def test_the_fetch_type_says_what_becomes_of_the_rows(
    query: Any, properties: dict[str, Any], outputs: dict[str, Any]
) -> None:
    assert query("SELECT range AS i FROM range(2)", **properties).outputs == outputs


def test_the_rows_fetched_are_a_metric(query: Any) -> None:
    (metric,) = query("SELECT 1 FROM range(3)", fetchType="STORE").metrics
    assert (metric.name, metric.kind, metric.value) == ("fetch.size", "counter", 3)
    assert dict(metric.tags) == {"fetch": "false", "store": "true"}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("NULL", None),
        ("1::HUGEINT", 1),
        ("1.50::DECIMAL(5,2)", 1.5),
        ("'nan'::DOUBLE", "NaN"),
        ("DATE '2024-01-31'", "2024-01-31"),
        ("TIME '10:00:00'", "10:00:00"),
        ("TIMESTAMP '2024-01-31 10:00:00'", "2024-01-31T10:00:00+01:00"),
        ("TIMESTAMPTZ '2024-01-31 10:00:00+02'", "2024-01-31T08:00:00Z"),
        ("INTERVAL 90 MINUTE", "PT1H30M"),
        ("'{\"a\": [1]}'::JSON", {"a": [1]}),
        ("{'a': DATE '2024-01-31', 'b': [1, NULL]}", {"a": "2024-01-31", "b": [1, None]}),
        ("MAP {'k': 1}", {"k": 1}),
        ("'x'::BLOB", "eA=="),
        (
            "'0b0e1a3c-1f2e-4a5b-8c6d-7e8f9a0b1c2d'::UUID",
            "0b0e1a3c-1f2e-4a5b-8c6d-7e8f9a0b1c2d",
        ),
    ],
)
def test_values_of_every_type_become_outputs(query: Any, expression: str, value: Any) -> None:
    result = query(f"SELECT {expression} AS x", fetchOne=True, timeZoneId="Europe/Paris")
    assert result.error is None
    assert result.outputs["row"] == {"x": value}


def test_a_stored_result_keeps_its_types(query: Any) -> None:
    sql = "SELECT 1.50::DECIMAL(5,2) d, TIMESTAMP '2024-01-31 10:00:00' t, {'k': 'v'} s"
    result = query(sql, fetchType="STORE")
    assert result.file(result.outputs["uri"]) == (
        b'{d:1.50,t:2024-01-31T10:00:00.000Z,s:{k:"v"}}\n'
    )


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT :a::INTEGER + $b AS x, ':a' AS y -- :a\n, [1, 2, 3][:b] AS z /* :a */",
        "SELECT $a + :b AS x, ':a' AS y, $$:b$$[1:0] || 2 AS z",
    ],
)
def test_parameters_are_found_by_name_but_not_in_texts(query: Any, sql: str) -> None:
    result = query(sql, parameters={"a": 1, "b": 2}, fetchOne=True)
    assert result.error is None
    row = result.outputs["row"]
    assert (row["x"], row["y"], int(row["z"])) == (3, ":a", 2)


def test_an_output_file_is_stored_under_its_name(query: Any) -> None:
    result = query(
        "COPY (SELECT range AS i FROM range(2)) TO '{{ outputFiles.out }}' (FORMAT csv)",
        outputFiles=["out"],
    )
    uri = result.outputs["outputFiles"]["out"]
    assert uri.endswith("-out")
    assert result.file(uri) == b"i\n0\n1\n"


def test_an_output_file_that_was_not_written_fails_the_task(query: Any) -> None:
    result = query("SELECT 1", outputFiles=["out"])
    assert result.error == "The SQL did not write its output file 'out'"


def test_a_database_is_handed_from_task_to_task_as_a_file(query: Any) -> None:
    made = query("CREATE TABLE t AS SELECT 42 AS i", outputDbFile=True)
    database = made.file(made.outputs["databaseUri"])
    read = query(
        "SELECT i FROM t", databaseUri="{{ files.db }}", files={"db": database}, fetchOne=True
    )
    assert read.outputs["row"] == {"i": 42}


def test_a_database_file_of_the_machine_is_found_by_url(query: Any, tmp_path: Path) -> None:
    url = f"jdbc:duckdb:{tmp_path}/new/my.db"
    query("CREATE TABLE t AS SELECT 42 AS i", url=url)
    assert query("SELECT i FROM t", url=url, fetchOne=True).outputs["row"] == {"i": 42}


def test_after_sql_runs_in_the_same_transaction(query: Any, tmp_path: Path) -> None:
    url = f"jdbc:duckdb:{tmp_path}/my.db"
    failed = query("CREATE TABLE t (i INTEGER)", afterSQL="INSERT INTO t VALUES ('x')", url=url)
    assert failed.state == "FAILED"
    assert query("SHOW TABLES", url=url, fetch=True).outputs["rows"] == []


def test_an_extension_that_cannot_be_had_is_warned_about() -> None:
    class Offline:
        def execute(self, sql: str) -> None:
            raise duckdb.IOException(f"no net: {sql}")

    logged: list[tuple[str, str]] = []
    ctx: Any = SimpleNamespace(log=lambda *line: logged.append(line))
    load_extension(ctx, Offline(), "ion")  # type: ignore[arg-type]
    assert logged == [
        (
            "WARN",
            "DuckDB has no extension 'ion', going on without it: no net: "
            "INSTALL ion FROM community",
        )
    ]


def test_the_rows_that_nobody_fetches_are_not_made(query: Any) -> None:
    sql = "SELECT range FROM range(1000000000000)"
    assert query(sql, fetchOne=True).outputs["row"] == {"range": 0}
    assert query(sql).outputs == {"outputFiles": {}}


@pytest.mark.parametrize(
    ("properties", "reason"),
    [
        ({"sql": "SELECT 1", "communityExtensions": ["a b"]}, "Invalid name of an extension 'a b'"),
        ({"sql": "SELEC 1"}, 'Parser Error: syntax error at or near "SELEC"'),
        ({"sql": "SELECT 1; SELECT 2"}, "Query task support only a single SQL statement."),
        ({"sql": "SELECT 1", "url": "jdbc:sqlite:x"}, "Invalid DuckDB URL 'jdbc:sqlite:x'"),
        ({"sql": "SELECT 1", "url": "jdbc:duckdb:x.db"}, "Invalid database file 'x.db'"),
        ({"sql": "SELECT 1", "timeZoneId": "Mars"}, "Unknown time zone 'Mars'"),
        ({"sql": "SELECT 1", "outputFiles": ["../x"]}, "Invalid output file '../x'"),
        ({"sql": "SELECT 1", "inputFiles": {"/x": ""}}, "Invalid file name '/x'"),
    ],
)
def test_mistakes_are_explained(properties: dict[str, Any], reason: str) -> None:
    result = run_task({"type": "io.kestra.plugin.jdbc.duckdb.Query", **properties})
    assert result.state == "FAILED"
    assert result.error.startswith(reason)
