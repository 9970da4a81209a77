"""`Upload`: a stored file, streamed into a bucket."""

from __future__ import annotations

import base64
import hashlib
from typing import Any, BinaryIO, ClassVar

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

__all__ = ["Upload"]


class UploadOutput(Output):
    """What `Upload` gives to later tasks."""

    uri: str
    """The object: `gs://bucket/path`."""
    md5: str | None = None
    """The file's MD5 digest, in Base64."""
    crc32c: str | None = Field(default=None, alias="crc32c")
    """The file's CRC32C checksum, in Base64."""


class Upload(GcsConnection, Task[UploadOutput]):
    """Upload a file to a bucket."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Upload a file",
            """\
id: upload_to_gcs
namespace: company.team

tasks:
  - id: report
    type: io.kestra.plugin.core.storage.Write
    content: |
      name,price
      apple,1.20
    extension: .csv

  - id: upload
    type: io.kestra.plugin.gcp.gcs.Upload
    serviceAccount: "{{ secret('GCP_SERVICE_ACCOUNT') }}"
    from: "{{ outputs.report.uri }}"
    to: gs://my-bucket/reports/february.csv
    contentType: text/csv
""",
        ),
    )
    metrics: ClassVar[tuple[MetricInfo, ...]] = (
        MetricInfo("file.size", "counter", "The size of the file, in bytes."),
    )

    from_: Property[str] = Field(alias="from")
    """The URI of a stored file."""
    to: Property[str]
    """The object: `gs://bucket/path`."""
    content_type: Property[str] | None = None
    """The object's media type."""
    content_encoding: Property[str] | None = None
    """How the object is compressed, as in HTTP."""
    content_disposition: Property[str] | None = None
    """How browsers show the object, as in HTTP."""
    cache_control: Property[str] | None = None
    """How long the object may be cached, as in HTTP."""
    validate_checksum: Property[bool] = Property.of(True)
    """Fail when the object's checksums are not those of the file."""
    expected_md5: Property[str] | None = None
    """The MD5 digest that the file must have, in Base64."""
    expected_crc32c: Property[str] | None = Field(default=None, alias="expectedCrc32c")
    """The CRC32C checksum that the file must have, in Base64."""

    def run(self, ctx: RunContext) -> UploadOutput:
        """Upload the file.

        Raises:
            TaskError: Cloud Storage refused, or a checksum is wrong.
            StorageError: the file cannot be read.
            TaskKilledError: the task is to stop.
        """
        source, target = ctx.render(self.from_), ObjectUri.parse(ctx.render(self.to))
        with ctx.storage.open(source) as file, told(f"Cannot upload {source} to {target}"):
            blob = self.gcs(ctx).bucket(target.bucket).blob(target.name)
            blob.content_encoding = ctx.render(self.content_encoding)
            blob.content_disposition = ctx.render(self.content_disposition)
            blob.cache_control = ctx.render(self.cache_control)
            sums = _transfer(ctx, file, blob, ctx.render(self.content_type))
        ctx.metric(Metric.counter("file.size", sums["size"]))
        expected = {
            "MD5": ctx.render(self.expected_md5),
            "CRC32C": ctx.render(self.expected_crc32c),
        }
        stored = {"MD5": blob.md5_hash, "CRC32C": blob.crc32c}
        for name, wanted in expected.items():
            if wanted and wanted != sums[name]:
                raise TaskError(
                    f"Source {name} mismatch: expected={wanted}, computed={sums[name]}",
                    retryable=False,
                )
            # Some objects have one of the two only.
            if ctx.render(self.validate_checksum) and stored[name] not in (None, sums[name]):
                raise TaskError(
                    f"{name} mismatch between client and GCS: client={sums[name]}, "
                    f"gcs={stored[name]}"
                )
        return UploadOutput(uri=str(target), md5=sums["MD5"], crc32c=sums["CRC32C"])


def _transfer(ctx: RunContext, file: BinaryIO, blob: Any, content_type: str | None) -> Any:
    """Upload a file; return its size and its checksums by name."""
    import google_crc32c

    md5, crc = hashlib.md5(usedforsecurity=False), google_crc32c.Checksum()
    watched = Watched(ctx, file, md5, crc)
    blob.upload_from_file(watched, content_type=content_type)
    digests = {"MD5": md5.digest(), "CRC32C": crc.digest()}
    return {
        "size": watched.size,
        **{name: base64.b64encode(digest).decode() for name, digest in digests.items()},
    }
