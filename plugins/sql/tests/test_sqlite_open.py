"""Opening a database: what the URL says, whose file it is, which version it has."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from tiercel.plugin.spi import ConflictError, RepositoryError, SchemaVersionError
from tiercel_sql import schema
from tiercel_sql.schema import SCHEMA_VERSION, migrations
from tiercel_sql.sqlite import SqliteDatabase, open_repository


def test_the_file_and_its_folder_are_made(tmp_path: Path) -> None:
    repository = open_repository(f"sqlite:///{tmp_path}/new/folder/t.db")
    repository.close()
    assert (tmp_path / "new/folder/t.db").exists()


def test_a_path_after_three_slashes_is_relative(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    open_repository("sqlite:///data/with%20space.db").close()
    assert (tmp_path / "data/with space.db").exists()


def test_info_tells_where_and_what_it_is(url: str) -> None:
    repository = open_repository(url)
    info = repository.info()
    repository.close()
    assert info == {
        "engine": "sqlite",
        "version": sqlite3.sqlite_version,
        "location": url.removeprefix("sqlite:///"),
        "synchronous": "normal",
        "schema_version": SCHEMA_VERSION,
    }


def test_the_disk_can_be_waited_for_with_every_commit(url: str) -> None:
    repository = open_repository(f"{url}?synchronous=full")
    assert repository.info()["synchronous"] == "full"
    repository.close()


@pytest.mark.parametrize(
    "wrong",
    [
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "sqlite://host/file.db",
        "postgres:///file.db",
        "file.db",
    ],
)
def test_a_wrong_url_is_refused(wrong: str) -> None:
    with pytest.raises(RepositoryError, match="Not the URL of a SQLite file"):
        open_repository(wrong)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("sync=full", "Unknown setting 'sync'.*busy_timeout, synchronous"),
        ("synchronous=off", "synchronous is 'off'; it must be 'normal' or 'full'"),
        ("busy_timeout=soon", "busy_timeout is 'soon'"),
        ("busy_timeout=-1", "busy_timeout is '-1'"),
        ("busy_timeout=nan", "busy_timeout is 'nan'"),
    ],
)
def test_a_wrong_setting_is_refused(url: str, query: str, message: str) -> None:
    with pytest.raises(RepositoryError, match=message):
        open_repository(f"{url}?{query}")


def test_a_file_that_is_no_database_is_refused_and_kept(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("Not a database, but somebody's notes. " * 50)
    with pytest.raises(RepositoryError, match=r"notes\.txt.*not a database"):
        open_repository(f"sqlite:///{file}")
    assert file.read_text().startswith("Not a database")


def test_somebody_elses_database_is_refused_and_kept(tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "other.db")
    other.execute("CREATE TABLE customers (name TEXT)")
    other.close()
    with pytest.raises(RepositoryError, match="not a database of Tiercel"):
        open_repository(f"sqlite:///{tmp_path}/other.db")
    assert [path.name for path in tmp_path.iterdir()] == ["other.db"]


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RepositoryError, match="SQLite refuses"):
        open_repository(f"sqlite:///{tmp_path}/file/t.db")


def test_a_closed_repository_says_so(url: str) -> None:
    repository = open_repository(url)
    repository.close()
    repository.close()
    with pytest.raises(RepositoryError, match="is closed"):
        repository.unfinished()
    with pytest.raises(RepositoryError, match="is closed"), repository.transaction():
        pass


def test_closing_leaves_one_file(url: str, tmp_path: Path) -> None:
    repository = open_repository(url)
    repository.unfinished()
    repository.close()
    assert [path.name for path in tmp_path.iterdir()] == ["tiercel.db"]


def test_the_schema_version_is_that_of_the_last_migration() -> None:
    numbers = [number for number, _ in migrations()]
    assert numbers == list(range(1, SCHEMA_VERSION + 1))


def test_a_newer_database_is_refused_and_kept(url: str) -> None:
    open_repository(url).close()
    with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
        connection.execute("INSERT INTO tiercel_schema VALUES (99)")
    connection.close()
    with pytest.raises(SchemaVersionError, match=f"version 99, .* knows {SCHEMA_VERSION}"):
        open_repository(url)


def test_a_current_database_is_opened_without_a_write(url: str, tmp_path: Path) -> None:
    open_repository(url).close()
    before = (tmp_path / "tiercel.db").read_bytes()
    repository = open_repository(url)
    wal = tmp_path / "tiercel.db-wal"
    assert not wal.exists() or wal.stat().st_size == 0
    repository.close()
    assert (tmp_path / "tiercel.db").read_bytes() == before


@pytest.fixture
def next_migration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A migration that a later version brings, after those there are."""
    later = tmp_path / "later.sql"
    released = migrations()
    number = SCHEMA_VERSION + 1
    monkeypatch.setattr(schema, "SCHEMA_VERSION", number)
    monkeypatch.setattr(schema, "migrations", lambda: [*released, (number, later)])
    return later


def test_an_older_database_is_brought_to_the_newest_version(
    url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, next_migration: Path
) -> None:
    with monkeypatch.context() as earlier:
        earlier.setattr(schema, "SCHEMA_VERSION", SCHEMA_VERSION)
        earlier.setattr(schema, "migrations", lambda: migrations())
        open_repository(url).close()
    next_migration.write_text("-- new; things\nALTER TABLE kv ADD COLUMN extra TEXT;")
    open_repository(url).close()
    connection = sqlite3.connect(url.removeprefix("sqlite:///"))
    assert connection.execute("SELECT max(version) FROM tiercel_schema").fetchone() == (
        SCHEMA_VERSION + 1,
    )
    assert connection.execute("SELECT extra FROM kv").fetchall() == []
    connection.close()


def test_a_migration_that_fails_half_way_leaves_the_old_version(
    url: str, next_migration: Path
) -> None:
    next_migration.write_text("CREATE TABLE extra (a TEXT); CREATE TABLE kv (a TEXT);")
    with pytest.raises(RepositoryError, match="kv"):
        open_repository(url)
    connection = sqlite3.connect(url.removeprefix("sqlite:///"))
    assert connection.execute("SELECT name FROM sqlite_master").fetchall() == []
    connection.close()


def test_many_openers_of_a_new_file_all_succeed(url: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        repositories = list(pool.map(lambda _: open_repository(url), range(8)))
    assert {repository.info()["schema_version"] for repository in repositories} == {SCHEMA_VERSION}
    for repository in repositories:
        repository.close()


def test_the_hooks_import_no_database() -> None:
    program = "import sys, tiercel_sql.hooks; print('sqlite3' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout.strip() == b"False"


def insert_version_zero_twice(database: SqliteDatabase) -> None:
    with database.writing() as session:
        session.run("INSERT INTO tiercel_schema VALUES (0)")
        with suppress(ConflictError):
            session.run("INSERT INTO tiercel_schema VALUES (0)")


def test_a_transaction_with_a_conflict_is_not_committed_even_if_that_was_caught(url: str) -> None:
    open_repository(url).close()
    database = SqliteDatabase(url.removeprefix("sqlite:///"))
    with pytest.raises(RepositoryError, match="nothing can be committed"):
        insert_version_zero_twice(database)
    with database.reading() as session:
        found = session.all("SELECT version FROM tiercel_schema ORDER BY version")
        assert found == [(number,) for number in range(1, SCHEMA_VERSION + 1)]
    database.close()
