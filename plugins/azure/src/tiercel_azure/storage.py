"""Internal storage in a container of Azure Blob Storage: `azure://container/prefix`.

Streams go through `smart_open`: a large file is a list of blocks, which nobody sees before it is
committed; reading fetches chunks, all of them of the version that was there in the beginning.
Listing, deleting and copying are the client's.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
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
    from azure.storage.blob import BlobClient, ContainerClient

__all__ = ["AzureContainer", "open_storage"]

# How much one request reads or writes; Azure takes 50,000 blocks: files up to 390 GiB.
_CHUNK = 8 << 20
_CONNECTIONS = 16
_POLL_SECONDS = 0.5


def open_storage(url: str) -> ObjectStorage:
    """Return the storage at `azure://container/prefix?account=…&endpoint=…`.

    The account is that of the URL, of `AZURE_STORAGE_CONNECTION_STRING` or of
    `AZURE_STORAGE_ACCOUNT`, in this order; the credential is in the connection string,
    `AZURE_STORAGE_KEY` or `AZURE_STORAGE_SAS_TOKEN`, or is found by `azure-identity`. Nothing is
    asked of Azure yet.

    Raises:
        StorageError: the URL is no such URL, or account or credential are unknown.
    """
    place = ObjectUrl.parse(url, ("account", "endpoint"))
    try:
        client = _client(place, os.environ)
    except ValueError as error:
        raise StorageError(f"Cannot use storage {url!r}: {error}") from error
    return ObjectStorage(AzureContainer(client), place.prefix)


def _client(place: ObjectUrl, environ: Mapping[str, str]) -> ContainerClient:
    from azure.storage.blob import ContainerClient

    named = place.options.get("account")
    endpoint = place.options.get("endpoint")
    connection = environ.get("AZURE_STORAGE_CONNECTION_STRING")
    if connection and not named and not endpoint:
        return ContainerClient.from_connection_string(connection, place.bucket)
    account = named or environ.get("AZURE_STORAGE_ACCOUNT")
    if not account and not endpoint:
        raise ValueError(
            "no account; name one in the URL (?account=…) or in AZURE_STORAGE_ACCOUNT, or set "
            "AZURE_STORAGE_CONNECTION_STRING"
        )
    return ContainerClient(
        endpoint or f"https://{account}.blob.core.windows.net",
        place.bucket,
        credential=_credential(account, environ),
    )


def _credential(account: str | None, environ: Mapping[str, str]) -> Any:
    if key := environ.get("AZURE_STORAGE_KEY"):
        return {"account_name": account, "account_key": key} if account else key
    if token := environ.get("AZURE_STORAGE_SAS_TOKEN"):
        return token
    try:
        from azure.identity import DefaultAzureCredential
    except ImportError as error:
        raise ValueError(
            "no credential; set AZURE_STORAGE_KEY or AZURE_STORAGE_SAS_TOKEN, or install "
            "tiercel-azure[identity]"
        ) from error
    return DefaultAzureCredential()


class AzureContainer:
    """An `ObjectBucket` of Azure Blob Storage."""

    def __init__(self, client: ContainerClient) -> None:
        """Use the container of a client of azure-storage-blob."""
        self._client = client
        self.url = f"azure://{client.container_name}"

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        """What the client raises."""
        return _errors()

    def is_missing(self, error: Exception) -> bool:
        """Return whether there is no such object."""
        # A missing container is a 404 as well.
        return getattr(error, "error_code", None) == "BlobNotFound"

    def read(self, name: str, start: int, length: int | None) -> ObjectReader:
        """Open an object at a byte; what it gives is of one version."""
        from smart_open import azure

        stream: Any = azure.open(
            self._client.container_name,
            name,
            "rb",
            client=_OneVersion(self._client.get_blob_client(name)),  # type: ignore[arg-type]
            buffer_size=_CHUNK if length is None else min(length or 1, _CHUNK),
        )
        stream.seek(start)
        return stream  # type: ignore[no-any-return]  # typed as a stream of either direction

    def write(self, name: str) -> ObjectWriter:
        """Begin a list of blocks."""
        from smart_open import azure

        writer: Any = azure.open(
            self._client.container_name,
            name,
            "wb",
            client=self._client,
            min_part_size=_CHUNK,
        )
        return writer  # type: ignore[no-any-return]  # typed as a stream, which has no terminate

    def put(self, name: str, data: bytes) -> None:
        """Store a small object."""
        self._client.upload_blob(name, data, overwrite=True)

    def find(self, name: str) -> StoredFile | None:
        """Return an object's name, size and date."""
        try:
            found = self._client.get_blob_client(name).get_blob_properties()
        except self.errors as error:
            if self.is_missing(error):
                return None
            raise
        return StoredFile(name, found.size, found.last_modified)

    def list(self, prefix: str) -> Iterator[StoredFile]:
        """Return the objects whose name begins so."""
        for blob in self._client.list_blobs(name_starts_with=prefix or None):
            yield StoredFile(blob.name, blob.size, blob.last_modified)

    def delete(self, name: str) -> bool:
        """Delete an object; return whether it was there."""
        try:
            self._client.delete_blob(name)
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
        """Copy an object; Azure may take its time for a large one."""
        copy = self._client.get_blob_client(target)
        copy.start_copy_from_url(self._client.get_blob_client(source).url)
        while (state := copy.get_blob_properties().copy).status == "pending":
            time.sleep(_POLL_SECONDS)
        if state.status != "success":
            raise StorageError(
                f"Cannot copy {source!r} in {self.url}: {state.status_description or state.status}"
            )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


class _OneVersion:
    """A client of one blob whose reads are all of the version that it found first."""

    def __init__(self, client: BlobClient) -> None:
        self._client = client
        self._tag: str | None = None

    def get_blob_properties(self) -> Any:
        """Return what is known of the blob."""
        found = self._client.get_blob_properties()
        self._tag = found.etag
        return found

    def download_blob(self, **asked: Any) -> Any:
        """Return a part of the blob."""
        from azure.core import MatchConditions

        return self._client.download_blob(
            **asked, etag=self._tag, match_condition=MatchConditions.IfNotModified
        )

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)


@lru_cache(maxsize=1)
def _errors() -> tuple[type[Exception], ...]:
    from azure.core.exceptions import AzureError

    return (AzureError,)
