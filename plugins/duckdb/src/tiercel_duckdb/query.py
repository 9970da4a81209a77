"""`io.kestra.plugin.jdbc.duckdb.Query` and `Queries`.

Properties and outputs are those of Kestra's JDBC plugin. A result is fetched in batches, so that
a stored one may be larger than memory.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Generic, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field

from tiercel.plugin import (
    Example,
    Metric,
    MetricInfo,
    Mirrors,
    Output,
    Property,
    RunContext,
    Task,
    TaskError,
    TaskKilledError,
    Text,
    ion,
    scratch_file,
    store_file,
    write_input_files,
)
from tiercel_duckdb.session import Session, database_path, open_session
from tiercel_duckdb.values import Row, json_like, row_maker

if TYPE_CHECKING:
    from duckdb import Statement

__all__ = ["FetchType", "Queries", "QueriesOutput", "Query", "QueryOutput", "ResultOutput"]


class FetchType(StrEnum):
    """What becomes of a query's result."""

    FETCH = "FETCH"
    FETCH_ONE = "FETCH_ONE"
    STORE = "STORE"
    NONE = "NONE"


class ResultOutput(Output):
    """The result of one statement."""

    row: dict[str, Any] | None = None
    """The first row, with FETCH_ONE."""
    rows: list[dict[str, Any]] | None = None
    """All rows, with FETCH."""
    uri: str | None = None
    """The stored ION file of all rows, with STORE."""
    size: int | None = None
    """How many rows were fetched."""


class QueryOutput(ResultOutput):
    """The result of the query, and the files that it wrote."""

    output_files: Annotated[dict[str, str], Mirrors("outputFiles")] = Field(default_factory=dict)
    """Stored output files: name → URI."""
    database_uri: str | None = None
    """The stored database file."""


class QueriesOutput(Output):
    """The results of all statements that have one, and the files that they wrote."""

    outputs: list[ResultOutput] = Field(default_factory=list)
    """One result after the other."""
    output_files: Annotated[dict[str, str], Mirrors("outputFiles")] = Field(default_factory=dict)
    """Stored output files: name → URI."""
    database_uri: str | None = None
    """The stored database file."""


OutputT = TypeVar("OutputT", bound=Output, covariant=True)


class DuckDbTask(Task[OutputT], Generic[OutputT]):
    """What both tasks have in common."""

    extra_variables: ClassVar[Mapping[str, str]] = {
        "outputFiles": "The path for each output file, by its name.",
    }
    metrics: ClassVar[tuple[MetricInfo, ...]] = (
        MetricInfo("fetch.size", "counter", "How many rows were fetched."),
    )

    sql: Property[str]
    """The SQL. Files are found by name in the working folder, `{{ workingDir }}`."""
    parameters: Property[dict[str, Any]] | None = None
    """Values of the parameters `:name` in the SQL."""
    input_files: Property[Any] | None = None
    """Files to put into the working folder: name → content, or URI of a stored file."""
    output_files: Property[list[Text]] | None = None
    """Names of files that the SQL writes, to the path that `{{ outputFiles.name }}` gives."""
    url: Property[str] = Property.of("jdbc:duckdb:")
    """`jdbc:duckdb:` for a database of this task alone, or with the absolute path of a database
    file, or with `md:…` for MotherDuck."""
    database_uri: Property[str] | None = None
    """A stored database file to work on a copy of."""
    output_db_file: Property[bool] = Property.of(False)
    """Store the database file afterwards."""
    fetch_type: Property[FetchType] = Property.of(FetchType.NONE)
    """FETCH all rows or FETCH_ONE as an output, STORE them as an ION file, or NONE."""
    fetch_size: Property[int] = Property.of(10_000)
    """How many rows are fetched at once when they are stored."""
    time_zone_id: Property[str] | None = None
    """The time zone of timestamps that have none; UTC by default."""
    store: bool = Field(default=False, deprecated=True)
    """Use `fetchType: STORE` instead."""
    fetch: bool = Field(default=False, deprecated=True)
    """Use `fetchType: FETCH` instead."""
    fetch_one: bool = Field(default=False, deprecated=True)
    """Use `fetchType: FETCH_ONE` instead."""
    username: Property[str] | None = None
    """Accepted for compatibility with other databases; DuckDB has no users."""
    password: Property[str] | None = None
    """Accepted for compatibility with other databases; DuckDB has no users."""

    @contextmanager
    def _work(self, ctx: RunContext) -> Iterator[_Work]:
        """Set everything up for the SQL, and store what it wrote in the end."""
        write_input_files(ctx, self.input_files)
        as_file = ctx.render(self.output_db_file)
        database = database_path(
            ctx, ctx.render(self.url), ctx.render(self.database_uri), as_file=as_file
        )
        names = ctx.render(self.output_files) or []
        parameters = ctx.render(self.parameters)
        with open_session(ctx, database) as session:
            work = _Work(
                ctx,
                session,
                fetch_type=self._fetch_type(ctx),
                fetch_size=ctx.render(self.fetch_size),
                zone=_zone(ctx.render(self.time_zone_id)),
                parameters=parameters or {},
                paths={name: _output_path(ctx, name) for name in names},
            )
            yield work
        ctx.metric(
            Metric.counter(
                "fetch.size",
                work.fetched,
                fetch=str(work.fetch_type in (FetchType.FETCH, FetchType.FETCH_ONE)).lower(),
                store=str(work.fetch_type is FetchType.STORE).lower(),
            )
        )
        work.output_files = {name: _stored(ctx, name, path) for name, path in work.paths.items()}
        work.database_uri = store_file(ctx, Path(database), "duckdb.db") if as_file else None

    def _fetch_type(self, ctx: RunContext) -> FetchType:
        # Read past the warning that reading a deprecated property gives.
        for name in ("fetch", "fetch_one", "store"):
            if self.__dict__[name]:
                return FetchType[name.upper()]
        return ctx.render(self.fetch_type)


