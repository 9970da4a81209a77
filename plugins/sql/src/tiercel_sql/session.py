"""DB-API, as little of it as is needed: a dialect's differences, and statements on one connection.

Statements are written once, with `?` for a parameter, in SQL that SQLite (3.40 and later) and
PostgreSQL both read. Whatever differs is a field of `Dialect`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from tiercel.plugin.spi import ConflictError, RepositoryError

__all__ = ["Cursor", "Database", "Dialect", "Session"]


class Cursor(Protocol):
    """The part of a DB-API cursor that is used."""

    @property
    def rowcount(self) -> int:
        """How many rows the last statement wrote."""
        ...

    def execute(self, sql: str, parameters: Sequence[Any], /) -> Any:
        """Run one statement."""
        ...

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]], /) -> Any:
        """Run one statement for each row of parameters."""
        ...

    def fetchone(self) -> Any:
        """Return the next row, or None."""
        ...

    def fetchall(self) -> list[Any]:
        """Return the rows that are left."""
        ...


@dataclass(frozen=True, slots=True)
class Dialect:
    """Where one database differs from another.

    Attributes:
        name: what people call it.
        translate: turns a statement with `?` into what the driver reads.
        error: the driver's base class of errors.
        integrity_error: its error for a unique key that is taken.
        types: the words for `{serial}`, `{forever}`, `{number}` and `{clustered}` in migrations.
        table_exists: a statement with one parameter, answering a row when that table is there.
        explain: what to tell people about a driver's error.
    """

    name: str
    translate: Callable[[str], str]
    error: type[Exception]
    integrity_error: type[Exception]
    types: Mapping[str, str]
    table_exists: str
    explain: Callable[[Exception], str]


def _nothing() -> None:
    """Do nothing."""


class Session:
    """Statements inside one transaction; errors come out as `RepositoryError`.

    Attributes:
        failed: the database refused a statement, so what was done before it in the same
            transaction must not be committed.
        on_commit: called once the transaction is committed, before another one begins to write.
    """

    __slots__ = ("_cursor", "_dialect", "_translate", "failed", "on_commit")

    def __init__(self, cursor: Cursor, dialect: Dialect) -> None:
        """Run statements on `cursor`."""
        self._cursor = cursor
        self._dialect = dialect
        self._translate = dialect.translate
        self.failed = False
        self.on_commit: Callable[[], None] = _nothing

    def run(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        """Run a statement; return how many rows it wrote.

        Raises:
            ConflictError: a unique key is taken.
            RepositoryError: the database refused.
        """
        try:
            self._cursor.execute(self._translate(sql), parameters)
        except Exception as error:  # drivers raise more than their own kind: see `_refusal`
            raise self._refusal(error) from error
        return self._cursor.rowcount

    def run_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run a statement for each row of parameters; raises as `run` does."""
        try:
            self._cursor.executemany(self._translate(sql), rows)
        except Exception as error:  # drivers raise more than their own kind: see `_refusal`
            raise self._refusal(error) from error

    def one(self, sql: str, parameters: Sequence[Any] = ()) -> Any:
        """Return the first row of a query, or None; raises as `run` does."""
        rows = self.all(sql, parameters)
        return rows[0] if rows else None

    def all(self, sql: str, parameters: Sequence[Any] = ()) -> list[Any]:
        """Return all rows of a query; raises as `run` does."""
        try:
            self._cursor.execute(self._translate(sql), parameters)
            return self._cursor.fetchall()
        except Exception as error:  # drivers raise more than their own kind: see `_refusal`
            raise self._refusal(error) from error

    def _refusal(self, error: Exception) -> Exception:
        self.failed = True
        if isinstance(error, self._dialect.integrity_error):
            return ConflictError(f"Somebody else changed it first: {error}")
        if isinstance(error, self._dialect.error):
            return RepositoryError(self._dialect.explain(error))
        if isinstance(error, UnicodeError | OverflowError):
            return RepositoryError(f"{self._dialect.name} cannot store this value: {error}")
        return error


class Database(Protocol):
    """Connections to one database, and when they are used."""

    @property
    def dialect(self) -> Dialect:
        """How this database differs."""
        ...

    def writing(self) -> AbstractContextManager[Session]:
        """Begin a transaction that writes: commits at the end of the block, or rolls back."""
        ...

    def reading(self) -> AbstractContextManager[Session]:
        """Begin a transaction that reads one state of the database."""
        ...

    def info(self) -> dict[str, Any]:
        """Return engine, version and location."""
        ...

    def close(self) -> None:
        """Close all connections."""
        ...
