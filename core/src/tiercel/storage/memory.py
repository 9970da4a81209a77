"""Storage in memory: for tests, and for embedding programs that keep nothing."""

from __future__ import annotations

from bisect import bisect_left, insort
from io import BytesIO
from threading import Lock
from typing import TYPE_CHECKING, BinaryIO

from tiercel._time import Clock, SystemClock
from tiercel.errors import StorageError, StoredFileNotFoundError
from tiercel.storage.spi import StoredFile

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MemoryStorage"]


class MemoryStorage:
    """A `StorageBackend` that forgets everything with the process."""

    def __init__(self, clock: Clock | None = None) -> None:
        """Begin empty; `clock` dates the files."""
        self._clock = clock or SystemClock()
        self._lock = Lock()
        self._files: dict[str, tuple[StoredFile, bytes]] = {}
        self._keys: list[str] = []

    def open(self, key: str, start: int = 0, length: int | None = None) -> BinaryIO:
        """Open a file for reading, from byte `start`, at most `length` bytes."""
        if start < 0 or (length is not None and length < 0):
            raise StorageError(f"Cannot read {length} bytes from {start}; both must be 0 or more")
        _, data = self._find(key)
        return BytesIO(data[start : None if length is None else start + length])

    def create(self, key: str) -> _Writer:
        """Begin writing a file."""
        return _Writer(self, key)

    def stat(self, key: str) -> StoredFile:
        """Return a file's size and date."""
        return self._find(key)[0]

    def list(self, prefix: str = "") -> Iterator[StoredFile]:
        """Return all files whose key is `prefix` or lies below the folder `prefix`, by key."""
        with self._lock:
            found = [self._files[key][0] for key in self._below(prefix)]
            if prefix in self._files:
                found.insert(0, self._files[prefix][0])
        return iter(found)

    def delete(self, key: str) -> bool:
        """Delete a file; return whether it was there."""
        with self._lock:
            return self._remove(key) is not None

    def delete_all(self, prefix: str) -> int:
        """Delete all files below the folder `prefix`; return how many."""
        with self._lock:
            doomed = self._below(prefix)
            for key in doomed:
                self._remove(key)
        return len(doomed)

    def move(self, source: str, target: str) -> None:
        """Give a file another key, replacing what is there."""
        with self._lock:
            file = self._files.get(source)
            if file is None:
                raise StoredFileNotFoundError(f"Unable to find file {source!r}")
            self._remove(source)
            self._put(StoredFile(target, file[0].size, file[0].modified), file[1])

    def close(self) -> None:
        """Keep everything: another reader may hold the same object."""

    def put(self, key: str, data: bytes) -> None:
        """Store a whole file."""
        with self._lock:
            self._put(StoredFile(key, len(data), self._clock.now()), data)

    def _find(self, key: str) -> tuple[StoredFile, bytes]:
        try:
            return self._files[key]
        except KeyError:
            raise StoredFileNotFoundError(f"Unable to find file {key!r}") from None

    def _put(self, file: StoredFile, data: bytes) -> None:
        if file.key not in self._files:
            insort(self._keys, file.key)
        self._files[file.key] = (file, data)

    def _remove(self, key: str) -> tuple[StoredFile, bytes] | None:
        file = self._files.pop(key, None)
        if file is not None:
            del self._keys[bisect_left(self._keys, key)]
        return file

    def _below(self, prefix: str) -> tuple[str, ...]:
        if not prefix:
            return tuple(self._keys)
        folder = prefix + "/"
        # "0" follows "/" in every alphabet that counts here.
        begin, end = bisect_left(self._keys, folder), bisect_left(self._keys, prefix + "0")
        return tuple(self._keys[begin:end])


class _Writer:
    """Bytes on their way in."""

    def __init__(self, storage: MemoryStorage, key: str) -> None:
        self._storage = storage
        self._key = key
        self._buffer = BytesIO()

    def write(self, data: bytes, /) -> int:
        if self._buffer.closed:
            raise StorageError(f"Writing to {self._key!r} has ended")
        return self._buffer.write(data)

    def commit(self) -> None:
        if self._buffer.closed:
            raise StorageError(f"Writing to {self._key!r} has ended")
        self._storage.put(self._key, self._buffer.getvalue())
        self._buffer.close()

    def abort(self) -> None:
        self._buffer.close()
