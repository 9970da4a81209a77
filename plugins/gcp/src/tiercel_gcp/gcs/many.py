"""`Downloads`, `DeleteList` and `DeleteBucket`: what is done to many objects at once."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from itertools import islice
from typing import TYPE_CHECKING, Annotated, ClassVar, Protocol

from pydantic import Field

from tiercel.plugin import (
    Example,
    Metric,
    MetricInfo,
    Output,
    Property,
    RunContext,
    StoredFileNotFoundError,
    Task,
    TaskError,
    TaskKilledError,
)
from tiercel_gcp.connection import told
from tiercel_gcp.gcs.client import GcsConnection, ObjectUri
from tiercel_gcp.gcs.download import fetch
from tiercel_gcp.gcs.files import copy_object
from tiercel_gcp.gcs.listing import Blob, Filter, Listed

if TYPE_CHECKING:
    from google.cloud.storage import Client

__all__ = ["Action", "DeleteBucket", "DeleteList", "Downloads", "archive", "unique_name"]

_AT_ONCE = 1000
"""How many objects are known at once while they are deleted."""


class Action(StrEnum):
    """What becomes of objects that were fetched."""

    MOVE = "MOVE"
    DELETE = "DELETE"
    NONE = "NONE"


class _Archiving(Protocol):
    """What has the properties that say what becomes of objects."""

    @property
    def action(self) -> Property[Action]: ...
    @property
    def move_directory(self) -> Property[str] | None: ...


def archive(ctx: RunContext, client: Client, task: _Archiving, blobs: Sequence[Blob]) -> None:
    """Delete or move objects, or leave them as they are.

    Raises:
        TaskError: one cannot be deleted or moved, or nothing says where to.
    """
    action, folder = ctx.render(task.action), ctx.render(task.move_directory)
    if action is Action.MOVE and not folder:
        raise TaskError("Action MOVE needs a `moveDirectory`", retryable=False)
    for blob in blobs:
        source = ObjectUri(blob.bucket, blob.name)
        if action is Action.DELETE:
            _delete(client, source)
        elif action is Action.MOVE:
            name = blob.name.rpartition("/")[2]
            into = ObjectUri.parse((folder or "").rstrip("/") + "/")
            target = ObjectUri(into.bucket, into.name + name)
            copy_object(ctx, client, source, target, and_delete=True)


def unique_name(blob: Blob) -> str:
    """Return a name for one of several files, which may be called the same."""
    return f"{secrets.token_hex(8)}-{blob.name.rpartition('/')[2] or 'download'}"


class DownloadsOutput(Output):
    """What `Downloads` gives to later tasks."""

    blobs: list[Blob]
    """The objects; `uri` is where each is stored."""
    output_files: dict[str, str]
    """The stored files by name of the object."""


class Downloads(Listed, Task[DownloadsOutput]):
    """Download several objects into internal storage."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Fetch what is there, and clear it away",
            """\
id: fetch_the_inbox
namespace: company.team

tasks:
  - id: fetch
    type: io.kestra.plugin.gcp.gcs.Downloads
    serviceAccount: "{{ secret('GCP_SERVICE_ACCOUNT') }}"
    from: gs://my-bucket/inbox/
    action: MOVE
    moveDirectory: gs://my-bucket/done/
""",
        ),
    )
    metrics: ClassVar[tuple[MetricInfo, ...]] = (
        MetricInfo("size", "counter", "How many objects were listed."),
        MetricInfo("checksum.validated", "counter", "How many files had the right checksum."),
    )

    all_versions: Property[bool] | None = None
    """List the older versions, too."""
    action: Property[Action] = Property.of(Action.NONE)
    """What becomes of the objects afterwards: DELETE, MOVE (see `moveDirectory`) or NONE."""
    move_directory: Property[str] | None = None
    """Where objects are moved: `gs://bucket/path`."""
    max_files: Property[int] = Property.of(25)
    """How many objects are downloaded at most."""
    validate_checksum: Property[bool] = Property.of(False)
    """Fail unless Cloud Storage keeps a checksum of each object, and the file has it."""

    def run(self, ctx: RunContext) -> DownloadsOutput:
        """Download the objects.

        Raises:
            TaskError: the bucket cannot be listed, or an object cannot be had, deleted or moved.
            TaskKilledError: the task is to stop.
        """
        client, validate = self.gcs(ctx), ctx.render(self.validate_checksum)
        found = self.find(ctx, client, Filter.FILES, versions=ctx.render(self.all_versions))
        blobs = self.first(ctx, found, ctx.render(self.max_files))
        ctx.metric(Metric.counter("size", len(blobs)))
        stored = []
        for blob in blobs:
            source = ObjectUri(blob.bucket, blob.name)
            uri = fetch(ctx, client, source, unique_name(blob), validate=validate)
            stored.append(blob.model_copy(update={"uri": uri}))
        archive(ctx, client, self, blobs)
        return DownloadsOutput(blobs=stored, output_files={each.name: each.uri for each in stored})


