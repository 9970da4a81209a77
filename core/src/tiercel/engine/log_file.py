"""`logToFile`: the log lines of one attempt as a file of its task run."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tiercel.model.execution import LogEntry
    from tiercel.plugin.context import StoredWriter, TaskStorage

__all__ = ["LogFile"]


class LogFile:
    """A text file, one entry after the other; it begins with the first.

    Args:
        storage: the task run's files.
        attempt: the attempt's number, for the name.
    """

    def __init__(self, storage: TaskStorage, attempt: int) -> None:
        self._storage = storage
        self._name = f"attempt-{attempt}.log"
        self._writer: StoredWriter | None = None

    def write(self, entry: LogEntry) -> None:
        """Add an entry."""
        if self._writer is None:
            self._writer = self._storage.create(self._name)
        at = entry.at.isoformat(timespec="milliseconds")
        self._writer.write(f"{at} {entry.level:<5} {entry.message}\n".encode())

    def close(self) -> str | None:
        """Make the file visible; return its URI, or None when nothing was written."""
        writer, self._writer = self._writer, None
        return None if writer is None else writer.close()
