"""One connection to PostgreSQL for the length of a task; psycopg is imported when it is opened."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import tzinfo
from itertools import chain
from typing import TYPE_CHECKING, Any

from tiercel.plugin import RunContext, TaskError, TaskKilledError
from tiercel_jdbc.postgresql_types import bindable, plain_cell, register
from tiercel_jdbc.session import Session
from tiercel_jdbc.statements import parameters_of, split, with_parameters
from tiercel_jdbc.values import Row

if TYPE_CHECKING:
    from types import ModuleType

    from psycopg import Connection

__all__ = ["PostgresSession", "connected", "driver", "open_postgresql"]


def driver() -> ModuleType:
    """Return psycopg.

    Raises:
        TaskError: it is not installed; the message says how to install it.
    """
    try:
        import psycopg
    except ImportError as error:
        raise TaskError(
            "This task needs psycopg: pip install 'tiercel-jdbc[postgres]'", retryable=False
        ) from error
    return psycopg


@contextmanager
def connected(ctx: RunContext, parameters: Mapping[str, str]) -> Iterator[Connection[Any]]:
    """Connect, without a transaction; what runs is cancelled when the task is to stop.

    Args:
        ctx: what the task was given.
        parameters: libpq's.

    Raises:
        TaskError: the server cannot be reached, or refused something.
        TaskKilledError: the task was stopped in between.
    """
    psycopg = driver()
    try:
        with psycopg.connect(**parameters, autocommit=True) as connection:
            ctx.on_kill(lambda: _cancel(connection))
            yield connection
    except psycopg.Error as error:
        if ctx.cancelled:
            raise TaskKilledError("The query was interrupted") from error
        raise TaskError(str(error).strip()) from error


def _cancel(connection: Connection[Any]) -> None:
    # The kill may come when the SQL is done and its rows are being stored.
    with suppress(driver().Error):
        connection.cancel_safe(timeout=5)


@contextmanager
def open_postgresql(
    ctx: RunContext, parameters: Mapping[str, str], zone: tzinfo
) -> Iterator[Session]:
    """Connect for queries.

    Args:
        ctx: what the task was given.
        parameters: libpq's.
        zone: the time zone that timestamps are given in.

    Raises:
        TaskError: the server cannot be reached, or refused something.
        TaskKilledError: the task was stopped in between.
    """
    with connected(ctx, parameters) as connection:
        register(connection)
        yield PostgresSession(connection, zone)


class PostgresSession(Session):
    """A connection to PostgreSQL."""

    def __init__(self, connection: Connection[Any], zone: tzinfo) -> None:
        self._connection = connection
        self._zone = zone

    def split(self, sql: str, parameters: Mapping[str, Any]) -> list[str]:
        """Return the statements of some SQL."""
        return split(sql)

    def execute(
        self, statement: str, parameters: Mapping[str, Any], size: int
    ) -> Generator[Row, None, None] | None:
        """Run a statement; its rows come in chunks, so memory stays the same."""
        names = parameters_of(statement) & {*parameters}
        given = {name: bindable(parameters[name]) for name in names}
        if given:
            # The driver looks for `%(name)s`, but only where there is something to bind.
            statement = with_parameters(statement, names, lambda n: f"%({n})s", percent=True)
        psycopg = driver()
        cursor = self._connection.cursor()
        chunk = size if psycopg.capabilities.has_stream_chunked() else 1
        rows = cursor.stream(statement.encode(), given or None, size=chunk)
        try:
            first = next(rows, None)
        except psycopg.ProgrammingError as error:
            # The driver's own, not the server's: the statement ran, and has no result.
            if error.sqlstate is None and "didn't produce a result" in str(error):
                return None
            raise
        return self._rows(cursor, first, rows)

    def _rows(self, cursor: Any, first: Any, rows: Iterator[Any]) -> Generator[Row, None, None]:
        if first is None:
            return
        names = [column.name for column in cursor.description]
        zone = self._zone
        try:
            for cells in chain([first], rows):
                yield {n: plain_cell(cell, zone) for n, cell in zip(names, cells, strict=True)}
        except GeneratorExit:
            # Nobody wants the rest, but the statement is to be run; otherwise it is cancelled.
            for _ in rows:
                pass
            raise

    def begin(self) -> None:
        """Begin a transaction."""
        self._connection.execute("BEGIN")

    def commit(self) -> None:
        """Commit it."""
        self._connection.execute("COMMIT")
