"""`TaskFiles`: internal storage as one task run sees it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeVar

from tiercel._time import Clock, SystemClock
from tiercel.errors import StoredFileNotFoundError
from tiercel.storage import uri as uris

if TYPE_CHECKING:
    from tiercel.plugin.context import ExecutionFile
    from tiercel.storage.spi import StorageBackend, StorageWriter

__all__ = ["FileStore", "TaskFiles", "UriWriter"]

_CHUNK = 1 << 20
T = TypeVar("T")


class UriWriter:
    """A file being written; it appears at `uri`, whole, when the writer is closed.

    Args:
        writer: the backend's writer.
        uri: what the file will be called.
    """

    def __init__(self, writer: StorageWriter, uri: str) -> None:
        self._writer = writer
        self._open = True
        self.uri = uri

    def write(self, data: bytes) -> int:
        """Write some bytes; return how many."""
        return self._writer.write(data)

    def close(self) -> str:
        """Make the file visible and return its URI."""
        if self._open:
            self._open = False
            self._writer.commit()
        return self.uri

    def abort(self) -> None:
        """Forget what was written."""
        if self._open:
            self._open = False
            self._writer.abort()

    def __enter__(self) -> UriWriter:
        return self

    def __exit__(self, *exc_info: object) -> None:
        if exc_info[0] is None:
            self.close()
        else:
            self.abort()


class FileStore:
    """A tenant's files, by URI.

    Args:
        backend: where they are.
        tenant: whose they are.
        clock: tells the age of files.
    """

    def __init__(self, backend: StorageBackend, tenant: str, clock: Clock | None = None) -> None:
        self._backend = backend
        self._tenant = tenant
        self._clock = clock or SystemClock()

    def key(self, uri: str) -> str:
        """Return the backend's key of a URI.

        Raises:
            StorageUriError: it is not a storage URI, or it leaves its root.
        """
        return uris.storage_key(self._tenant, uris.parse_uri(uri))

    def open(self, uri: str, start: int = 0, length: int | None = None) -> BinaryIO:
        """Open a file for reading."""
        return self._telling(uri, lambda key: self._backend.open(key, start, length))

    def create(self, path: str) -> UriWriter:
        """Begin a new file at a path."""
        writer = self._backend.create(uris.storage_key(self._tenant, path))
        return UriWriter(writer, uris.format_uri(path))

    def put(self, path: str, source: BinaryIO) -> str:
        """Store all of a stream at a path and return its URI."""
        with self.create(path) as writer:
            while chunk := source.read(_CHUNK):
                writer.write(chunk)
        return writer.uri

    def size(self, uri: str) -> int:
        """Return a file's size in bytes."""
        return self._telling(uri, lambda key: self._backend.stat(key).size)

    def age(self, uri: str) -> timedelta:
        """Return how long ago a file was put."""
        put = self._telling(uri, lambda key: self._backend.stat(key).modified)
        return self._clock.now() - put

    def delete(self, uri: str) -> bool:
        """Delete a file; return whether it was there."""
        return self._backend.delete(self.key(uri))

    def delete_all(self, folder: str) -> int:
        """Delete all files in a folder and below it; return how many there were."""
        return self._backend.delete_all(uris.storage_key(self._tenant, folder))

    def of_executions(
        self, namespace: str | None = None, flow_id: str | None = None
    ) -> Iterator[ExecutionFile]:
        """Yield the files of executions of a namespace and, without a flow, of those below it."""
        from tiercel.plugin.context import ExecutionFile

        folder = ""
        if namespace is not None:
            folder = uris.namespace_folder(namespace)
            if flow_id is not None:
                folder = uris.flow_folder(namespace, flow_id)
        root = f"{self._tenant}/"
        for stored in self._backend.list(f"{root}{folder}".rstrip("/")):
            path = stored.key.removeprefix(root)
            owner = uris.owner(path)
            if owner is not None and owner.execution_id is not None:
                yield ExecutionFile(uris.format_uri(path), owner.execution_id, stored.modified)

    def below(self, folder: str) -> Iterator[str]:
        """Return the paths, below a folder, of all files in it, sorted."""
        prefix = uris.storage_key(self._tenant, folder)
        for stored in self._backend.list(prefix):
            yield stored.key.removeprefix(prefix + "/")

    def _telling(self, uri: str, action: Callable[[str], T]) -> T:
        key = self.key(uri)
        try:
            return action(key)
        except StoredFileNotFoundError as error:
            raise StoredFileNotFoundError(f"No file at {uri!r}") from error


