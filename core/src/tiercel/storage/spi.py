"""The storage SPI: where files of executions and namespaces live.

A backend maps keys to its own objects. A key is a path of one or more segments separated by `/`,
already checked (no `..`, no empty segment, no leading `/`): `tiercel.storage.uri` makes keys from
`kestra:///…` URIs, so no backend sees a URI. The contract suite in
`tiercel.testing.contracts.storage` says exactly what a backend must do.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import BinaryIO, Protocol, runtime_checkable

from tiercel._record import record

__all__ = ["StorageBackend", "StorageWriter", "StoredFile"]


@record
class StoredFile:
    """What is known of a stored file: its key, size in bytes, and when it was last put."""

    key: str
    size: int
    modified: datetime


class StorageWriter(Protocol):
    """Bytes on their way in; invisible to every reader until `commit`.

    A writer that is forgotten, rather than committed or aborted, stores nothing.
    """

    def write(self, data: bytes, /) -> int:
        """Take some bytes; return how many."""
        ...

    def commit(self) -> None:
        """Make the file visible, whole, replacing one of the same key.

        Raises:
            StorageError: it could not be stored; nothing of it is visible.
        """
        ...

    def abort(self) -> None:
        """Drop what was written; harmless after `commit` and when repeated."""
        ...


@runtime_checkable
class StorageBackend(Protocol):
    """A place for files. Safe to use from several threads at once."""

    def open(self, key: str, start: int = 0, length: int | None = None) -> BinaryIO:
        """Open a file for reading, from byte `start`, at most `length` bytes.

        A range beyond the end gives what there is. What is read is the file as it was when it was
        opened, though somebody replaces or deletes it meanwhile; a remote store may let go of a
        large one, and then reading raises StorageError.

        Raises:
            StoredFileNotFoundError: there is no such file.
            StorageError: `start` or `length` is negative.
        """
        ...

    def create(self, key: str) -> StorageWriter:
        """Begin writing a file."""
        ...

    def stat(self, key: str) -> StoredFile:
        """Return a file's size and date.

        Raises:
            StoredFileNotFoundError: there is no such file.
        """
        ...

    def list(self, prefix: str = "") -> Iterator[StoredFile]:
        """Return all files whose key is `prefix` or lies below the folder `prefix`, by key.

        There may be millions: they are fetched as they are asked for.
        """
        ...

    def delete(self, key: str) -> bool:
        """Delete a file; return whether it was there."""
        ...

    def delete_all(self, prefix: str) -> int:
        """Delete all files below the folder `prefix`; return how many."""
        ...

    def move(self, source: str, target: str) -> None:
        """Give a file another key, replacing what is there.

        A store that can only copy may be left with both when the program dies in between.

        Raises:
            StoredFileNotFoundError: there is no file at `source`.
        """
        ...

    def close(self) -> None:
        """Release connections; the backend is not used afterwards."""
        ...
