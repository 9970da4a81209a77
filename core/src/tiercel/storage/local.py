"""Storage in a folder of the local disk; a key is the file's path below it, readable by a person.

A file appears by a rename inside its own folder, so no reader and no crash ever sees half of one.
Whether it also survives a power loss at that instant is the `fsync` setting. Symbolic links below
the root are never followed: a key that leads through one is refused.
"""

from __future__ import annotations

import os
import stat as modes
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from io import BufferedReader, RawIOBase
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from tiercel.errors import StorageError, StorageUriError, StoredFileNotFoundError
from tiercel.storage.spi import StoredFile
from tiercel.storage.uri import PARTIAL_PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["LocalStorage"]

_BUFFER = 1 << 18
# The path was checked for links a moment ago, but one may have been made since; and opening a pipe
# would wait for somebody to write to it.
_READ = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_EXCL
_BINARY = getattr(os, "O_BINARY", 0)
# A folder can vanish between its making and its use when somebody else empties it.
_TRIES = 100


class LocalStorage:
    """A `StorageBackend` on a folder, for any number of threads and processes."""

    def __init__(self, root: str | os.PathLike[str], *, fsync: bool = False) -> None:
        """Use the folder `root`, which is made when it is missing.

        Args:
            root: the folder; it may itself be a symbolic link.
            fsync: wait until a file is on the disk before it counts as stored, so that it
                survives a power loss. Without it a file survives any crash of the program, but
                may be lost when the machine fails within the next seconds.

        Raises:
            StorageError: the folder cannot be made.
        """
        self._fsync = fsync
        try:
            os.makedirs(root, exist_ok=True)
            self._root = os.path.realpath(root)
        except OSError as error:
            raise StorageError(f"Cannot use storage folder {str(root)!r}: {error}") from error

    @property
    def root(self) -> Path:
        """The folder, with links resolved."""
        return Path(self._root)

    def open(self, key: str, start: int = 0, length: int | None = None) -> BinaryIO:
        """Open a file for reading, from byte `start`, at most `length` bytes."""
        if start < 0 or (length is not None and length < 0):
            raise StorageError(f"Cannot read {length} bytes from {start}; both must be 0 or more")
        path = self._path(key)
        with _told(key):
            descriptor = os.open(path, _READ | _BINARY)
            if not modes.S_ISREG(os.fstat(descriptor).st_mode):
                os.close(descriptor)
                raise StoredFileNotFoundError(f"Unable to find file {key!r}")
            file = os.fdopen(descriptor, "rb", buffering=0)
            if start:
                file.seek(start)
        raw = file if length is None else _Range(file, length)
        return BufferedReader(raw, _BUFFER)

    def create(self, key: str) -> _Writer:
        """Begin writing a file."""
        path = self._path(key)
        folder = os.path.dirname(path)
        for _ in range(_TRIES):
            partial = os.path.join(folder, PARTIAL_PREFIX + os.urandom(8).hex())
            with _writing(key):
                with suppress(FileNotFoundError):
                    return _Writer(key, path, partial, fsync=self._fsync)
                _make_folder(folder)
        raise StorageError(f"Cannot store {key!r}: its folder is being deleted all the time")

    def stat(self, key: str) -> StoredFile:
        """Return a file's size and date."""
        with _told(key):
            status = os.stat(self._path(key), follow_symlinks=False)
        if not modes.S_ISREG(status.st_mode):
            raise StoredFileNotFoundError(f"Unable to find file {key!r}")
        return _stored(key, status)

    def list(self, prefix: str = "") -> Iterator[StoredFile]:
        """Return all files whose key is `prefix` or lies below the folder `prefix`, by key."""
        path = self._path(prefix) if prefix else self._root
        if os.path.isfile(path):
            with suppress(StoredFileNotFoundError):
                yield self.stat(prefix)
            return
        yield from _walk(path, prefix + "/" if prefix else "")

    def delete(self, key: str) -> bool:
        """Delete a file; return whether it was there."""
        path = self._path(key)
        try:
            with _told(key):
                os.unlink(path)
        except StoredFileNotFoundError:
            return False
        self._prune(os.path.dirname(path))
        return True

    def delete_all(self, prefix: str) -> int:
        """Delete all files below the folder `prefix`; return how many.

        Also drops what is being written there, or was when a program crashed: whoever still
        writes it is told on `commit`.
        """
        folder = self._path(prefix) if prefix else self._root
        count = 0
        for parent, _, names in os.walk(folder, topdown=False):
            for name in names:
                with suppress(FileNotFoundError):
                    os.unlink(os.path.join(parent, name))
                    count += not name.startswith(PARTIAL_PREFIX)
            if parent != self._root:
                with suppress(OSError):
                    os.rmdir(parent)
        self._prune(os.path.dirname(folder))
        return count

    def move(self, source: str, target: str) -> None:
        """Give a file another key, replacing what is there."""
        self.stat(source)
        old, new = self._path(source), self._path(target)
        with _writing(target):
            for _ in range(_TRIES):
                _make_folder(os.path.dirname(new))
                with suppress(FileNotFoundError):
                    os.replace(old, new)
                    self._prune(os.path.dirname(old))
                    return
                self.stat(source)
        raise StorageError(f"Cannot move {source!r} to {target!r}: its folder is being deleted")

    def close(self) -> None:
        """Do nothing: no connection is held."""

    def _path(self, key: str) -> str:
        path = os.path.join(self._root, *key.split("/"))
        # Equal unless a component is a link, or the key was never checked.
        if "\0" in key or path == self._root or os.path.realpath(path) != path:
            raise StorageUriError(f"Storage key {key!r} leaves its root, or passes a link")
        return path

    def _prune(self, folder: str) -> None:
        """Remove folders that became empty, upwards."""
        with suppress(OSError):  # not empty, or somebody else was faster
            while folder.startswith(self._root + os.sep):
                os.rmdir(folder)
                folder = os.path.dirname(folder)


