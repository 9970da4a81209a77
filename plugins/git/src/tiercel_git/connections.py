"""HTTP connections of dulwich's that the operator's outbound policy opens.

Every connection begins there, also after a redirect, so no answer of a server leads to what is
refused. The seam is that of urllib3's own SOCKS support.
"""

from __future__ import annotations

import socket
from typing import Any

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from tiercel.plugin import OutboundError, OutboundPolicy, TaskError

__all__ = ["pool_manager"]


def pool_manager(policy: OutboundPolicy, **options: Any) -> PoolManager:
    """Return a pool of connections to what a policy permits; `options` are those of the pool."""
    manager = PoolManager(**options)
    if policy.is_open:
        return manager

    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return _opened(policy, self)

    class Secure(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return _opened(policy, self)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    manager.pool_classes_by_scheme = {"http": PlainPool, "https": SecurePool}
    return manager


def _opened(policy: OutboundPolicy, connection: HTTPConnection) -> socket.socket:
    host, seconds = connection.host.strip("[]"), connection.timeout
    try:
        return policy.connect(
            host, connection.port, seconds if isinstance(seconds, int | float) else None
        )
    except OutboundError as error:
        # urllib3 would take an `OSError` for a reason to try again.
        raise TaskError(f"Connect to {host} failed: {error}", retryable=False) from error
    except TimeoutError as error:
        raise ConnectTimeoutError(connection, f"Connection to {host} timed out") from error
    except OSError as error:
        raise NewConnectionError(connection, f"Cannot connect: {error}") from error
