"""TLS, with a server that has a certificate of the tests' own authority."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tiercel.testing import run_task


def openssl(*arguments: str, folder: Path) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make certificates: an authority, a server `localhost`, and a client `guarded`."""
    folder = tmp_path_factory.mktemp("certificates")
    new = ("-newkey", "rsa:2048", "-nodes", "-days", "1")
    ca = ("-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=ca")
    openssl("req", "-x509", *new, *ca, folder=folder)
    for name, subject in (("server", "localhost"), ("client", "guarded")):
        (folder / f"{name}.ext").write_text(f"subjectAltName=DNS:{subject}\n")
        request = ("-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={subject}")
        openssl("req", *new, *request, folder=folder)
        signed = ("-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "1")
        made = ("-in", f"{name}.csr", "-out", f"{name}.crt", "-extfile", f"{name}.ext")
        openssl("x509", "-req", *made, *signed, folder=folder)
    lock = ("-in", "client.key", "-passout", "pass:s3", "-out", "locked.key")
    openssl("rsa", "-aes256", *lock, folder=folder)
    return folder


@pytest.fixture(scope="module")
def tls_server(authority: Path, make_server: Any) -> Iterator[Any]:
    """Start a server that speaks TLS; skip where none can."""
    names = ("server.crt", "server.key", "ca.crt")
    rules = [
        "hostssl all guarded all cert",
        "hostssl all postgres all trust",
        "hostnossl all all all reject",
    ]
    server = make_server(
        *("ssl=on", "ssl_cert_file=server.crt", "ssl_key_file=server.key", "ssl_ca_file=ca.crt"),
        needs_tls=True,
        **{name: (authority / name).read_text() for name in names},
        **{"pg_hba.conf": "\n".join(rules) + "\n"},
    )
    yield server
    server.stop()


def query(server: Any, **properties: Any) -> Any:
    return run_task(
        {
            "type": "io.kestra.plugin.jdbc.postgresql.Query",
            "url": f"jdbc:postgresql://localhost:{server.port}/postgres",
            "username": "postgres",
            "sql": "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
            "fetchOne": True,
            **properties,
        }
    )


@pytest.mark.parametrize(
    "properties",
    [{"sslMode": "REQUIRE"}, {"ssl": True}, {"sslMode": "VERIFY_CA"}, {"sslMode": "VERIFY_FULL"}],
    ids=str,
)
def test_the_connection_is_encrypted(
    tls_server: Any, authority: Path, properties: dict[str, Any]
) -> None:
    certificate = (authority / "ca.crt").read_text()
    result = query(tls_server, sslRootCert=certificate, **properties)
    assert result.error is None
    assert result.outputs["row"] == {"ssl": True}


def test_a_certificate_of_nobody_that_is_trusted_is_refused(tls_server: Any) -> None:
    assert "certificate verify failed" in query(tls_server, ssl=True).error


def test_a_server_of_another_name_is_refused(tls_server: Any, authority: Path) -> None:
    url = f"jdbc:postgresql://127.0.0.1:{tls_server.port}/postgres"
    certificate = (authority / "ca.crt").read_text()
    refused = query(tls_server, url=url, sslRootCert=certificate, sslMode="VERIFY_FULL")
    accepted = query(tls_server, url=url, sslRootCert=certificate, sslMode="VERIFY_CA")
    assert "does not match host name" in refused.error
    assert accepted.error is None


@pytest.mark.parametrize(
    ("key", "password"), [("client.key", None), ("locked.key", "s3")], ids=["open", "locked"]
)
def test_a_client_shows_its_certificate(
    tls_server: Any, authority: Path, key: str, password: str | None
) -> None:
    with tls_server.connect() as admin:
        admin.execute("DROP ROLE IF EXISTS guarded")
        admin.execute("CREATE ROLE guarded LOGIN")
    root = (authority / "ca.crt").read_text()
    certificate, secret = (authority / "client.crt").read_text(), (authority / key).read_text()
    given = {"sslKeyPassword": password} if password else {}
    result = query(
        tls_server,
        **given,
        username="guarded",
        sslMode="VERIFY_FULL",
        sslRootCert=root,
        sslCert=certificate,
        sslKey=secret,
        sql="SELECT client_dn FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
    )
    assert result.error is None
    assert result.outputs["row"] == {"client_dn": "/CN=guarded"}


def test_without_encryption_the_server_refuses(tls_server: Any) -> None:
    assert "no encryption" in query(tls_server, sslMode="DISABLE").error


def test_keys_are_files_of_the_task_that_nobody_else_can_read(
    tls_server: Any, authority: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    modes: list[int] = []
    opened = os.open

    def recording(path: Any, flags: int, mode: int = 0o777, **others: Any) -> int:
        if str(path).endswith(".pem"):
            modes.append(mode)
        return opened(path, flags, mode, **others)

    monkeypatch.setattr(os, "open", recording)
    query(tls_server, ssl=True, sslRootCert=(authority / "ca.crt").read_text())
    assert modes == [0o600]
