"""An httpx transport on `http.client`: one connection a request, bodies in large pieces.

httpx's own transport parses every piece of a body in Python, which makes a large download more
than twice as slow as the network is; here a piece is one `recv` into one `bytes`. httpx goes on
doing what is above: redirects, authentication, cookies, content decoding, timeouts.
"""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import httpx

from tiercel_http.network import Dialer, Origin

__all__ = ["SocketTransport"]

# Small enough for the cache of a processor core: with more, each byte comes from memory twice.
_CHUNK = 128 * 1024
# A byte of a compressed body can become a thousand, and all of a piece is decompressed at once.
_COMPRESSED_CHUNK = 16 * 1024
_PORTS = {"http": 80, "https": 443}


class SocketTransport(httpx.BaseTransport):
    """Sends requests over sockets that `dialer` opens."""

    def __init__(self, dialer: Dialer) -> None:
        self._dialer = dialer
        self._sock: socket.socket | None = None
        self._aborted = False

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request and return its response, the body still to be read.

        Raises:
            httpx.TransportError: with the `OSError` or `HTTPException` behind it as its cause.
        """
        timeouts = request.extensions.get("timeout", {})
        origin = _origin(request.url)
        with _translated(httpx.ConnectError, httpx.ConnectTimeout):
            sock = self._dialer.connect(origin, timeouts.get("connect"))
        self._sock = sock
        if self._aborted:
            self.abort()
        sock.settimeout(timeouts.get("read"))
        connection = http.client.HTTPConnection(origin.host, origin.port)
        connection.sock = sock
        try:
            reply = self._exchange(connection, request, origin)
        except BaseException:
            sock.close()
            raise
        return httpx.Response(
            reply.status,
            headers=[(k.encode("latin-1"), v.encode("latin-1")) for k, v in reply.headers.items()],
            stream=_ReplyStream(reply, sock),
            extensions={"reason_phrase": reply.reason.encode("latin-1", "replace")},
        )

    def abort(self) -> None:
        """Break the connection off, from any thread; whoever waits on it gets an error."""
        self._aborted = True
        if self._sock is not None:
            with suppress(OSError):
                # Not the TLS socket's own method: that one tears TLS away under the reader.
                socket.socket.shutdown(self._sock, socket.SHUT_RDWR)

    def _exchange(
        self, connection: http.client.HTTPConnection, request: httpx.Request, origin: Origin
    ) -> http.client.HTTPResponse:
        with _translated(httpx.WriteError, httpx.WriteTimeout):
            _put_head(connection, request, self._dialer.forward_headers(origin))
            # A server may answer, and hang up, before it has read everything.
            with suppress(BrokenPipeError, ConnectionResetError):
                _put_body(connection, request)
        with _translated(httpx.ReadError, httpx.ReadTimeout):
            return connection.getresponse()


class _ReplyStream(httpx.SyncByteStream):
    """The body of a reply, piece by piece as it comes."""

    def __init__(self, reply: http.client.HTTPResponse, sock: socket.socket) -> None:
        self._reply = reply
        self._sock = sock

    def __iter__(self) -> Iterator[bytes]:
        left = self._reply.length
        most = _COMPRESSED_CHUNK if self._reply.headers.get("content-encoding") else _CHUNK
        with _translated(httpx.ReadError, httpx.ReadTimeout):
            while left != 0:
                chunk = self._reply.read1(most if left is None else min(most, left))
                if not chunk:
                    break
                if left is not None:
                    left -= len(chunk)
                yield chunk
        if left:
            raise httpx.RemoteProtocolError(
                f"Server closed the connection {left} bytes before the end of the body"
            )

    def close(self) -> None:
        self._reply.close()
        self._sock.close()


def _origin(url: httpx.URL) -> Origin:
    if url.scheme not in _PORTS:
        raise httpx.UnsupportedProtocol(f"URI scheme {url.scheme!r} is neither http nor https")
    return Origin(url.scheme, url.raw_host.decode("ascii"), url.port or _PORTS[url.scheme])


def _put_head(
    connection: http.client.HTTPConnection,
    request: httpx.Request,
    forward: list[tuple[bytes, bytes]] | None,
) -> None:
    target = request.url.raw_path.decode("ascii")
    if forward is not None:
        target = f"{request.url.scheme}://{request.url.netloc.decode('ascii')}{target}"
    connection.putrequest(request.method, target, skip_host=True, skip_accept_encoding=True)
    for name, value in (*request.headers.raw, *(forward or ())):
        connection.putheader(name, value)
    connection.endheaders()


def _put_body(connection: http.client.HTTPConnection, request: httpx.Request) -> None:
    chunked = "transfer-encoding" in request.headers
    assert isinstance(request.stream, httpx.SyncByteStream)
    for chunk in request.stream:
        if chunked and chunk:
            connection.send(b"%x\r\n%b\r\n" % (len(chunk), chunk))
        elif chunk:
            connection.send(chunk)
    if chunked:
        connection.send(b"0\r\n\r\n")


@contextmanager
def _translated(error: Any, timeout: Any) -> Iterator[None]:
    """Turn what sockets and `http.client` raise into httpx's exceptions of the given classes."""
    try:
        yield
    except TimeoutError as cause:
        raise timeout(str(cause)) from cause
    except http.client.HTTPException as cause:
        raise httpx.RemoteProtocolError(f"{type(cause).__name__}: {cause}") from cause
    except OSError as cause:
        raise error(str(cause)) from cause
    except ValueError as cause:
        # `http.client` refuses line breaks in a method, a target or a header.
        raise httpx.LocalProtocolError(str(cause)) from cause