class Query(DuckDbTask[QueryOutput]):
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

    after_sql: Property[str] | None = Field(default=None, alias="afterSQL")
    """One more statement, in the same transaction as the query."""

    def run(self, ctx: RunContext) -> QueryOutput:
        """Run the statement and fetch its result.

        Raises:
            TaskError: DuckDB refused it, or it is more than one statement.
        """
        with self._work(ctx) as work:
            statement = _single(work.parse(self.sql), "Query task")
            after = _single(work.parse(self.after_sql), "afterSQL") if self.after_sql else None
            with work.transaction(wanted=after is not None):
                result = work.run(statement)
                if after is not None:
                    work.session.execute(after, work.parameters)
        return QueryOutput(
            **(result.model_dump() if result else {}),
            output_files=work.output_files,
            database_uri=work.database_uri,
        )


class Queries(DuckDbTask[QueriesOutput]):
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

    transaction: Property[bool] = Property.of(True)
    """Undo all of it when one statement fails."""

    def run(self, ctx: RunContext) -> QueriesOutput:
        """Run the statements and fetch their results.

        Raises:
            TaskError: DuckDB refused one of them.
        """
        with self._work(ctx) as work, work.transaction(wanted=ctx.render(self.transaction)):
            results = [work.run(statement) for statement in work.parse(self.sql)]
        return QueriesOutput(
            outputs=[result for result in results if result is not None],
            output_files=work.output_files,
            database_uri=work.database_uri,
        )


class _Work:
    """A task's session with all that its statements need."""

    def __init__(  # noqa: PLR0913  # built in one place, by keyword
        self,
        ctx: RunContext,
        session: Session,
        *,
        fetch_type: FetchType,
        fetch_size: int,
        zone: ZoneInfo,
        parameters: Mapping[str, Any],
        paths: Mapping[str, Path],
    ) -> None:
        self._ctx = ctx
        self._fetch_size = fetch_size
        self._zone = zone
        self.session = session
        self.fetch_type = fetch_type
        self.parameters = parameters
        self.paths = paths
        self.fetched = 0
        self.output_files: dict[str, str] = {}
        self.database_uri: str | None = None

    def parse(self, sql: Property[str]) -> list[Statement]:
        files = {name: str(path) for name, path in self.paths.items()}
        text = self._ctx.render_text(str(sql.raw), {"outputFiles": files})
        return self.session.parse(text, self.parameters)

    @contextmanager
    def transaction(self, *, wanted: bool) -> Iterator[None]:
        if wanted:
            self.session.connection.begin()
        yield
        # After an error the connection is closed without a commit, which undoes everything.
        if wanted:
            self.session.connection.commit()

    def run(self, statement: Statement) -> ResultOutput | None:
        """Run a statement; return its result, None when it has none or nobody wants it."""
        if not self.session.execute(statement, self.parameters):
            return None
        match self.fetch_type:
            case FetchType.FETCH:
                rows = [json_like(row) for row in self._rows()]
                result = ResultOutput(rows=rows, size=len(rows))
            case FetchType.FETCH_ONE:
                row = next(self._rows(1), None)
                result = ResultOutput(row=json_like(row), size=0 if row is None else 1)
            case FetchType.STORE:
                result = self._store()
            case FetchType.NONE:
                return None
        self.fetched += result.size or 0
        return result

    def _rows(self, size: int | None = None) -> Iterator[Row]:
        connection = self.session.connection
        make = row_maker(connection.description or (), self._zone)
        while batch := connection.fetchmany(size or self._fetch_size):
            if self._ctx.cancelled:
                raise TaskKilledError("The query was interrupted")
            yield from map(make, batch)

    def _store(self) -> ResultOutput:
        with self._ctx.storage.create(f"{secrets.token_hex(8)}.ion") as writer:
            count = ion.dump_lines(self._rows(), writer)
        return ResultOutput(uri=writer.uri, size=count)


def _single(statements: list[Statement], what: str) -> Statement:
    if len(statements) != 1:
        raise TaskError(
            f"{what} support only a single SQL statement. "
            "Use the Queries task to run multiple statements.",
            retryable=False,
        )
    return statements[0]


def _zone(name: str | None) -> ZoneInfo:
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise TaskError(f"Unknown time zone {name!r}", retryable=False) from error


def _output_path(ctx: RunContext, name: str) -> Path:
    if "/" in name or name in ("", ".", ".."):
        raise TaskError(f"Invalid output file {name!r}: a name without folders", retryable=False)
    return scratch_file(ctx, f"-{name}")


def _stored(ctx: RunContext, name: str, path: Path) -> str:
    if not path.is_file():
        raise TaskError(f"The SQL did not write its output file {name!r}")
    return store_file(ctx, path, name)
