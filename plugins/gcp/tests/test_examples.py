"""The examples of the docs, run as they stand against services on loopback."""

from __future__ import annotations

import pytest
from bigquery_server import Result

from tiercel import Tiercel
from tiercel_gcp.bigquery.load import Load
from tiercel_gcp.bigquery.query import Query
from tiercel_gcp.gcs import bucket, download, files, listing, many, trigger, upload

# The server may have to be built first.
pytestmark = [pytest.mark.service, pytest.mark.timeout(600)]

GCS = [
    bucket.CreateBucket,
    download.Download,
    files.Copy,
    files.Delete,
    listing.List,
    many.DeleteBucket,
    many.DeleteList,
    many.Downloads,
    upload.Upload,
]


def run(task, service_account):
    assert task.examples
    for example in task.examples:
        with Tiercel(environ={"TIERCEL_SECRET_GCP_SERVICE_ACCOUNT": service_account}) as tiercel:
            execution = tiercel.run(example.code, timeout=30)
            assert execution.state == "SUCCESS", tiercel.logs(execution.id)


@pytest.mark.parametrize("task", [Load, Query], ids=lambda task: task.__name__)
def test_the_examples_of_bigquery_run(task, bigquery, service_account):
    fields = [{"name": "name", "type": "STRING"}, {"name": "price", "type": "NUMERIC"}]
    bigquery.results["SELECT name, price FROM demo.products"] = Result(fields, [["pear", "1.2"]])
    run(task, service_account)


@pytest.mark.parametrize("task", GCS, ids=lambda task: task.__name__)
def test_the_examples_of_cloud_storage_run(task, gcs, service_account):
    for name in ("my-bucket", "my-archive", "my-old-bucket"):
        if gcs.lookup_bucket(name) is None:
            gcs.create_bucket(name)
    gcs.bucket("my-bucket").blob("reports/january.csv").upload_from_string(b"content")
    run(task, service_account)


def test_the_example_of_the_trigger_is_a_flow():
    (example,) = trigger.Trigger.examples
    with Tiercel() as tiercel:
        (loaded,) = tiercel.load_flow(example.code).triggers
    assert isinstance(loaded, trigger.Trigger)
