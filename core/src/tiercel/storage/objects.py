"""Storage in a bucket of an object store: the half that S3, GCS, Azure and the like have in common.

A plugin writes an `ObjectBucket`, a few calls of its store's own client; `ObjectStorage` makes a
`StorageBackend` of it: keys below a prefix, streams in and out, files that appear whole, errors
that name the file. A small file is stored with one request, a large one in parts while it is
being written.

Beside a disk two things are different. Moving a file copies it, so a crash in the middle may leave
it in both places (never in none). And an open file that somebody else deletes can be read to its
end, or the reader is told; but never does it give bytes of two versions.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from io import BufferedReader, RawIOBase
from itertools import islice
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, Protocol
from urllib.parse import parse_qsl, unquote, urlsplit

from tiercel.errors import StorageError, StoredFileNotFoundError
from tiercel.storage.spi import StoredFile
from tiercel.storage.uri import check_path

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

__all__ = ["ObjectBucket", "ObjectReader", "ObjectStorage", "ObjectUrl", "ObjectWriter"]

_BUFFER = 1 << 20
# Up to here a file is stored with a single request; beyond, it is uploaded while it is written.
_WHOLE = 8 << 20
_BATCH = 1000
# Object stores take names of 1,024 bytes; a key may have 900 beside the tenant's name.
_LONGEST_PREFIX = 100


class ObjectWriter(Protocol):
    """An upload that has begun; `smart_open` gives such writers."""

    def write(self, data: bytes, /) -> int:
        """Take some bytes; return how many."""
        ...

    def close(self) -> None:
        """Make the object visible, whole."""
        ...

    def terminate(self) -> None:
        """Drop the upload; nothing of it is visible."""
        ...


class ObjectReader(Protocol):
    """An object being read; `smart_open` gives such readers."""

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes; none at the end."""
        ...

    def close(self) -> None:
        """Let go of the connection."""
        ...


class ObjectBucket(Protocol):
    """A bucket: what a plugin writes for its object store. Safe to use from several threads.

    Names are whole names of objects; every call may raise one of `errors`.
    """

    @property
    def url(self) -> str:
        """The bucket, for messages: `s3://bucket`."""
        ...

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        """The exceptions of the store's client, all of them."""
        ...

    def is_missing(self, error: Exception) -> bool:
        """Return whether one of `errors` says that there is no such object."""
        ...

    def read(self, name: str, start: int, length: int | None) -> ObjectReader:
        """Open an object at byte `start`; `length` is how much will be read at most, if known.

        All that the reader gives is of the version that was there now. A `start` beyond the end
        gives nothing.
        """
        ...

    def write(self, name: str) -> ObjectWriter:
        """Begin the upload of a large object."""
        ...

    def put(self, name: str, data: bytes) -> None:
        """Store a small object with one request."""
        ...

    def find(self, name: str) -> StoredFile | None:
        """Return an object's name, size and date; None when it is not there."""
        ...

    def list(self, prefix: str) -> Iterator[StoredFile]:
        """Return the objects whose name begins with `prefix`, by name."""
        ...

    def delete(self, name: str) -> bool:
        """Delete an object; return whether it was there."""
        ...

    def delete_all(self, names: Sequence[str]) -> None:
        """Delete up to a thousand objects."""
        ...

    def copy(self, source: str, target: str) -> None:
        """Copy an object within the bucket, replacing what is there."""
        ...

    def close(self) -> None:
        """Release connections."""
        ...


class ObjectUrl(NamedTuple):
    """A storage URL, read: `s3://bucket/prefix?region=eu-west-1`.

    Attributes:
        scheme: the store (`s3`).
        bucket: the bucket or container.
        prefix: what all names begin with, without slashes at the ends; may be empty.
        options: the query's values by name.
    """

    scheme: str
    bucket: str
    prefix: str
    options: Mapping[str, str]

    @classmethod
    def parse(cls, url: str, options: Collection[str] = ()) -> ObjectUrl:
        """Read a URL; `options` are the names that its query may have.

        Raises:
            StorageError: it has no bucket, holds credentials, an unknown option, or a prefix that
                cannot be one.
        """
        parts = urlsplit(url)
        if "@" in parts.netloc:
            raise StorageError(
                f"Storage URL '{parts.scheme}://…@{parts.netloc.rpartition('@')[2]}' holds "
                "credentials; put them into the environment"
            )
        if not parts.netloc or parts.fragment:
            raise StorageError(
                f"Invalid storage URL {url!r}: expected '{parts.scheme}://bucket/prefix'"
            )
        given = dict(parse_qsl(parts.query, keep_blank_values=True))
        if unknown := given.keys() - set(options):
            known = ", ".join(sorted(options)) or "none"
            raise StorageError(
                f"Unknown option {min(unknown)!r} in storage URL {url!r}; known: {known}"
            )
        prefix = unquote(parts.path).strip("/")
        if prefix and len(check_path(prefix).encode()) > _LONGEST_PREFIX:
            raise StorageError(
                f"The prefix in storage URL {url!r} is longer than {_LONGEST_PREFIX} bytes"
            )
        return cls(parts.scheme, parts.netloc, prefix, given)


