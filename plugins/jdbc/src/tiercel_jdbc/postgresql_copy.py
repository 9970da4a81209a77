"""`io.kestra.plugin.jdbc.postgresql`: `CopyIn` and `CopyOut`.

Properties and outputs are those of Kestra's plugin. Files are streamed from and to storage as they
are: what is in them is between the file and the server.
"""

from __future__ import annotations

import secrets
from typing import ClassVar, Literal

from pydantic import Field

from tiercel.plugin import (
    Example,
    Metric,
    MetricInfo,
    Output,
    Property,
    RunContext,
    Task,
    TaskError,
    TaskKilledError,
)
from tiercel_jdbc.postgresql import PostgresProperties
from tiercel_jdbc.postgresql_session import connected

__all__ = ["CopyIn", "CopyInOutput", "CopyOut", "CopyOutOutput"]

_CHUNK = 1 << 18


class CopyInOutput(Output):
    """What was copied."""

    row_count: int
    """How many rows were copied."""


class CopyOutOutput(CopyInOutput):
    """What was copied, and where to."""

    uri: str
    """The stored file."""


class _CopyProperties(PostgresProperties):
    """The options of `COPY`."""

    metrics: ClassVar[tuple[MetricInfo, ...]] = (
        MetricInfo("rows", "counter", "How many rows were copied."),
    )

    table: Property[str] | None = None
    """The table, with its schema if need be."""
    columns: Property[list[str]] | None = None
    """The columns, in the order of the file; all by default."""
    format: Property[Literal["TEXT", "CSV", "BINARY"]] = Property.of("TEXT")
    """The format of the file."""
    oids: Property[bool] | None = None
    """Copy the object id of each row; servers of version 12 and later refuse that."""
    freeze: Property[bool] | None = None
    """Copy rows as if they were frozen already, into a table made in the same transaction."""
    delimiter: Property[str] | None = None
    """The character between two columns; a tab by default, a comma in CSV."""
    null_string: Property[str] | None = None
    """The text that means null; `\\N` by default, nothing without quotes in CSV."""
    header: Property[bool] | None = None
    """Whether the first line names the columns."""
    quote: Property[str] | None = None
    """The character around values in CSV; `"` by default."""
    escape: Property[str] | None = None
    """The character before a quote in a value in CSV; the quote itself by default."""
    force_quote: Property[list[str]] | None = None
    """Columns whose values are always quoted when they are written to CSV; `*` for all."""
    force_not_null: Property[list[str]] | None = None
    """Columns where no value of CSV means null."""
    force_null: Property[list[str]] | None = None
    """Columns where quoted values of CSV may mean null, too."""
    encoding: Property[str] | None = None
    """The character set of the file, by PostgreSQL's name; the connection's by default."""
    socket_timeout: Property[int] | None = None
    """Give up when the server acknowledges nothing for so many seconds."""

    def _copy_sql(self, ctx: RunContext, source: str | None, direction: str) -> str:
        """Return the `COPY` statement.

        Args:
            ctx: what the task was given.
            source: a query to copy from; the table by default.
            direction: `FROM STDIN` or `TO STDOUT`.
        """
        table = ctx.render(self.table)
        if source is None and table is None:
            raise TaskError("Nothing to copy: set `table`", retryable=False)
        columns = ctx.render(self.columns)
        what = f"({source})" if source is not None else table
        if source is None and columns:
            what = f"{table} ({', '.join(columns)})"
        options = self._options(ctx)
        clause = f" WITH ({', '.join(options)})" if options else ""
        return f"COPY {what} {direction}{clause}"

    def _options(self, ctx: RunContext) -> list[str]:
        kind = ctx.render(self.format)
        options = [] if kind == "TEXT" else [f"FORMAT {kind}"]
        for name, flag in (("OIDS", self.oids), ("FREEZE", self.freeze)):
            if ctx.render(flag):
                options.append(name)
        header = ctx.render(self.header)
        if header is not None:
            options.append(f"HEADER {str(header).upper()}")
        for name, text in (
            ("DELIMITER", ctx.render(self.delimiter)),
            ("NULL", ctx.render(self.null_string)),
            ("QUOTE", ctx.render(self.quote)),
            ("ESCAPE", ctx.render(self.escape)),
            ("ENCODING", ctx.render(self.encoding)),
        ):
            if text is not None:
                options.append(f"{name} {_literal(text)}")
        for name, columns in (
            ("FORCE_QUOTE", ctx.render(self.force_quote)),
            ("FORCE_NOT_NULL", ctx.render(self.force_not_null)),
            ("FORCE_NULL", ctx.render(self.force_null)),
        ):
            if columns:
                names = ", ".join(columns)
                options.append(f"{name} {names}" if names == "*" else f"{name} ({names})")
        return options

    def _copy_parameters(self, ctx: RunContext) -> dict[str, str]:
        timeout = ctx.render(self.socket_timeout)
        patience = {"tcp_user_timeout": str(timeout * 1000)} if timeout else {}
        return {**self._parameters(ctx), **patience}


