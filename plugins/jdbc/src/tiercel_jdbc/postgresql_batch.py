"""`io.kestra.plugin.jdbc.postgresql.Batch`: rows of an ION file into a table, chunk by chunk.

Properties and outputs are those of Kestra's plugin. Each chunk is a transaction of its own. What
cannot be reached for a moment is tried again, and goes on after the last chunk that was committed.
"""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar, Literal

from pydantic import Field

from tiercel.plugin import (
    Duration,
    Example,
    Metric,
    MetricInfo,
    Output,
    Property,
    RunContext,
    StorageError,
    Task,
    TaskError,
    TaskKilledError,
    ion,
    scratch_file,
)
from tiercel_jdbc.postgresql import PostgresProperties
from tiercel_jdbc.postgresql_session import connected, driver
from tiercel_jdbc.statements import with_marks

if TYPE_CHECKING:
    from pathlib import Path

    from psycopg import Connection

__all__ = ["Batch", "BatchOutput"]

# Classes of SQLSTATE that another try may mend: connection, resources, operator intervention.
_TRANSIENT = ("08", "53", "57", "40")


class BatchOutput(Output):
    """What was inserted."""

    row_count: int
    """How many rows were read."""
    updated_count: int
    """How many rows were inserted or changed."""


class Batch(PostgresProperties, Task[BatchOutput]):
    """Insert the rows of an ION file into PostgreSQL, many at a time."""

    metrics: ClassVar[tuple[MetricInfo, ...]] = (
        MetricInfo("records", "counter", "How many rows were read."),
        MetricInfo("updated", "counter", "How many rows were inserted or changed."),
        MetricInfo("query", "counter", "How many chunks were sent."),
    )
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Insert the rows of a CSV file.",
            """\
id: batch
namespace: company.team

inputs:
  - id: file
    type: FILE

tasks:
  - id: to_ion
    type: io.kestra.plugin.serdes.csv.CsvToIon
    from: "{{ inputs.file }}"

  - id: insert
    type: io.kestra.plugin.jdbc.postgresql.Batch
    url: jdbc:postgresql://localhost:5432/shop
    username: "{{ secret('SHOP_USERNAME') }}"
    password: "{{ secret('SHOP_PASSWORD') }}"
    from: "{{ outputs.to_ion.uri }}"
    sql: INSERT INTO prices (brand, price) VALUES (?, ?)
    columns: [brand, price]
""",
        ),
    )

    from_: Property[str] = Field(alias="from")
    """URI of the stored ION file."""
    sql: Property[str] | None = None
    """The statement, with `?` for each value; an `INSERT` of the columns into the table by
    default."""
    chunk: Property[int] = Property.of(1000)
    """How many rows are sent at once, in one transaction."""
    columns: Property[list[str]] | None = None
    """The columns of the file, in the order of the `?`; all of a row by default."""
    table: Property[str] | None = None
    """The table to insert into without `sql`; its columns count when `columns` is not given."""
    max_retries: Property[int] = Property.of(3)
    """How often to try again."""
    retry_backoff: Property[Duration] = Property.of(timedelta(seconds=1))
    """How long to wait before the first try again; twice as long before each after that."""
    input_handling: Property[Literal["AUTO", "STREAM", "LOCAL"]] = Property.of("AUTO")
    """Read the file from a LOCAL copy, STREAM it from storage, or copy it if it is small (AUTO)."""
    local_buffer_max_bytes: Property[int] = Property.of(100 << 20)
    """How large a file that is copied may be."""
    resume_on_retry: Property[bool] = Property.of(True)
    """Go on after the last chunk that was committed; otherwise all is sent again."""
    retry_scope: Property[Literal["NONE", "INPUT", "ALL"]] = Property.of("INPUT")
    """Which failures are tried again: those of reading the file, or those of the server, too."""

    def run(self, ctx: RunContext) -> BatchOutput:
        """Insert the rows.

        Raises:
            TaskError: the server refused a row; the chunks before it stay.
        """
        done = _Done()
        wake = threading.Event()
        ctx.on_kill(wake.set)
        retries, wait = ctx.render(self.max_retries), ctx.render(self.retry_backoff)
        source = self._source(ctx)
        for attempt in range(retries + 1):
            try:
                self._attempt(ctx, source, done)
                break
            except TaskKilledError:
                raise
            except (TaskError, StorageError, OSError) as error:
                if attempt == retries or not self._is_transient(ctx, error):
                    raise
                ctx.log("WARN", f"Attempt {attempt + 1} failed, trying again: {error}")
                wake.wait(min(2**attempt, 2) * wait.total_seconds())
        for name, value in (("records", done.rows), ("updated", done.updated)):
            ctx.metric(Metric.counter(name, value))
        ctx.metric(Metric.counter("query", done.chunks))
        return BatchOutput(row_count=done.rows, updated_count=done.updated)

    def _source(self, ctx: RunContext) -> Callable[[], BinaryIO]:
        """Return what opens the file, or the local copy that was made of it."""
        uri = ctx.render(self.from_)
        handling, most = ctx.render(self.input_handling), ctx.render(self.local_buffer_max_bytes)
        if handling != "STREAM":
            size = ctx.storage.size(uri)
            if size <= most:
                path = scratch_file(ctx, ".ion")
                _copy(ctx, uri, path)
                return lambda: path.open("rb")
            if handling == "LOCAL":
                raise TaskError(
                    f"Input file of {size} bytes exceeds `localBufferMaxBytes` ({most} bytes) "
                    "while using LOCAL input handling",
                    retryable=False,
                )
        return lambda: ctx.storage.open(uri)

    def _is_transient(self, ctx: RunContext, error: Exception) -> bool:
        scope = ctx.render(self.retry_scope)
        if not isinstance(error, TaskError):
            return scope != "NONE"
        cause = error.__cause__
        if scope != "ALL" or not isinstance(cause, driver().Error):
            return False
        # Without a state, the server was not reached.
        return (cause.sqlstate or "08").startswith(_TRANSIENT)

    def _attempt(self, ctx: RunContext, source: Callable[[], BinaryIO], done: _Done) -> None:
        """Send the rows that were not sent before."""
        if not ctx.render(self.resume_on_retry):
            done.rows = done.updated = done.chunks = 0
        with connected(ctx, self._parameters(ctx)) as connection, closing(source()) as stream:
            insert = self._insert(ctx, connection)
            rows = islice(_read(stream), done.rows, None)
            while chunk := list(islice(rows, max(ctx.render(self.chunk), 1))):
                if ctx.cancelled:
                    raise TaskKilledError("The batch was interrupted")
                done.updated += insert.send(chunk)
                done.rows += len(chunk)
                done.chunks += 1
        ctx.log("INFO", f"Sent {done.rows} rows in {done.chunks} chunks")

    def _insert(self, ctx: RunContext, connection: Connection[Any]) -> _Insert:
        sql, table = ctx.render(self.sql), ctx.render(self.table)
        columns = ctx.render(self.columns)
        if sql is None:
            if table is None:
                raise TaskError("Nothing to insert into: set `sql` or `table`", retryable=False)
            columns = columns or _columns_of(connection, table)
            marks = ", ".join(["?"] * len(columns))
            sql = f"INSERT INTO {table} ({', '.join(map(_quoted, columns))}) VALUES ({marks})"
        ctx.log("DEBUG", f"Starting prepared statement: {sql}")
        return _Insert(connection, sql, columns)


