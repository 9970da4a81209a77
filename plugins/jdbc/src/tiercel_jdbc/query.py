"""What the tasks and triggers of all databases share: properties, outputs, and how a query runs.

Properties and outputs are those of Kestra's JDBC plugin. A result is fetched in batches, so that a
stored one may be larger than memory. The classes here are mixed into a database's own `Query`,
`Queries` and `Trigger`, which say how to connect.
"""

from __future__ import annotations

import secrets
from collections.abc import Generator, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from enum import StrEnum
from types import MappingProxyType
from typing import Any, ClassVar

from pydantic import Field

from tiercel.plugin import (
    Metric,
    MetricInfo,
    Model,
    Output,
    Property,
    RunContext,
    TaskError,
    TaskKilledError,
    ion,
    old_value,
)
from tiercel_jdbc.session import Session
from tiercel_jdbc.values import Row, json_like

__all__ = [
    "Connecting",
    "ConnectionProperties",
    "FetchType",
    "ManyQueries",
    "QueriesOutput",
    "QueryProperties",
    "ResultOutput",
    "SingleQuery",
    "Work",
]


Connecting = AbstractContextManager[Session]
"""A connection for the length of a block; entering it raises TaskError when there is none."""

_NONE: Mapping[str, Any] = MappingProxyType({})


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


class QueriesOutput(Output):
    """The results of all statements that have one."""

    outputs: list[ResultOutput] = Field(default_factory=list)
    """One result after the other."""


class ConnectionProperties(Model):
    """How to reach a database."""

    username: Property[str] | None = None
    """The database user."""
    password: Property[str] | None = None
    """The user's password."""
    time_zone_id: Property[str] | None = None
    """The time zone of timestamps that have none; UTC by default."""
    connection_pooling: Property[bool] = Property.of(True)
    """Accepted for compatibility: each run has a connection of its own, so no state leaks."""
    connection_pool_size: Property[int] = Property.of(10)
    """Accepted for compatibility, likewise."""


class QueryProperties(ConnectionProperties):
    """What to run, and what becomes of its result."""

    metrics: ClassVar[tuple[MetricInfo, ...]] = (
        MetricInfo("fetch.size", "counter", "How many rows were fetched."),
    )

    sql: Property[str]
    """The SQL."""
    parameters: Property[dict[str, Any]] | None = None
    """Values of the parameters `:name` in the SQL."""
    fetch_type: Property[FetchType] = Property.of(FetchType.NONE)
    """FETCH all rows or FETCH_ONE as an output, STORE them as an ION file, or NONE."""
    fetch_size: Property[int] = Property.of(10_000)
    """How many rows are fetched at once."""
    store: bool = Field(default=False, deprecated="write `fetchType: STORE`")
    """Use `fetchType: STORE` instead."""
    fetch: bool = Field(default=False, deprecated="write `fetchType: FETCH`")
    """Use `fetchType: FETCH` instead."""
    fetch_one: bool = Field(default=False, deprecated="write `fetchType: FETCH_ONE`")
    """Use `fetchType: FETCH_ONE` instead."""

    @contextmanager
    def _work(
        self, ctx: RunContext, session: Connecting, variables: Mapping[str, Any]
    ) -> Iterator[Work]:
        """Connect, and report what was fetched in the end."""
        fetch_type = self._fetch_type(ctx)
        parameters = ctx.render(self.parameters)
        size = ctx.render(self.fetch_size)
        with session as opened:
            work = Work(
                ctx,
                opened,
                fetch_type=fetch_type,
                size=size if size > 0 else 10_000,
                parameters=parameters or {},
                variables=variables,
            )
            yield work
        ctx.metric(
            Metric.counter(
                "fetch.size",
                work.fetched,
                fetch=str(fetch_type in (FetchType.FETCH, FetchType.FETCH_ONE)).lower(),
                store=str(fetch_type is FetchType.STORE).lower(),
            )
        )

    def _fetch_type(self, ctx: RunContext) -> FetchType:
        for name in ("fetch", "fetch_one", "store"):
            if old_value(self, name):
                return FetchType[name.upper()]
        return ctx.render(self.fetch_type)


