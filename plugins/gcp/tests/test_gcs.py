"""The tasks of Cloud Storage against a server on loopback."""

from __future__ import annotations

import base64
import hashlib

import pytest

# The server may have to be built first.
pytestmark = [pytest.mark.service, pytest.mark.timeout(600)]


def listed(result):
    return [blob["name"] for blob in result.outputs["blobs"]]


def test_an_object_is_downloaded(task, filled):
    result = task("Download", **{"from": f"gs://{filled}/in/a.csv"})
    assert result.error is None
    assert result.file(result.outputs["uri"]) == b"in/a.csv"
    assert result.outputs["uri"].endswith("/a.csv")
    assert (result.outputs["bucket"], result.outputs["path"]) == (filled, "in/a.csv")


def test_an_object_of_many_megabytes_is_downloaded(task, gcs, bucket):
    content = bytes(range(256)) * 70_000
    gcs.bucket(bucket).blob("large").upload_from_string(content)
    result = task("Download", **{"from": f"gs://{bucket}/large"}, validateChecksum=True)
    assert result.file(result.outputs["uri"]) == content
    assert [(m.name, dict(m.tags)) for m in result.metrics] == [
        ("checksum.validated", {"algorithm": "crc32c"})
    ]


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("a b.csv", "a b.csv"),
        ("a b.csv", "a+b.csv"),
        ("a+b.csv", "a%2Bb.csv"),
        ("naïve?#.csv", "naïve?#.csv"),
    ],
)
def test_names_are_written_as_kestra_writes_them(task, gcs, bucket, name, written):
    gcs.bucket(bucket).blob(name).upload_from_string(b"data")
    result = task("Download", **{"from": f"gs://{bucket}/{written}"})
    assert result.outputs["path"] == name


def test_what_is_listed_can_be_downloaded(task, gcs, bucket):
    gcs.bucket(bucket).blob("a b+c%.csv").upload_from_string(b"data")
    (blob,) = task("List", **{"from": f"gs://{bucket}/"}).outputs["blobs"]
    assert blob["uri"] == f"gs://{bucket}/a+b%2Bc%25.csv"
    assert task("Download", **{"from": blob["uri"]}).outputs["path"] == "a b+c%.csv"


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("gs://{bucket}/missing", "Unable to find blob on bucket"),
        ("s3://x/y", "Invalid Cloud Storage URI 's3://x/y'"),
        ("/x/y", "Invalid Cloud Storage URI '/x/y'"),
    ],
)
def test_what_cannot_be_downloaded_is_told_and_leaves_nothing(task, bucket, uri, reason):
    result = task("Download", **{"from": uri.format(bucket=bucket)})
    assert result.error.startswith(reason)
    assert result.files() == []


def test_a_file_is_uploaded_with_its_checksums(task, gcs, bucket):
    result = task(
        "Upload",
        **{"from": "{{ files.a }}"},
        to=f"gs://{bucket}/out/a b.csv",
        files={"a": "x,y"},
        contentType="text/csv",
        cacheControl="no-cache",
        contentDisposition="attachment",
    )
    assert result.error is None
    md5 = base64.b64encode(hashlib.md5(b"x,y", usedforsecurity=False).digest()).decode()
    assert result.outputs == {
        "uri": f"gs://{bucket}/out/a+b.csv",
        "md5": md5,
        "crc32c": result.outputs["crc32c"],
    }
    blob = gcs.bucket(bucket).get_blob("out/a b.csv")
    assert blob.download_as_bytes() == b"x,y"
    assert (blob.content_type, blob.crc32c) == ("text/csv", result.outputs["crc32c"])
    assert [(m.name, m.value) for m in result.metrics] == [("file.size", 3)]


def test_a_file_of_many_megabytes_is_uploaded(task, gcs, bucket):
    data = bytes(range(256)) * 80_000
    result = task(
        "Upload", **{"from": "{{ files.a }}"}, to=f"gs://{bucket}/large", files={"a": data}
    )
    assert result.error is None
    assert gcs.bucket(bucket).blob("large").download_as_bytes() == data


def test_a_file_that_is_not_the_expected_one_is_told(task, bucket):
    given = {"from": "{{ files.a }}", "to": f"gs://{bucket}/a", "expectedMd5": "eA=="}
    result = task("Upload", **given, files={"a": "x"})
    assert result.error.startswith("Source MD5 mismatch: expected=eA==, computed=")


def test_an_object_is_copied(task, filled, names):
    source, target = f"gs://{filled}/other.txt", f"gs://{filled}/copies/o.txt"
    result = task("Copy", **{"from": source}, to=target)
    assert result.outputs == {"uri": target}
    assert [(m.name, m.value) for m in result.metrics] == [("file.size", 9)]
    assert {"copies/o.txt", "other.txt"} <= set(names(filled))


def test_an_object_is_moved(task, filled, names):
    source = f"gs://{filled}/other.txt"
    task("Copy", **{"from": source}, to=f"gs://{filled}/moved.txt", delete=True)
    assert names(filled)[-1] == "moved.txt"
    assert "other.txt" not in names(filled)


