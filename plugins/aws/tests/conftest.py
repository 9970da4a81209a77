"""A bucket on a real S3 server on loopback, and what makes boto3 find it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tiercel.testing import TaskResult, run_task

sys.path.insert(0, str(Path(__file__).parent))

import s3_server

NUMBERS = count()


@pytest.fixture(scope="session")
def s3_url() -> Iterator[str]:
    with s3_server.serving() as url:
        yield url


@pytest.fixture(scope="session")
def client(s3_url: str) -> Any:
    """A client of the server; making one takes long."""
    import boto3

    return boto3.Session().client(
        "s3",
        endpoint_url=s3_url,
        region_name="eu-central-1",
        aws_access_key_id="test-key",
        aws_secret_access_key="test-secret",
    )


@pytest.fixture
def s3(client: Any, s3_url: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A client of the server; the environment leads boto3 there, too."""
    for name, value in {**s3_server.ENVIRONMENT, "AWS_ENDPOINT_URL": s3_url}.items():
        monkeypatch.setenv(name, value)
    return client


@pytest.fixture
def bucket(s3: Any) -> str:
    """A new bucket."""
    return make_bucket(s3, f"bucket-{next(NUMBERS)}")


def make_bucket(s3: Any, name: str) -> str:
    s3.create_bucket(
        Bucket=name, CreateBucketConfiguration={"LocationConstraint": s3.meta.region_name}
    )
    return name


@pytest.fixture
def filled(s3: Any, bucket: str) -> str:
    """A new bucket with five objects."""
    for key in ("in/", "in/a.csv", "in/b.csv", "in/deep/c.csv", "other.txt"):
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    return bucket


@pytest.fixture
def keys(s3: Any) -> Callable[[str], list[str]]:
    """Return the keys of a bucket."""

    def keys(bucket: str) -> list[str]:
        return [each["Key"] for each in s3.list_objects_v2(Bucket=bucket).get("Contents", ())]

    return keys


@pytest.fixture
def task(s3: Any) -> Callable[..., TaskResult]:
    """Run an S3 task; `files` and `variables` are the test's own."""

    def run(kind: str, **properties: Any) -> TaskResult:
        given = {k: properties.pop(k) for k in ("files", "variables") if k in properties}
        return run_task({"type": f"io.kestra.plugin.aws.s3.{kind}", **properties}, **given)

    return run
