"""`Upload`: stored files, streamed into a bucket."""

from __future__ import annotations

import json
import posixpath
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar
from urllib.parse import unquote, urlencode

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
    TaskKilledError,
    Text,
)
from tiercel_aws.connection import told
from tiercel_aws.s3.listing import S3Bucket
from tiercel_aws.s3.objects import FileInfo

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

__all__ = ["Upload"]

# Up to here a file goes with one request.
_WHOLE = 8 << 20
# As many connections as boto3 keeps open.
_MOST_AT_ONCE = 10


class ServerSideEncryption(StrEnum):
    """How S3 encrypts the object."""

    AES256 = "AES256"
    AWS_KMS = "AWS_KMS"
    AWS_KMS_DSSE = "AWS_KMS_DSSE"


class ChecksumAlgorithm(StrEnum):
    """How the object's checksum is made."""

    CRC32 = "CRC32"
    CRC32_C = "CRC32_C"
    SHA1 = "SHA1"
    SHA256 = "SHA256"


_ENCRYPTION = {
    ServerSideEncryption.AES256: "AES256",
    ServerSideEncryption.AWS_KMS: "aws:kms",
    ServerSideEncryption.AWS_KMS_DSSE: "aws:kms:dsse",
}


class UploadOutput(Output):
    """What `Upload` gives to later tasks."""

    bucket: str
    """The bucket."""
    key: str
    """The object's key; for several files what all their keys begin with."""
    e_tag: str | None = None
    """The object's entity tag."""
    version_id: str | None = None
    """The object's version, in a bucket that keeps versions."""
    files: dict[str, FileInfo] | None = None
    """The objects by file name, when several files were uploaded."""


class Upload(S3Bucket, Task[UploadOutput]):
    """Upload files to a bucket."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Upload a file",
            """\
id: upload_to_s3
namespace: company.team

tasks:
  - id: report
    type: io.kestra.plugin.core.storage.Write
    content: |
      name,price
      apple,1.20
    extension: .csv

  - id: upload
    type: io.kestra.plugin.aws.s3.Upload
    accessKeyId: "{{ secret('AWS_ACCESS_KEY_ID') }}"
    secretKeyId: "{{ secret('AWS_SECRET_KEY_ID') }}"
    region: eu-central-1
    bucket: my-bucket
    key: reports/january.csv
    from: "{{ outputs.report.uri }}"
    contentType: text/csv
""",
        ),
        Example(
            "Upload all files that a script has made",
            """\
id: upload_output_files
namespace: company.team

tasks:
  - id: script
    type: io.kestra.plugin.scripts.shell.Commands
    taskRunner:
      type: io.kestra.plugin.core.runner.Process
    outputFiles:
      - "*.txt"
    commands:
      - echo one > one.txt
      - echo two > two.txt

  - id: upload
    type: io.kestra.plugin.aws.s3.Upload
    accessKeyId: "{{ secret('AWS_ACCESS_KEY_ID') }}"
    secretKeyId: "{{ secret('AWS_SECRET_KEY_ID') }}"
    region: eu-central-1
    bucket: my-bucket
    key: results
    from: "{{ outputs.script.outputFiles }}"
