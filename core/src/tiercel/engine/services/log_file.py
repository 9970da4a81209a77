"""Log lines of one attempt as a file of its task run: `logToFile`, and very long logs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiercel.errors import StorageError

if TYPE_CHECKING:
    from tiercel.model.execution import LogEntry
    from tiercel.plugin.context import StoredWriter, TaskStorage

__all__ = ["LogFile"]


class LogFile:
    """A text file, one entry after the other; it begins with the first.

    What a task says must not decide how it ends: when the file cannot be written, `error` says why,
    and nothing is raised.

    Args:
        storage: the task run's files.
        attempt: the attempt's number, for the name.
    """

    def __init__(self, storage: TaskStorage, attempt: int) -> None:
        self._storage = storage
        self._name = f"attempt-{attempt}.log"
        self._writer: StoredWriter | None = None
        self.error: StorageError | None = None

    def write(self, entry: LogEntry) -> None:
        """Add an entry, unless the file cannot be written any more."""
        if self.error is not None:
            return
        at = entry.at.isoformat(timespec="milliseconds")
        try:
            if self._writer is None:
                self._writer = self._storage.create(self._name)
            self._writer.write(f"{at} {entry.level:<5} {entry.message}\n".encode())
        except StorageError as error:
            self.error = error

    def close(self) -> str | None:
        """Make the file visible; return its URI, or None when there is none."""
        writer, self._writer = self._writer, None
        if writer is None:
            return None
        try:
            return writer.close()
        except StorageError as error:
            self.error = error
            return None
