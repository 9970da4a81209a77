"""What a database is to the tasks: a `Session`, one connection for the length of a task."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator, Mapping
from typing import Any

from tiercel_jdbc.values import Row

__all__ = ["Session"]


class Session(ABC):
    """A connection, without a transaction unless `begin` was called.

    A subclass raises `TaskError` for what the database refuses, and `TaskKilledError` when the task
    is to stop; it has what runs interrupted by then. It is closed by whoever opened it.
    """

    @abstractmethod
    def split(self, sql: str, parameters: Mapping[str, Any]) -> list[Any]:
        """Return the statements of some SQL, in whatever form `execute` takes them.

        Args:
            sql: the text.
            parameters: values by name, for databases that must know the names here.
        """

    @abstractmethod
    def execute(
        self, statement: Any, parameters: Mapping[str, Any], size: int
    ) -> Generator[Row, None, None] | None:
        """Run a statement; return its rows, None when it has no result.

        What the statement does is done once the rows are read, or closed before all were.

        Args:
            statement: one of those that `split` gave.
            parameters: values by name; more than the statement has are allowed.
            size: how many rows are fetched at once.
        """

    @abstractmethod
    def begin(self) -> None:
        """Begin a transaction. What is not committed is undone when the session is closed."""

    @abstractmethod
    def commit(self) -> None:
        """End the transaction; what was done in it stays."""

    def text_of(self, statement: Any) -> str:
        """Return a statement's text, for the log."""
        return str(statement)