""",
        ),
    )
    metrics: ClassVar[tuple[MetricInfo, ...]] = (
        MetricInfo("file.count", "counter", "How many files were uploaded."),
        MetricInfo("file.size", "counter", "The size of each uploaded file, in bytes."),
    )

    from_: Property[Any] = Field(alias="from")
    """The URI of a stored file; a list of URIs; or a map from names to URIs."""
    key: Property[str]
    """The object's key; for several files the folder that they go to."""
    metadata: Property[dict[str, Text]] | None = None
    """Metadata to keep with the object."""
    cache_control: Property[str] | None = None
    """How long the object may be cached, as in HTTP."""
    content_type: Property[str] | None = None
    """The object's media type."""
    content_encoding: Property[str] | None = None
    """How the object is compressed, as in HTTP."""
    content_disposition: Property[str] | None = None
    """How browsers show the object, as in HTTP."""
    content_language: Property[str] | None = None
    """The object's language."""
    content_length: Property[int] | None = None
    """Accepted for compatibility; the files' own sizes are sent."""
    expires: Property[str] | None = None
    """Until when the object may be cached: a date, ISO 8601."""
    acl: Property[str] | None = None
    """A canned ACL, such as `private`."""
    storage_class: Property[str] | None = None
    """The storage class, such as `STANDARD_IA`."""
    server_side_encryption: Property[ServerSideEncryption] | None = None
    """How S3 encrypts the object."""
    bucket_key_enabled: Property[bool] | None = None
    """Use a bucket key for encryption with KMS."""
    checksum_algorithm: Property[ChecksumAlgorithm] | None = None
    """The algorithm of the object's checksum."""
    checksum: Property[str] | None = None
    """The checksum that the file must have, in Base64; needs `checksumAlgorithm`."""
    expected_bucket_owner: Property[str] | None = None
    """The account that must own the bucket."""
    object_lock_mode: Property[str] | None = None
    """GOVERNANCE or COMPLIANCE."""
    object_lock_legal_hold_status: Property[str] | None = None
    """ON or OFF."""
    object_lock_retain_until_date: Property[str] | None = None
    """Until when Object Lock keeps the object: a date, ISO 8601."""
    tagging: Property[dict[str, Text]] | None = None
    """Tags of the object."""
    concurrent_uploads: Property[int] = Property.of(50)
    """How many files are uploaded at once; never more than ten."""

    def run(self, ctx: RunContext) -> UploadOutput:
        """Upload the file or the files.

        Raises:
            TaskError: S3 refused, or `from` names no files.
            StorageError: a stored file cannot be read.
        """
        files = _files(ctx.render(self.from_))
        key, client = ctx.render(self.key).lstrip("/"), self.s3(ctx)
        asked = self._asked(ctx)
        if len(files) == 1:
            (uri,) = files.values()
            done = _upload(ctx, client, uri, {**asked, "Key": key})
            _measure(ctx, done)
            return UploadOutput(
                bucket=asked["Bucket"], key=key, e_tag=done.e_tag, version_id=done.version_id
            )
        workers = max(1, min(ctx.render(self.concurrent_uploads), _MOST_AT_ONCE))
        with ThreadPoolExecutor(workers) as pool:
            uploads = {
                name: pool.submit(
                    _upload, ctx, client, uri, {**asked, "Key": posixpath.join(key, name)}
                )
                for name, uri in files.items()
            }
        infos = {name: upload.result() for name, upload in uploads.items()}
        for info in infos.values():
            _measure(ctx, info)
        return UploadOutput(bucket=asked["Bucket"], key=key, files=infos)

    def _asked(self, ctx: RunContext) -> dict[str, Any]:
        """Return the arguments of each request but the key."""
        encryption = ctx.render(self.server_side_encryption)
        tags = ctx.render(self.tagging)
        return self.asking(
            ctx,
            Metadata=ctx.render(self.metadata),
            CacheControl=ctx.render(self.cache_control),
            ContentType=ctx.render(self.content_type),
            ContentEncoding=ctx.render(self.content_encoding),
            ContentDisposition=ctx.render(self.content_disposition),
            ContentLanguage=ctx.render(self.content_language),
            Expires=_date("expires", ctx.render(self.expires)),
            ACL=ctx.render(self.acl),
            StorageClass=ctx.render(self.storage_class),
            ServerSideEncryption=encryption and _ENCRYPTION[encryption],
            BucketKeyEnabled=ctx.render(self.bucket_key_enabled),
            ExpectedBucketOwner=ctx.render(self.expected_bucket_owner),
            ObjectLockMode=ctx.render(self.object_lock_mode),
            ObjectLockLegalHoldStatus=ctx.render(self.object_lock_legal_hold_status),
            ObjectLockRetainUntilDate=_date(
                "objectLockRetainUntilDate", ctx.render(self.object_lock_retain_until_date)
            ),
            Tagging=urlencode(tags) if tags else None,
            **self._checksum(ctx),
        )

    def _checksum(self, ctx: RunContext) -> dict[str, str]:
        algorithm, value = ctx.render(self.checksum_algorithm), ctx.render(self.checksum)
        if algorithm is None:
            return {}
        name = algorithm.replace("_", "")
        return {"ChecksumAlgorithm": name, **({f"Checksum{name}": value} if value else {})}


