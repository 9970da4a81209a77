"""`CreateBucket`."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from tiercel.plugin import Example, Output, Property, RunContext, Task
from tiercel_aws.connection import AwsConnection, told

__all__ = ["CreateBucket"]

# The one region that must not be named when a bucket is made there.
_HOME_REGION = "us-east-1"


class CreateBucketOutput(Output):
    """What `CreateBucket` gives to later tasks."""

    bucket: str
    """The bucket."""
    region: str | None = None
    """Where it is, as S3 says: `/my-bucket`."""


class CreateBucket(AwsConnection, Task[CreateBucketOutput]):
    """Make a bucket."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Make a bucket",
            """\
id: create_a_bucket
namespace: company.team

tasks:
  - id: create
    type: io.kestra.plugin.aws.s3.CreateBucket
    accessKeyId: "{{ secret('AWS_ACCESS_KEY_ID') }}"
    secretKeyId: "{{ secret('AWS_SECRET_KEY_ID') }}"
    region: eu-central-1
    bucket: my-new-bucket
""",
        ),
    )

    bucket: Property[str]
    """The bucket's name, unique in the whole world."""
    acl: Property[str] | None = None
    """A canned ACL, such as `private`."""
    grant_full_control: Property[str] | None = None
    """Who may do everything."""
    grant_read: Property[str] | None = None
    """Who may list the bucket."""
    grant_read_acp: Property[str] | None = Field(default=None, alias="grantReadACP")
    """Who may read its access control list."""
    grant_write: Property[str] | None = None
    """Who may write objects."""
    grant_write_acp: Property[str] | None = Field(default=None, alias="grantWriteACP")
    """Who may write its access control list."""
    object_lock_enabled_for_bucket: Property[bool] | None = None
    """Have Object Lock in the bucket."""

    def run(self, ctx: RunContext) -> CreateBucketOutput:
        """Make the bucket.

        Raises:
            TaskError: S3 refused: it exists already, say.
        """
        client = self.s3(ctx)
        given: dict[str, Any] = {
            "Bucket": ctx.render(self.bucket),
            "ACL": ctx.render(self.acl),
            "GrantFullControl": ctx.render(self.grant_full_control),
            "GrantRead": ctx.render(self.grant_read),
            "GrantReadACP": ctx.render(self.grant_read_acp),
            "GrantWrite": ctx.render(self.grant_write),
            "GrantWriteACP": ctx.render(self.grant_write_acp),
            "ObjectLockEnabledForBucket": ctx.render(self.object_lock_enabled_for_bucket),
        }
        if client.meta.region_name != _HOME_REGION:
            given["CreateBucketConfiguration"] = {"LocationConstraint": client.meta.region_name}
        with told(f"Cannot create bucket {given['Bucket']!r}"):
            reply = client.create_bucket(**{k: v for k, v in given.items() if v is not None})
        return CreateBucketOutput(bucket=given["Bucket"], region=reply.get("Location"))
