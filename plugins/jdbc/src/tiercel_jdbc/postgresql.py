"""`io.kestra.plugin.jdbc.postgresql`: `Query`, `Queries` and `Trigger`.

Properties and outputs are those of Kestra's plugin; the work is psycopg's.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from tiercel.plugin import Example, PollingTrigger, Property, RunContext, Task, Text, scratch_file
from tiercel_jdbc.postgresql_session import open_postgresql
from tiercel_jdbc.postgresql_url import connection_parameters
from tiercel_jdbc.query import (
    ConnectionProperties,
    ManyQueries,
    QueriesOutput,
    ResultOutput,
    SingleQuery,
)
from tiercel_jdbc.trigger import QueryTriggerProperties
from tiercel_jdbc.values import zone_of

if TYPE_CHECKING:
    from tiercel_jdbc.query import Connecting

__all__ = ["PostgresProperties", "Queries", "Query", "Trigger"]

SslMode = Literal["DISABLE", "ALLOW", "PREFER", "REQUIRE", "VERIFY_CA", "VERIFY_FULL"]


class PostgresProperties(ConnectionProperties):
    """How to reach a PostgreSQL server."""

    url: Property[str]
    """`jdbc:postgresql://host:port/database`, with properties of the JDBC driver after a `?`."""
    ssl: Property[bool] = Property.of(False)
    """Encrypt the connection, and check the server's certificate and name."""
    ssl_mode: Property[SslMode] | None = None
    """How far to go: encrypt if possible (PREFER) or in any case (REQUIRE), check the certificate
    (VERIFY_CA) and the server's name (VERIFY_FULL)."""
    ssl_root_cert: Property[str] | None = None
    """The certificates to trust, as PEM text; those of the system by default."""
    ssl_cert: Property[str] | None = None
    """The certificate to show, as PEM text."""
    ssl_key: Property[str] | None = None
    """The key of that certificate, as PEM text."""
    ssl_key_password: Property[str] | None = None
    """The password of that key."""

    def _parameters(self, ctx: RunContext) -> dict[str, str]:
        """Return libpq's parameters.

        Raises:
            TaskError: the URL is invalid.
        """
        # The patience of the JDBC driver, in seconds.
        parameters = {"connect_timeout": "10", **connection_parameters(ctx.render(self.url))}
        username, password = ctx.render(self.username), ctx.render(self.password)
        if username is not None:
            parameters["user"] = username
        if password is not None:
            parameters["password"] = password
        return {**parameters, **self._tls(ctx, parameters)}

    def _tls(self, ctx: RunContext, parameters: dict[str, str]) -> dict[str, str]:
        tls: dict[str, str] = {}
        mode = ctx.render(self.ssl_mode)
        if mode is not None:
            tls["sslmode"] = mode.lower().replace("_", "-")
        elif ctx.render(self.ssl):
            tls["sslmode"] = "verify-full"
        for name, text in (
            ("sslrootcert", ctx.render(self.ssl_root_cert)),
            ("sslcert", ctx.render(self.ssl_cert)),
            ("sslkey", ctx.render(self.ssl_key)),
        ):
            if text is not None:
                tls[name] = str(_private_file(ctx, text))
        key_password = ctx.render(self.ssl_key_password)
        if key_password is not None:
            tls["sslpassword"] = key_password
        known = {**parameters, **tls}
        checked = known.get("sslmode") in ("verify-ca", "verify-full")
        if checked and "sslrootcert" not in known and not _ROOT_CERT.expanduser().is_file():
            tls["sslrootcert"] = "system"
        return tls

    def _session(self, ctx: RunContext) -> Connecting:
        return open_postgresql(ctx, self._parameters(ctx), zone_of(ctx.render(self.time_zone_id)))


# Where libpq looks for certificates to trust.
_ROOT_CERT = Path("~/.postgresql/root.crt")


def _private_file(ctx: RunContext, text: str) -> Path:
    """Write a key to a file that nobody else can read: libpq takes no others."""
    path = scratch_file(ctx, ".pem")
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    return path


class Query(PostgresProperties, SingleQuery, Task[ResultOutput]):
    """Run one SQL statement in PostgreSQL."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Store a result as an ION file, and make a CSV file of it.",
            """\
id: postgres
namespace: company.team

tasks:
  - id: ask
    type: io.kestra.plugin.jdbc.postgresql.Query
    url: jdbc:postgresql://localhost:5432/shop
    username: "{{ secret('SHOP_USERNAME') }}"
    password: "{{ secret('SHOP_PASSWORD') }}"
    sql: SELECT brand, price FROM prices WHERE price >= :least
    parameters:
      least: 6
    fetchType: STORE

  - id: to_csv
    type: io.kestra.plugin.serdes.csv.IonToCsv
    from: "{{ outputs.ask.uri }}"
""",
        ),
    )

    output_files: Property[list[Text]] | None = None
    """Accepted for compatibility: what SQL writes, it writes on the server."""

    def run(self, ctx: RunContext) -> ResultOutput:
        """Run the statement and fetch its result.

        Raises:
            TaskError: the server refused it, or it is more than one statement.
        """
        return self._run_one(ctx, self._session(ctx))


class Queries(PostgresProperties, ManyQueries, Task[QueriesOutput]):
    """Run several SQL statements in PostgreSQL, one after the other."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Fill a table and ask it, in one transaction.",
            """\
id: postgres
namespace: company.team

tasks:
  - id: fill
    type: io.kestra.plugin.jdbc.postgresql.Queries
    url: jdbc:postgresql://localhost:5432/shop
    username: "{{ secret('SHOP_USERNAME') }}"
    password: "{{ secret('SHOP_PASSWORD') }}"
    sql: |
      CREATE TABLE IF NOT EXISTS prices (brand text, price numeric);
      INSERT INTO prices VALUES ('Apple', 10), ('Pear', 5);
      SELECT count(*) AS n FROM prices;
    fetchType: FETCH_ONE
""",
        ),
    )

    output_files: Property[list[Text]] | None = None
    """Accepted for compatibility: what SQL writes, it writes on the server."""

    def run(self, ctx: RunContext) -> QueriesOutput:
        """Run the statements and fetch their results.

        Raises:
            TaskError: the server refused one of them.
        """
        return QueriesOutput(outputs=self._run_all(ctx, self._session(ctx)))


class Trigger(QueryTriggerProperties, PostgresProperties, PollingTrigger):
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
    type: io.kestra.plugin.jdbc.postgresql.Trigger
    interval: PT1M
    url: jdbc:postgresql://localhost:5432/shop
    username: "{{ secret('SHOP_USERNAME') }}"
    password: "{{ secret('SHOP_PASSWORD') }}"
    sql: UPDATE orders SET seen = true WHERE NOT seen RETURNING *
""",
        ),
    )

    def poll(self, ctx: RunContext) -> ResultOutput | None:
        """Ask once; None when there are no rows.

        Raises:
            TaskError: the server refused the query.
        """
        return self._found(ctx, self._session(ctx))