def test_a_copy_that_is_none_is_told(task, filled):
    uri, missing = f"gs://{filled}/other.txt", f"gs://{filled}/missing"
    assert task("Copy", **{"from": uri}, to=uri).error == f"Invalid copy to same path '{uri}'"
    assert f"Cannot copy {missing}" in task("Copy", **{"from": missing}, to=uri).error


def test_an_object_is_deleted(task, filled, names):
    uri = f"gs://{filled}/other.txt"
    assert task("Delete", uri=uri).outputs == {"uri": uri, "deleted": True}
    assert task("Delete", uri=uri).outputs == {"uri": uri, "deleted": False}
    assert task("Delete", uri=uri, errorOnMissing=True).error == f"Unable to find file '{uri}'"
    assert "other.txt" not in names(filled)


@pytest.mark.parametrize(
    ("path", "properties", "found"),
    [
        ("", {}, ["in/", "other.txt"]),
        ("in/", {}, ["in/", "in/a.csv", "in/b.csv", "in/deep/"]),
        ("in/", {"filter": "FILES"}, ["in/a.csv", "in/b.csv"]),
        ("in/", {"filter": "DIRECTORY"}, ["in/", "in/deep/"]),
        (
            "in/",
            {"listingType": "RECURSIVE", "filter": "FILES"},
            ["in/a.csv", "in/b.csv", "in/deep/c.csv"],
        ),
        ("in/", {"regExp": ".*/[ac][.]csv"}, ["in/a.csv"]),
        ("in/", {"maxFiles": 2}, ["in/", "in/a.csv"]),
        ("in/a", {}, ["in/a.csv"]),
    ],
    ids=str,
)
def test_a_list_is_narrowed(task, filled, path, properties, found):
    result = task("List", **{"from": f"gs://{filled}/{path}"}, **properties)
    assert result.error is None
    assert listed(result) == found
    assert [(m.name, m.value) for m in result.metrics] == [("size", len(found))]


def test_a_listed_object_is_described(task, filled):
    (blob,) = task("List", **{"from": f"gs://{filled}/other.txt"}).outputs["blobs"]
    assert (
        blob.items()
        >= {
            "uri": f"gs://{filled}/other.txt",
            "bucket": filled,
            "name": "other.txt",
            "directory": False,
            "size": 9,
            "contentType": "text/plain",
        }.items()
    )
    assert blob["updateTime"].endswith("Z")


def test_a_bucket_that_does_not_exist_is_told(task, gcs):
    assert (
        "Cannot list gs://no-such-bucket/" in task("List", **{"from": "gs://no-such-bucket"}).error
    )


def test_a_bucket_is_made_once(task, gcs):
    created = task("CreateBucket", name="made", projectId="test", location="EU")
    assert created.error is None
    assert created.outputs["bucket"]["uri"] == "gs://made"
    assert (created.outputs["created"], created.outputs["updated"]) == (True, False)
    assert "already exists and ifExists policy" in task("CreateBucket", name="made").error
    assert task("CreateBucket", name="made", ifExists="SKIP").outputs["created"] is False
    updated = task("CreateBucket", name="made", ifExists="UPDATE", versioningEnabled=True)
    assert updated.outputs["updated"] is True
    assert gcs.get_bucket("made").versioning_enabled


def test_a_bucket_is_made_as_it_is_described(task, gcs_requests):
    reader = {"entity": {"type": "USER", "value": "ada@x.test"}, "role": "READER"}
    made = task(
        "CreateBucket",
        name="described",
        projectId="test",
        cors=[{"maxAgeSeconds": 60, "methods": ["GET"], "origins": ["*", {"value": "x.test"}]}],
        iamConfiguration={
            "uniformBucketLevelAccessEnabled": False,
            "publicAccessPrevention": "ENFORCED",
        },
        logging={"logBucket": "logs", "logObjectPrefix": "made"},
        acl=[reader],
        defaultAcl=[{**reader, "role": "{{ 'OWNER' }}"}],
    )
    assert made.error is None
    (_, created), *updates = gcs_requests
    assert created["cors"] == [{"maxAgeSeconds": 60, "method": ["GET"], "origin": ["*", "x.test"]}]
    assert created["iamConfiguration"]["publicAccessPrevention"] == "enforced"
    assert created["iamConfiguration"]["uniformBucketLevelAccess"] == {"enabled": False}
    assert created["logging"] == {"logBucket": "logs", "logObjectPrefix": "made"}
    assert updates == [
        ("PATCH", {"acl": [{"entity": "user-ada@x.test", "role": "READER"}]}),
        ("PATCH", {"defaultObjectAcl": [{"entity": "user-ada@x.test", "role": "OWNER"}]}),
    ]


def test_credentials_that_are_nowhere_are_told(task, gcs, monkeypatch):
    monkeypatch.delenv("STORAGE_EMULATOR_HOST")
    result = task("List", **{"from": "gs://bucket/"})
    assert result.error.startswith("Cannot get Google credentials: Your default credentials were")
