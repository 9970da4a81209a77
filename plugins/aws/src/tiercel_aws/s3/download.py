"""`Download` and `Downloads`: objects, streamed into internal storage."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any, ClassVar

from tiercel.plugin import (
    Example,
    Metric,
    MetricInfo,
    Output,
    Property,
    RunContext,
    Task,
    TaskError,
    TaskKilledError,
)
from tiercel_aws.connection import told
from tiercel_aws.s3.actions import Action, CopyObject, archive
from tiercel_aws.s3.listing import Filter, Selection, capped
from tiercel_aws.s3.objects import FileInfo, S3Object, checksum

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

__all__ = ["Download", "Downloads", "fetch", "unique_name"]

_CHUNK = 1 << 20
# How often watchers are told of the progress.
_PROGRESS = 16 << 20
_FILE_SIZE = MetricInfo("file.size", "counter", "The size of each downloaded file, in bytes.")


def fetch(ctx: RunContext, client: S3Client, name: str, asked: dict[str, Any]) -> FileInfo:
    """Store an object as a file of this task run.

    Args:
        ctx: what the task was given.
        client: a client for S3.
        name: what the file is called.
        asked: the arguments of the request.

    Raises:
        TaskError: the object cannot be had, or it is not what its checksum says.
        TaskKilledError: the task is to stop.
    """
    where = f"s3://{asked['Bucket']}/{asked['Key']}"
    with told(f"Cannot download {where}"):
        reply = client.get_object(**asked)
        with closing(reply["Body"]) as body, ctx.storage.create(name) as file:
            for chunk in _watched(ctx, body.iter_chunks(_CHUNK), reply["ContentLength"]):
                file.write(chunk)
    ctx.metric(Metric.counter("file.size", reply["ContentLength"]))
    algorithm, value = checksum(reply)
    if "ChecksumMode" in asked and algorithm is None:
        ctx.log(
            "WARN",
            f"Checksum validation requested for key '{asked['Key']}' but the object has no stored "
            "checksum; transfer was not verified.",
        )
    return FileInfo(
        uri=file.uri,
        content_length=reply["ContentLength"],
        content_type=reply.get("ContentType"),
        metadata=reply.get("Metadata"),
        e_tag=reply.get("ETag"),
        version_id=reply.get("VersionId"),
        checksum_algorithm=algorithm,
        checksum_value=value,
    )


def _watched(ctx: RunContext, chunks: Iterator[bytes], length: int) -> Iterator[bytes]:
    received, due = 0, _PROGRESS
    for chunk in chunks:
        if ctx.cancelled:
            raise TaskKilledError("The download was stopped")
        yield chunk
        received += len(chunk)
        if received >= due:
            ctx.progress(received / length)
            due += _PROGRESS


def _file_name(key: str) -> str:
    return key.rpartition("/")[2] or "download"


def unique_name(key: str) -> str:
    """Return a name for one of several files, which may be called the same."""
    return f"{secrets.token_hex(8)}-{_file_name(key)}"


class DownloadOutput(FileInfo):
    """What `Download` gives to later tasks: the file, or with a filter the `files`."""

    files: dict[str, FileInfo] | None = None
    """The files by key, when several are asked for."""


class Download(Selection, Task[DownloadOutput]):
    """Download an object into internal storage.

    With `prefix`, `delimiter` or `regexp` instead of `key` all objects that these select.
    """

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Download a file",
            """\
id: download_from_s3
namespace: company.team

tasks:
  - id: download
    type: io.kestra.plugin.aws.s3.Download
    accessKeyId: "{{ secret('AWS_ACCESS_KEY_ID') }}"
    secretKeyId: "{{ secret('AWS_SECRET_KEY_ID') }}"
    region: eu-central-1
    bucket: my-bucket
    key: reports/january.csv

  - id: show
    type: io.kestra.plugin.core.log.Log
    message: "{{ outputs.download.contentLength }} bytes in {{ outputs.download.uri }}"
