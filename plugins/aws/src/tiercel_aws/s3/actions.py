"""Copying objects, and what can be done to objects that were fetched."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from tiercel.plugin import Model, Property, RunContext, TaskError
from tiercel_aws.connection import told

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_s3 import S3Client

__all__ = ["Action", "CopyObject", "archive", "copy_object"]


class Action(StrEnum):
    """What becomes of objects that were fetched."""

    MOVE = "MOVE"
    DELETE = "DELETE"
    NONE = "NONE"


class ServerSideEncryption(StrEnum):
    """How S3 encrypts the copy."""

    NONE = "NONE"
    AES256 = "AES256"
    AWS_KMS = "AWS_KMS"


class CopyObject(Model):
    """A place for an object."""

    bucket: Property[str] | None = None
    """The bucket."""
    key: Property[str] | None = None
    """The key."""
    server_side_encryption: Property[ServerSideEncryption] | None = None
    """How S3 encrypts the object."""
    kms_key_id: Property[str] | None = None
    """The key to encrypt with, for AWS_KMS."""

    def encryption(self, ctx: RunContext) -> dict[str, Any]:
        """Return the arguments that say how S3 encrypts the object."""
        match ctx.render(self.server_side_encryption):
            case ServerSideEncryption.AES256:
                return {"ServerSideEncryption": "AES256"}
            case ServerSideEncryption.AWS_KMS:
                key = ctx.render(self.kms_key_id)
                return {"ServerSideEncryption": "aws:kms", **({"SSEKMSKeyId": key} if key else {})}
        return {}


class Copied(NamedTuple):
    """What a copy is known by: its entity tag and, in a bucket that keeps versions, its version."""

    tag: str | None
    version: str | None


def copy_object(
    client: S3Client,
    source: tuple[str, str],
    target: tuple[str, str],
    *,
    version: str | None = None,
    options: dict[str, Any] | None = None,
) -> Copied:
    """Copy an object of any size and return what the copy is known by.

    Args:
        client: a client for S3.
        source: bucket and key.
        target: bucket and key.
        version: the version to copy; the newest by default.
        options: further arguments of the request.

    Raises:
        TaskError: it cannot be copied.
    """
    origin: Any = {"Bucket": source[0], "Key": source[1]}
    if version:
        origin["VersionId"] = version
    with told(f"Cannot copy s3://{'/'.join(source)} to s3://{'/'.join(target)}"):
        client.copy(origin, *target, ExtraArgs=options or None)
        head = client.head_object(Bucket=target[0], Key=target[1])
    return Copied(head.get("ETag"), head.get("VersionId"))


class _Archiving(Protocol):
    """What has the properties that say what becomes of objects."""

    @property
    def bucket(self) -> Property[str]: ...
    @property
    def action(self) -> Property[Action]: ...
    @property
    def move_to(self) -> CopyObject | None: ...


def archive(ctx: RunContext, client: S3Client, task: _Archiving, keys: Sequence[str]) -> None:
    """Delete or move objects, or leave them as they are.

    Raises:
        TaskError: one cannot be deleted or moved, or nothing says where to.
    """
    action, bucket = ctx.render(task.action), ctx.render(task.bucket)
    if action is Action.NONE:
        return
    for key in keys:
        if action is Action.MOVE:
            target = _target(ctx, task.move_to, bucket, key)
            options = task.move_to.encryption(ctx) if task.move_to else {}
            copy_object(client, (bucket, key), target, options=options)
        with told(f"Cannot delete s3://{bucket}/{key}"):
            client.delete_object(Bucket=bucket, Key=key)


def _target(ctx: RunContext, to: CopyObject | None, bucket: str, key: str) -> tuple[str, str]:
    folder = ctx.render(to.key) if to else None
    if to is None or folder is None:
        raise TaskError("Action MOVE needs `moveTo` with a `key`", retryable=False)
    name = key.rstrip("/").rpartition("/")[2] + ("/" if key.endswith("/") else "")
    return ctx.render(to.bucket) or bucket, f"{folder.rstrip('/')}/{name}"
