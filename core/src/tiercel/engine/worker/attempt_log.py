"""`AttemptLog`: what one attempt says, on its way to the database or to a file.

However much a task says, it takes only so much memory, and so many rows: a line that is too long
goes to a file of its own, and lines beyond a number go to one file together, as all of them do with
`logToFile`.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from tiercel.engine.services.log_file import LogFile
from tiercel.errors import StorageError

if TYPE_CHECKING:
    from tiercel.engine.services.services import Services
    from tiercel.engine.worker.assignment import Assignment
    from tiercel.model.execution import LogEntry
    from tiercel.plugin.context import TaskStorage

__all__ = ["AttemptLog"]

_LEVELS = {"TRACE": 0, "DEBUG": 1, "INFO": 2, "WARN": 3, "ERROR": 4}
_FLUSH_AT = 500
_FLUSH_AT_CHARACTERS = 1 << 20
_MOST_CHARACTERS = 64
"""How many times the limit of one line all lines in the database may have together."""
_KEPT = 10_000
"""Characters that a line too long for the database begins with there."""
_MOST_LINE_FILES = 100
"""How many such lines have a file of their own."""
_UNSPEAKABLE = re.compile("[\0\ud800-\udfff]")
"""Characters that databases refuse: NUL, and halves of surrogate pairs."""


class AttemptLog:
    """Takes lines from any thread.

    Args:
        services: the clock, the masker, and the limits.
        assignment: which attempt it is, and who takes its lines.
        storage: gives the task run's files.
    """

    def __init__(
        self, services: Services, assignment: Assignment, storage: Callable[[], TaskStorage]
    ) -> None:
        self._services = services
        self._assignment = assignment
        self._storage = storage
        task = assignment.task
        self._threshold = _LEVELS[task.log_level] if task.log_level else 0
        self._file = LogFile(storage(), assignment.attempt) if task.log_to_file else None
        self._lock = threading.Lock()
        self._lines: list[LogEntry] = []
        self._characters = 0
        self._all_lines = self._all_characters = 0
        self._line_files = 0

    def write(self, level: str, message: str, *, last: bool = False) -> None:
        """Add a line, masked; waits when the database is far behind.

        Args:
            level: TRACE, DEBUG, INFO, WARN or ERROR.
            message: the line, or several.
            last: whether it says how the attempt ended, which belongs into the database even when
                there is no more room.
        """
        if _LEVELS[level] < self._threshold:
            return
        message = self._tidy(message)
        if self._file is None and len(message) > self._services.inline_limit:
            message = self._shortened(message)
        entry = self._assignment.line(self._services.clock.now(), level, message)
        with self._lock:
            if self._file is not None and not (last and self._is_full()):
                self._file.write(entry)
                return
            self._add(entry)
            if self._file is None and self._is_full():
                self._overflow()
            full = len(self._lines) >= _FLUSH_AT or self._characters >= _FLUSH_AT_CHARACTERS
        if full:
            self.flush()
            self._assignment.pace()

    def flush(self) -> None:
        """Hand over the lines so far, for watchers to see."""
        with self._lock:
            lines = self._take()
            if lines:
                self._assignment.flush(lines)

    def close(self) -> tuple[tuple[LogEntry, ...], str | None]:
        """Return the lines that were not handed over yet, and the URI of the file, if any."""
        with self._lock:
            uri = self._close_file()
            return tuple(self._take()), uri

    def _close_file(self) -> str | None:
        file, self._file = self._file, None
        if file is None:
            return None
        uri = file.close()
        if uri is not None:
            self._note("DEBUG", f"Log file: {uri}")
        if file.error is not None:
            self._note("WARN", f"Lines of the log are lost: {file.error}")
        return uri

    def _tidy(self, message: str) -> str:
        """Return a message as it can be kept: masked, without odd characters."""
        message = self._services.masker.mask(message)
        if "\0" in message or not message.isascii():
            message = _UNSPEAKABLE.sub("\ufffd", message)
        return message

    def _shortened(self, message: str) -> str:
        """Return the beginning of a message too long for the database; a file has all of it."""
        note = f"{len(message) - _KEPT} more characters"
        with self._lock:
            self._line_files += 1
            number = self._line_files
        try:
            name = f"attempt-{self._assignment.attempt}.message-{number}.txt"
            with self._storage().create(name) as file:
                file.write(message.encode())
            note += f"; all of it is in {file.uri}"
        except StorageError as error:
            note += f"; they cannot be stored: {error}"
        return f"{message[:_KEPT]}… ({note})"

    def _is_full(self) -> bool:
        services = self._services
        return (
            self._all_lines >= services.log_lines
            or self._all_characters >= services.inline_limit * _MOST_CHARACTERS
            or self._line_files >= _MOST_LINE_FILES
        )

    def _overflow(self) -> None:
        self._note("WARN", f"The log goes on in a file, after {self._all_lines} lines")
        self._file = LogFile(self._storage(), self._assignment.attempt)

    def _note(self, level: str, message: str) -> None:
        self._add(self._assignment.line(self._services.clock.now(), level, message))

    def _add(self, entry: LogEntry) -> None:
        self._lines.append(entry)
        self._characters += len(entry.message)
        self._all_lines += 1
        self._all_characters += len(entry.message)

    def _take(self) -> list[LogEntry]:
        lines, self._lines, self._characters = self._lines, [], 0
        return lines
