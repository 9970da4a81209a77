"""`bigquery.Load` against a double of BigQuery's API on loopback."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.service

CSV = "order_id,customer\n1,Ada\n2,Bob\n"
FAST = {"type": "constant", "interval": "PT0.01S", "maxAttempts": 3}


def test_a_csv_file_is_loaded(load, bigquery):
    result = load(CSV, autodetect=True, csvOptions={"fieldDelimiter": ","})
    assert result.error is None
    assert result.outputs["rows"] == 2
    assert result.outputs["destinationTable"] == "test.demo.orders"
    assert result.outputs["jobId"] in bigquery.jobs
    assert bigquery.tables["test.demo.orders"] == [["1", "Ada"], ["2", "Bob"]]


def test_what_was_loaded_is_measured(load):
    metrics = load(CSV, autodetect=True, destinationTable="test.demo.orders").metrics
    assert [(m.name, m.kind, m.value) for m in metrics] == [
        ("output.rows", "counter", 2),
        ("output.bytes", "counter", 24),
        ("bad.records", "counter", 0),
        ("input.bytes", "counter", 30),
        ("input.files", "counter", 1),
        ("duration", "timer", 0.25),
    ]
    assert dict(metrics[0].tags) == {
        "destination_table": "test.demo.orders",
        "project_id": "test",
        "location": "EU",
    }


def test_all_options_reach_bigquery(load, bigquery):
    result = load(
        "a;b\n1;2\n",
        projectId="other",
        location="US",
        csvOptions={
            "fieldDelimiter": ";",
            "quote": "'",
            "skipLeadingRows": 1,
            "allowJaggedRows": True,
            "allowQuotedNewLines": True,
            "encoding": "ISO-8859-1",
        },
        schema={"fields": [{"name": "a", "type": "INT64", "mode": "REQUIRED"}]},
        writeDisposition="WRITE_TRUNCATE",
        createDisposition="CREATE_NEVER",
        ignoreUnknownValues=True,
        maxBadRecords=3,
        clusteringFields=["a"],
        schemaUpdateOptions=["ALLOW_FIELD_ADDITION"],
        timePartitioningField="day",
        timePartitioningType="MONTH",
    )
    assert result.error is None
    (job,) = bigquery.jobs.values()
    sent = job["configuration"]["load"]
    assert job["jobReference"]["projectId"] == "other"
    assert job["jobReference"]["location"] == "US"
    assert job["configuration"]["labels"]["kestra_flow_id"] == "test_flow"
    assert (
        sent.items()
        >= {
            "sourceFormat": "CSV",
            "fieldDelimiter": ";",
            "quote": "'",
            "skipLeadingRows": "1",
            "allowJaggedRows": True,
            "allowQuotedNewlines": True,
            "encoding": "ISO-8859-1",
            "writeDisposition": "WRITE_TRUNCATE",
            "createDisposition": "CREATE_NEVER",
            "ignoreUnknownValues": True,
            "maxBadRecords": 3,
            "clustering": {"fields": ["a"]},
            "schemaUpdateOptions": ["ALLOW_FIELD_ADDITION"],
            "timePartitioning": {"type": "MONTH", "field": "day"},
        }.items()
    )
    assert sent["schema"]["fields"][0].items() >= {"name": "a", "mode": "REQUIRED"}.items()


@pytest.mark.parametrize(
    ("kind", "sent"),
    [("JSON", "NEWLINE_DELIMITED_JSON"), ("AVRO", "AVRO"), ("PARQUET", "PARQUET"), ("ORC", "ORC")],
)
def test_other_formats_are_named_to_bigquery(load, bigquery, kind, sent):
    assert load('{"a": 1}\n', format=kind).error is None
    (job,) = bigquery.jobs.values()
    assert job["configuration"]["load"]["sourceFormat"] == sent


def test_a_file_of_many_megabytes_is_sent_in_pieces(load, bigquery):
    rows = 1_000_000
    result = load("1,some text\n" * rows)
    assert result.error is None
    assert result.outputs["rows"] == rows


def test_an_empty_file_fails_unless_it_may_be_empty(load, bigquery):
    assert load("").error == "Can't load an empty file and this one don't contain any data"
    assert load("", failedOnEmpty=False).outputs == {"rows": 0}
    assert bigquery.jobs == {}


def test_bad_rows_fail_the_job_or_are_counted(load):
    assert load("1,2\n3\n").error == (
        "BigQuery job failed: Too many errors: 1 (invalid); Too many errors: 1 (invalid)"
    )
    result = load("1,2\n3\n", maxBadRecords=1)
    assert result.outputs["rows"] == 1
    assert [m.value for m in result.metrics if m.name == "bad.records"] == [1]


def test_a_passing_error_is_tried_again(load, bigquery):
    bigquery.failures = [("backendError", "try later"), ("other", "Retrying may solve the problem")]
    result = load(CSV, autodetect=True, retryAuto=FAST)
    assert result.outputs["rows"] == 2
    assert len(bigquery.jobs) == 3
    assert len(result.messages("WARN")) == 2


def test_a_passing_error_is_not_tried_for_ever(load, bigquery):
    bigquery.failures = [("backendError", "try later")] * 5
    result = load(CSV, retryAuto=FAST)
    assert "try later (backendError)" in result.error
    assert len(bigquery.jobs) == 3


def test_a_request_that_is_refused_is_told(load, bigquery):
    bigquery.refusals = [(403, "accessDenied", "Access Denied: Dataset test:demo")]
    assert load(CSV).error == (
        "BigQuery job failed: Access Denied: Dataset test:demo (accessDenied)"
    )


@pytest.mark.parametrize(
    ("properties", "reason"),
    [
        ({"destinationTable": "orders"}, "Invalid table name 'orders'"),
        ({"schema": {"name": "a"}}, "Unable to deserialize schema, no 'fields'"),
        ({"from": "kestra:///company/team/missing"}, "No file at"),
        ({"serviceAccount": "{}"}, "Invalid `serviceAccount`"),
        ({"serviceAccount": "no json"}, "Invalid `serviceAccount`"),
    ],
)
def test_mistakes_are_explained(load, properties, reason):
    assert load(CSV, **properties).error.startswith(reason)
