"""A webhook and mail servers on loopback."""

from __future__ import annotations

import datetime
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tiercel import Tiercel
from tiercel.testing import TaskResult, run_task


class _Handler(BaseHTTPRequestHandler):
    server: Webhook

    def log_message(self, *_args: object) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append((self.path, dict(self.headers), json.loads(body)))
        if self.server.silent:
            self.server.released.wait(20)
        status, text = self.server.answer
        data = text.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


class Webhook(ThreadingHTTPServer):
    """Takes JSON and keeps it.

    Attributes:
        received: path, headers and data of each request.
        answer: the status and text of answers.
        silent: whether answers wait for `released`.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}/services/T0/B0/hidden"
        self.received: list[tuple[str, dict[str, str], Any]] = []
        self.answer = (200, "ok")
        self.silent = False
        self.released = threading.Event()

    def handle_error(self, *_args: object) -> None:
        """Clients that hang up are part of the tests."""

    @property
    def message(self) -> Any:
        """What was sent last."""
        return self.received[-1][2]


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    with Webhook() as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.released.set()
        server.shutdown()


@pytest.fixture
def task() -> Callable[..., TaskResult]:
    """Run a task of this plugin; its type without `io.kestra.plugin.`."""

    def run(kind: str, **properties: Any) -> TaskResult:
        given = {k: properties.pop(k) for k in ("files", "secrets", "variables") if k in properties}
        return run_task({"type": f"io.kestra.plugin.{kind}", **properties}, **given)

    return run


class Inbox:
    """A handler of aiosmtpd that keeps mails, and refuses those to `nobody`."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.recipients: list[list[str]] = []

    async def handle_RCPT(self, _server: Any, _s: Any, envelope: Any, address: str, _o: Any) -> str:
        if address.startswith("nobody"):
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def auth_XOAUTH2(self, server: Any, args: list[str]) -> Any:
        """Let the robot in with the token `token`."""
        from base64 import b64decode

        from aiosmtpd.smtp import AuthResult

        wanted = "user=robot\1auth=Bearer token\1\1"
        return AuthResult(success=b64decode(args[1]).decode() == wanted, handled=False)

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        self.recipients.append(envelope.rcpt_tos)
        return "250 OK"


class MailServer:
    """A running mail server.

    Attributes:
        port: its port, on 127.0.0.1.
    """

    def __init__(self, inbox: Inbox, port: int) -> None:
        self._inbox = inbox
        self.port = port

    @property
    def mail(self) -> EmailMessage:
        """The mail that came last."""
        return self._inbox.mails[-1]

    @property
    def recipients(self) -> list[str]:
        """Who the last mail went to."""
        return self._inbox.recipients[-1]


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1, signed by itself, with its key."""
    import ipaddress

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    alternative = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(alternative, critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "localhost.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


@pytest.fixture
def mail_server(certificate: Path) -> Iterator[Callable[..., MailServer]]:
    """Start a mail server: with TLS from the beginning (`ssl`), after STARTTLS, or without."""
    from aiosmtpd.controller import Controller
    from aiosmtpd.smtp import AuthResult

    running: list[Controller] = []

    def start(tls: str = "ssl", *, login: bool = False) -> MailServer:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        options: dict[str, Any] = {}
        if tls == "ssl":
            options["ssl_context"] = context
        elif tls == "starttls":
            options |= {"tls_context": context, "require_starttls": True}
        if login:
            options |= {
                "authenticator": lambda *given: AuthResult(
                    success=_is_robot(given[-1]), handled=False
                ),
                "auth_required": True,
                "auth_require_tls": tls == "starttls",
            }
        inbox = Inbox()
        server = Controller(inbox, hostname="127.0.0.1", port=_free_port(), **options)
        server.start()
        running.append(server)
        return MailServer(inbox, server.port)

    yield start
    for server in running:
        server.stop()


def _is_robot(data: Any) -> bool:
    return (data.login, data.password) == (b"robot", b"hidden")


def _free_port() -> int:
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@pytest.fixture
def ended() -> Iterator[Callable[..., tuple[Tiercel, str]]]:
    """Run a flow whose last task `notify` is given; return the engine and the execution's id."""
    with Tiercel(environ={}) as tiercel:

        def run(notify: dict[str, Any], *, fails: bool = False, **variables: Any) -> Any:
            kind = "execution.Fail" if fails else "log.Log"
            flow = {
                "id": "observed",
                "namespace": "company.team",
                "tasks": [
                    {"id": "first", "type": "io.kestra.plugin.core.log.Log", "message": "hi"},
                    {"id": "work", "type": f"io.kestra.plugin.core.{kind}", **_message(kind)},
                ],
                "finally": [{"id": "notify", **notify}],
                **variables,
            }
            execution = tiercel.run(json.dumps(flow, indent=1), timeout=30)
            logs = [entry.message for entry in tiercel.logs(execution.id)]
            states = {run.task_id: str(run.state) for run in execution.task_runs.values()}
            assert states["notify"] == "SUCCESS", logs
            return tiercel, execution.id

        yield run


def _message(kind: str) -> dict[str, str]:
    return {"message": "done"} if kind == "log.Log" else {"errorMessage": "no good"}
