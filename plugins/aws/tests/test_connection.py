"""How tasks reach AWS: credentials, roles, endpoints."""

from __future__ import annotations

import pytest

from tiercel import Tiercel
from tiercel.plugin import OutboundPolicy

pytestmark = pytest.mark.service

CREDENTIALS = {"accessKeyId": "AKID", "secretKeyId": "hidden", "region": "eu-central-1"}


@pytest.fixture
def nowhere(monkeypatch):
    """An environment that tells boto3 nothing."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def test_everything_can_stand_in_the_task(task, s3_url, filled, nowhere):
    result = task(
        "List", bucket=filled, endpointOverride=s3_url, forcePathStyle=True, **CREDENTIALS
    )
    assert len(result.outputs["objects"]) == 5


def test_credentials_that_are_nowhere_are_told(task, s3_url, filled, nowhere):
    result = task("List", bucket=filled, endpointOverride=s3_url, region="eu-central-1")
    assert "Unable to locate credentials" in result.error


def test_a_role_is_assumed(task, s3_url, filled, nowhere):
    result = task(
        "List",
        bucket=filled,
        endpointOverride=s3_url,
        stsEndpointOverride=s3_url,
        stsRoleArn="arn:aws:iam::123456789012:role/reader",
        stsRoleExternalId="external",
        stsRoleSessionDuration="PT20M",
        **CREDENTIALS,
    )
    assert result.error is None
    assert len(result.outputs["objects"]) == 5


def test_a_role_that_cannot_be_assumed_is_told(task, s3_url, filled, nowhere):
    result = task(
        "List",
        bucket=filled,
        endpointOverride=s3_url,
        stsEndpointOverride="http://127.0.0.1:9",
        stsRoleArn="arn:aws:iam::123456789012:role/reader",
        **CREDENTIALS,
    )
    assert result.error.startswith("Cannot connect to AWS: Could not connect to the endpoint URL")


def test_services_of_older_protocol_are_asked_without_checksums(task, s3, bucket):
    given = {"from": "{{ files.a }}", "key": "k", "bucket": bucket, "compatibilityMode": True}
    assert task("Upload", **given, files={"a": "data"}).error is None
    head = s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert not {name for name in head if name.startswith("ChecksumCRC")}


@pytest.mark.parametrize("name", ["endpointOverride", "stsEndpointOverride"])
def test_an_endpoint_that_the_operator_denies_is_not_asked(task, monkeypatch, name):
    monkeypatch.setattr(Tiercel, "outbound", OutboundPolicy.of(deny="private"))
    role = {"stsRoleArn": "arn:aws:iam::123456789012:role/reader"}
    result = task("List", bucket="b", **{name: "http://127.0.0.1:9"}, **role, **CREDENTIALS)
    assert result.error == "'127.0.0.1' is refused by 'private' in the setting httpDeny"
    assert not result.retryable