""",
        ),
    )
    metrics: ClassVar[tuple[MetricInfo, ...]] = (_FILE_SIZE,)

    key: Property[str] | None = None
    """The object's key."""
    version_id: Property[str] | None = None
    """The version to download, in a bucket that keeps versions."""
    max_files: Property[int] = Property.of(25)
    """How many objects are downloaded at most."""
    validate_checksum: Property[bool] = Property.of(False)
    """Check the file against the checksum that S3 keeps of it."""

    def run(self, ctx: RunContext) -> DownloadOutput:
        """Download the object or the objects.

        Raises:
            TaskError: an object cannot be had, or none is named.
        """
        asked = self.asking(
            ctx,
            VersionId=ctx.render(self.version_id),
            ExpectedBucketOwner=ctx.render(self.expected_bucket_owner),
            ChecksumMode="ENABLED" if ctx.render(self.validate_checksum) else None,
        )
        if self.prefix is not None or self.delimiter is not None or self.regexp is not None:
            return DownloadOutput(files=self._files(ctx, asked))
        key = ctx.render(self.key)
        if not key:
            raise TaskError(
                "Invalid configuration: either specify 'key' for single file download or at least "
                "one filtering parameter (prefix, delimiter, regexp) for multiple files download",
                retryable=False,
            )
        found = fetch(ctx, self.s3(ctx), _file_name(key), {**asked, "Key": key})
        return DownloadOutput(**found.model_dump())

    def _files(self, ctx: RunContext, asked: dict[str, Any]) -> dict[str, FileInfo]:
        client = self.s3(ctx)
        objects = list(self.find(ctx, client, Filter.FILES))
        if not objects:
            ctx.log("WARN", "No objects found matching the filter criteria")
        return {
            each.key: fetch(ctx, client, unique_name(each.key), {**asked, "Key": each.key})
            for each in capped(ctx, objects, ctx.render(self.max_files))
        }


class DownloadsOutput(Output):
    """What `Downloads` gives to later tasks."""

    objects: list[S3Object]
    """The objects with their stored files, by key."""
    output_files: dict[str, str]
    """The stored files: key → URI."""


class Downloads(Selection, Task[DownloadsOutput]):
    """Download several objects, and then delete or move them if that is wanted."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Fetch what has come in, and move it out of the way",
            """\
id: fetch_the_inbox
namespace: company.team

tasks:
  - id: inbox
    type: io.kestra.plugin.aws.s3.Downloads
    accessKeyId: "{{ secret('AWS_ACCESS_KEY_ID') }}"
    secretKeyId: "{{ secret('AWS_SECRET_KEY_ID') }}"
    region: eu-central-1
    bucket: my-bucket
    prefix: inbox/
    action: MOVE
    moveTo:
      bucket: my-bucket
      key: archive

  - id: each
    type: io.kestra.plugin.core.flow.ForEach
    values: "{{ outputs.inbox.objects | jq('.[].uri') }}"
    tasks:
      - id: size
        type: io.kestra.plugin.core.log.Log
        message: "{{ fileSize(taskrun.value) }} bytes"
""",
        ),
    )
    metrics: ClassVar[tuple[MetricInfo, ...]] = (
        MetricInfo("files.count", "counter", "How many files were downloaded."),
        MetricInfo("files.size.total", "counter", "The size of all files, in bytes."),
        _FILE_SIZE,
    )

    filter: Property[Filter] = Property.of(Filter.BOTH)
    """Whether files, directories (keys that end with a slash) or both are meant.

    Directories have nothing to download, but `action` is done to them, too.
    """
    max_files: Property[int] = Property.of(25)
    """How many objects are downloaded at most."""
    action: Property[Action] = Property.of(Action.NONE)
    """What becomes of the objects afterwards: DELETE, MOVE (see `moveTo`) or NONE."""
    move_to: CopyObject | None = None
    """Where objects are moved: the bucket, and the folder as `key`."""
    validate_checksum: Property[bool] = Property.of(False)
    """Check the files against the checksums that S3 keeps of them."""

    def run(self, ctx: RunContext) -> DownloadsOutput:
        """Download the objects, then do the action.

        Raises:
            TaskError: an object cannot be had, deleted or moved.
        """
        client = self.s3(ctx)
        found = list(self.find(ctx, client, ctx.render(self.filter)))
        found = capped(ctx, found, ctx.render(self.max_files))
        mode = "ENABLED" if ctx.render(self.validate_checksum) else None
        asked = self.asking(ctx, ChecksumMode=mode)
        objects = [
            _with_file(each, fetch(ctx, client, unique_name(each.key), {**asked, "Key": each.key}))
            for each in found
            if not each.key.endswith("/")
        ]
        ctx.metric(Metric.counter("files.count", len(objects)))
        ctx.metric(Metric.counter("files.size.total", sum(each.size or 0 for each in objects)))
        archive(ctx, client, self, [each.key for each in found])
        files = {each.key: each.uri for each in objects if each.uri}
        return DownloadsOutput(objects=objects, output_files=files)


def _with_file(listed: S3Object, file: FileInfo) -> S3Object:
    return listed.model_copy(
        update={
            "uri": file.uri,
            "checksum_algorithm": file.checksum_algorithm,
            "checksum_value": file.checksum_value,
        }
    )
