"""A web server on loopback that shows what it was sent, and misbehaves on request."""

from __future__ import annotations

import gzip
import hashlib
import json
import socketserver
import ssl
import threading
import zlib
from collections.abc import Callable, Iterator
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tiercel.testing import TaskResult, run_task

CERTIFICATE = Path(__file__).with_name("localhost.pem")
CSV = b"id,name\n1,ada\n2,bob\n3,cyd\n"
ROUTES: dict[str, Callable[[Handler], None]] = {}


def route(name: str) -> Callable[[Callable[[Handler], None]], Callable[[Handler], None]]:
    def register(answer: Callable[[Handler], None]) -> Callable[[Handler], None]:
        ROUTES[name] = answer
        return answer

    return register


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: WebServer

    def log_message(self, *args: object) -> None:
        """Say nothing."""

    def answer(self) -> None:
        parts = urlsplit(self.path).path.strip("/").split("/")
        self.name, self.arguments = parts[0], parts[1:]
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.requests.append(self)
        ROUTES[self.name](self)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = answer

    def reply(self, code: int = 200, body: bytes = b"", **headers: str) -> None:
        self.head(code, body, **headers)
        if self.command != "HEAD":
            self.wfile.write(body)

    def head(self, code: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(code)
        for name, value in ({"Content-Length": str(len(body))} | _dashed(headers)).items():
            self.send_header(name, value)
        self.end_headers()

    def json(self, value: Any, code: int = 200, **headers: str) -> None:
        body = json.dumps(value).encode()
        self.reply(code, body, Content_Type="application/json", **headers)

    def parts(self) -> list[dict[str, Any]]:
        """Return the parts of a multipart body that was sent."""
        head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        return [
            {
                "name": part.get_param("name", header="content-disposition"),
                "filename": part.get_filename(),
                "type": part.get_content_type(),
                "content": part.get_payload(decode=True),
            }
            for part in message_from_bytes(head + self.body).get_payload()
        ]


def _dashed(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


class WebServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, tls: bool = False) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests: list[Handler] = []
        self.released = threading.Event()
        self.reached = threading.Event()
        self.origin = f"{'https' if tls else 'http'}://127.0.0.1:{self.server_port}"
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(CERTIFICATE)
            self.socket = context.wrap_socket(self.socket, server_side=True)

    def handle_error(self, *args: object) -> None:
        """Clients that hang up are part of the tests."""

    def call(self, path: str, kind: str = "Request", **properties: Any) -> TaskResult:
        """Run an HTTP task on a path of this server."""
        given = {key: properties.pop(key) for key in ("files", "secrets") if key in properties}
        task = {
            "type": f"io.kestra.plugin.core.http.{kind}",
            "uri": self.origin + path,
            **properties,
        }
        return run_task(task, **given)

    def eventually(self, condition: Callable[[], Any]) -> Any:
        """Return what a condition gives once it gives something true."""
        for _ in range(400):
            if found := condition():
                return found
            self.released.wait(0.05)
        raise AssertionError("It did not happen")

    @property
    def last(self) -> Handler:
        return self.requests[-1]

    def __exit__(self, *exc_info: object) -> None:
        self.released.set()
        self.shutdown()
        super().__exit__(*exc_info)


def _serve(server: Any) -> Any:
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    return server


@pytest.fixture
def server() -> Iterator[WebServer]:
    with _serve(WebServer()) as server:
        yield server


@pytest.fixture
def tls_server() -> Iterator[WebServer]:
    with _serve(WebServer(tls=True)) as server:
        yield server


@pytest.fixture
def certificate() -> Path:
    """The certificate of `tls_server`, in a file."""
    return CERTIFICATE


@route("echo")
def _echo(handler: Handler) -> None:
    keep = ("x-", "accept", "authorization", "content-type", "user-agent")
    headers = {k.lower(): v for k, v in handler.headers.items() if k.lower().startswith(keep)}
    handler.json(
        {
            "method": handler.command,
            "query": parse_qs(urlsplit(handler.path).query, keep_blank_values=True),
            "headers": headers,
            "text": handler.body.decode("utf-8", "replace"),
        }
    )


@route("status")
def _status(handler: Handler) -> None:
    handler.json({"status": int(handler.arguments[0])}, int(handler.arguments[0]))


@route("latin")
def _latin(handler: Handler) -> None:
    handler.reply(body="né".encode("latin-1"), Content_Type="text/plain; charset=ISO-8859-1")


@route("binary")
def _binary(handler: Handler) -> None:
    handler.reply(body=b"\xff\xfe\x00a")


@route("empty")
def _empty(handler: Handler) -> None:
    handler.reply()


@route("nothing")
def _nothing(handler: Handler) -> None:
    handler.send_response(204)
    handler.end_headers()


@route("redirect")
def _redirect(handler: Handler) -> None:
    left = int(handler.arguments[0])
    handler.reply(302, Location=f"/redirect/{left - 1}" if left else "/echo")


@route("moved")
def _moved(handler: Handler) -> None:
    handler.reply(307, Location=parse_qs(urlsplit(handler.path).query)["to"][0])


@route("gzip")
def _gzip(handler: Handler) -> None:
    handler.reply(body=gzip.compress(b"packed " * 1000), Content_Encoding="gzip")


@route("deflate")
def _deflate(handler: Handler) -> None:
    handler.reply(body=zlib.compress(b"packed " * 1000), Content_Encoding="deflate")


@route("zeros")
def _zeros(handler: Handler) -> None:
    packer = zlib.compressobj(wbits=31)
    pieces = [packer.compress(bytes(1 << 20)) for _ in range(int(handler.arguments[0]) >> 20)]
    handler.reply(body=b"".join((*pieces, packer.flush())), Content_Encoding="gzip")


@route("log-in")
def _log_in(handler: Handler) -> None:
    handler.reply(302, Location="/cookies", Set_Cookie="session=s1; Path=/")


@route("cookies")
def _cookies(handler: Handler) -> None:
    handler.json({"cookies": handler.headers.get("Cookie")})


@route("products")
def _products(handler: Handler) -> None:
    product = {"id": 1, "title": "Pen", "price": 99}
    handler.json(product if handler.arguments else {"products": [product]})


@route("messages")
def _messages(handler: Handler) -> None:
    if handler.headers["Authorization"] != "Bearer t0k3n":
        return handler.json({"error": "unauthorized"}, 401)
    return handler.json(json.loads(handler.body), 201)


@route("upload")
def _upload(handler: Handler) -> None:
    names = [part["filename"] or part["name"] for part in handler.parts()]
    handler.json({"parts": names}, 201 if "report.csv" in names else 400)


@route("datasets")
def _datasets(handler: Handler) -> None:
    handler.reply(body=CSV, Content_Type="text/csv")


@route("answers")
def _answers(handler: Handler) -> None:
    body = b'data: {"message": "Hi"}\n\ndata: {"message": " there"}\n\n'
    handler.reply(body=body, Content_Type="text/event-stream")


@route("broken-gzip")
def _broken_gzip(handler: Handler) -> None:
    handler.reply(body=b"not gzip", Content_Encoding="gzip")


@route("basic")
def _basic(handler: Handler) -> None:
    if handler.headers.get("Authorization") == "Basic YWRhOmxvdmVsYWNl":
        return handler.json({"user": "ada"})
    return handler.json({"error": "unauthorized"}, 401, WWW_Authenticate='Basic realm="test"')


@route("digest")
def _digest(handler: Handler) -> None:
    given = handler.headers.get("Authorization", "")
    if not given:
        challenge = 'Digest realm="test", nonce="n0", algorithm=MD5, qop="auth"'
        return handler.json({}, 401, WWW_Authenticate=challenge)
    fields = dict(field.strip().split("=", 1) for field in given[7:].split(","))
    fields = {name: value.strip('"') for name, value in fields.items()}
    ha1, ha2 = _md5("ada:test:lovelace"), _md5(f"{handler.command}:{handler.path}")
    wanted = _md5(f"{ha1}:n0:{fields['nc']}:{fields['cnonce']}:auth:{ha2}")
    ok = fields["response"] == wanted
    return handler.json({"ok": ok, "body": handler.body.decode()}, 200 if ok else 401)


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


@route("many")
def _many(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("X-Many", "one")
    handler.send_header("X-Many", "two")
    handler.send_header("Content-Length", "0")
    handler.end_headers()


@route("file.csv")
def _file(handler: Handler) -> None:
    disposition = parse_qs(urlsplit(handler.path).query).get("disposition")
    headers = {"Content_Disposition": disposition[0]} if disposition else {}
    handler.reply(body=CSV, Content_Type="text/csv", **headers)


@route("big")
def _big(handler: Handler) -> None:
    size = int(handler.arguments[0])
    handler.head(200, Content_Length=str(size))
    piece = bytes(1 << 20)
    for start in range(0, size, len(piece)):
        handler.wfile.write(piece[: size - start])


@route("chunked")
def _chunked(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    for piece in (b"one ", b"two ", b"three"):
        handler.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
    handler.wfile.write(b"0\r\n\r\n")


@route("until-close")
def _until_close(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Connection", "close")
    handler.end_headers()
    handler.wfile.write(b"to the end")


@route("cut")
def _cut(handler: Handler) -> None:
    handler.head(200, Content_Length="1000")
    handler.wfile.write(b"only this")
    handler.close_connection = True


@route("silent")
def _silent(handler: Handler) -> None:
    handler.server.reached.set()
    handler.server.released.wait(30)
    handler.close_connection = True


@route("stalled")
def _stalled(handler: Handler) -> None:
    handler.head(200, Content_Length="1000")
    handler.wfile.write(b"some")
    handler.wfile.flush()
    _silent(handler)


@route("events")
def _events(handler: Handler) -> None:
    body = (
        b': hello\n\nid: 1\nevent: add\ndata: {"message": "Hi"}\nretry: 500\n\n'
        b'data: {"message": " there"}\r\n\r\ndata: two\ndata: lines\n\ndata: unfinished'
    )
    handler.reply(body=body, Content_Type="text/event-stream")


class _Proxy(socketserver.ThreadingTCPServer):
    """Passes connections on; notes where to. Speaks HTTP (CONNECT and whole URIs) or SOCKS 5."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, handler: type[socketserver.StreamRequestHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.port = self.server_address[1]
        self.targets: list[str] = []
        self.credentials: list[str] = []


def _pump(client: Any, target: tuple[str, int], first: bytes = b"") -> None:
    import select
    import socket

    with socket.create_connection(target) as upstream:
        upstream.sendall(first)
        ways = {client: upstream, upstream: client}
        while True:
            for ready in select.select(list(ways), [], [])[0]:
                data = ready.recv(65536)
                if not data:
                    return
                ways[ready].sendall(data)


class _HttpProxyHandler(socketserver.StreamRequestHandler):
    rbufsize = 0

    def handle(self) -> None:
        lines = []
        while (line := self.rfile.readline()) not in (b"\r\n", b""):
            lines.append(line)
        method, target, _ = lines[0].decode().split()
        self.server.targets.append(f"{method} {target}")
        self.server.credentials += [
            line.decode().partition(": ")[2].strip()
            for line in lines
            if line.lower().startswith(b"proxy-authorization")
        ]
        if method == "CONNECT":
            host, _, port = target.rpartition(":")
            if host == "refused.test":
                self.wfile.write(b"HTTP/1.1 403 Forbidden\r\n\r\n")
                return
            self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
            _pump(self.connection, (host, int(port)))
        else:
            parts = urlsplit(target)
            _pump(self.connection, (parts.hostname, parts.port), b"".join(lines) + b"\r\n")


class _SocksHandler(socketserver.StreamRequestHandler):
    rbufsize = 0

    def handle(self) -> None:
        _, count = self.rfile.read(2)
        methods = self.rfile.read(count)
        wants_password = 2 in methods
        self.wfile.write(bytes([5, 2 if wants_password else 0]))
        if wants_password:
            _, length = self.rfile.read(2)
            user = self.rfile.read(length)
            password = self.rfile.read(self.rfile.read(1)[0])
            self.server.credentials.append(f"{user.decode()}:{password.decode()}")
            self.wfile.write(b"\x01\x00" if password == b"lovelace" else b"\x01\x01")
        _, _, _, kind = self.rfile.read(4)
        raw = self.rfile.read(4 if kind == 1 else self.rfile.read(1)[0])
        host = ".".join(map(str, raw)) if kind == 1 else raw.decode()
        port = int.from_bytes(self.rfile.read(2), "big")
        self.server.targets.append(f"{host}:{port}")
        reply = 5 if host == "refused.test" else 0
        self.wfile.write(bytes([5, reply, 0, 1, 0, 0, 0, 0, 0, 0]))
        if not reply:
            _pump(self.connection, (host, port))


@pytest.fixture
def http_proxy() -> Iterator[_Proxy]:
    with _serve(_Proxy(_HttpProxyHandler)) as proxy:
        yield proxy
        proxy.shutdown()


@pytest.fixture
def socks_proxy() -> Iterator[_Proxy]:
    with _serve(_Proxy(_SocksHandler)) as proxy:
        yield proxy
        proxy.shutdown()
