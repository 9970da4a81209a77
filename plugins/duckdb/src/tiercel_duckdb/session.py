"""One connection to DuckDB for the length of a task: opened, interrupted, closed."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tiercel.plugin import RunContext, TaskError, TaskKilledError, scratch_file

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, Statement

__all__ = ["Session", "database_path", "open_session"]

_MEMORY = ":memory:"
# `:name` stands for a parameter, but not inside texts, names and comments, and not in `a::type`.
_NAMED = re.compile(
    r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|/\*.*?\*/|\$(\w*)\$.*?\$\1\$|::|:(?P<name>\w+)""",
    re.DOTALL,
)


class Session:
    """A connection, and how statements run on it."""

    def __init__(self, ctx: RunContext, connection: DuckDBPyConnection) -> None:
        self._ctx = ctx
        self.connection = connection

    def parse(self, sql: str, parameters: Mapping[str, Any]) -> list[Statement]:
        """Split SQL into its statements; `:name` and `$name` are parameters."""

        def dollar(match: re.Match[str]) -> str:
            return f"${match['name']}" if match["name"] in parameters else match[0]

        return self.connection.extract_statements(_NAMED.sub(dollar, sql))

    def execute(self, statement: Statement, parameters: Mapping[str, Any]) -> bool:
        """Run a statement; return whether it has a result to fetch.

        Raises:
            TaskKilledError: the task is to stop.
        """
        from duckdb import ExpectedResultType

        if self._ctx.cancelled:
            raise TaskKilledError("The query was interrupted")
        self._ctx.log("DEBUG", f"Starting query: {statement.query.strip()}")
        values = {name: parameters[name] for name in statement.named_parameters & {*parameters}}
        self.connection.execute(statement, values or None)
        expected = set(statement.expected_result_type)
        if ExpectedResultType.CHANGED_ROWS in expected:
            # Only its outcome tells an INSERT … RETURNING from one that merely counts its rows.
            return [column[0] for column in self.connection.description or ()] != ["Count"]
        return ExpectedResultType.QUERY_RESULT in expected


@contextmanager
def open_session(ctx: RunContext, database: str) -> Iterator[Session]:
    """Connect to a database file, to `:memory:` or to `md:…`.

    File names in SQL are looked up in the working folder first.

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
            ctx.on_kill(lambda: _interrupt(connection))
            yield Session(ctx, connection)
        finally:
            connection.close()
    except duckdb.InterruptException as error:
        raise TaskKilledError("The query was interrupted") from error
    except duckdb.Error as error:
        raise TaskError(str(error)) from error


def _interrupt(connection: DuckDBPyConnection) -> None:
    import duckdb

    # The kill may come when the SQL is done and its files are being stored.
    with suppress(duckdb.ConnectionException):
        connection.interrupt()


def database_path(ctx: RunContext, url: str, uri: str | None, *, as_file: bool) -> str:
    """Return what to connect to.

    Args:
        ctx: what the task was given.
        url: a JDBC URL, `jdbc:duckdb:` with a path or nothing.
        uri: a stored database file to work on a copy of; wins over the URL.
        as_file: whether a database that is named nowhere must be a file all the same.

    Raises:
        TaskError: the URL is not one of DuckDB's.
    """
    if uri:
        path = scratch_file(ctx, ".db")
        with ctx.storage.open(uri) as source, path.open("wb") as target:
            shutil.copyfileobj(source, target, 1 << 20)
        return str(path)
    if not url.startswith("jdbc:duckdb:"):
        raise TaskError(
            f"Invalid DuckDB URL {url!r}: it begins with `jdbc:duckdb:`", retryable=False
        )
    name = url.removeprefix("jdbc:duckdb:")
    if name in ("", _MEMORY):
        return str(scratch_file(ctx, ".db")) if as_file else _MEMORY
    if name.startswith("md:"):
        return name
    if not Path(name).is_absolute():
        raise TaskError(
            f"Invalid database file {name!r}: its path must be absolute", retryable=False
        )
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    return name
