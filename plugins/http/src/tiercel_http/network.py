"""Connected sockets: straight to a server or through a proxy, with TLS where it is wanted.

Every connection that a task makes begins here, also after a redirect, and the operator's outbound
policy opens it: it looks a name up once and checks the addresses that it then connects to.
"""

from __future__ import annotations

import http.client
import socket
import ssl
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass

from tiercel.plugin import OutboundPolicy
from tiercel_http.options import Proxy
from tiercel_http.socks import SocksError, socks_connect

__all__ = ["Dialer", "Origin", "ProxyError"]


class ProxyError(OSError):
    """A proxy refused to connect us."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request goes: `scheme` is http or https, `host` a name or address."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Dialer:
    """Opens connections.

    Attributes:
        tls: makes the TLS context, when the first https connection needs it.
        proxy: picks the proxy for an origin; None means a direct connection.
        policy: what may be connected to.
    """

    tls: Callable[[], ssl.SSLContext]
    proxy: Callable[[Origin], Proxy | None]
    policy: OutboundPolicy

    def connect(self, origin: Origin, seconds: float | None) -> socket.socket:
        """Return a socket connected to `origin`, each step taking at most `seconds`.

        Raises:
            OSError: the host is unknown, nobody listens, TLS failed, a proxy refused, time is up.
            OutboundError: the policy refuses the host, or a proxy that the flow named.
        """
        proxy = self.proxy(origin)
        if proxy is None:
            sock = self.policy.connect(origin.host, origin.port, seconds)
        else:
            # The proxy looks the name up by itself, and may know more.
            self.policy.check(origin.host)
            policy = OutboundPolicy() if proxy.is_ambient else self.policy
            sock = policy.connect(proxy.host, proxy.port, seconds)
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if proxy:
                _pass(sock, proxy, origin)
            if origin.scheme == "https":
                return self.tls().wrap_socket(sock, server_hostname=origin.host)
        except BaseException:
            sock.close()
            raise
        return sock

    def forward_headers(self, origin: Origin) -> list[tuple[bytes, bytes]] | None:
        """Return the headers for a proxy that takes whole requests, or None if none does."""
        proxy = self.proxy(origin)
        if proxy is None or proxy.kind != "HTTP" or origin.scheme == "https":
            return None
        return [(b"Proxy-Authorization", _basic(proxy))] if proxy.username else []


def _pass(sock: socket.socket, proxy: Proxy, origin: Origin) -> None:
    if proxy.kind == "SOCKS":
        try:
            socks_connect(sock, origin.host, origin.port, proxy.username, proxy.password)
        except SocksError as error:
            raise ProxyError(f"proxy {proxy.host}:{proxy.port} answered: {error}") from error
    elif origin.scheme == "https":
        _tunnel(sock, proxy, origin)


def _tunnel(sock: socket.socket, proxy: Proxy, origin: Origin) -> None:
    target = str(origin).removeprefix("https://").encode("ascii")
    lines = [b"CONNECT " + target + b" HTTP/1.1", b"Host: " + target]
    if proxy.username:
        lines.append(b"Proxy-Authorization: " + _basic(proxy))
    sock.sendall(b"\r\n".join(lines) + b"\r\n\r\n")
    reply = http.client.HTTPResponse(sock, method="CONNECT")
    try:
        reply.begin()
    except http.client.HTTPException as error:
        raise ProxyError(f"proxy {proxy.host}:{proxy.port} gave no HTTP answer") from error
    if reply.status != 200:
        answer = f"{reply.status} {reply.reason}"
        raise ProxyError(f"proxy {proxy.host}:{proxy.port} answered {answer}")


def _basic(proxy: Proxy) -> bytes:
    return b"Basic " + b64encode(f"{proxy.username}:{proxy.password or ''}".encode())
