"""`Copy`: an object, from one place in S3 to another."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from tiercel.plugin import Example, Output, Property, RunContext, Task, TaskError
from tiercel_aws.connection import AwsConnection, told
from tiercel_aws.s3.actions import CopyObject, copy_object

__all__ = ["Copy"]


class CopyObjectFrom(CopyObject):
    """The object to copy."""

    version_id: Property[str] | None = None
    """Its version, in a bucket that keeps versions."""


class CopyOutput(Output):
    """What `Copy` gives to later tasks."""

    bucket: str
    """The copy's bucket."""
    key: str
    """The copy's key."""
    e_tag: str | None = None
    """The copy's entity tag."""
    version_id: str | None = None
    """The copy's version, in a bucket that keeps versions."""


class Copy(AwsConnection, Task[CopyOutput]):
    """Copy an object, or move it, without downloading it."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Copy a file to another bucket",
            """\
id: copy_in_s3
namespace: company.team

tasks:
  - id: copy
    type: io.kestra.plugin.aws.s3.Copy
    accessKeyId: "{{ secret('AWS_ACCESS_KEY_ID') }}"
    secretKeyId: "{{ secret('AWS_SECRET_KEY_ID') }}"
    region: eu-central-1
    from:
      bucket: my-bucket
      key: reports/january.csv
    to:
      bucket: my-archive
      key: 2026/january.csv
""",
        ),
    )

    from_: CopyObjectFrom = Field(alias="from")
    """The object to copy."""
    to: CopyObject | None = None
    """Where to; bucket or key of the source where one is left out."""
    delete: Property[bool] = Property.of(False)
    """Delete the source afterwards."""

    def run(self, ctx: RunContext) -> CopyOutput:
        """Copy the object.

        Raises:
            TaskError: it cannot be copied, or the source is not named.
        """
        source = ctx.render(self.from_.bucket), ctx.render(self.from_.key)
        if source[0] is None or source[1] is None:
            raise TaskError("`from` needs a `bucket` and a `key`", retryable=False)
        to = self.to or CopyObject()
        target = ctx.render(to.bucket) or source[0], ctx.render(to.key) or source[1]
        client = self.s3(ctx)
        copied = copy_object(
            client,
            (source[0], source[1]),
            target,
            version=ctx.render(self.from_.version_id),
            options=to.encryption(ctx),
        )
        if ctx.render(self.delete):
            with told(f"Cannot delete s3://{source[0]}/{source[1]}"):
                client.delete_object(Bucket=source[0], Key=source[1])
        return CopyOutput(
            bucket=target[0], key=target[1], e_tag=copied.tag, version_id=copied.version
        )
