"""`List`, `Copy`, `Delete`, `DeleteList` and `CreateBucket` on a real S3 server on loopback."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.service


def names(result):
    return [each["key"] for each in result.outputs["objects"]]


def test_objects_are_listed_with_what_s3_tells(task, filled):
    result = task("List", bucket=filled, prefix="in/a")
    (found,) = result.outputs["objects"]
    assert found.keys() == {"key", "etag", "size", "lastModified"}
    assert (found["key"], found["size"]) == ("in/a.csv", 8)
    assert found["lastModified"].endswith("Z")
    assert [(m.name, m.kind, m.value) for m in result.metrics] == [
        ("s3.objects.count", "counter", 1.0)
    ]


@pytest.mark.parametrize(
    ("properties", "keys"),
    [
        ({}, ["in/", "in/a.csv", "in/b.csv", "in/deep/c.csv", "other.txt"]),
        ({"filter": "FILES", "prefix": "in/"}, ["in/a.csv", "in/b.csv", "in/deep/c.csv"]),
        ({"filter": "DIRECTORY"}, ["in/"]),
        ({"regexp": "[a-z]+[.]txt"}, ["other.txt"]),
        ({"regexp": "other"}, []),
        ({"marker": "in/b.csv"}, ["in/deep/c.csv", "other.txt"]),
        ({"maxKeys": 2}, ["in/", "in/a.csv"]),
        ({"maxFiles": 2}, ["in/", "in/a.csv"]),
        ({"prefix": "in/", "delimiter": "/"}, ["in/", "in/a.csv", "in/b.csv"]),
    ],
    ids=str,
)
def test_a_list_is_narrowed(task, filled, properties, keys):
    assert names(task("List", bucket=filled, **properties)) == keys


def test_an_object_is_copied(task, filled, keys):
    result = task(
        "Copy", **{"from": {"bucket": filled, "key": "other.txt"}}, to={"key": "copies/o.txt"}
    )
    assert result.error is None
    assert result.outputs["key"] == "copies/o.txt"
    assert result.outputs["bucket"] == filled
    assert {"copies/o.txt", "other.txt"} <= set(keys(filled))


def test_an_object_is_moved_and_encrypted(task, s3, filled, keys):
    result = task(
        "Copy",
        **{"from": {"bucket": filled, "key": "other.txt"}},
        to={"bucket": filled, "key": "moved.txt", "serverSideEncryption": "AES256"},
        delete=True,
    )
    assert result.error is None
    assert "other.txt" not in keys(filled)
    head = s3.head_object(Bucket=filled, Key="moved.txt")
    assert (head["ServerSideEncryption"], head["ETag"]) == ("AES256", result.outputs["eTag"])


def test_a_copy_in_a_bucket_that_keeps_versions_has_one(task, s3, bucket):
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=bucket, Key="k", Body=b"data")
    result = task("Copy", **{"from": {"bucket": bucket, "key": "k"}}, to={"key": "copy"})
    head = s3.head_object(Bucket=bucket, Key="copy")
    assert result.outputs["versionId"] == head["VersionId"]


def test_a_copy_of_nothing_is_told(task, filled):
    missing = {"from": {"bucket": filled, "key": "missing"}}
    assert f"Cannot copy s3://{filled}/missing" in task("Copy", **missing, to={"key": "x"}).error
    assert task("Copy", **{"from": {"key": "x"}}).error == "`from` needs a `bucket` and a `key`"


def test_an_object_is_deleted_and_one_that_is_not_there_is_no_failure(task, filled, keys):
    assert task("Delete", bucket=filled, key="other.txt").state == "SUCCESS"
    assert task("Delete", bucket=filled, key="other.txt").state == "SUCCESS"
    assert "other.txt" not in keys(filled)


def test_a_deleted_version_leaves_a_marker(task, s3, bucket):
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=bucket, Key="k", Body=b"")
    outputs = task("Delete", bucket=bucket, key="k").outputs
    assert outputs["deleteMarker"] is True
    assert outputs["versionId"]


def test_several_objects_are_deleted_and_counted(task, filled, keys):
    result = task("DeleteList", bucket=filled, prefix="in/", regexp=".*csv", concurrent=4)
    assert result.outputs == {"count": 3, "size": 29}
    assert keys(filled) == ["in/", "other.txt"]
    assert [(metric.name, metric.value) for metric in result.metrics] == [
        ("s3.objects.deleted.count", 3),
        ("s3.objects.deleted.size", 29),
    ]
    assert result.messages() == ["Deleted 3 keys for 29 bytes"]


def test_nothing_to_delete_is_a_failure_on_request(task, bucket):
    assert task("DeleteList", bucket=bucket).outputs == {"count": 0, "size": 0}
    result = task("DeleteList", bucket=bucket, prefix="x", errorOnEmpty=True)
    assert result.error == (
        f"Unable to find any files to delete on {bucket} with regexp='None', prefix='x'"
    )


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-3"])
def test_a_bucket_is_made_in_its_region(task, s3, region):
    result = task("CreateBucket", bucket=f"made-in-{region}", region=region)
    assert result.error is None
    assert result.outputs["bucket"] == f"made-in-{region}"
    constraint = s3.get_bucket_location(Bucket=f"made-in-{region}")["LocationConstraint"]
    assert (constraint or "us-east-1") == region


def test_a_bucket_that_exists_is_told(task, bucket):
    result = task("CreateBucket", bucket=bucket)
    assert result.error.startswith(f"Cannot create bucket '{bucket}': ")