def _date(name: str, text: str | None) -> datetime | None:
    try:
        return None if text is None else datetime.fromisoformat(text)
    except ValueError as error:
        raise TaskError(
            f"Invalid `{name}` {text!r}: expected a date like 2026-01-31T10:00:00Z",
            retryable=False,
        ) from error


def _files(value: Any) -> dict[str, str]:
    """Return what is to be uploaded: name → URI."""
    if isinstance(value, str) and value.lstrip()[:1] in ("[", "{"):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise TaskError(f"`from` is not JSON: {error}", retryable=False) from error
    if isinstance(value, str):
        value = [value]
    if isinstance(value, list):
        value = {unquote(str(uri).rpartition("/")[2]): uri for uri in value}
    if not isinstance(value, dict) or not all(isinstance(uri, str) for uri in value.values()):
        raise TaskError(
            "`from` must be the URI of a stored file, a list of them, or a map from names to them",
            retryable=False,
        )
    if not value:
        raise TaskError(
            "No files to upload: the 'from' property contains an empty collection or array",
            retryable=False,
        )
    return value


def _upload(ctx: RunContext, client: S3Client, uri: str, asked: dict[str, Any]) -> FileInfo:
    if ctx.cancelled:
        raise TaskKilledError("The upload was stopped")
    bucket, key = asked["Bucket"], asked["Key"]
    with _open(ctx, uri) as source, told(f"Cannot upload {uri} to s3://{bucket}/{key}"):
        begin = source.read(_WHOLE + 1)
        if len(begin) <= _WHOLE:
            reply: Any = client.put_object(**asked, Body=begin)
            size = len(begin)
        else:
            options = {k: v for k, v in asked.items() if k not in ("Bucket", "Key")}
            stream: Any = _Stream(ctx, begin, source)  # all of a file that boto3 uses
            client.upload_fileobj(stream, bucket, key, ExtraArgs=options)
            reply = client.head_object(Bucket=bucket, Key=key)
            size = reply["ContentLength"]
    return FileInfo(content_length=size, e_tag=reply.get("ETag"), version_id=reply.get("VersionId"))


class _Stream:
    """The rest of a file behind what was read of it already, until the task is to stop."""

    def __init__(self, ctx: RunContext, begin: bytes, rest: BinaryIO) -> None:
        self._ctx = ctx
        self._begin = begin
        self._rest = rest

    def read(self, size: int = -1) -> bytes:
        if self._ctx.cancelled:
            raise TaskKilledError("The upload was stopped")
        if not self._begin:
            return self._rest.read(size)
        data = self._begin if size < 0 else self._begin[:size]
        self._begin = self._begin[len(data) :]
        return data + self._rest.read(-1 if size < 0 else size - len(data))


def _open(ctx: RunContext, uri: str) -> BinaryIO:
    if not uri.startswith("nsfile://"):
        return ctx.storage.open(uri)
    namespace, _, path = uri.removeprefix("nsfile://").partition("/")
    return ctx.storage.namespace_file(path, namespace or None)


def _measure(ctx: RunContext, file: FileInfo) -> None:
    ctx.metric(Metric.counter("file.count", 1))
    ctx.metric(Metric.counter("file.size", file.content_length or 0))
