"""The client's half of a SOCKS 5 handshake (RFC 1928, RFC 1929); the proxy resolves the name."""

from __future__ import annotations

import ipaddress
import socket

__all__ = ["SocksError", "socks_connect"]

_VERSION = 5
_NO_AUTHENTICATION, _USER_PASSWORD = 0, 2
_REPLIES = {
    1: "general failure",
    2: "connection not allowed",
    3: "network unreachable",
    4: "host unreachable",
    5: "connection refused",
    6: "time to live expired",
    7: "command not supported",
    8: "address type not supported",
}


class SocksError(OSError):
    """The proxy is no SOCKS 5 proxy, or refuses."""


def socks_connect(
    sock: socket.socket, host: str, port: int, username: str | None, password: str | None
) -> None:
    """Have the proxy at the other end of `sock` connect to `host:port`.

    Raises:
        SocksError: it refuses, or does not speak SOCKS 5.
        OSError: the connection broke.
    """
    _authenticate(sock, username, password)
    sock.sendall(bytes([_VERSION, 1, 0]) + _address(host) + port.to_bytes(2, "big"))
    version, reply, _, kind = _receive(sock, 4)
    if version != _VERSION or reply:
        raise SocksError(_REPLIES.get(reply, f"reply {reply}"))
    # The address that the proxy connects from: of no use, but it must be read.
    length = {1: 4, 4: 16}.get(kind) or _receive(sock, 1)[0]
    _receive(sock, length + 2)


def _authenticate(sock: socket.socket, username: str | None, password: str | None) -> None:
    offered = [_NO_AUTHENTICATION, *([_USER_PASSWORD] if username else [])]
    sock.sendall(bytes([_VERSION, len(offered), *offered]))
    version, chosen = _receive(sock, 2)
    if version != _VERSION:
        raise SocksError("not a SOCKS 5 proxy")
    if chosen not in offered:
        raise SocksError("user name and password wanted" if not username else "no common method")
    if chosen == _USER_PASSWORD:
        user, secret = (username or "").encode(), (password or "").encode()
        sock.sendall(bytes([1, len(user)]) + user + bytes([len(secret)]) + secret)
        if _receive(sock, 2)[1]:
            raise SocksError("user name or password refused")


def _address(host: str) -> bytes:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        name = host.encode("idna")
        return bytes([3, len(name)]) + name
    return bytes([1 if address.version == 4 else 4]) + address.packed


def _receive(sock: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        piece = sock.recv(count - len(data))
        if not piece:
            raise SocksError("connection closed")
        data += piece
    return data
