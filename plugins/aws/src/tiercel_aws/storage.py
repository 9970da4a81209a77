"""Internal storage in an S3 bucket: `s3://bucket/prefix`.

Streams go through `smart_open`: a large file is a multipart upload, which nobody sees before it is
completed; reading is one request that streams. Listing, deleting and copying are boto3's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from tiercel.plugin.spi import (
    ObjectReader,
    ObjectStorage,
    ObjectUrl,
    ObjectWriter,
    StorageError,
    StoredFile,
)

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

__all__ = ["S3Bucket", "open_storage"]

# S3 takes 10,000 parts: files up to 156 GiB.
_PART = 16 << 20
_CONNECTIONS = 32
_MISSING = frozenset({"404", "NoSuchKey", "NoSuchVersion"})


def open_storage(url: str) -> ObjectStorage:
    """Return the storage at `s3://bucket/prefix?region=…&endpoint=…`.

    Credentials, region and endpoint that the URL does not give are found as boto3 always finds
    them: environment, profile, container, instance. Nothing is asked of S3 yet.

    Raises:
        StorageError: the URL is no such URL, or no region is known.
    """
    from boto3 import Session
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError

    place = ObjectUrl.parse(url, ("endpoint", "region"))
    try:
        client = Session(region_name=place.options.get("region")).client(
            "s3",
            endpoint_url=place.options.get("endpoint"),
            # Tasks read and write from as many threads as there are workers.
            config=Config(
                max_pool_connections=_CONNECTIONS, retries={"mode": "standard", "max_attempts": 5}
            ),
        )
    except (BotoCoreError, ValueError) as error:
        raise StorageError(f"Cannot use storage {url!r}: {error}") from error
    return ObjectStorage(S3Bucket(client, place.bucket), place.prefix)


class S3Bucket:
    """An `ObjectBucket` of S3."""

    def __init__(self, client: S3Client, bucket: str) -> None:
        """Use a bucket through a client of boto3."""
        self._client = client
        self._bucket = bucket
        self.url = f"s3://{bucket}"

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        """What boto3 and `smart_open` raise."""
        return _errors()

    def is_missing(self, error: Exception) -> bool:
        """Return whether there is no such object."""
        return _code(error) in _MISSING

    def read(self, name: str, start: int, length: int | None) -> ObjectReader:
        """Open an object at a byte, with one request."""
        from smart_open import s3

        stream = s3.open(
            self._bucket,
            name,
            "rb",
            client=_OneVersion(self._client),  # type: ignore[arg-type]  # a client for all it needs
            defer_seek=True,
            range_chunk_size=length or None,
        )
        try:
            stream.seek(start)
        except BaseException:
            stream.close()
            raise
        return stream

    def write(self, name: str) -> ObjectWriter:
        """Begin a multipart upload."""
        from smart_open import s3

        writer: Any = s3.open(self._bucket, name, "wb", client=self._client, min_part_size=_PART)
        return writer  # type: ignore[no-any-return]  # typed as a stream, which has no terminate

    def put(self, name: str, data: bytes) -> None:
        """Store a small object."""
        self._client.put_object(Bucket=self._bucket, Key=name, Body=data)

    def find(self, name: str) -> StoredFile | None:
        """Return an object's name, size and date."""
        try:
            head = self._client.head_object(Bucket=self._bucket, Key=name)
        except self.errors as error:
            # A reply to HEAD has no body that tells a missing bucket from a missing object.
            if _code(error) in _MISSING:
                return None
            raise
        return StoredFile(name, head["ContentLength"], head["LastModified"].astimezone(UTC))

    def list(self, prefix: str) -> Iterator[StoredFile]:
        """Return the objects whose name begins so."""
        pages = self._client.get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=self._bucket, Prefix=prefix):
            for each in page.get("Contents", ()):
                yield StoredFile(each["Key"], each["Size"], each["LastModified"].astimezone(UTC))

    def delete(self, name: str) -> bool:
        """Delete an object; S3 itself does not tell whether there was one."""
        was_there = self.find(name) is not None
        if was_there:
            self._client.delete_object(Bucket=self._bucket, Key=name)
        return was_there

    def delete_all(self, names: Sequence[str]) -> None:
        """Delete up to a thousand objects with one request."""
        reply = self._client.delete_objects(
            Bucket=self._bucket,
            Delete={"Objects": [{"Key": name} for name in names], "Quiet": True},
        )
        for error in reply.get("Errors", ()):
            raise StorageError(
                f"Cannot delete {self.url}/{error.get('Key')}: {error.get('Message')}"
            )

    def copy(self, source: str, target: str) -> None:
        """Copy an object; a large one in parts."""
        self._client.copy({"Bucket": self._bucket, "Key": source}, self._bucket, target)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


class _OneVersion:
    """A client whose reads are all of the version that the first one found.

    `smart_open` asks again when a connection breaks, and must not go on in another file then.
    """

    def __init__(self, client: S3Client) -> None:
        self._client = client
        self._tag: str | None = None

    def get_object(self, **asked: Any) -> Any:
        """Return an object, or a part of it."""
        if self._tag is not None:
            asked["IfMatch"] = self._tag
        reply = self._client.get_object(**asked)
        self._tag = reply["ETag"]
        return reply

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)


@lru_cache(maxsize=1)
def _errors() -> tuple[type[Exception], ...]:
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError

    # Where it cannot read, `smart_open` raises OSError with boto3's error inside; where it cannot
    # begin an upload, ValueError.
    return (Boto3Error, BotoCoreError, ClientError, OSError, ValueError)


def _code(error: Exception) -> str | None:
    response = getattr(getattr(error, "backend_error", error), "response", None)
    return response["Error"].get("Code") if response else None
