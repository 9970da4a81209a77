"""Internal storage in a bucket of Google Cloud Storage: `gs://bucket/prefix`.

Streams go through `smart_open`: a large file is a resumable upload, which nobody sees before it is
completed; reading fetches chunks of the one generation that was there in the beginning. Listing,
deleting and copying are the client's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
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
    from google.cloud.storage import Client

__all__ = ["GcsBucket", "open_storage"]

# How much one request reads or writes; a multiple of 256 KiB.
_CHUNK = 8 << 20
_CONNECTIONS = 16
_NOT_FOUND = 404


def open_storage(url: str) -> ObjectStorage:
    """Return the storage at `gs://bucket/prefix?project=…&endpoint=…`.

    Credentials are found as Google's libraries always find them (Application Default Credentials);
    with `endpoint`, or `STORAGE_EMULATOR_HOST` in the environment, none are used. Nothing is asked
    of Cloud Storage yet.

    Raises:
        StorageError: the URL is no such URL, or there are no credentials.
    """
    from google.auth.credentials import AnonymousCredentials
    from google.auth.exceptions import GoogleAuthError
    from google.cloud.storage import Client

    place = ObjectUrl.parse(url, ("endpoint", "project"))
    endpoint = place.options.get("endpoint")
    given: dict[str, Any] = {}
    if endpoint:
        given = {
            "credentials": AnonymousCredentials(),
            "client_options": {"api_endpoint": endpoint},
        }
    try:
        # A project is needed for making buckets only.
        client = Client(project=place.options.get("project", ""), **given)
    except GoogleAuthError as error:
        raise StorageError(f"Cannot use storage {url!r}: {error}") from error
    return ObjectStorage(GcsBucket(client, place.bucket), place.prefix)


class GcsBucket:
    """An `ObjectBucket` of Cloud Storage."""

    def __init__(self, client: Client, bucket: str) -> None:
        """Use a bucket through a client of google-cloud-storage."""
        self._client = client
        self._bucket = client.bucket(bucket)
        _widen(client)
        self.url = f"gs://{bucket}"

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        """What the client raises."""
        return _errors()

    def is_missing(self, error: Exception) -> bool:
        """Return whether there is no such object."""
        # A missing bucket is a 404 as well, and only the message tells it apart.
        code, text = getattr(error, "code", None), str(error).lower()
        return code == _NOT_FOUND and "bucket does not exist" not in text

    def read(self, name: str, start: int, length: int | None) -> ObjectReader:
        """Open an object at a byte; what it gives is of one generation."""
        from google.cloud.exceptions import NotFound
        from smart_open import gcs

        blob = self._bucket.get_blob(name)
        if blob is None:
            raise NotFound(name)
        # Not every server's link names the generation; the URL that the client makes itself does.
        blob._properties.pop("mediaLink", None)
        stream: Any = gcs.open(
            self._bucket.name,
            name,
            "rb",
            client=_Looked(blob),
            blob_open_kwargs={
                "chunk_size": _CHUNK if length is None else min(length or 1, _CHUNK),
            },
        )
        stream.seek(min(start, blob.size))
        return _Sized(stream, blob.size - start)

    def write(self, name: str) -> ObjectWriter:
        """Begin a resumable upload."""
        from smart_open import gcs

        writer: Any = gcs.open(
            self._bucket.name, name, "wb", client=self._client, min_part_size=_CHUNK
        )
        return _Upload(writer)

    def put(self, name: str, data: bytes) -> None:
        """Store a small object."""
        self._bucket.blob(name).upload_from_string(data, content_type="application/octet-stream")

    def find(self, name: str) -> StoredFile | None:
        """Return an object's name, size and date."""
        blob = self._bucket.get_blob(name)
        return blob and StoredFile(name, blob.size, blob.updated)

    def list(self, prefix: str) -> Iterator[StoredFile]:
        """Return the objects whose name begins so."""
        fields = "items(name,size,updated),nextPageToken"
        for blob in self._client.list_blobs(self._bucket, prefix=prefix or None, fields=fields):
            yield StoredFile(blob.name, blob.size, blob.updated)

    def delete(self, name: str) -> bool:
        """Delete an object; return whether it was there."""
        try:
            self._bucket.blob(name).delete()
        except self.errors as error:
            if self.is_missing(error):
                return False
            raise
        return True

    def delete_all(self, names: Sequence[str]) -> None:
        """Delete objects, several at once."""
        with ThreadPoolExecutor(_CONNECTIONS) as pool:
            # All of them, so that an error is raised here.
            list(pool.map(self.delete, names))

    def copy(self, source: str, target: str) -> None:
        """Copy an object; a large one piece by piece."""
        origin, copy = self._bucket.blob(source), self._bucket.blob(target)
        token, _, _ = copy.rewrite(origin)
        while token:
            token, _, _ = copy.rewrite(origin, token=token)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


class _Looked:
    """A client that has looked the object up already, so that `smart_open` need not do it again."""

    def __init__(self, blob: Any) -> None:
        self._blob = blob

    def bucket(self, _name: str) -> _Looked:
        return self

    def get_blob(self, _name: str) -> Any:
        return self._blob


class _Sized:
    """A reader that knows where the end is; the client's own would ask for more to find out."""

    def __init__(self, stream: Any, left: int) -> None:
        self._stream = stream
        self._left = left

    def read(self, size: int, /) -> bytes:
        if self._left <= 0:
            return b""
        data: bytes = self._stream.read(min(size, self._left))
        self._left -= len(data)
        return data

    def close(self) -> None:
        self._stream.close()


class _Upload:
    """An upload that can be dropped before and after its first request."""

    def __init__(self, writer: Any) -> None:
        self._writer = writer

    def write(self, data: bytes, /) -> int:
        written: int = self._writer.write(data)
        return written

    def close(self) -> None:
        self._writer.close()

    def terminate(self) -> None:
        # Told to forget an upload, Cloud Storage answers with an error status of its own.
        with suppress(*_errors()):
            self._writer.terminate()


def _widen(client: Any) -> None:
    """Have a connection for each of the threads that tasks read and write from."""
    from requests.adapters import HTTPAdapter

    for scheme in ("https://", "http://"):
        client._http.mount(scheme, HTTPAdapter(pool_maxsize=_CONNECTIONS))


@lru_cache(maxsize=1)
def _errors() -> tuple[type[Exception], ...]:
    from google.api_core.exceptions import GoogleAPIError
    from google.auth.exceptions import GoogleAuthError
    from google.cloud.storage.exceptions import DataCorruption, InvalidResponse
    from requests import RequestException

    return (GoogleAPIError, GoogleAuthError, InvalidResponse, DataCorruption, RequestException)
