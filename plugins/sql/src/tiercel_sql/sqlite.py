"""SQLite: one file, one connection that writes, and as many that read as are needed at once.

Write-ahead logging, so readers and the writer do not wait for each other. Transactions that write
begin with the write lock (`BEGIN IMMEDIATE`), so none fails half-way because another process was
faster. The log is copied back into the file (a checkpoint) only while the write lock is held:
before 3.51.3 a checkpoint and a write of two connections at the same instant could lose data
(sqlite.org/wal.html, the WAL-reset bug).

Durability: a committed transaction survives a crash of the program at any instant. With
`synchronous=normal`, the default, a power loss may take the last transactions back, in order and
whole; with `synchronous=full` it takes nothing back, at the price of a disk flush a commit.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections import deque
from contextlib import contextmanager, suppress
from threading import Lock, get_ident
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import parse_qsl, unquote, urlsplit

from tiercel.plugin.spi import RepositoryError
from tiercel_sql.repository import SqlRepository
from tiercel_sql.session import Dialect, Session

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["SqliteDatabase", "open_repository"]

Synchronous = Literal["normal", "full"]

# "Tier": tells a database of ours from any other SQLite file.
_APPLICATION_ID = 0x54696572
_OLDEST_SQLITE = (3, 40)
_BUSY_SECONDS = 60.0
# A checkpoint follows so many commits, or so many bytes by which the log grew: seldom, since it
# waits for the disk, and soon enough for the log to stay small.
_COMMITS_A_CHECKPOINT = 1_000
_COMMITS_A_LOOK = 8
_BYTES_A_CHECKPOINT = 16 << 20
_SETTINGS = {"synchronous", "busy_timeout"}


def open_repository(url: str) -> SqlRepository:
    """Open, or create, the repository at `sqlite:///relative/file` or `sqlite:////absolute/file`.

    Query parameters: `synchronous` is `normal` (default) or `full`; `busy_timeout` is how many
    seconds to wait for another process that writes.

    Raises:
        RepositoryError: the URL is wrong, or the file cannot be used.
        SchemaVersionError: a newer program made the file.
    """
    parts = urlsplit(url)
    path = unquote(parts.path).removeprefix("/")
    if parts.scheme != "sqlite" or parts.netloc or not path or path == ":memory:":
        raise RepositoryError(
            f"Not the URL of a SQLite file: {url!r}; it would be 'sqlite:///relative/file' "
            "or 'sqlite:////absolute/file'"
        )
    settings = dict(parse_qsl(parts.query, keep_blank_values=True))
    if unknown := settings.keys() - _SETTINGS:
        raise RepositoryError(
            f"Unknown setting {min(unknown)!r} in {url!r}; there are {', '.join(sorted(_SETTINGS))}"
        )
    database = SqliteDatabase(
        path,
        synchronous=_synchronous(settings.get("synchronous", "normal")),
        busy_seconds=_seconds(settings.get("busy_timeout", str(_BUSY_SECONDS))),
    )
    return SqlRepository(database)


def _synchronous(text: str) -> Synchronous:
    if text.lower() == "normal":
        return "normal"
    if text.lower() == "full":
        return "full"
    raise RepositoryError(f"Setting synchronous is {text!r}; it must be 'normal' or 'full'")


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1
    if not 0 <= seconds <= 3_600:
        raise RepositoryError(f"Setting busy_timeout is {text!r}; it must be 0 to 3600 seconds")
    return seconds


class SqliteDatabase:
    """A `Database` in one file, for any number of threads and processes of one machine."""

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        synchronous: Synchronous = "normal",
        busy_seconds: float = _BUSY_SECONDS,
    ) -> None:
        """Open the file, or create it and its folder.

        Raises:
            RepositoryError: it cannot be opened, or is not one of ours.
        """
        self._path = os.path.abspath(path)
        self._busy_seconds = busy_seconds
        self._lock = Lock()
        self._writing_thread: int | None = None
        self._idle: deque[sqlite3.Connection] = deque()
        self._commits = 0
        self._log_size = 0
        self._closed = False
        self.dialect = Dialect(
            name="SQLite",
            translate=str,
            error=sqlite3.Error,
            integrity_error=sqlite3.IntegrityError,
            types={
                "serial": "INTEGER PRIMARY KEY",
                "forever": "INTEGER PRIMARY KEY AUTOINCREMENT",
                "number": "INTEGER PRIMARY KEY",
                "clustered": "WITHOUT ROWID",
            },
            table_exists="SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?",
            explain=self._explain,
        )
        if sqlite3.sqlite_version_info < _OLDEST_SQLITE:
            raise RepositoryError(f"SQLite {sqlite3.sqlite_version} is too old; 3.40 is needed")
        try:
            os.makedirs(os.path.dirname(self._path), exist_ok=True)
            self._writer = self._open_writer(synchronous)
            # Holds the write lock while the writer checkpoints; never waits for it.
            self._guard = self._connect(0)
        except (OSError, sqlite3.Error) as error:
            raise RepositoryError(self._explain(error)) from error

    def _connect(self, busy_seconds: float) -> sqlite3.Connection:
        return sqlite3.connect(
            self._path,
            timeout=busy_seconds,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
        )

    def _open_writer(self, synchronous: Synchronous) -> sqlite3.Connection:
        connection = self._connect(self._busy_seconds)
        try:
            self._adopt(connection)
            connection.execute(f"PRAGMA synchronous = {synchronous}")
            connection.execute("PRAGMA wal_autocheckpoint = 0")
            # Without a limit the log keeps the size of the largest transaction there ever was.
            connection.execute("PRAGMA journal_size_limit = 67108864")
            connection.execute("PRAGMA cache_size = -16384")
        except BaseException:
            connection.close()
            raise
        return connection

    def _adopt(self, connection: sqlite3.Connection) -> None:
        """Make an empty database ours; refuse somebody else's."""
        # In this order, since another process may be creating the same file right now: it sets
        # the id before it makes the first table.
        used = connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
        if _pragma(connection, "application_id") == _APPLICATION_ID:
            return
        if used:
            raise RepositoryError(f"{self._path!r} is not a database of Tiercel")
        _patiently(connection, "PRAGMA journal_mode = WAL", self._busy_seconds)
        _patiently(connection, f"PRAGMA application_id = {_APPLICATION_ID}", self._busy_seconds)

    def _open_reader(self) -> sqlite3.Connection:
        connection = self._connect(self._busy_seconds)
        connection.execute("PRAGMA query_only = ON")
        return connection

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Begin a transaction that writes: commits at the end of the block, or rolls back."""
        if self._writing_thread == get_ident():
            raise RepositoryError("A transaction is open already in this thread")
        with self._lock:
            self._refuse_when_closed()
            self._writing_thread = get_ident()
            cursor = self._writer.cursor()
            try:
                session = Session(cursor, self.dialect)
                session.run("BEGIN IMMEDIATE")
                yield session
                if session.failed:
                    raise RepositoryError("A statement failed, so nothing can be committed")
                session.run("COMMIT")
                session.on_commit()
                self._checkpoint_now_and_then()
            except BaseException:
                with suppress(sqlite3.Error):
                    if self._writer.in_transaction:
                        cursor.execute("ROLLBACK")
                raise
            finally:
                self._writing_thread = None

    def _checkpoint_now_and_then(self) -> None:
        self._commits += 1
        if self._commits % _COMMITS_A_LOOK:
            return
        size = os.stat(self._path + "-wal").st_size
        if self._commits < _COMMITS_A_CHECKPOINT and size < self._log_size + _BYTES_A_CHECKPOINT:
            return
        # Whatever goes wrong concerns the next commit's attempt, not this committed transaction.
        with suppress(sqlite3.Error):
            self._guard.execute("BEGIN IMMEDIATE")
            try:
                self._writer.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
            finally:
                self._guard.execute("ROLLBACK")
            self._commits = 0
            self._log_size = size

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Begin a transaction that reads one state of the database."""
        self._refuse_when_closed()
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self._new_reader()
        try:
            session = Session(connection.cursor(), self.dialect)
            session.run("BEGIN")
            yield session
        finally:
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            if self._closed:
                connection.close()
            else:
                self._idle.append(connection)

    def _new_reader(self) -> sqlite3.Connection:
        try:
            return self._open_reader()
        except sqlite3.Error as error:
            raise RepositoryError(self._explain(error)) from error

    def _refuse_when_closed(self) -> None:
        if self._closed:
            raise RepositoryError(f"The database {self._path!r} is closed")

    def _explain(self, error: Exception) -> str:
        hint = ""
        if getattr(error, "sqlite_errorname", "").startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            hint = f"; another process kept writing for {self._busy_seconds:g} seconds"
        return f"SQLite refuses at {self._path!r}: {error}{hint}"

    def info(self) -> dict[str, Any]:
        """Return engine, version, location and how it is written."""
        with self._lock:
            self._refuse_when_closed()
            level = _pragma(self._writer, "synchronous")
        return {
            "engine": "sqlite",
            "version": sqlite3.sqlite_version,
            "location": self._path,
            "synchronous": {1: "normal", 2: "full"}.get(level, str(level)),
        }

    def close(self) -> None:
        """Close all connections; the last process to do so empties the write-ahead log."""
        self._closed = True
        with self._lock:
            with suppress(IndexError):
                while True:
                    self._idle.pop().close()
            self._guard.close()
            self._writer.close()


def _pragma(connection: sqlite3.Connection, name: str) -> Any:
    return connection.execute(f"PRAGMA {name}").fetchone()[0]


def _patiently(connection: sqlite3.Connection, statement: str, seconds: float) -> None:
    """Run a statement that SQLite does not wait for by itself when another process is busy."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            connection.execute(statement)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.005)
        else:
            return
