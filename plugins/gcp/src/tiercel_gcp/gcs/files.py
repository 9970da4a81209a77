"""`Copy` and `Delete`."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

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

if TYPE_CHECKING:
    from google.cloud.storage import Client

__all__ = ["Copy", "Delete", "copy_object"]


class CopyOutput(Output):
    """What `Copy` gives to later tasks."""

    uri: str
    """The copy: `gs://bucket/path`."""


class Copy(GcsConnection, Task[CopyOutput]):
    """Copy an object, or move it, without downloading it."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Move a file to another bucket",
            """\
id: move_in_gcs
namespace: company.team

tasks:
  - id: move
    type: io.kestra.plugin.gcp.gcs.Copy
    serviceAccount: "{{ secret('GCP_SERVICE_ACCOUNT') }}"
    from: gs://my-bucket/reports/january.csv
    to: gs://my-archive/2026/january.csv
    delete: true
""",
        ),
    )
    metrics: ClassVar[tuple[MetricInfo, ...]] = (
        MetricInfo("file.size", "counter", "The size of the object, in bytes."),
    )

    from_: Property[str] = Field(alias="from")
    """The object: `gs://bucket/path`."""
    to: Property[str]
    """The copy: `gs://bucket/path`."""
    delete: Property[bool] = Property.of(False)
    """Delete the source afterwards."""

    def run(self, ctx: RunContext) -> CopyOutput:
        """Copy the object.

        Raises:
            TaskError: it cannot be copied, or source and target are the same.
            TaskKilledError: the task is to stop.
        """
        source = ObjectUri.parse(ctx.render(self.from_))
        target = ObjectUri.parse(ctx.render(self.to))
        if source == target:
            raise TaskError(f"Invalid copy to same path '{target}'", retryable=False)
        size = copy_object(ctx, self.gcs(ctx), source, target, and_delete=ctx.render(self.delete))
        ctx.metric(Metric.counter("file.size", size))
        return CopyOutput(uri=str(target))


def copy_object(
    ctx: RunContext, client: Client, source: ObjectUri, target: ObjectUri, *, and_delete: bool
) -> int:
    """Copy an object of any size and return its size in bytes.

    Args:
        ctx: what the task was given.
        client: a client for Cloud Storage.
        source: the object.
        target: the copy.
        and_delete: whether the source goes.

    Raises:
        TaskError: it cannot be copied.
        TaskKilledError: the task is to stop.
    """
    with told(f"Cannot copy {source} to {target}"):
        origin = client.bucket(source.bucket).blob(source.name)
        copy = client.bucket(target.bucket).blob(target.name)
        token, _, size = copy.rewrite(origin)
        while token:  # a large object is copied piece by piece
            if ctx.cancelled:
                raise TaskKilledError("The copy was stopped")
            token, _, size = copy.rewrite(origin, token=token)
        if and_delete:
            origin.delete()
    return int(size)


class DeleteOutput(Output):
    """What `Delete` gives to later tasks."""

    uri: str
    """The object: `gs://bucket/path`."""
    deleted: bool
    """Whether it was there."""


class Delete(GcsConnection, Task[DeleteOutput]):
    """Delete an object."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Delete a file",
            """\
id: delete_from_gcs
namespace: company.team

tasks:
  - id: delete
    type: io.kestra.plugin.gcp.gcs.Delete
    serviceAccount: "{{ secret('GCP_SERVICE_ACCOUNT') }}"
    uri: gs://my-bucket/reports/january.csv
""",
        ),
    )

    uri: Property[str]
    """The object: `gs://bucket/path`."""
    error_on_missing: Property[bool] = Property.of(False)
    """Fail when there is no such object."""

    def run(self, ctx: RunContext) -> DeleteOutput:
        """Delete the object and say whether it was there.

        Raises:
            StoredFileNotFoundError: it was not, and `errorOnMissing` is set.
            TaskError: Cloud Storage refused.
        """
        from google.api_core.exceptions import NotFound

        target = ObjectUri.parse(ctx.render(self.uri))
        with told(f"Cannot delete {target}"):
            try:
                self.gcs(ctx).bucket(target.bucket).blob(target.name).delete()
                deleted = True
            except NotFound:
                deleted = False
        if not deleted and ctx.render(self.error_on_missing):
            raise StoredFileNotFoundError(f"Unable to find file '{target}'")
        return DeleteOutput(uri=str(target), deleted=deleted)
