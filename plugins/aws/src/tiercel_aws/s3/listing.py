"""`List`, and how all tasks that work on several objects find them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from tiercel.plugin import (
    Example,
    Metric,
    MetricInfo,
    Output,
    Property,
    RunContext,
    Task,
    TaskError,
)
from tiercel_aws.connection import AwsConnection, told
from tiercel_aws.s3.objects import S3Object

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

__all__ = ["Filter", "List", "S3Bucket", "Selection", "capped"]

OutputT = TypeVar("OutputT", bound=Output, covariant=True)
# What one request can return.
_PAGE = 1000


class Filter(StrEnum):
    """Which keys are meant: a key that ends with a slash stands for a directory."""

    FILES = "FILES"
    DIRECTORY = "DIRECTORY"
    BOTH = "BOTH"


class S3Bucket(AwsConnection):
    """A bucket, and how it is asked."""

    bucket: Property[str]
    """The bucket."""
    request_payer: Property[str] | None = None
    """`requester`, where the requester pays."""

    def asking(self, ctx: RunContext, **options: Any) -> dict[str, Any]:
        """Return the arguments that each request about an object has, without those that are None.

        Args:
            ctx: renders the properties.
            options: further arguments.
        """
        given = {
            "Bucket": ctx.render(self.bucket),
            "RequestPayer": ctx.render(self.request_payer),
            **options,
        }
        return {name: value for name, value in given.items() if value is not None}


class Selection(S3Bucket):
    """Objects of a bucket, by the beginning of their keys and by a pattern."""

    prefix: Property[str] | None = None
    """How keys begin."""
    delimiter: Property[str] | None = None
    """Leave out keys that have this character after the prefix; mostly `/`."""
    marker: Property[str] | None = None
    """Leave out keys up to this one."""
    encoding_type: Property[str] | None = None
    """Accepted for compatibility; keys may hold any character."""
    max_keys: Property[int] = Property.of(1000)
    """How many keys are looked at; the pattern chooses among these."""
    expected_bucket_owner: Property[str] | None = None
    """The account that must own the bucket."""
    regexp: Property[str] | None = None
    """A regular expression that a whole key must match."""

    def find(self, ctx: RunContext, client: S3Client, wanted: Filter) -> Iterator[S3Object]:
        """Return the objects that are meant, by key.

        Raises:
            TaskError: the bucket cannot be listed, or the pattern is no regular expression.
        """
        pattern = _compiled(ctx.render(self.regexp))
        most = ctx.render(self.max_keys)
        asked = self.asking(
            ctx,
            Prefix=ctx.render(self.prefix),
            Delimiter=ctx.render(self.delimiter),
            StartAfter=ctx.render(self.marker),
            ExpectedBucketOwner=ctx.render(self.expected_bucket_owner),
            MaxKeys=max(1, min(most, _PAGE)),
        )
        with told(f"Cannot list bucket {asked['Bucket']!r}"):
            pages = client.get_paginator("list_objects_v2").paginate(**asked)
            found = (each for page in pages for each in page.get("Contents", ()))
            for each in islice(found, most):
                key = each["Key"]
                if _is_wanted(key, wanted) and (pattern is None or pattern.fullmatch(key)):
                    yield S3Object.of(each)


def _compiled(pattern: str | None) -> re.Pattern[str] | None:
    try:
        return None if pattern is None else re.compile(pattern)
    except re.error as error:
        raise TaskError(
            f"Invalid regular expression {pattern!r}: {error}", retryable=False
        ) from error


def _is_wanted(key: str, wanted: Filter) -> bool:
    return wanted is Filter.BOTH or (wanted is Filter.DIRECTORY) == key.endswith("/")


def capped(ctx: RunContext, objects: list[S3Object], most: int) -> list[S3Object]:
    """Return the first `most` objects, with a warning when there are more."""
    if len(objects) > most:
        ctx.log(
            "WARN",
            f"Listing returned {len(objects)} files but maxFiles limit is {most}. "
            f"Only the first {most} files will be returned. "
            "Increase the maxFiles property if you need more files.",
        )
    return objects[:most]


class ListOutput(Output):
    """What `List` gives to later tasks."""

    objects: list[S3Object]
    """The objects, by key."""


class List(Selection, Task[ListOutput]):
    """List the objects of a bucket."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "List the CSV files below a prefix",
            """\
id: list_a_bucket
namespace: company.team

tasks:
  - id: list
    type: io.kestra.plugin.aws.s3.List
    accessKeyId: "{{ secret('AWS_ACCESS_KEY_ID') }}"
    secretKeyId: "{{ secret('AWS_SECRET_KEY_ID') }}"
    region: eu-central-1
    bucket: my-bucket
    prefix: reports/
    regexp: .*\\.csv

  - id: show
    type: io.kestra.plugin.core.log.Log
    message: "{{ outputs.list.objects | length }} files"
""",
        ),
    )
    metrics: ClassVar[tuple[MetricInfo, ...]] = (
        MetricInfo("s3.objects.count", "counter", "How many objects there are."),
    )

    filter: Property[Filter] = Property.of(Filter.BOTH)
    """Whether files, directories (keys that end with a slash) or both are meant."""
    max_files: Property[int] = Property.of(25)
    """How many objects are returned at most."""

    def run(self, ctx: RunContext) -> ListOutput:
        """Return the objects.

        Raises:
            TaskError: the bucket cannot be listed.
        """
        objects = list(self.find(ctx, self.s3(ctx), ctx.render(self.filter)))
        ctx.metric(Metric.counter("s3.objects.count", len(objects)))
        ctx.log("DEBUG", f"Found '{len(objects)}' keys on {ctx.render(self.bucket)}")
        return ListOutput(objects=capped(ctx, objects, ctx.render(self.max_files)))