def _literal(text: str) -> str:
    doubled = text.replace("'", "''")
    return "E'" + doubled.replace("\\", "\\\\") + "'" if "\\" in text else f"'{doubled}'"


class CopyIn(_CopyProperties, Task[CopyInOutput]):
    """Copy a stored file into a PostgreSQL table."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Load a CSV file.",
            """\
id: copy_in
namespace: company.team

inputs:
  - id: file
    type: FILE

tasks:
  - id: load
    type: io.kestra.plugin.jdbc.postgresql.CopyIn
    url: jdbc:postgresql://localhost:5432/shop
    username: "{{ secret('SHOP_USERNAME') }}"
    password: "{{ secret('SHOP_PASSWORD') }}"
    from: "{{ inputs.file }}"
    table: prices
    format: CSV
    header: true
""",
        ),
    )

    from_: Property[str] = Field(alias="from")
    """URI of the stored file."""

    def run(self, ctx: RunContext) -> CopyInOutput:
        """Copy the file.

        Raises:
            TaskError: the server refused it; nothing was copied then.
        """
        sql = self._copy_sql(ctx, None, "FROM STDIN")
        ctx.log("DEBUG", f"Starting query: {sql}")
        with (
            ctx.storage.open(ctx.render(self.from_)) as stream,
            connected(ctx, self._copy_parameters(ctx)) as connection,
            connection.cursor() as cursor,
        ):
            with cursor.copy(sql.encode()) as copy:
                while data := stream.read(_CHUNK):
                    if ctx.cancelled:
                        raise TaskKilledError("The copy was interrupted")
                    copy.write(data)
            count = cursor.rowcount
        ctx.metric(Metric.counter("rows", count))
        return CopyInOutput(row_count=count)


class CopyOut(_CopyProperties, Task[CopyOutOutput]):
    """Copy a PostgreSQL table, or the result of a query, to a stored file."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Write a query's result to a CSV file.",
            """\
id: copy_out
namespace: company.team

tasks:
  - id: export
    type: io.kestra.plugin.jdbc.postgresql.CopyOut
    url: jdbc:postgresql://localhost:5432/shop
    username: "{{ secret('SHOP_USERNAME') }}"
    password: "{{ secret('SHOP_PASSWORD') }}"
    sql: SELECT brand, price FROM prices ORDER BY brand
    format: CSV
    header: true
""",
        ),
    )

    sql: Property[str] | None = None
    """A query whose result is copied; otherwise it is the table."""

    def run(self, ctx: RunContext) -> CopyOutOutput:
        """Copy to a file.

        Raises:
            TaskError: the server refused it.
        """
        query = ctx.render(self.sql)
        source = None if query is None else query.strip().removesuffix(";")
        sql = self._copy_sql(ctx, source, "TO STDOUT")
        ctx.log("DEBUG", f"Starting query: {sql}")
        with (
            connected(ctx, self._copy_parameters(ctx)) as connection,
            connection.cursor() as cursor,
            ctx.storage.create(f"{secrets.token_hex(8)}-copy-out") as writer,
        ):
            with cursor.copy(sql.encode()) as copy:
                for data in copy:
                    if ctx.cancelled:
                        raise TaskKilledError("The copy was interrupted")
                    writer.write(bytes(data))
            count = cursor.rowcount
        ctx.metric(Metric.counter("rows", count))
        return CopyOutOutput(uri=writer.uri, row_count=count)
