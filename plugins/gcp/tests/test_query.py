"""`bigquery.Query` against a double of BigQuery's API on loopback."""

from __future__ import annotations

import pytest
from bigquery_server import Result

from tiercel.testing import start_task

pytestmark = pytest.mark.service

SQL = "SELECT n FROM demo.numbers"


@pytest.fixture
def numbers(bigquery):
    """A query whose result has three rows."""
    bigquery.results[SQL] = Result(
        [{"name": "n", "type": "INTEGER"}],
        [["1"], ["2"], ["3"]],
        {
            "totalBytesProcessed": "100",
            "totalBytesBilled": "200",
            "totalPartitionsProcessed": "4",
            "totalSlotMs": "12",
            "cacheHit": False,
            "estimatedBytesProcessed": "90",
            "referencedTables": [
                {"projectId": "test", "datasetId": "demo", "tableId": "numbers"},
            ],
        },
    )


@pytest.mark.parametrize(
    ("properties", "outputs"),
    [
        ({}, {}),
        ({"fetchType": "FETCH"}, {"rows": [{"n": 1}, {"n": 2}, {"n": 3}], "size": 3}),
        ({"fetch": True}, {"rows": [{"n": 1}, {"n": 2}, {"n": 3}], "size": 3}),
        ({"fetchType": "FETCH_ONE"}, {"row": {"n": 1}, "size": 1}),
        ({"fetchOne": True}, {"row": {"n": 1}, "size": 1}),
    ],
    ids=str,
)
def test_the_fetch_type_says_what_becomes_of_the_rows(query, numbers, properties, outputs):
    result = query(SQL, **properties)
    assert result.error is None
    found = dict(result.outputs)
    assert found.pop("jobId")
    table = {"project": "test", "dataset": "_anonymous", "table": "anon1"}
    assert found.pop("destinationTable") == table
    assert found == outputs


def test_a_stored_result_is_an_ion_file(query, numbers):
    result = query(SQL, fetchType="STORE")
    assert result.outputs["size"] == 3
    assert result.file(result.outputs["uri"]) == b"{n:1}\n{n:2}\n{n:3}\n"


def test_a_result_of_several_pages_is_fetched_whole(query, numbers):
    assert query(SQL, fetchType="FETCH", maxResults=2).outputs["size"] == 3


def test_no_row_at_all_is_an_empty_row(query):
    assert query("SELECT nothing", fetchType="FETCH_ONE").outputs["row"] == {}


def test_the_query_is_measured(query, numbers):
    metrics = query(SQL, fetchType="FETCH").metrics
    assert {m.name: m.value for m in metrics} == {
        "estimated.bytes.processed": 90,
        "total.bytes.billed": 200,
        "total.bytes.processed": 100,
        "total.partitions.processed": 4,
        "referenced.tables": 1,
        "total.slot.ms": 12,
        "cache.hit": 0,
        "duration": 0.25,
        "total.rows": 3,
        "fetch.rows": 3,
    }
    assert dict(metrics[0].tags) == {
        "statement_type": "SELECT",
        "fetch": "true",
        "store": "false",
        "project_id": "test",
        "location": "EU",
    }


@pytest.mark.parametrize(
    ("field", "cell", "value", "text"),
    [
        ({"type": "INTEGER"}, None, None, b"{x:null}"),
        ({"type": "BOOLEAN"}, "true", True, b"{x:true}"),
        ({"type": "FLOAT"}, "1.5", 1.5, b"{x:1.5e0}"),
        ({"type": "NUMERIC"}, "1.5", 1.5, b"{x:1.5e0}"),
        ({"type": "BIGNUMERIC"}, "1.50", 1.5, b"{x:1.50}"),
        ({"type": "BYTES"}, "eA==", "eA==", b"{x:{{eA==}}}"),
        ({"type": "DATE"}, "2024-01-31", "2024-01-31", b"{x:2024-01-31}"),
        ({"type": "TIME"}, "10:00:00", "10:00:00", None),
        (
            {"type": "DATETIME"},
            "2024-01-31T10:00:00",
            "2024-01-31T10:00:00Z",
            b'{x:"2024-01-31T10:00:00Z"}',
        ),
        (
            {"type": "TIMESTAMP"},
            "1706695200000000",
            "2024-01-31T10:00:00Z",
            b"{x:2024-01-31T10:00:00.000Z}",
        ),
        ({"type": "GEOGRAPHY"}, "POINT(1.5 -2)", [1.5, -2.0], None),
        ({"type": "GEOGRAPHY"}, "LINESTRING(1 1, 2 1)", "LINESTRING(1 1, 2 1)", None),
        ({"type": "JSON"}, '{"a": [1]}', {"a": [1]}, b"{x:{a:[1]}}"),
        ({"type": "INTERVAL"}, "1-2 3 -4:5:6.7", "1-2 3 -4:5:6.7", None),
        ({"type": "INTEGER", "mode": "REPEATED"}, [{"v": "1"}, {"v": "2"}], [1, 2], b"{x:[1,2]}"),
        (
            {"type": "RECORD", "fields": [{"name": "a", "type": "DATE"}]},
            {"f": [{"v": "2024-01-31"}]},
            {"a": "2024-01-31"},
            b"{x:{a:2024-01-31}}",
        ),
    ],
    ids=lambda part: part["type"] if isinstance(part, dict) and "type" in part else "",
)
def test_values_of_every_type_become_outputs_and_rows(query, bigquery, field, cell, value, text):
    bigquery.results["SELECT x"] = Result([{"name": "x", **field}], [[cell]])
    result = query("SELECT x", fetchOne=True)
    assert result.error is None
    assert result.outputs["row"].get("x") == value
    if text is not None:
        stored = query("SELECT x", fetchType="STORE")
        assert stored.file(stored.outputs["uri"]) == text + b"\n"


