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


class HttpMethod(StrEnum):
    """What browsers may do."""

    GET = "GET"
    HEAD = "HEAD"
    PUT = "PUT"
    POST = "POST"
    DELETE = "DELETE"
    OPTIONS = "OPTIONS"


class Origin(Model):
    """A site."""

    value: str
    """Its address, such as `https://example.com`, or `*`."""


class Cors(Model):
    """What pages of other sites may do with the bucket's objects (cross-origin requests)."""

    max_age_seconds: int | None = None
    """How long browsers remember it."""
    methods: list[HttpMethod] | None = None
    """With which methods."""
    origins: list[Origin | str] | None = None
    """From which sites."""
    response_headers: list[str] | None = None
    """Which headers of replies they see."""

    def rule(self) -> dict[str, Any]:
        """Return the rule as Cloud Storage's API has it."""
        sites = [each.value if isinstance(each, Origin) else each for each in self.origins or ()]
        known = {
            "maxAgeSeconds": self.max_age_seconds,
            "method": [str(each) for each in self.methods or ()],
            "origin": sites,
            "responseHeader": self.response_headers,
        }
        return {name: value for name, value in known.items() if value}


class EntityType(StrEnum):
    """Whom an entity stands for."""

    DOMAIN = "DOMAIN"
    GROUP = "GROUP"
    USER = "USER"


class Role(StrEnum):
    """What somebody may do."""

    READER = "READER"
    WRITER = "WRITER"
    OWNER = "OWNER"


class Entity(Model):
    """Somebody."""

    type: Property[EntityType]
    """USER, GROUP or DOMAIN."""
    value: Property[str]
    """The e-mail address, or the domain."""


class AccessControl(Model):
    """What somebody may do."""

    entity: Entity
    """Who."""
    role: Property[Role]
    """READER, WRITER or OWNER."""

    def entry(self, ctx: RunContext) -> dict[str, str]:
        """Return it as Cloud Storage's API has it."""
        kind, value = ctx.render(self.entity.type), ctx.render(self.entity.value)
        return {"entity": f"{kind.lower()}-{value}", "role": str(ctx.render(self.role))}


class PublicAccessPrevention(StrEnum):
    """Whether the public can be let in."""

    ENFORCED = "ENFORCED"
    INHERITED = "INHERITED"
    UNSPECIFIED = "UNSPECIFIED"
    UNKNOWN = "UNKNOWN"


class IamConfiguration(Model):
    """How access is decided."""

    uniform_bucket_level_access_enabled: bool | None = None
    """By the bucket alone, without lists of single objects."""
    public_access_prevention: PublicAccessPrevention | None = None
    """ENFORCED keeps the public out, INHERITED does what the project says."""


class Logging(Model):
    """Where accesses are logged."""

    log_bucket: str | None = None
    """The bucket of the logs."""
    log_object_prefix: str | None = None
    """What their names begin with."""


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
    cors: list[Cors] | None = None
    """What pages of other sites may do."""
    acl: list[AccessControl] | None = None
    """Who may use the bucket."""
    default_acl: list[AccessControl] | None = None
    """Who may use new objects."""
    iam_configuration: IamConfiguration | None = None
    """How access is decided."""
    logging: Logging | None = None
    """Where accesses are logged."""

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
                self._admit(ctx, bucket)
                return CreateBucketOutput(bucket=_described(bucket), created=True)
            match ctx.render(self.if_exists):
                case IfExists.ERROR:
                    raise TaskError(
                        f"Bucket {name} already exists and ifExists policy is set to ERROR !"
                    )
                case IfExists.UPDATE:
                    self._describe(ctx, bucket)
                    bucket.patch()
                    self._admit(ctx, bucket)
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
        if self.cors:
            bucket.cors = [each.rule() for each in self.cors]
        if self.logging:
            bucket.enable_logging(
                self.logging.log_bucket, object_prefix=self.logging.log_object_prefix or ""
            )
        self._decide_access(bucket)
        for rule in self.lifecycle_rules or ():
            age = ctx.render(rule.condition.age)
            if ctx.render(rule.action.type) == "DELETE":
                bucket.add_lifecycle_delete_rule(age=age)
            else:
                bucket.add_lifecycle_set_storage_class_rule(ctx.render(rule.action.value), age=age)

    def _decide_access(self, bucket: Any) -> None:
        given = self.iam_configuration
        if given is None:
            return
        configuration = bucket.iam_configuration
        if given.uniform_bucket_level_access_enabled is not None:
            enabled = given.uniform_bucket_level_access_enabled
            configuration.uniform_bucket_level_access_enabled = enabled
        if given.public_access_prevention is not None:
            configuration.public_access_prevention = given.public_access_prevention.lower()

    def _admit(self, ctx: RunContext, bucket: Any) -> None:
        """Write the access control lists, which replace those that are there."""
        for given, acl in ((self.acl, bucket.acl), (self.default_acl, bucket.default_object_acl)):
            if given:
                acl.loaded = True  # nobody need ask for what is replaced
                acl.save([each.entry(ctx) for each in given])


def _described(bucket: Any) -> Bucket:
    site = bucket._properties.get("website") or {}  # nothing public reads it back
    return Bucket(
        name=bucket.name,
        uri=f"gs://{bucket.name}",
        location=bucket.location,
        index_page=site.get("mainPageSuffix"),
        not_found_page=site.get("notFoundPage"),
    )