class TaskFiles:
    """The files of one task run, and through their URIs everybody else's.

    Args:
        store: the tenant's files.
        namespace: the flow's namespace, for its namespace files.
        execution: the folder of the execution's files.
        folder: where new files of this task run go.
        cache: where files go that later executions may use.
    """

    def __init__(
        self, store: FileStore, namespace: str, execution: str, folder: str, cache: str
    ) -> None:
        self._store = store
        self._namespace = namespace
        self._execution = execution
        self.folder = folder
        self._cache = cache

    def open(self, uri: str, start: int = 0) -> BinaryIO:
        """Open a stored file for reading, from byte `start`."""
        return self._store.open(uri, start)

    def create(self, name: str) -> UriWriter:
        """Begin a new file of this task run; slashes in `name` make folders."""
        parts = [uris.safe_name(part) for part in name.split("/") if part not in ("", ".")]
        return self._store.create("/".join((self.folder, *parts)))

    def put(self, path: Path, name: str | None = None) -> str:
        """Store a local file as a file of this task run and return its URI."""
        with path.open("rb") as source, self.create(name or path.name) as writer:
            while chunk := source.read(_CHUNK):
                writer.write(chunk)
        return writer.uri

    def size(self, uri: str) -> int:
        """Return a stored file's size in bytes."""
        return self._store.size(uri)

    def delete(self, uri: str) -> bool:
        """Delete a stored file; return whether it was there."""
        return self._store.delete(uri)

    def namespace_file(self, path: str, namespace: str | None = None) -> BinaryIO:
        """Open a namespace file for reading."""
        return self._store.open(uris.format_uri(self._namespace_path(path, namespace)))

    def namespace_files(self, namespace: str | None = None) -> Iterator[str]:
        """Return the paths of all files of a namespace, the flow's own by default, sorted."""
        return self._store.below(uris.namespace_files(namespace or self._namespace))

    def put_namespace_file(self, path: str, source: BinaryIO, namespace: str | None = None) -> str:
        """Write all of a stream to a namespace file and return its URI."""
        return self._store.put(self._namespace_path(path, namespace), source)

    def delete_namespace_file(self, path: str, namespace: str | None = None) -> bool:
        """Delete a namespace file; return whether it was there."""
        return self._store.delete(uris.format_uri(self._namespace_path(path, namespace)))

    def open_cached(self, name: str, max_age: timedelta | None = None) -> BinaryIO | None:
        """Open a file that this task cached; None when there is none, or only an older one."""
        uri = uris.format_uri(f"{self._cache}/{name}")
        try:
            if max_age is not None and self._store.age(uri) > max_age:
                return None
            return self._store.open(uri)
        except StoredFileNotFoundError:
            return None

    def put_cached(self, path: Path, name: str) -> None:
        """Keep a local file for later executions."""
        with path.open("rb") as source:
            self._store.put(f"{self._cache}/{name}", source)

    def execution_files(
        self, namespace: str | None = None, flow_id: str | None = None
    ) -> Iterator[ExecutionFile]:
        """Yield the files of executions of any flow, whether or not they still exist."""
        return self._store.of_executions(namespace, flow_id)

    def purge_execution(self) -> list[str]:
        """Delete every file of this execution and return their URIs.

        Outputs stay, as those in the database do.
        """
        paths = (f"{self._execution}/{name}" for name in self._store.below(self._execution))
        outputs = uris.outputs_folder(self._execution) + "/"
        found = [uris.format_uri(path) for path in paths if not path.startswith(outputs)]
        return [uri for uri in found if self._store.delete(uri)]

    def _namespace_path(self, path: str, namespace: str | None) -> str:
        folder = uris.namespace_files(namespace or self._namespace)
        return uris.check_path(f"{folder}/{path.lstrip('/')}")
