"""`CreateBucket`."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, ClassVar

from tiercel.plugin import (
    Example,
    Model,
    Output,
    Property,
    RunContext,
    Task,
    TaskError,
    Text,
)
from tiercel_gcp.connection import told
from tiercel_gcp.gcs.client import GcsConnection

__all__ = ["CreateBucket"]


class IfExists(StrEnum):
    """What to do when there is such a bucket already."""

    ERROR = "ERROR"
    UPDATE = "UPDATE"
    SKIP = "SKIP"


class LifecycleCondition(Model):
    """When a lifecycle rule applies."""

    age: Property[int]
    """How many days old an object is."""


class LifecycleAction(Model):
    """What becomes of objects that a lifecycle rule applies to."""

    type: Property[str]
    """DELETE or SET_STORAGE_CLASS."""
    value: Property[str] | None = None
    """The storage class to change to."""


class LifecycleRule(Model):
    """What becomes of objects as they grow old."""

    condition: LifecycleCondition
    """When it applies."""
    action: LifecycleAction
    """What it does."""


class Bucket(Output):
    """A bucket."""

    name: str
    """Its name."""
    uri: str
    """Where it is: `gs://name`."""
    location: str | None = None
    """The region it is in."""
    index_page: str | None = None
    """The page of a directory, where the bucket is a web site."""
    not_found_page: str | None = None
    """The page for what is not there, where the bucket is a web site."""


class CreateBucketOutput(Output):
    """What `CreateBucket` gives to later tasks."""

    bucket: Bucket
    """The bucket."""
    created: bool = False
    """Whether it was made."""
    updated: bool = False
    """Whether it was there and has been changed."""


class CreateBucket(GcsConnection, Task[CreateBucketOutput]):
    """Make a bucket, or change one that is there."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Make a bucket unless it is there",
            """\
id: create_a_bucket
namespace: company.team

tasks:
  - id: create
    type: io.kestra.plugin.gcp.gcs.CreateBucket
    serviceAccount: "{{ secret('GCP_SERVICE_ACCOUNT') }}"
    name: my-new-bucket
    location: EU
    storageClass: STANDARD
    ifExists: SKIP
""",
        ),
    )

    name: Property[str]
    """The bucket's name, unique in the whole world."""
    location: Property[str] | None = None
    """The region; US by default."""
    storage_class: Property[str] | None = None
    """The storage class of new objects: STANDARD, NEARLINE, COLDLINE, ARCHIVE."""
    if_exists: Property[IfExists] = Property.of(IfExists.ERROR)
    """What to do when there is such a bucket: ERROR, UPDATE it, or SKIP."""
    labels: Property[dict[str, Text]] | None = None
    """Labels of the bucket."""
    versioning_enabled: Property[bool] | None = None
    """Keep older versions of objects."""
    requester_pays: Property[bool] | None = None
    """Have those pay who read."""
    index_page: Property[str] | None = None
    """The page of a directory, where the bucket is a web site."""
    not_found_page: Property[str] | None = None
    """The page for what is not there, where the bucket is a web site."""
    default_kms_key_name: Property[str] | None = None
    """The key that new objects are encrypted with."""
    default_event_based_hold: Property[bool] | None = None
    """Hold new objects until somebody releases them."""
    retention_period: Property[int] | None = None
    """How many seconds objects are kept at least."""
    lifecycle_rules: list[LifecycleRule] | None = None
    """What becomes of objects as they grow old."""

    def run(self, ctx: RunContext) -> CreateBucketOutput:
        """Make the bucket.

        Raises:
            TaskError: Cloud Storage refused, or there is one and `ifExists` is ERROR.
        """
        client, name = self.gcs(ctx), ctx.render(self.name)
        with told(f"Cannot create bucket '{name}'"):
            bucket: Any = client.lookup_bucket(name)
            if bucket is None:
                bucket = client.bucket(name)
                self._describe(ctx, bucket)
                client.create_bucket(bucket, location=ctx.render(self.location))
                return CreateBucketOutput(bucket=_described(bucket), created=True)
            match ctx.render(self.if_exists):
                case IfExists.ERROR:
                    raise TaskError(
                        f"Bucket {name} already exists and ifExists policy is set to ERROR !"
                    )
                case IfExists.UPDATE:
                    self._describe(ctx, bucket)
                    bucket.patch()
                    return CreateBucketOutput(bucket=_described(bucket), updated=True)
        return CreateBucketOutput(bucket=_described(bucket))

    def _describe(self, ctx: RunContext, bucket: Any) -> None:
        given = {
            "storage_class": ctx.render(self.storage_class),
            "labels": ctx.render(self.labels),
            "versioning_enabled": ctx.render(self.versioning_enabled),
            "requester_pays": ctx.render(self.requester_pays),
            "default_kms_key_name": ctx.render(self.default_kms_key_name),
            "default_event_based_hold": ctx.render(self.default_event_based_hold),
            "retention_period": ctx.render(self.retention_period),
        }
        for name, value in given.items():
            if value is not None:
                setattr(bucket, name, value)
        if self.index_page or self.not_found_page:
            bucket.configure_website(ctx.render(self.index_page), ctx.render(self.not_found_page))
        for rule in self.lifecycle_rules or ():
            age = ctx.render(rule.condition.age)
            if ctx.render(rule.action.type) == "DELETE":
                bucket.add_lifecycle_delete_rule(age=age)
            else:
                bucket.add_lifecycle_set_storage_class_rule(ctx.render(rule.action.value), age=age)


def _described(bucket: Any) -> Bucket:
    site = bucket._properties.get("website") or {}  # nothing public reads it back
    return Bucket(
        name=bucket.name,
        uri=f"gs://{bucket.name}",
        location=bucket.location,
        index_page=site.get("mainPageSuffix"),
        not_found_page=site.get("notFoundPage"),
    )
