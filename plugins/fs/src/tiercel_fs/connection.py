"""A connection by SSH: what it takes, and what is told when it fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tiercel.plugin import OutboundError, RunContext, TaskError

if TYPE_CHECKING:
    from asyncssh import SSHClientConnection

__all__ = ["SHA_1", "Login", "connected", "key_of", "told"]

SHA_1 = {"server_host_key_algs": "+ssh-rsa", "signature_algs": "+ssh-rsa"}
"""Options that allow what only old servers know, beside what is allowed anyway."""
_PATIENCE = 30.0
"""Seconds that connecting may take."""
_ALIVE = 30
"""Seconds between two signs of life, so that a server that is gone is noticed."""


@dataclass(frozen=True, slots=True)
class Login:
    """Where to, and as whom.

    Attributes:
        host: a name or an address; with `options["config"]`, perhaps an alias.
        options: of asyncssh's `connect`.
        connects_itself: whether something else than this program opens the connection.
    """

    host: str
    port: int
    options: dict[str, Any] = field(default_factory=dict, repr=False)
    connects_itself: bool = False

    @property
    def name(self) -> str:
        """What it is called in messages."""
        return f"{self.host}:{self.port}"


@asynccontextmanager
async def connected(ctx: RunContext, login: Login) -> AsyncIterator[SSHClientConnection]:
    """Connect for the length of a block.

    Raises:
        TaskError: the server cannot be reached, must not be, or does not let us in.
    """
    import asyncssh

    # Nothing of the user that Tiercel runs as, unless the flow asks for it.
    options: dict[str, Any] = {"config": None, "agent_path": None, "client_keys": None}
    options |= {"known_hosts": None, **login.options}
    with told(f"Cannot connect to {login.name}"):
        if login.connects_itself:
            ctx.outbound.check(login.host)
        else:
            options["sock"] = await asyncio.to_thread(
                ctx.outbound.connect, login.host, login.port, _PATIENCE
            )
        connection = await asyncssh.connect(
            login.host,
            login.port,
            login_timeout=_PATIENCE,
            keepalive_interval=_ALIVE,
            **options,
        )
    async with connection:
        yield connection


def key_of(text: str, passphrase: str | None) -> Any:
    """Return a private key.

    Raises:
        TaskError: the text is none, or does not open with the passphrase.
    """
    import asyncssh

    try:
        return asyncssh.import_private_key(text.strip() + "\n", passphrase)
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError) as error:
        raise TaskError(f"The private key cannot be read: {error}", retryable=False) from error


@contextmanager
def told(what: str) -> Iterator[None]:
    """Turn what asyncssh and the network raise into a `TaskError` that begins with `what`."""
    import asyncssh

    try:
        yield
    except OutboundError as error:
        raise TaskError(f"{what}: {error}", retryable=False) from error
    except asyncssh.PermissionDenied as error:
        reason = "the user name, the password or the key is wrong, or missing"
        raise TaskError(f"{what}: {reason}", retryable=False) from error
    except asyncssh.SFTPNoSuchFile as error:
        raise TaskError(f"{what}: there is no such file", retryable=False) from error
    except (asyncssh.Error, OSError) as error:
        raise TaskError(f"{what}: {error or type(error).__name__}") from error
