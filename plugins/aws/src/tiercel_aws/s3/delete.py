"""`Delete` and `DeleteList`."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, ClassVar

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
from tiercel_aws.connection import told
from tiercel_aws.s3.listing import Filter, S3Bucket, Selection

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_s3 import S3Client

__all__ = ["Delete", "DeleteList", "delete_objects"]

_BATCH = 1000


def delete_objects(client: S3Client, bucket: str, keys: Sequence[str]) -> None:
    """Delete up to a thousand objects with one request.

    Raises:
        TaskError: S3 kept one of them, or refused altogether.
    """
    with told(f"Cannot delete objects of bucket {bucket!r}"):
        reply = client.delete_objects(
            Bucket=bucket, Delete={"Objects": [{"Key": key} for key in keys], "Quiet": True}
        )
    for error in reply.get("Errors", ()):
        raise TaskError(f"Cannot delete s3://{bucket}/{error.get('Key')}: {error.get('Message')}")


class DeleteOutput(Output):
    """What `Delete` gives to later tasks."""

    version_id: str | None = None
    """The version that was deleted, or that of the delete marker that stands for it."""
    delete_marker: bool | None = None
    """Whether a delete marker took the object's place, or was what was deleted."""
    request_charged: str | None = None
    """`requester`, where the requester was charged."""


class Delete(S3Bucket, Task[DeleteOutput]):
    """Delete an object; one that is not there is no failure."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Delete a file",
            """\
id: delete_from_s3
namespace: company.team

tasks:
  - id: delete
    type: io.kestra.plugin.aws.s3.Delete
    accessKeyId: "{{ secret('AWS_ACCESS_KEY_ID') }}"
    secretKeyId: "{{ secret('AWS_SECRET_KEY_ID') }}"
    region: eu-central-1
    bucket: my-bucket
    key: reports/january.csv
""",
        ),
    )

    key: Property[str]
    """The object's key."""
    bypass_governance_retention: Property[bool] | None = None
    """Delete it although Object Lock keeps it in governance mode."""
    mfa: Property[str] | None = None
    """Serial number of the authentication device, a space, and what it displays."""

    def run(self, ctx: RunContext) -> DeleteOutput:
        """Delete the object.

        Raises:
            TaskError: S3 refused.
        """
        asked = self.asking(
            ctx,
            Key=ctx.render(self.key),
            MFA=ctx.render(self.mfa),
            BypassGovernanceRetention=ctx.render(self.bypass_governance_retention),
        )
        with told(f"Cannot delete s3://{asked['Bucket']}/{asked['Key']}"):
            reply = self.s3(ctx).delete_object(**asked)
        return DeleteOutput(
            version_id=reply.get("VersionId"),
            delete_marker=reply.get("DeleteMarker"),
            request_charged=reply.get("RequestCharged"),
        )


class DeleteListOutput(Output):
    """What `DeleteList` gives to later tasks."""

    count: int
    """How many objects were deleted."""
    size: int
    """The size of all of them, in bytes."""


class DeleteList(Selection, Task[DeleteListOutput]):
    """Delete several objects."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Empty a folder",
            """\
id: empty_a_folder
namespace: company.team

tasks:
  - id: empty
    type: io.kestra.plugin.aws.s3.DeleteList
    accessKeyId: "{{ secret('AWS_ACCESS_KEY_ID') }}"
    secretKeyId: "{{ secret('AWS_SECRET_KEY_ID') }}"
    region: eu-central-1
    bucket: my-bucket
    prefix: scratch/
""",
        ),
    )
    metrics: ClassVar[tuple[MetricInfo, ...]] = (
        MetricInfo("s3.objects.deleted.count", "counter", "How many objects were deleted."),
        MetricInfo("s3.objects.deleted.size", "counter", "The size of all of them, in bytes."),
    )

    filter: Property[Filter] = Property.of(Filter.BOTH)
    """Whether files, directories (keys that end with a slash) or both are meant."""
    concurrent: int | None = None
    """Accepted for compatibility; a thousand objects are deleted with one request."""
    error_on_empty: Property[bool] = Property.of(False)
    """Fail when there is nothing to delete."""

    def run(self, ctx: RunContext) -> DeleteListOutput:
        """Delete the objects.

        Raises:
            TaskError: one cannot be deleted, or there is none and `errorOnEmpty` is set.
        """
        client, bucket = self.s3(ctx), ctx.render(self.bucket)
        found = self.find(ctx, client, ctx.render(self.filter))
        count = size = 0
        while batch := list(islice(found, _BATCH)):
            delete_objects(client, bucket, [each.key for each in batch])
            count += len(batch)
            size += sum(each.size or 0 for each in batch)
        ctx.metric(Metric.counter("s3.objects.deleted.count", count))
        ctx.metric(Metric.counter("s3.objects.deleted.size", size))
        if not count and ctx.render(self.error_on_empty):
            raise TaskError(
                f"Unable to find any files to delete on {bucket} with "
                f"regexp='{ctx.render(self.regexp)}', prefix='{ctx.render(self.prefix)}'"
            )
        ctx.log("INFO", f"Deleted {count} keys for {size} bytes")
        return DeleteListOutput(count=count, size=size)
