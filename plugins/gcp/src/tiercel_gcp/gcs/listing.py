"""`List`: the objects of a bucket."""

from __future__ import annotations

import re
from datetime import datetime
from enum import StrEnum
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import Field, PlainSerializer

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
from tiercel_gcp.gcs.client import GcsConnection, ObjectUri

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.cloud.storage import Client

__all__ = ["Blob", "Filter", "List", "Listed"]


class Filter(StrEnum):
    """Whether files, directories or both are meant; a directory's name ends with a slash."""

    FILES = "FILES"
    DIRECTORY = "DIRECTORY"
    BOTH = "BOTH"


class ListingType(StrEnum):
    """Whether the directory alone is listed, or all that lies below it."""

    RECURSIVE = "RECURSIVE"
    DIRECTORY = "DIRECTORY"


Moment = Annotated[datetime, PlainSerializer(lambda at: at.isoformat().replace("+00:00", "Z"))]
"""A date as Kestra writes it."""


class Blob(Output):
    """An object, or a directory."""

    uri: str
    """Where it is: `gs://bucket/path`."""
    bucket: str
    """The bucket."""
    name: str
    """Its name in the bucket."""
    directory: bool = False
    """Whether it is a directory: no object, but what names begin with."""
    generated_id: str | None = None
    """Its id."""
    self_link: str | None = None
    """The URL of its description."""
    media_link: str | None = None
    """The URL of its content."""
    size: int | None = None
    """Its size in bytes."""
    etag: str | None = None
    """Its entity tag."""
    md5: str | None = None
    """Its MD5 digest, in Base64."""
    crc32c: str | None = Field(default=None, alias="crc32c")
    """Its CRC32C checksum, in Base64."""
    content_type: str | None = None
    """Its media type."""
    content_encoding: str | None = None
    """How it is compressed, as in HTTP."""
    content_disposition: str | None = None
    """How browsers show it, as in HTTP."""
    content_language: str | None = None
    """Its language."""
    cache_control: str | None = None
    """How long it may be cached, as in HTTP."""
    metadata: dict[str, str] | None = None
    """Its metadata."""
    meta_generation: int | None = None
    """How often its metadata changed."""
    create_time: Moment | None = None
    """When it was made."""
    update_time: Moment | None = None
    """When it was last changed."""

    @classmethod
    def of(cls, blob: Any) -> Blob:
        """Return what Cloud Storage tells of an object."""
        return cls(
            uri=str(ObjectUri(blob.bucket.name, blob.name)),
            bucket=blob.bucket.name,
            name=blob.name,
            generated_id=blob.id,
            self_link=blob.self_link,
            media_link=blob.media_link,
            size=blob.size,
            etag=blob.etag,
            md5=blob.md5_hash,
            crc32c=blob.crc32c,
            content_type=blob.content_type,
            content_encoding=blob.content_encoding,
            content_disposition=blob.content_disposition,
            content_language=blob.content_language,
            cache_control=blob.cache_control,
            metadata=blob.metadata,
            meta_generation=blob.metageneration,
            create_time=blob.time_created,
            update_time=blob.updated,
        )


class Listed(GcsConnection):
    """Which objects of a bucket are meant."""

    from_: Property[str] = Field(alias="from")
    """The directory: `gs://bucket/path/`; a path without a slash at the end is what names begin
    with."""
    listing_type: Property[ListingType] = Property.of(ListingType.DIRECTORY)
    """DIRECTORY for what is directly in it, RECURSIVE for all that is below it."""
    reg_exp: Property[str] | None = None
    """A regular expression that the whole URI of an object must match."""

    def find(
        self, ctx: RunContext, client: Client, wanted: Filter, *, versions: bool | None = None
    ) -> Iterator[Blob]:
        """Yield the objects, and what names begin with if that is wanted, as they are asked for.

        Args:
            ctx: what the task was given.
            client: a client for Cloud Storage.
            wanted: files, directories or both.
            versions: whether older versions count.

        Raises:
            TaskError: the pattern is no regular expression.
        """
        place = ObjectUri.parse(ctx.render(self.from_))
        pattern = _compiled(ctx.render(self.reg_exp))
        listed = client.list_blobs(
            place.bucket,
            prefix=place.name or None,
            delimiter="/" if ctx.render(self.listing_type) is ListingType.DIRECTORY else None,
            versions=versions,
        )
        for page in listed.pages:
            blobs = [Blob.of(blob) for blob in page]
            blobs += [_directory(place.bucket, name) for name in page.prefixes]
            for blob in sorted(blobs, key=lambda blob: blob.name):
                is_directory = blob.directory or blob.name.endswith("/")
                if wanted is not Filter.BOTH and (wanted is Filter.DIRECTORY) != is_directory:
                    continue
                if pattern is None or pattern.fullmatch(blob.uri):
                    yield blob

    def first(self, ctx: RunContext, found: Iterator[Blob], most: int) -> list[Blob]:
        """Return the first objects, and say when there are more.

        Raises:
            TaskError: the bucket cannot be listed.
        """
        place = ctx.render(self.from_)
        with told(f"Cannot list {ObjectUri.parse(place)}"):
            blobs = list(islice(found, most + 1))
        if len(blobs) > most:
            ctx.log(
                "WARN",
                f"Results for '{place}' exceeded the maxFiles limit ({most}); "
                "remaining items were skipped.",
            )
        ctx.log("DEBUG", f"Found '{len(blobs[:most])}' blobs from '{place}'")
        return blobs[:most]


class ListOutput(Output):
    """What `List` gives to later tasks."""

    blobs: list[Blob]
    """The objects, by name."""


class List(Listed, Task[ListOutput]):
    """List the objects of a bucket, or of a directory in it."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "List the CSV files of a directory",
            """\
id: list_a_bucket
namespace: company.team

tasks:
  - id: list
    type: io.kestra.plugin.gcp.gcs.List
    serviceAccount: "{{ secret('GCP_SERVICE_ACCOUNT') }}"
    from: gs://my-bucket/reports/
    regExp: .*\\.csv

  - id: show
    type: io.kestra.plugin.core.log.Log
    message: "{{ outputs.list.blobs | length }} files"
""",
        ),
    )
    metrics: ClassVar[tuple[MetricInfo, ...]] = (
        MetricInfo("size", "counter", "How many objects were listed."),
    )

    filter: Property[Filter] = Property.of(Filter.BOTH)
    """Whether files, directories or both are meant."""
    all_versions: Property[bool] | None = None
    """List the older versions, too."""
    max_files: Property[int] = Property.of(25)
    """How many objects are returned at most."""

    def run(self, ctx: RunContext) -> ListOutput:
        """Return the objects.

        Raises:
            TaskError: the bucket cannot be listed, or the pattern is no regular expression.
        """
        found = self.find(
            ctx,
            self.gcs(ctx),
            ctx.render(self.filter),
            versions=ctx.render(self.all_versions),
        )
        blobs = self.first(ctx, found, ctx.render(self.max_files))
        ctx.metric(Metric.counter("size", len(blobs)))
        return ListOutput(blobs=blobs)


def _directory(bucket: str, name: str) -> Blob:
    uri = str(ObjectUri(bucket, name))
    return Blob(uri=uri, bucket=bucket, name=name, directory=True, size=0)


def _compiled(pattern: str | None) -> re.Pattern[str] | None:
    try:
        return None if pattern is None else re.compile(pattern)
    except re.error as error:
        raise TaskError(
            f"Invalid regular expression {pattern!r}: {error}", retryable=False
        ) from error
