"""`io.kestra.plugin.jdbc.sqlite`: `Query`, `Queries` and `Trigger`.

Properties and outputs are those of Kestra's plugin.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from tiercel.plugin import Example, PollingTrigger, Property, RunContext, Task, scratch_file
from tiercel_jdbc.embedded import (
    EmbeddedProperties,
    EmbeddedQueriesOutput,
    EmbeddedQueryOutput,
    Files,
    fetched_file,
)
from tiercel_jdbc.query import ManyQueries, ResultOutput, SingleQuery
from tiercel_jdbc.sqlite_session import database_of, open_sqlite
from tiercel_jdbc.trigger import QueryTriggerProperties
from tiercel_jdbc.values import zone_of

if TYPE_CHECKING:
    from tiercel_jdbc.query import Connecting

__all__ = ["Queries", "Query", "Trigger"]


class _SqliteProperties(EmbeddedProperties):
    """What tasks and triggers have in common."""

    url: Property[str] = Property.of("jdbc:sqlite:")
    """`jdbc:sqlite:` for a database in memory, or with a database file's path. A relative path is
    looked up in the working folder first. Options are pragmas: `?foreign_keys=on`."""
    sqlite_file: Property[str] | None = None
    """A stored database file to work on a copy of."""

    def _session(self, ctx: RunContext, files: Files | None = None) -> Connecting:
        name, options = database_of(ctx.render(self.url))
        path = self._path(ctx, name)
        if files is not None:
            files.database = path
        zone = zone_of(ctx.render(self.time_zone_id))
        return open_sqlite(ctx, name if path is None else str(path), options, zone)

    def _path(self, ctx: RunContext, name: str) -> Path | None:
        """Return the database's file; None when it is in memory or a URI of SQLite's own."""
        stored = ctx.render(self.sqlite_file)
        in_memory = not name or name.startswith("file:")
        if stored is not None or ctx.render(self.output_db_file):
            path = scratch_file(ctx, ".sqlite") if in_memory else ctx.working_dir / Path(name).name
            return path if stored is None else fetched_file(ctx, stored, path)
        if in_memory:
            return None
        own = ctx.working_dir / name
        return own if own.is_file() else Path(name)


class Query(_SqliteProperties, SingleQuery, Task[EmbeddedQueryOutput]):
    """Run one SQL statement in SQLite."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Fill a database, and ask it.",
            """\
id: sqlite
namespace: company.team

tasks:
  - id: fill
    type: io.kestra.plugin.jdbc.sqlite.Queries
    outputDbFile: true
    sql: |
      CREATE TABLE prices (brand TEXT, price NUMERIC);
      INSERT INTO prices VALUES ('Apple', 10), ('Pear', 5);

  - id: ask
    type: io.kestra.plugin.jdbc.sqlite.Query
    sqliteFile: "{{ outputs.fill.databaseUri }}"
    sql: SELECT brand, price FROM prices WHERE price >= :least
    parameters:
      least: 6
    fetchType: FETCH
""",
        ),
    )

    def run(self, ctx: RunContext) -> EmbeddedQueryOutput:
        """Run the statement and fetch its result.

        Raises:
            TaskError: SQLite refused it, or it is more than one statement.
        """
        with self._files(ctx) as files:
            result = self._run_one(ctx, self._session(ctx, files), files.variables())
        return EmbeddedQueryOutput(
            **result.model_dump(), output_files=files.stored, database_uri=files.database_uri
        )


class Queries(_SqliteProperties, ManyQueries, Task[EmbeddedQueriesOutput]):
    """Run several SQL statements in SQLite, one after the other."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Ask two things about a table.",
            """\
id: sqlite
namespace: company.team

tasks:
  - id: ask
    type: io.kestra.plugin.jdbc.sqlite.Queries
    sql: |
      CREATE TABLE prices (brand TEXT, price NUMERIC);
      INSERT INTO prices VALUES ('Apple', 10), ('Pear', 5);
      SELECT count(*) AS n FROM prices;
      SELECT max(price) AS highest FROM prices;
    fetchType: FETCH_ONE
""",
        ),
    )

    def run(self, ctx: RunContext) -> EmbeddedQueriesOutput:
        """Run the statements and fetch their results.

        Raises:
            TaskError: SQLite refused one of them.
        """
        with self._files(ctx) as files:
            results = self._run_all(ctx, self._session(ctx, files), files.variables())
        return EmbeddedQueriesOutput(
            outputs=results, output_files=files.stored, database_uri=files.database_uri
        )


class Trigger(QueryTriggerProperties, _SqliteProperties, PollingTrigger):
    """Start an execution when a query finds rows."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Look for new orders every minute, and mark those that were found.",
            """\
id: new_orders
namespace: company.team

tasks:
  - id: show
    type: io.kestra.plugin.core.log.Log
    message: "{{ trigger.rows }}"

triggers:
  - id: watch
    type: io.kestra.plugin.jdbc.sqlite.Trigger
    interval: PT1M
    url: jdbc:sqlite:/data/shop.db
    sql: SELECT * FROM orders WHERE seen = 0
    afterSQL: UPDATE orders SET seen = 1
""",
        ),
    )

    def poll(self, ctx: RunContext) -> ResultOutput | None:
        """Ask once; None when there are no rows.

        Raises:
            TaskError: SQLite refused the query.
        """
        return self._found(ctx, self._session(ctx))
