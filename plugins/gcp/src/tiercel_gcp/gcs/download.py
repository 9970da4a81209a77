"""`Download`: an object, streamed into internal storage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

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
from tiercel_gcp.connection import told
from tiercel_gcp.gcs.client import GcsConnection, ObjectUri, Watched

if TYPE_CHECKING:
    from google.cloud.storage import Client

__all__ = ["Download", "fetch"]


class DownloadOutput(Output):
    """What `Download` gives to later tasks."""

    bucket: str
    """The bucket."""
    path: str
    """The object's name in the bucket."""
    uri: str
    """The stored file."""


class Download(GcsConnection, Task[DownloadOutput]):
    """Download an object into internal storage."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Download a file",
            """\
id: download_from_gcs
namespace: company.team

tasks:
  - id: download
    type: io.kestra.plugin.gcp.gcs.Download
    serviceAccount: "{{ secret('GCP_SERVICE_ACCOUNT') }}"
    from: gs://my-bucket/reports/january.csv

  - id: show
    type: io.kestra.plugin.core.log.Log
    message: "{{ fileSize(outputs.download.uri) }} bytes"
""",
        ),
    )
    metrics: ClassVar[tuple[MetricInfo, ...]] = (
        MetricInfo("checksum.validated", "counter", "How many files had the right checksum."),
    )

    from_: Property[str] = Field(alias="from")
    """The object: `gs://bucket/path`."""
    validate_checksum: Property[bool] = Property.of(False)
    """Fail unless Cloud Storage keeps a checksum of the object, and the file has it."""

    def run(self, ctx: RunContext) -> DownloadOutput:
        """Download the object.

        Raises:
            TaskError: it cannot be had, or it is not what its checksum says.
            TaskKilledError: the task is to stop.
        """
        source = ObjectUri.parse(ctx.render(self.from_))
        name = source.name.rpartition("/")[2] or "download"
        validate = ctx.render(self.validate_checksum)
        uri = fetch(ctx, self.gcs(ctx), source, name, validate=validate)
        return DownloadOutput(bucket=source.bucket, path=source.name, uri=uri)


def fetch(
    ctx: RunContext, client: Client, source: ObjectUri, name: str, *, validate: bool = False
) -> str:
    """Carry an object into internal storage; return its URI there.

    Args:
        ctx: what the task was given.
        client: a client for Cloud Storage.
        source: the object.
        name: what the stored file is called.
        validate: whether Cloud Storage must have a checksum, and the file that very one.

    Raises:
        TaskError: it cannot be had, or it is not what its checksum says.
        TaskKilledError: the task is to stop.
    """
    with told(f"Cannot download {source}"):
        blob = client.bucket(source.bucket).get_blob(source.name)
        if blob is None:
            raise TaskError(
                f"Unable to find blob on bucket '{source.bucket}' with path '{source.name}'"
            )
        algorithm = _algorithm(blob, source) if validate else "auto"
        with ctx.storage.create(name) as file:
            _transfer(blob, Watched(ctx, file), algorithm)
    if validate:
        ctx.metric(Metric.counter("checksum.validated", 1, algorithm=algorithm))
    return file.uri


def _transfer(blob: Any, target: Watched, algorithm: str) -> None:
    from google.cloud.storage.exceptions import DataCorruption

    try:
        blob.download_to_file(target, checksum=algorithm)
    except DataCorruption as error:
        raise TaskError(f"The checksum of the downloaded file is wrong: {error}") from error


def _algorithm(blob: Any, source: ObjectUri) -> str:
    if blob.crc32c:
        return "crc32c"
    if blob.md5_hash:
        return "md5"
    raise TaskError(
        f"Checksum validation requested but blob '{source}' has neither CRC32C nor MD5 metadata."
    )