class ObjectStorage:
    """A `StorageBackend` on a bucket, for any number of threads and processes."""

    def __init__(self, bucket: ObjectBucket, prefix: str = "") -> None:
        """Keep files in `bucket`, all below `prefix`; storages of other prefixes stay apart."""
        self._bucket = bucket
        self._root = f"{prefix}/" if prefix else ""

    def open(self, key: str, start: int = 0, length: int | None = None) -> BinaryIO:
        """Open a file for reading, from byte `start`, at most `length` bytes."""
        if start < 0 or (length is not None and length < 0):
            raise StorageError(f"Cannot read {length} bytes from {start}; both must be 0 or more")
        with self._told("read", key):
            raw = _Reader(self, key, self._bucket.read(self._root + key, start, length), length)
        reader = BufferedReader(raw, _BUFFER)
        try:
            # What is small is now here, whatever becomes of it there.
            reader.peek(1)
        except BaseException:
            reader.close()
            raise
        return reader

    def create(self, key: str) -> _Writer:
        """Begin writing a file."""
        return _Writer(self, self._bucket, self._root + key, key)

    def stat(self, key: str) -> StoredFile:
        """Return a file's size and date."""
        found = self._find(key)
        if found is None:
            raise StoredFileNotFoundError(f"Unable to find file {key!r}")
        return found

    def list(self, prefix: str = "") -> Iterator[StoredFile]:
        """Return all files whose key is `prefix` or lies below the folder `prefix`, by key."""
        if prefix and (file := self._find(prefix)):
            yield file
        with self._told("list", prefix):
            for found in self._bucket.list(self._root + prefix + ("/" if prefix else "")):
                yield self._below_root(found)

    def delete(self, key: str) -> bool:
        """Delete a file; return whether it was there."""
        with self._told("delete", key):
            return self._bucket.delete(self._root + key)

    def delete_all(self, prefix: str) -> int:
        """Delete all files below the folder `prefix`; return how many."""
        count = 0
        with self._told("delete", prefix):
            found = self._bucket.list(self._root + prefix + ("/" if prefix else ""))
            while names := [each.key for each in islice(found, _BATCH)]:
                self._bucket.delete_all(names)
                count += len(names)
        return count

    def move(self, source: str, target: str) -> None:
        """Give a file another key, replacing what is there."""
        self.stat(source)
        if source == target:
            return
        with self._told("move", source):
            self._bucket.copy(self._root + source, self._root + target)
            self._bucket.delete(self._root + source)

    def close(self) -> None:
        """Release connections; the storage is not used afterwards."""
        self._bucket.close()

    def _find(self, key: str) -> StoredFile | None:
        with self._told("read", key):
            found = self._bucket.find(self._root + key)
        return found and self._below_root(found)

    def _below_root(self, found: StoredFile) -> StoredFile:
        return StoredFile(found.key.removeprefix(self._root), found.size, found.modified)

    @contextmanager
    def _told(self, action: str, key: str) -> Iterator[None]:
        """Turn what the store's client raises into errors that name the file."""
        try:
            yield
        except self._bucket.errors as error:
            # Where a file is stored or listed, what is missing is the bucket.
            if action in ("read", "move") and self._bucket.is_missing(error):
                raise StoredFileNotFoundError(f"Unable to find file {key!r}") from error
            reason = (str(error) or type(error).__name__).splitlines()[0]
            where = f"{self._bucket.url}/{self._root}"
            raise StorageError(f"Cannot {action} {key!r} in {where}: {reason}") from error


class _Reader(RawIOBase):
    """The next `length` bytes of an object that is open already; all of them when None."""

    def __init__(
        self, storage: ObjectStorage, key: str, stream: ObjectReader, length: int | None
    ) -> None:
        self._storage = storage
        self._key = key
        self._stream = stream
        self._left = length

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # any writable buffer
        size = len(buffer) if self._left is None else min(len(buffer), self._left)
        if not size:
            return 0
        with self._storage._told("read", self._key):
            data = self._stream.read(size)
        buffer[: len(data)] = data
        if self._left is not None:
            self._left -= len(data)
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
        super().close()


class _Writer:
    """Bytes on their way in: kept until it is clear that there are many, then uploaded in parts."""

    def __init__(self, storage: ObjectStorage, bucket: ObjectBucket, name: str, key: str) -> None:
        self._storage = storage
        self._bucket = bucket
        self._name = name
        self._key = key
        self._kept: bytearray | None = bytearray()
        self._upload: ObjectWriter | None = None

    def write(self, data: bytes, /) -> int:
        kept = self._open()
        if self._upload is None and len(kept) + len(data) <= _WHOLE:
            kept += data
            return len(data)
        with self._storage._told("store", self._key):
            if self._upload is None:
                self._upload = self._bucket.write(self._name)
                self._upload.write(bytes(kept))
                kept.clear()
            self._upload.write(data)
        return len(data)

    def commit(self) -> None:
        kept = self._open()
        try:
            with self._storage._told("store", self._key):
                if self._upload is None:
                    self._bucket.put(self._name, bytes(kept))
                else:
                    self._upload.close()
        except BaseException:
            self.abort()
            raise
        self._kept = self._upload = None

    def abort(self) -> None:
        upload, self._kept, self._upload = self._upload, None, None
        if upload is not None:
            # What is left of it is the store's to collect; nobody sees it.
            with suppress(*self._bucket.errors):
                upload.terminate()

    def __del__(self) -> None:
        # The client's own writer would complete the upload when it is collected.
        self.abort()

    def _open(self) -> bytearray:
        if self._kept is None:
            raise StorageError(f"Writing to {self._key!r} has ended")
        return self._kept
