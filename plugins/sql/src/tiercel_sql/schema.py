"""The version of the tables, and how older ones become the newest.

A migration is a file `migrations/NNNN_name.sql`; it is never edited once released. All that a
database lacks run in one transaction together with the note that they did, so a crash leaves the
old version or the new one.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tiercel.plugin.spi import SchemaVersionError

if TYPE_CHECKING:
    from pathlib import Path

    from tiercel_sql.session import Database, Dialect, Session

__all__ = ["SCHEMA_VERSION", "migrate", "migrations", "version"]

SCHEMA_VERSION = 4
"""The version this program reads and writes; the number of the last migration."""

_TABLE = "tiercel_schema"


def version(session: Session, dialect: Dialect) -> int:
    """Return the version of a database's tables; 0 when there are none."""
    if session.one(dialect.table_exists, (_TABLE,)) is None:
        return 0
    return int(session.one(f"SELECT max(version) FROM {_TABLE}")[0])


def migrate(database: Database) -> None:
    """Bring the tables to `SCHEMA_VERSION`; do nothing, and write nothing, when they are there.

    Raises:
        SchemaVersionError: a newer program made them.
    """
    dialect = database.dialect
    with database.reading() as session:
        if _is_current(version(session, dialect)):
            return
    with database.writing() as session:
        # Somebody else may have done it between the two transactions.
        found = version(session, dialect)
        if _is_current(found):
            return
        if not found:
            session.run(f"CREATE TABLE {_TABLE} (version BIGINT NOT NULL PRIMARY KEY)")
        for number, path in migrations():
            if number > found:
                for statement in _statements(path, dialect):
                    session.run(statement)
                session.run(f"INSERT INTO {_TABLE} (version) VALUES (?)", (number,))


def migrations() -> list[tuple[int, Path]]:
    """Return number and file of every migration, in order."""
    from pathlib import Path

    files = sorted(Path(__file__).with_name("migrations").glob("*.sql"))
    return [(int(path.name.partition("_")[0]), path) for path in files]


def _is_current(found: int) -> bool:
    if found > SCHEMA_VERSION:
        raise SchemaVersionError(
            f"The database has schema version {found}, this program knows {SCHEMA_VERSION}; "
            "a newer Tiercel wrote it: upgrade this one"
        )
    return found == SCHEMA_VERSION


def _statements(path: Path, dialect: Dialect) -> list[str]:
    text = re.sub(r"--.*", "", path.read_text(encoding="utf-8"))
    for name, words in dialect.types.items():
        text = text.replace("{" + name + "}", words)
    return [statement.strip() for statement in text.split(";") if statement.strip()]
