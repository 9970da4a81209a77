"""`Upload` against a real S3 server on loopback."""

from __future__ import annotations

import base64
import hashlib
import json

import pytest

pytestmark = pytest.mark.service


def content(s3, bucket, key):
    return s3.get_object(Bucket=bucket, Key=key)["Body"].read()


def test_a_file_is_uploaded(task, s3, bucket):
    result = task(
        "Upload", bucket=bucket, key="in/a.csv", **{"from": "{{ files.a }}"}, files={"a": "x,y"}
    )
    assert result.error is None
    tag = f'"{hashlib.md5(b"x,y", usedforsecurity=False).hexdigest()}"'
    assert result.outputs == {"bucket": bucket, "key": "in/a.csv", "eTag": tag}
    assert content(s3, bucket, "in/a.csv") == b"x,y"
    assert [(metric.name, metric.value) for metric in result.metrics] == [
        ("file.count", 1),
        ("file.size", 3),
    ]


def test_a_file_of_many_megabytes_is_uploaded(task, s3, bucket):
    data = bytes(range(256)) * 80_000
    result = task(
        "Upload", bucket=bucket, key="big", **{"from": "{{ files.a }}"}, files={"a": data}
    )
    assert result.error is None
    assert content(s3, bucket, "big") == data
    assert result.outputs["eTag"].endswith('-3"')


@pytest.mark.parametrize(
    "given",
    [
        ["{{ files.one }}", "{{ files.two }}"],
        {"one": "{{ files.one }}", "two": "{{ files.two }}"},
        '["{{ files.one }}", "{{ files.two }}"]',
        "{{ {'one': files.one, 'two': files.two} }}",
    ],
    ids=["list", "map", "JSON", "expression"],
)
def test_several_files_go_to_a_folder(task, s3, bucket, keys, given):
    result = task(
        "Upload", bucket=bucket, key="out", **{"from": given}, files={"one": "1", "two": "22"}
    )
    assert result.error is None
    assert keys(bucket) == ["out/one", "out/two"]
    assert content(s3, bucket, "out/two") == b"22"
    assert result.outputs["files"]["two"]["contentLength"] == 2


def test_options_are_kept_with_the_object(task, s3, bucket):
    result = task(
        "Upload",
        bucket=bucket,
        key="k",
        **{"from": "{{ files.a }}"},
        files={"a": "data"},
        metadata={"answer": 42},
        contentType="text/csv",
        contentEncoding="identity",
        contentLanguage="en",
        contentDisposition="attachment",
        cacheControl="no-cache",
        expires="2030-01-01T00:00:00Z",
        storageClass="STANDARD_IA",
        serverSideEncryption="AES256",
        tagging={"team": "data + co"},
    )
    assert result.error is None
    head = s3.head_object(Bucket=bucket, Key="k")
    assert head["Metadata"] == {"answer": "42"}
    assert (head["ContentType"], head["CacheControl"]) == ("text/csv", "no-cache")
    assert (head["StorageClass"], head["ServerSideEncryption"]) == ("STANDARD_IA", "AES256")
    tags = s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"]
    assert tags == [{"Key": "team", "Value": "data + co"}]


def test_a_checksum_is_sent_with_the_file(task, s3, bucket):
    digest = base64.b64encode(hashlib.sha256(b"data").digest()).decode()
    result = task(
        "Upload",
        bucket=bucket,
        key="k",
        **{"from": "{{ files.a }}"},
        files={"a": "data"},
        checksumAlgorithm="SHA256",
        checksum=digest,
    )
    assert result.error is None
    head = s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert head["ChecksumSHA256"] == digest


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ([], "No files to upload"),
        ("{{ {} }}", "No files to upload"),
        ([1], "`from` must be the URI of a stored file"),
        ('["x"', "`from` is not JSON"),
        ("kestra:///company/team/missing", "No file at 'kestra:///company/team/missing'"),
        ("hello", "Not a storage URI: 'hello'"),
    ],
    ids=json.dumps,
)
def test_what_is_no_file_is_told(task, bucket, given, reason):
    result = task("Upload", bucket=bucket, key="k", **{"from": given})
    assert result.state == "FAILED"
    assert reason in result.error


def test_a_date_that_is_none_is_told(task, bucket):
    result = task(
        "Upload", bucket=bucket, key="k", **{"from": "{{ files.a }}"}, files={"a": ""}, expires="x"
    )
    assert result.error.startswith("Invalid `expires` 'x'")
