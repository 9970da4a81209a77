"""`io.kestra.plugin.jdbc.duckdb`: `Query`, `Queries` and `Trigger`.

Properties and outputs are those of Kestra's plugin.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from tiercel.plugin import (
    Example,
    Output,
    PollingTrigger,
    Property,
    RunContext,
    Task,
    scratch_file,
    write_input_files,
)
from tiercel_duckdb.session import MEMORY, database_name, open_duckdb
from tiercel_jdbc.embedded import (
    EmbeddedProperties,
    EmbeddedQueriesOutput,
    EmbeddedQueryOutput,
    Files,
    fetched_file,
)
from tiercel_jdbc.query import ManyQueries, SingleQuery
from tiercel_jdbc.trigger import QueryTriggerProperties
from tiercel_jdbc.values import zone_of

if TYPE_CHECKING:
    from tiercel_jdbc.query import Connecting

__all__ = ["Queries", "Query", "Trigger"]


class _DuckDbProperties(EmbeddedProperties):
    """What tasks and triggers have in common."""

    sql: Property[str]
    """The SQL. Files are found by name in the working folder, `{{ workingDir }}`."""
    input_files: Property[Any] | None = None
    """Files to put into the working folder: name → content, or URI of a stored file."""
    url: Property[str] = Property.of("jdbc:duckdb:")
    """`jdbc:duckdb:` for a database of this task alone, or with the absolute path of a database
    file, or with `md:…` for MotherDuck."""
    database_uri: Property[str] | None = None
    """A stored database file to work on a copy of."""
    community_extensions: Property[list[str]] = Property.of([])
    """Community extensions to install, from the net, and to load; a warning for those that cannot
    be had."""

    def _session(self, ctx: RunContext, files: Files | None = None) -> Connecting:
        write_input_files(ctx, self.input_files)
        path = self._path(ctx)
        if files is not None:
            files.database = path
        name = database_name(ctx.render(self.url)) if path is None else str(path)
        extensions = ctx.render(self.community_extensions)
        return open_duckdb(ctx, name, zone_of(ctx.render(self.time_zone_id)), extensions)

    def _path(self, ctx: RunContext) -> Path | None:
        """Return the database's file; None when it is in memory or at MotherDuck."""
        stored = ctx.render(self.database_uri)
        if stored is not None:
            return fetched_file(ctx, stored, scratch_file(ctx, ".db"))
        name = database_name(ctx.render(self.url))
        if name == MEMORY:
            return scratch_file(ctx, ".db") if ctx.render(self.output_db_file) else None
        if name.startswith("md:"):
            return None
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        return Path(name)


class Query(_DuckDbProperties, SingleQuery, Task[EmbeddedQueryOutput]):
    """Run one SQL statement in DuckDB, over files or tables."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Average prices by brand from a CSV file, and store the result.",
            """\
id: duckdb
namespace: company.team

tasks:
  - id: average
    type: io.kestra.plugin.jdbc.duckdb.Query
    inputFiles:
      in.csv: |
        brand,price
        Apple,10
        Apple,20
        Pear,5
    sql: |
      SELECT brand, avg(price) AS price
      FROM read_csv_auto('{{ workingDir }}/in.csv')
      GROUP BY brand
      ORDER BY brand
    fetchType: STORE
""",
        ),
        Example(
            "Write a Parquet file.",
            """\
id: parquet
namespace: company.team

tasks:
  - id: numbers
    type: io.kestra.plugin.jdbc.duckdb.Query
    outputFiles:
      - out
    sql: |
      COPY (SELECT * FROM range(10)) TO '{{ outputFiles.out }}' (FORMAT parquet)
""",
        ),
    )

    def run(self, ctx: RunContext) -> EmbeddedQueryOutput:
        """Run the statement and fetch its result.

        Raises:
            TaskError: DuckDB refused it, or it is more than one statement.
        """
        with self._files(ctx) as files:
            result = self._run_one(ctx, self._session(ctx, files), files.variables())
        return EmbeddedQueryOutput(
            **result.model_dump(), output_files=files.stored, database_uri=files.database_uri
        )


class Queries(_DuckDbProperties, ManyQueries, Task[EmbeddedQueriesOutput]):
    """Run several SQL statements in DuckDB, one after the other."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Load a file into a table and ask two things about it.",
            """\
id: duckdb
namespace: company.team

tasks:
  - id: ask
    type: io.kestra.plugin.jdbc.duckdb.Queries
    inputFiles:
      in.csv: |
        brand,price
        Apple,10
        Pear,5
    sql: |
      CREATE TABLE prices AS SELECT * FROM read_csv_auto('in.csv');
      SELECT count(*) AS n FROM prices;
      SELECT max(price) AS highest FROM prices;
    fetchType: FETCH_ONE
""",
        ),
    )

    def run(self, ctx: RunContext) -> EmbeddedQueriesOutput:
        """Run the statements and fetch their results.

        Raises:
            TaskError: DuckDB refused one of them.
        """
        with self._files(ctx) as files:
            results = self._run_all(ctx, self._session(ctx, files), files.variables())
        return EmbeddedQueriesOutput(
            outputs=results, output_files=files.stored, database_uri=files.database_uri
        )


class Trigger(QueryTriggerProperties, _DuckDbProperties, PollingTrigger):
    """Start an execution when a query finds rows."""

    output_type: ClassVar[type[Output] | None] = EmbeddedQueryOutput
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Look for new files with something in them.",
            """\
id: new_rows
namespace: company.team

tasks:
  - id: show
    type: io.kestra.plugin.core.log.Log
    message: "{{ trigger.rows }}"

triggers:
  - id: watch
    type: io.kestra.plugin.jdbc.duckdb.Trigger
    interval: PT5M
    sql: SELECT * FROM read_csv_auto('/data/incoming/*.csv')
""",
        ),
    )

    def poll(self, ctx: RunContext) -> EmbeddedQueryOutput | None:
        """Ask once; None when there are no rows.

        Raises:
            TaskError: DuckDB refused the query.
        """
        result = self._found(ctx, self._session(ctx))
        return None if result is None else EmbeddedQueryOutput(**result.model_dump())