class DeleteListOutput(Output):
    """What `DeleteList` gives to later tasks."""

    count: int
    """How many objects were deleted."""
    size: int
    """How many bytes they had."""


class DeleteList(Listed, Task[DeleteListOutput]):
    """Delete several objects."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Delete what is below a directory",
            """\
id: clear_a_directory
namespace: company.team

tasks:
  - id: clear
    type: io.kestra.plugin.gcp.gcs.DeleteList
    serviceAccount: "{{ secret('GCP_SERVICE_ACCOUNT') }}"
    from: gs://my-bucket/tmp/
    listingType: RECURSIVE
""",
        ),
    )
    metrics: ClassVar[tuple[MetricInfo, ...]] = (
        MetricInfo("count", "counter", "How many objects were deleted."),
        MetricInfo("size", "counter", "How many bytes they had."),
    )

    all_versions: Property[bool] | None = None
    """List the older versions, too."""
    error_on_empty: Property[bool] = Property.of(False)
    """Fail when there is nothing to delete."""
    concurrent: Annotated[int, Field(ge=2)] | None = None
    """How many are deleted at once; one after the other by default."""

    def run(self, ctx: RunContext) -> DeleteListOutput:
        """Delete the objects.

        Raises:
            StoredFileNotFoundError: there are none, and `errorOnEmpty` is set.
            TaskError: the bucket cannot be listed, or an object cannot be deleted.
            TaskKilledError: the task is to stop.
        """
        place = ObjectUri.parse(ctx.render(self.from_))
        client = self.gcs(ctx)
        found = self.find(ctx, client, Filter.FILES, versions=ctx.render(self.all_versions))
        count = size = 0
        with told(f"Cannot list {place}"), ThreadPoolExecutor(self.concurrent or 1) as pool:
            while blobs := list(islice(found, _AT_ONCE)):
                if ctx.cancelled:
                    raise TaskKilledError("Deleting was stopped")
                uris = [ObjectUri(blob.bucket, blob.name) for blob in blobs]
                list(pool.map(lambda uri: _delete(client, uri), uris))
                count += len(blobs)
                size += sum(blob.size or 0 for blob in blobs)
        ctx.metric(Metric.counter("count", count))
        ctx.metric(Metric.counter("size", size))
        if not count and ctx.render(self.error_on_empty):
            raise StoredFileNotFoundError(f"Unable to find any files to delete on '{place}'")
        ctx.log("INFO", f"Deleted {count} files for {size} bytes")
        return DeleteListOutput(count=count, size=size)


class DeleteBucketOutput(Output):
    """What `DeleteBucket` gives to later tasks."""

    bucket: str
    """The bucket's name."""
    bucket_uri: str
    """Where it was: `gs://name`."""


class DeleteBucket(GcsConnection, Task[DeleteBucketOutput]):
    """Delete a bucket."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Delete a bucket with all that is in it",
            """\
id: delete_a_bucket
namespace: company.team

tasks:
  - id: delete
    type: io.kestra.plugin.gcp.gcs.DeleteBucket
    serviceAccount: "{{ secret('GCP_SERVICE_ACCOUNT') }}"
    name: my-old-bucket
    force: true
""",
        ),
    )

    name: Property[str]
    """The bucket's name."""
    force: Property[bool] = Property.of(False)
    """Delete its objects first; otherwise a bucket that holds any stays."""

    def run(self, ctx: RunContext) -> DeleteBucketOutput:
        """Delete the bucket.

        Raises:
            TaskError: there is none, it holds objects, or Cloud Storage refused.
            TaskKilledError: the task is to stop.
        """
        client, name = self.gcs(ctx), ctx.render(self.name)
        with told(f"Cannot delete bucket '{name}'"):
            bucket = client.bucket(name)
            if not bucket.exists():
                raise TaskError(f"Couldn't find bucket '{name}'")
            for blob in client.list_blobs(name, versions=True) if ctx.render(self.force) else ():
                if ctx.cancelled:
                    raise TaskKilledError("Deleting was stopped")
                blob.delete()
            bucket.delete()
        return DeleteBucketOutput(bucket=name, bucket_uri=f"gs://{name}")


def _delete(client: Client, target: ObjectUri) -> None:
    """Delete an object; that it is gone already is no failure."""
    from google.api_core.exceptions import NotFound

    with told(f"Cannot delete {target}"):
        try:
            client.bucket(target.bucket).blob(target.name).delete()
        except NotFound:
            return