class _Done:
    """How far the attempts came.

    Attributes:
        rows: rows of committed chunks.
        updated: rows that they inserted or changed.
        chunks: how many they are.
    """

    rows = updated = chunks = 0


def _copy(ctx: RunContext, uri: str, path: Path) -> None:
    with ctx.storage.open(uri) as source, path.open("wb") as target:
        shutil.copyfileobj(source, target, 1 << 20)


def _read(stream: BinaryIO) -> Iterator[Any]:
    try:
        yield from ion.load_lines(stream)
    except ion.IonTextError as error:
        raise TaskError(f"The file is not ION: {error}", retryable=False) from error


def _columns_of(connection: Connection[Any], table: str) -> list[str]:
    cursor = connection.execute(f"SELECT * FROM {table} LIMIT 0".encode())
    return [column.name for column in cursor.description or ()]


def _quoted(name: str) -> str:
    # As the server would fold it, a name without quotes is the same in lower case.
    return name if name.isidentifier() and name.islower() else '"' + name.replace('"', '""') + '"'


class _Insert:
    """A prepared statement, and how rows become its values."""

    def __init__(
        self, connection: Connection[Any], sql: str, columns: Sequence[str] | None
    ) -> None:
        self._connection = connection
        self._columns = columns
        self._sql, count = with_marks(sql)
        self._kinds = self._described(count)

    def _described(self, count: int) -> list[str]:
        """Return what the server takes each value for: `json`, `array` or another type."""
        psycopg = driver()
        numbers = iter(range(1, count + 1))
        numbered = self._sql.replace("%%", "\0").replace("%s", "\1")
        while "\1" in numbered:
            numbered = numbered.replace("\1", f"${next(numbers)}", 1)
        pgconn = self._connection.pgconn
        for result in (
            pgconn.prepare(b"tiercel", numbered.replace("\0", "%").encode()),
            pgconn.describe_prepared(b"tiercel"),
        ):
            if result.status != psycopg.pq.ExecStatus.COMMAND_OK:
                raise psycopg.errors.error_from_result(result)
        types = psycopg.adapters.types
        kinds = []
        for index in range(result.nparams):
            info = types.get(result.param_type(index))
            is_array = info is not None and info.array_oid == result.param_type(index)
            kinds.append("array" if is_array else info.name if info else "")
        return kinds

    def send(self, rows: Sequence[Any]) -> int:
        """Send rows in one transaction; return how many the server inserted or changed."""
        with self._connection.transaction(), self._connection.cursor() as cursor:
            cursor.executemany(self._sql.encode(), [self._values(row) for row in rows])
            return max(cursor.rowcount, 0)

    def _values(self, row: Any) -> list[Any]:
        if isinstance(row, Mapping):
            names = self._columns or row
            values = [row.get(name) for name in names]
        else:
            values = row if isinstance(row, list) else [row]
        wanted = len(self._kinds)
        if len(values) > wanted:
            raise TaskError(
                f"A row has {len(values)} values, the statement {wanted} `?`; set `columns`",
                retryable=False,
            )
        values = [*values, *[None] * (wanted - len(values))]
        return [_sent(value, kind) for value, kind in zip(values, self._kinds, strict=True)]


def _sent(value: Any, kind: str) -> Any:
    """Return a value as the server can read it for a type: a text, almost always."""
    if value is None or (kind == "bytea" and isinstance(value, bytes)):
        return value
    if kind in ("json", "jsonb") and not isinstance(value, str):
        return json.dumps(value, ensure_ascii=False, default=str)
    if kind == "array" and isinstance(value, list):
        return value
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case bytes():
            return value.decode("utf-8", "backslashreplace")
        case list() | dict():
            return json.dumps(value, ensure_ascii=False, default=str)
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