class _Writer:
    """Bytes on their way in, to a partial file beside the place of the whole one."""

    def __init__(self, key: str, path: str, partial: str, *, fsync: bool) -> None:
        self._key = key
        self._path = path
        self._partial = partial
        self._fsync = fsync
        self._file = open(os.open(partial, _WRITE | _BINARY, 0o666), "wb", buffering=_BUFFER)  # noqa: SIM115

    def write(self, data: bytes, /) -> int:
        if self._file.closed:
            raise StorageError(f"Writing to {self._key!r} has ended")
        with _writing(self._key):
            return self._file.write(data)

    def commit(self) -> None:
        if self._file.closed:
            raise StorageError(f"Writing to {self._key!r} has ended")
        try:
            with _writing(self._key):
                self._file.flush()
                if self._fsync:
                    os.fsync(self._file.fileno())
                self._file.close()
                os.replace(self._partial, self._path)
                if self._fsync:
                    _sync_folder(os.path.dirname(self._path))
        except BaseException:
            self.abort()
            raise

    def abort(self) -> None:
        with suppress(OSError):  # a full disk fails again when the rest is flushed
            self._file.close()
        with suppress(FileNotFoundError):
            os.unlink(self._partial)

    def __del__(self) -> None:
        if hasattr(self, "_file") and not self._file.closed:
            self.abort()


class _Range(RawIOBase):
    """The next `length` bytes of a file that is open already."""

    def __init__(self, file: RawIOBase, length: int) -> None:
        self._file = file
        self._left = length

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # any writable buffer
        got = cast(int, self._file.readinto(memoryview(buffer)[: self._left]))
        self._left -= got
        return got

    def close(self) -> None:
        self._file.close()
        super().close()


def _walk(folder: str, prefix: str) -> Iterator[StoredFile]:
    try:
        entries = list(os.scandir(folder))
    except (FileNotFoundError, NotADirectoryError):  # deleted in the meantime
        return
    folders = {e.name for e in entries if e.is_dir(follow_symlinks=False)}
    # A folder sorts as its keys do: with the slash that follows its name.
    entries.sort(key=lambda e: e.name + "/" if e.name in folders else e.name)
    for entry in entries:
        if entry.name in folders:
            yield from _walk(entry.path, f"{prefix}{entry.name}/")
        elif entry.is_file(follow_symlinks=False) and not entry.name.startswith(PARTIAL_PREFIX):
            with suppress(FileNotFoundError):
                yield _stored(prefix + entry.name, entry.stat(follow_symlinks=False))


def _stored(key: str, status: os.stat_result) -> StoredFile:
    return StoredFile(key, status.st_size, datetime.fromtimestamp(status.st_mtime, UTC))


def _make_folder(folder: str) -> None:
    try:
        os.makedirs(folder, exist_ok=True)
    except FileNotFoundError:
        pass  # a parent was emptied and removed in the meantime: the caller tries again
    except FileExistsError:
        # Either a file is in the way, or the folder was there and is gone.
        if os.path.lexists(folder) and not os.path.isdir(folder):
            raise


def _sync_folder(folder: str) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _told(key: str) -> Iterator[None]:
    """Turn what the system says about reading into errors that name the key."""
    try:
        yield
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
        raise StoredFileNotFoundError(f"Unable to find file {key!r}") from error
    except OSError as error:
        raise StorageError(f"Cannot read {key!r}: {error.strerror or error}") from error


@contextmanager
def _writing(key: str) -> Iterator[None]:
    """Turn what the system says about writing into errors that name the key."""
    try:
        yield
    except OSError as error:
        raise StorageError(f"Cannot store {key!r}: {error.strerror or error}") from error
