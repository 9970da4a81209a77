"""`Download` and `Downloads` against a real S3 server on loopback."""

from __future__ import annotations

import base64
import hashlib

import pytest

from tiercel.testing import start_task

pytestmark = pytest.mark.service


def numbers(result):
    return [(metric.name, metric.kind, metric.value) for metric in result.metrics]


def test_an_object_is_stored_and_described(task, s3, bucket):
    s3.put_object(
        Bucket=bucket, Key="in/a b.csv", Body=b"x,y\n", ContentType="text/csv", Metadata={"k": "v"}
    )
    result = task("Download", bucket=bucket, key="in/{{ 'a b' }}.csv")
    assert result.error is None
    outputs = dict(result.outputs)
    uri = outputs.pop("uri")
    assert result.file(uri) == b"x,y\n"
    assert uri.endswith("/a%20b.csv")
    digest = hashlib.md5(b"x,y\n", usedforsecurity=False).hexdigest()
    assert outputs == {
        "contentLength": 4,
        "contentType": "text/csv",
        "metadata": {"k": "v"},
        "eTag": f'"{digest}"',
    }
    assert numbers(result) == [("file.size", "counter", 4.0)]


def test_an_object_of_many_megabytes_is_stored(task, s3, bucket):
    content = bytes(range(256)) * 70_000
    s3.put_object(Bucket=bucket, Key="large", Body=content)
    result = task("Download", bucket=bucket, key="large")
    assert result.file(result.outputs["uri"]) == content


def test_an_older_version_is_downloaded(task, s3, bucket):
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    first = s3.put_object(Bucket=bucket, Key="k", Body=b"old")["VersionId"]
    s3.put_object(Bucket=bucket, Key="k", Body=b"new")
    result = task("Download", bucket=bucket, key="k", versionId=first)
    assert result.file(result.outputs["uri"]) == b"old"
    assert result.outputs["versionId"] == first


def test_the_checksum_that_s3_keeps_is_checked_and_told(task, s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"data", ChecksumAlgorithm="SHA256")
    result = task("Download", bucket=bucket, key="k", validateChecksum=True)
    digest = base64.b64encode(hashlib.sha256(b"data").digest()).decode()
    assert result.error is None
    assert result.outputs["checksumAlgorithm"] == "SHA256"
    assert result.outputs["checksumValue"] == digest


def test_an_object_without_a_checksum_is_a_warning(task, s3, bucket):
    s3.copy_object(Bucket=bucket, Key="k", CopySource=f"{_made(s3, bucket)}")
    result = task("Download", bucket=bucket, key="k", validateChecksum=True)
    assert result.state == "SUCCESS"
    assert "the object has no stored checksum" in result.messages("WARN")[0]


def _made(s3, bucket):
    upload = s3.create_multipart_upload(Bucket=bucket, Key="parts")["UploadId"]
    part = s3.upload_part(Bucket=bucket, Key="parts", UploadId=upload, PartNumber=1, Body=b"x")
    s3.complete_multipart_upload(
        Bucket=bucket,
        Key="parts",
        UploadId=upload,
        MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]},
    )
    return f"{bucket}/parts"


def test_a_filter_downloads_several_files(task, filled):
    result = task("Download", bucket=filled, prefix="in/", regexp=".*[.]csv")
    files = result.outputs["files"]
    assert sorted(files) == ["in/a.csv", "in/b.csv", "in/deep/c.csv"]
    assert [result.file(files[key]["uri"]) for key in sorted(files)] == [
        key.encode() for key in sorted(files)
    ]
    assert files["in/a.csv"]["contentLength"] == 8


def test_a_delimiter_leaves_out_what_lies_deeper(task, filled):
    result = task("Download", bucket=filled, prefix="in/", delimiter="/")
    assert sorted(result.outputs["files"]) == ["in/a.csv", "in/b.csv"]


def test_files_are_downloaded_up_to_a_limit(task, filled):
    result = task("Download", bucket=filled, prefix="in/", maxFiles=1)
    assert list(result.outputs["files"]) == ["in/a.csv"]
    assert result.messages("WARN")[0].startswith(
        "Listing returned 3 files but maxFiles limit is 1."
    )


def test_no_file_that_matches_is_a_warning(task, filled):
    result = task("Download", bucket=filled, prefix="nowhere/")
    assert (result.state, result.outputs) == ("SUCCESS", {"files": {}})
    assert result.messages("WARN") == ["No objects found matching the filter criteria"]


@pytest.mark.parametrize(
    ("properties", "reason"),
    [
        ({"key": "missing"}, "The specified key does not exist"),
        ({"key": "k", "bucket": "no-such-bucket"}, "NoSuchBucket"),
        ({}, "Invalid configuration: either specify 'key'"),
        ({"regexp": "("}, "Invalid regular expression '('"),
        ({"key": "k", "endpointOverride": "nonsense"}, "Invalid endpoint 'nonsense'"),
        ({"key": "k", "endpointOverride": "http://169.254.169.254"}, "is a link-local address"),
    ],
)
def test_what_cannot_be_downloaded_is_told_and_leaves_nothing(task, bucket, properties, reason):
    result = task("Download", **{"bucket": bucket, **properties})
    assert result.state == "FAILED"
    assert reason in result.error
    assert result.files() == []


def test_a_killed_download_stops_and_leaves_nothing(task, s3, bucket):
    s3.put_object(Bucket=bucket, Key="large", Body=bytes(5 << 20))
    running = start_task(
        {"type": "io.kestra.plugin.aws.s3.Download", "bucket": bucket, "key": "large"}
    )
    running.kill()
    result = running.result()
    assert result.state == "KILLED"
    assert result.files() == []


def test_downloads_tells_objects_and_files(task, filled):
    result = task("Downloads", bucket=filled, prefix="in/", action="NONE")
    assert [each["key"] for each in result.outputs["objects"]] == [
        "in/a.csv",
        "in/b.csv",
        "in/deep/c.csv",
    ]
    first = result.outputs["objects"][0]
    assert result.file(first["uri"]) == b"in/a.csv"
    assert (first["size"], first["etag"][0]) == (8, '"')
    assert result.outputs["outputFiles"]["in/a.csv"] == first["uri"]
    assert numbers(result)[-2:] == [
        ("files.count", "counter", 3.0),
        ("files.size.total", "counter", 29.0),
    ]


def test_downloaded_objects_are_moved(task, filled, keys):
    result = task(
        "Downloads",
        bucket=filled,
        regexp="in/[ab].csv",
        action="MOVE",
        moveTo={"bucket": filled, "key": "done/"},
    )
    assert result.error is None
    assert keys(filled) == ["done/a.csv", "done/b.csv", "in/", "in/deep/c.csv", "other.txt"]


def test_downloaded_objects_are_deleted(task, filled, keys):
    task("Downloads", bucket=filled, prefix="in/", filter="FILES", action="DELETE")
    assert keys(filled) == ["in/", "other.txt"]


def test_moving_needs_a_place(task, filled, keys):
    result = task("Downloads", bucket=filled, prefix="in/", action="MOVE")
    assert result.error == "Action MOVE needs `moveTo` with a `key`"
    assert len(keys(filled)) == 5