class SingleQuery(QueryProperties):
    """One statement."""

    after_sql: Property[str] | None = Field(default=None, alias="afterSQL")
    """One more statement, in the same transaction as the query."""

    def _run_one(
        self, ctx: RunContext, session: Connecting, variables: Mapping[str, Any] = _NONE
    ) -> ResultOutput:
        """Run the statement, and the one after it; return the result.

        Args:
            ctx: what the task was given.
            session: connects.
            variables: what the SQL sees beside the execution's own variables.

        Raises:
            TaskError: the database refused it, or it is more than one statement.
        """
        with self._work(ctx, session, variables) as work:
            statement = _single(work.split(self.sql), "Query task")
            after = _single(work.split(self.after_sql), "afterSQL") if self.after_sql else None
            with work.transaction(wanted=after is not None):
                result = work.run(statement)
                if after is not None:
                    work.execute(after)
        return result or ResultOutput()


class ManyQueries(QueryProperties):
    """Several statements, one after the other."""

    transaction: Property[bool] = Property.of(True)
    """Undo all of it when one statement fails."""
    after_sql: Property[str] | None = Field(default=None, alias="afterSQL")
    """Accepted for compatibility: write the statement at the end of `sql`. Kestra does not run it
    here either."""

    def _run_all(
        self, ctx: RunContext, session: Connecting, variables: Mapping[str, Any] = _NONE
    ) -> list[ResultOutput]:
        """Run the statements; return the results of those that have one.

        Args:
            ctx: what the task was given.
            session: connects.
            variables: what the SQL sees beside the execution's own variables.

        Raises:
            TaskError: the database refused one of them.
        """
        wanted = ctx.render(self.transaction)
        if self.after_sql is not None:
            ctx.log("WARN", "`afterSQL` is left out: write it at the end of `sql`")
        with self._work(ctx, session, variables) as work, work.transaction(wanted=wanted):
            results = [work.run(statement) for statement in work.split(self.sql)]
        return [result for result in results if result is not None]


def _single(statements: list[Any], what: str) -> Any:
    if len(statements) != 1:
        raise TaskError(
            f"{what} support only a single SQL statement. "
            "Use the Queries task to run multiple statements.",
            retryable=False,
        )
    return statements[0]


class Work:
    """A session with all that its statements need.

    Attributes:
        fetched: how many rows were fetched so far.
    """

    def __init__(  # built in one place, by keyword
        self,
        ctx: RunContext,
        session: Session,
        *,
        fetch_type: FetchType,
        size: int,
        parameters: Mapping[str, Any],
        variables: Mapping[str, Any],
    ) -> None:
        self._ctx = ctx
        self._session = session
        self._fetch_type = fetch_type
        self._size = size
        self._parameters = parameters
        self._variables = variables
        self.fetched = 0

    def split(self, sql: Property[str]) -> list[Any]:
        """Return the statements of a property's SQL, rendered."""
        text = self._ctx.render_text(str(sql.raw), self._variables)
        return self._session.split(text, self._parameters)

    @contextmanager
    def transaction(self, *, wanted: bool) -> Iterator[None]:
        """Have what the block does in one transaction, if that is wanted."""
        if wanted:
            self._session.begin()
        yield
        # After an error the session is closed without a commit, which undoes everything.
        if wanted:
            self._session.commit()

    def execute(self, statement: Any) -> Generator[Row, None, None] | None:
        """Run a statement; return its rows, None when it has no result.

        Raises:
            TaskKilledError: the task is to stop.
        """
        self._look()
        self._ctx.log("DEBUG", f"Starting query: {self._session.text_of(statement).strip()}")
        return self._session.execute(statement, self._parameters, self._size)

    def run(self, statement: Any) -> ResultOutput | None:
        """Run a statement and fetch its result; return None when it has none."""
        rows = self.execute(statement)
        if rows is None:
            return None
        with closing(rows):
            result = self._result(self._watched(rows))
        self.fetched += result.size or 0
        return result

    def _result(self, rows: Iterator[Row]) -> ResultOutput:
        match self._fetch_type:
            case FetchType.FETCH:
                kept = [json_like(row) for row in rows]
                return ResultOutput(rows=kept, size=len(kept))
            case FetchType.FETCH_ONE:
                row = next(rows, None)
                return ResultOutput(row=json_like(row), size=0 if row is None else 1)
            case FetchType.STORE:
                return self._stored(rows)
        return ResultOutput()

    def _stored(self, rows: Iterator[Row]) -> ResultOutput:
        with self._ctx.storage.create(f"{secrets.token_hex(8)}.ion") as writer:
            count = ion.dump_lines(rows, writer)
        return ResultOutput(uri=writer.uri, size=count)

    def _watched(self, rows: Iterator[Row]) -> Iterator[Row]:
        for number, row in enumerate(rows):
            if number % 1000 == 0:
                self._look()
            yield row

    def _look(self) -> None:
        if self._ctx.cancelled:
            raise TaskKilledError("The query was interrupted")
