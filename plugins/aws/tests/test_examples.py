"""The examples of the docs, run as they stand against a server on loopback."""

from __future__ import annotations

import threading
from contextlib import suppress

import pytest

from tiercel import Tiercel
from tiercel_aws.s3 import bucket, copy, delete, download, listing, trigger, upload

pytestmark = pytest.mark.service

TASKS = [
    bucket.CreateBucket,
    copy.Copy,
    delete.Delete,
    delete.DeleteList,
    download.Download,
    download.Downloads,
    listing.List,
    upload.Upload,
]
SECRETS = {"TIERCEL_SECRET_AWS_ACCESS_KEY_ID": "key", "TIERCEL_SECRET_AWS_SECRET_KEY_ID": "hidden"}


@pytest.fixture
def buckets(s3):
    for name in ("my-bucket", "my-archive"):
        with suppress(s3.exceptions.BucketAlreadyOwnedByYou):
            s3.create_bucket(
                Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
            )
    for key in ("reports/january.csv", "inbox/new.txt", "scratch/old.txt"):
        s3.put_object(Bucket="my-bucket", Key=key, Body=b"content")


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.__name__)
def test_the_examples_of_the_docs_run(task, buckets):
    assert task.examples
    for example in task.examples:
        with Tiercel(environ=SECRETS) as tiercel:
            execution = tiercel.run(example.code, timeout=30)
            assert execution.state == "SUCCESS", tiercel.logs(execution.id)


def test_the_example_of_the_trigger_runs(buckets):
    (example,) = trigger.Trigger.examples
    with Tiercel(environ=SECRETS) as tiercel:
        tiercel.save_flow(tiercel.load_flow(example.code))
        tiercel.triggers.start()
        for _ in range(400):
            if executions := tiercel.executions():
                break
            threading.Event().wait(0.05)
        assert tiercel.wait(executions[0].id, 20).state == "SUCCESS"
