"""One connection to DuckDB for the length of a task: opened, interrupted, closed."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tiercel.plugin import RunContext, TaskError, TaskKilledError, scratch_file
from tiercel_duckdb.values import row_maker
from tiercel_jdbc.session import Session
from tiercel_jdbc.statements import with_parameters
from tiercel_jdbc.values import Row

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, Statement

__all__ = ["MEMORY", "DuckDbSession", "database_name", "load_extension", "open_duckdb"]

MEMORY = ":memory:"
_EXTENSION = re.compile(r"[A-Za-z0-9_]+")


class DuckDbSession(Session):
    """A connection to DuckDB."""

    def __init__(self, connection: DuckDBPyConnection, zone: tzinfo) -> None:
        self.connection = connection
        self._zone = zone

    def split(self, sql: str, parameters: Mapping[str, Any]) -> list[Statement]:
        """Return the statements of some SQL; `:name` and `$name` are parameters."""
        dollars = with_parameters(sql, parameters, lambda name: f"${name}")
        return self.connection.extract_statements(dollars)

    def text_of(self, statement: Statement) -> str:
        """Return a statement's text."""
        return statement.query

    def execute(
        self, statement: Statement, parameters: Mapping[str, Any], size: int
    ) -> Generator[Row, None, None] | None:
        """Run a statement; its rows come in batches."""
        values = {name: parameters[name] for name in statement.named_parameters & {*parameters}}
        self.connection.execute(statement, values or None)
        return self._rows(size) if self._has_result(statement) else None

    def _has_result(self, statement: Statement) -> bool:
        from duckdb import ExpectedResultType

        expected = set(statement.expected_result_type)
        if ExpectedResultType.CHANGED_ROWS in expected:
            # Only its outcome tells an INSERT … RETURNING from one that merely counts its rows.
            return [column[0] for column in self.connection.description or ()] != ["Count"]
        return ExpectedResultType.QUERY_RESULT in expected

    def _rows(self, size: int) -> Generator[Row, None, None]:
        make = row_maker(self.connection.description or (), self._zone)
        while batch := self.connection.fetchmany(size):
            yield from map(make, batch)

    def begin(self) -> None:
        """Begin a transaction."""
        self.connection.begin()

    def commit(self) -> None:
        """Commit it."""
        self.connection.commit()


@contextmanager
def open_duckdb(
    ctx: RunContext, database: str, zone: tzinfo, extensions: Sequence[str] = ()
) -> Iterator[DuckDbSession]:
    """Connect to a database file, to `:memory:` or to `md:…`.

    File names in SQL are looked up in the working folder first.

    Args:
        ctx: what the task was given.
        database: what to connect to.
        zone: the time zone of timestamps that have none.
        extensions: community extensions to load.

    Raises:
        TaskError: DuckDB refused something.
        TaskKilledError: the task was stopped in between.
    """
    import duckdb

    try:
        connection = duckdb.connect(database)
        try:
            folder = str(ctx.working_dir).replace("'", "''")
            connection.execute(f"SET file_search_path = '{folder}'")
            connection.execute(f"SET temp_directory = '{scratch_file(ctx, '.spill')}'")
            for extension in extensions:
                load_extension(ctx, connection, extension)
            ctx.on_kill(lambda: _interrupt(connection))
            yield DuckDbSession(connection, zone)
        finally:
            connection.close()
    except duckdb.InterruptException as error:
        raise TaskKilledError("The query was interrupted") from error
    except duckdb.Error as error:
        raise TaskError(str(error)) from error


def load_extension(ctx: RunContext, connection: DuckDBPyConnection, extension: str) -> None:
    """Install a community extension from the net and load it; warn when it cannot be had.

    Raises:
        TaskError: its name is none.
    """
    import duckdb

    if not _EXTENSION.fullmatch(extension):
        raise TaskError(f"Invalid name of an extension {extension!r}", retryable=False)
    try:
        connection.execute(f"INSTALL {extension} FROM community")
        connection.execute(f"LOAD {extension}")
    except duckdb.Error as error:
        ctx.log("WARN", f"DuckDB has no extension {extension!r}, going on without it: {error}")


def _interrupt(connection: DuckDBPyConnection) -> None:
    import duckdb

    # The kill may come when the SQL is done and its files are being stored.
    with suppress(duckdb.ConnectionException):
        connection.interrupt()


def database_name(url: str) -> str:
    """Return what a JDBC URL names: `:memory:`, an absolute path, or `md:…`.

    Raises:
        TaskError: the URL is not one of DuckDB's.
    """
    if not url.startswith("jdbc:duckdb:"):
        raise TaskError(
            f"Invalid DuckDB URL {url!r}: it begins with `jdbc:duckdb:`", retryable=False
        )
    name = url.removeprefix("jdbc:duckdb:") or MEMORY
    if name == MEMORY or name.startswith("md:") or Path(name).is_absolute():
        return name
    raise TaskError(f"Invalid database file {name!r}: its path must be absolute", retryable=False)
