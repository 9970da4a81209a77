"""One connection to SQLite for the length of a task."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, tzinfo
from typing import Any
from urllib.parse import parse_qsl

from tiercel.plugin import RunContext, TaskError, TaskKilledError
from tiercel_jdbc.session import Session
from tiercel_jdbc.statements import parameters_of, split, with_parameters
from tiercel_jdbc.values import Row

__all__ = ["database_of", "open_sqlite"]

# How long a statement waits for another connection's lock, in seconds.
_PATIENCE = 30
# Instructions of SQLite's machine between two looks at whether the task was killed.
_STEPS = 100_000
_SELECT = re.compile(r"\s*(?:SELECT|WITH|VALUES)\b", re.IGNORECASE)
_PRAGMA = re.compile(r"[A-Za-z_]+")
_VIEW = '"tiercel types of a query"'


def database_of(url: str) -> tuple[str, dict[str, str]]:
    """Return what a JDBC URL names, empty for memory, and its options.

    Raises:
        TaskError: it is no URL of SQLite.
    """
    if not url.startswith("jdbc:sqlite:"):
        raise TaskError(
            f"Invalid SQLite URL {url!r}: it begins with `jdbc:sqlite:`", retryable=False
        )
    name = url.removeprefix("jdbc:sqlite:")
    if name.startswith("file:"):
        # SQLite reads the options of its own URIs.
        return name, {}
    name, _, query = name.partition("?")
    options = dict(parse_qsl(query, keep_blank_values=True))
    if bad := [each for each in options if not _PRAGMA.fullmatch(each)]:
        raise TaskError(f"Invalid option {bad[0]!r} of a SQLite URL", retryable=False)
    return ("" if name == ":memory:" else name), options


@contextmanager
def open_sqlite(
    ctx: RunContext, name: str, options: Mapping[str, str], zone: tzinfo
) -> Iterator[Session]:
    """Connect to a file, to a `file:` URI, or to memory when there is no name.

    Args:
        ctx: what the task was given.
        name: the file.
        options: pragmas to set.
        zone: the time zone of timestamps that have none.

    Raises:
        TaskError: SQLite refused something.
        TaskKilledError: the task was stopped in between.
    """
    try:
        connection = sqlite3.connect(
            name or ":memory:",
            isolation_level=None,
            check_same_thread=False,
            timeout=_PATIENCE,
            uri=name.startswith("file:"),
        )
    except sqlite3.Error as error:
        raise TaskError(f"Cannot open the SQLite database {name!r}: {error}") from error
    try:
        ctx.on_kill(connection.interrupt)
        # An interrupt between two statements is forgotten; this one asks.
        connection.set_progress_handler(lambda: ctx.cancelled, _STEPS)
        for option, value in options.items():
            quoted = value.replace("'", "''")
            connection.execute(f"PRAGMA {option} = '{quoted}'")
        yield _SqliteSession(connection, zone)
    except sqlite3.Error as error:
        if ctx.cancelled:
            raise TaskKilledError("The query was interrupted") from error
        raise TaskError(str(error)) from error
    finally:
        connection.close()


class _SqliteSession(Session):
    """A connection to SQLite."""

    def __init__(self, connection: sqlite3.Connection, zone: tzinfo) -> None:
        self._connection = connection
        self._zone = zone

    def split(self, sql: str, parameters: Mapping[str, Any]) -> list[str]:
        # It alone knows where a trigger's body ends.
        return split(sql, sqlite3.complete_statement)

    def execute(
        self, statement: str, parameters: Mapping[str, Any], size: int
    ) -> Generator[Row, None, None] | None:
        names = parameters_of(statement)
        given = {name: _bindable(value) for name, value in parameters.items() if name in names}
        converters = self._converters(statement)
        cursor = self._connection.execute(statement, given)
        if cursor.description is None:
            return None
        return self._rows(cursor, converters, size)

    def _rows(
        self, cursor: sqlite3.Cursor, converters: Mapping[int, Callable[[Any], Any]], size: int
    ) -> Generator[Row, None, None]:
        names = [column[0] for column in cursor.description]
        while batch := cursor.fetchmany(size):
            for cells in batch:
                if converters:
                    mended = list(cells)
                    for index, convert in converters.items():
                        mended[index] = convert(cells[index])
                    yield dict(zip(names, mended, strict=True))
                else:
                    yield dict(zip(names, cells, strict=True))

    def begin(self) -> None:
        self._connection.execute("BEGIN")

    def commit(self) -> None:
        self._connection.execute("COMMIT")

    def _converters(self, statement: str) -> dict[int, Callable[[Any], Any]]:
        """Return what makes dates of a query's columns, by the types that they were declared with.

        Python's driver does not tell those, but a view of the query does.
        """
        if not _SELECT.match(statement):
            return {}
        query = with_parameters(statement, parameters_of(statement), lambda _: "NULL")
        try:
            self._connection.execute(f"CREATE TEMP VIEW {_VIEW} AS {query}")
        except sqlite3.Error:
            # Whatever is wrong with it, running it will tell; `?` cannot be in a view.
            return {}
        columns = self._connection.execute(f"PRAGMA temp.table_info({_VIEW})").fetchall()
        self._connection.execute(f"DROP VIEW temp.{_VIEW}")
        kinds = {
            "DATE": _date,
            "TIME": _time,
            "DATETIME": self._moment,
            "TIMESTAMP": self._moment,
        }
        types = ((index, str(column[2]).upper()) for index, column in enumerate(columns))
        return {index: kinds[kind] for index, kind in types if kind in kinds}

    def _moment(self, value: Any) -> Any:
        match value:
            case bool():
                return value
            case int():
                # Milliseconds, as the JDBC driver writes them.
                return datetime.fromtimestamp(value / 1000, UTC)
            case str():
                try:
                    moment = datetime.fromisoformat(value)
                except ValueError:
                    return value
                known = moment if moment.tzinfo else moment.replace(tzinfo=self._zone)
                return known.astimezone(UTC)
        return value


def _date(value: Any) -> Any:
    try:
        return date.fromisoformat(value)
    except (ValueError, TypeError):
        return value


def _time(value: Any) -> Any:
    try:
        return time.fromisoformat(value)
    except (ValueError, TypeError):
        return value


def _bindable(value: Any) -> Any:
    """Return a parameter as SQLite can store it: what is no scalar becomes text."""
    return value if value is None or isinstance(value, int | float | str | bytes) else str(value)
