"""What is told of an object, in the outputs of several tasks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import PlainSerializer

from tiercel.plugin import Output

__all__ = ["FileInfo", "Owner", "S3Object", "checksum"]

Moment = Annotated[datetime, PlainSerializer(lambda at: at.isoformat().replace("+00:00", "Z"))]
"""A date as Kestra writes it."""

_ALGORITHMS = ("SHA256", "SHA1", "CRC32", "CRC32C")


class Owner(Output):
    """Whose an object is."""

    id: str | None = None
    """The owner's canonical user id."""
    display_name: str | None = None
    """The owner's name."""


class S3Object(Output):
    """An object of a bucket."""

    uri: str | None = None
    """The stored file, where the object was downloaded."""
    key: str
    """Its key."""
    etag: str | None = None
    """Its entity tag, which changes with its content."""
    size: int | None = None
    """Its size in bytes."""
    last_modified: Moment | None = None
    """When it was last written."""
    owner: Owner | None = None
    """Whose it is, where S3 says so."""
    checksum_algorithm: str | None = None
    """The algorithm of its checksum, where that was asked for."""
    checksum_value: str | None = None
    """Its checksum, in Base64."""

    @classmethod
    def of(cls, listed: Mapping[str, Any]) -> S3Object:
        """Return what a listing tells of an object."""
        owner = listed.get("Owner")
        return cls(
            key=listed["Key"],
            etag=listed.get("ETag"),
            size=listed.get("Size"),
            last_modified=listed.get("LastModified"),
            owner=owner and Owner(id=owner.get("ID"), display_name=owner.get("DisplayName")),
        )


class FileInfo(Output):
    """What is told of one of several files."""

    uri: str | None = None
    """The stored file."""
    content_length: int | None = None
    """Its size in bytes."""
    content_type: str | None = None
    """Its media type."""
    metadata: dict[str, str] | None = None
    """The metadata of the object."""
    e_tag: str | None = None
    """The object's entity tag."""
    version_id: str | None = None
    """The object's version, in a bucket that keeps versions."""
    checksum_algorithm: str | None = None
    """The algorithm of the object's checksum, where `validateChecksum` is set."""
    checksum_value: str | None = None
    """The object's checksum, in Base64, where `validateChecksum` is set."""


def checksum(reply: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Return algorithm and value of the checksum that a reply holds; both None without one."""
    for algorithm in _ALGORITHMS:
        if value := reply.get(f"Checksum{algorithm}"):
            return algorithm, value
    return None, None