def test_all_options_reach_bigquery(query, bigquery):
    result = query(
        "SELECT 1",
        destinationTable="demo.target",
        writeDisposition="WRITE_APPEND",
        createDisposition="CREATE_IF_NEEDED",
        defaultDataset="demo",
        jobTimeout="PT1M",
        labels={"team": "data"},
        priority="BATCH",
        useQueryCache=False,
        maximumBytesBilled=1000,
        maximumBillingTier=2,
        clusteringFields=["a"],
        schemaUpdateOptions=["ALLOW_FIELD_ADDITION"],
        rangePartitioningField="n",
        rangePartitioningStart=0,
        rangePartitioningEnd=100,
        rangePartitioningInterval=10,
        legacySql=True,
        allowLargeResults=True,
    )
    assert result.error is None
    (job,) = bigquery.jobs.values()
    sent = job["configuration"]["query"]
    target = {"projectId": "test", "datasetId": "demo", "tableId": "target"}
    assert job["configuration"]["labels"]["team"] == "data"
    assert job["configuration"]["jobTimeoutMs"] == "60000"
    assert (
        sent.items()
        >= {
            "query": "SELECT 1",
            "destinationTable": target,
            "writeDisposition": "WRITE_APPEND",
            "createDisposition": "CREATE_IF_NEEDED",
            "defaultDataset": {"projectId": "test", "datasetId": "demo"},
            "priority": "BATCH",
            "useQueryCache": False,
            "maximumBytesBilled": "1000",
            "maximumBillingTier": 2,
            "useLegacySql": True,
            "allowLargeResults": True,
        }.items()
    )
    assert sent["rangePartitioning"]["range"] == {"start": "0", "end": "100", "interval": "10"}
    assert result.outputs["destinationTable"]["table"] == "target"


def test_a_dry_run_only_tells_what_the_query_would_read(query, numbers):
    result = query(SQL, dryRun=True, fetchType="FETCH")
    assert result.error is None
    assert "rows" not in result.outputs
    assert {m.name: m.value for m in result.metrics}["estimated.bytes.processed"] == 90


def test_a_failed_query_is_told(query, bigquery):
    bigquery.failures = [("invalidQuery", "Syntax error: Unexpected keyword FROM at [1:1]")]
    assert "Syntax error: Unexpected keyword FROM at [1:1] (invalidQuery)" in query("FROM").error


def test_a_query_is_tried_again_after_a_passing_error(query, bigquery, numbers):
    bigquery.failures = [("rateLimitExceeded", "slow down")]
    retry = {"type": "constant", "interval": "PT0.01S", "maxAttempts": 2}
    assert query(SQL, fetch=True, retryAuto=retry).outputs["size"] == 3


def test_a_killed_query_is_cancelled_in_bigquery(bigquery, service_account):
    bigquery.endless.add("SELECT for_ever")
    running = start_task(
        {
            "type": "io.kestra.plugin.gcp.bigquery.Query",
            "serviceAccount": "{{ secret('KEY') }}",
            "sql": "SELECT for_ever",
        },
        secrets={"KEY": service_account},
    )
    assert bigquery.running.wait(20)
    running.kill()
    assert running.result().state == "KILLED"
    (job,) = bigquery.jobs.values()
    assert job["status"]["errorResult"]["reason"] == "stopped"


def test_an_unknown_project_is_told(bigquery, monkeypatch):
    from tiercel.testing import run_task

    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.setenv("CLOUDSDK_CONFIG", "/nonexistent")
    result = run_task({"type": "io.kestra.plugin.gcp.bigquery.Query", "sql": "SELECT 1"})
    assert result.error.startswith("Unknown project: neither `projectId` nor")
