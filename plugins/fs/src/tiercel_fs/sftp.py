"""What SFTP tasks have in common: how they get to the server, and how they name its files."""

from __future__ import annotations

import posixpath
import re
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, cast
from urllib.parse import quote

from pydantic import Field, PlainSerializer

from tiercel.plugin import Model, Output, Property, RunContext, TaskError
from tiercel_fs.connection import SHA_1, Login, connected, key_of, told

if TYPE_CHECKING:
    from asyncssh import SFTPAttrs, SFTPClient

__all__ = ["CHUNK", "Remote", "RemoteFile", "SftpConnection", "limited", "pattern_of"]

CHUNK = 256 << 10
"""Bytes that are carried at once."""
Moment = Annotated[datetime, PlainSerializer(lambda at: at.isoformat().replace("+00:00", "Z"))]
_PROXY = ("proxy_address", "proxy_port", "proxy_username", "proxy_password", "proxy_type")


class SftpConnection(Model):
    """Where the server is, and who asks."""

    host: Property[str]
    """The server: a name or an address."""
    port: Property[str] = Property.of("22")
    """Its port."""
    username: Property[str] | None = None
    """The user name."""
    password: Property[str] | None = None
    """The password."""
    keyfile: Property[str] | None = None
    """The private key, as text."""
    passphrase: Property[str] | None = None
    """The private key's passphrase."""
    root_dir: Property[bool] = Property.of(True)
    """Whether paths begin in the user's home folder; otherwise in the server's root."""
    key_exchange_algorithm: Property[str] | None = None
    """The algorithm of the key exchange, for servers that know only old ones."""
    enable_ssh_rsa1: Property[bool] = Property.of(False)
    """Allow signatures by RSA with SHA-1, for old servers."""
    proxy_address: Property[str] | None = None
    """Not supported: a task that sets it fails."""
    proxy_port: Property[str] | None = None
    """Not supported, likewise."""
    proxy_username: Property[str] | None = None
    """Not supported, likewise."""
    proxy_password: Property[str] | None = None
    """Not supported, likewise."""
    proxy_type: Property[str] | None = None
    """Not supported, likewise."""
    proxy_host: Property[str] | None = Field(default=None, deprecated="use proxyAddress")
    """Not supported, likewise."""
    proxy_user: Property[str] | None = Field(default=None, deprecated="use proxyUsername")
    """Not supported, likewise."""

    @asynccontextmanager
    async def remote(self, ctx: RunContext) -> AsyncIterator[Remote]:
        """Connect for the length of a block.

        Raises:
            TaskError: the server cannot be reached, or does not let us in.
        """
        login = self._login(ctx)
        async with connected(ctx, login) as connection:
            with told(f"Cannot speak SFTP with {login.name}"):
                client = await connection.start_sftp_client()
            async with client:
                yield Remote(client, login, begins_at_home=ctx.render(self.root_dir))

    def _login(self, ctx: RunContext) -> Login:
        if any(self.__dict__.get(name) for name in (*_PROXY, "proxy_host", "proxy_user")):
            raise TaskError("SFTP by a proxy is not supported", retryable=False)
        options: dict[str, Any] = {}
        if (key := ctx.render(self.keyfile)) is not None:
            options["client_keys"] = [key_of(key, ctx.render(self.passphrase))]
        for name, given in (("username", self.username), ("password", self.password)):
            if (value := ctx.render(given)) is not None:
                options[name] = value
        if ctx.render(self.enable_ssh_rsa1):
            options |= SHA_1
        if (algorithm := ctx.render(self.key_exchange_algorithm)) is not None:
            options["kex_algs"] = [algorithm]
        port = ctx.render(self.port)
        if not port.strip().isdecimal():
            raise TaskError(f"Invalid `port` {port!r}: expected a number", retryable=False)
        return Login(ctx.render(self.host), int(port), options)


class RemoteFile(Output):
    """A file on the server."""

    path: str
    """Its path there; of a file that was fetched, the URI of the stored one."""
    name: str
    """Its name."""
    file_type: str = "FILE"
    """What it is."""
    symbolic_link: bool = False
    """Whether it is a link."""
    size: int | None = None
    """Its length in bytes."""
    user_id: int | None = None
    """Whose it is."""
    group_id: int | None = None
    """Whose group's."""
    permissions: int | None = None
    """Who may do what, as a number."""
    flags: int | None = None
    """Which of these the server told, as SFTP has it."""
    access_date: Moment | None = None
    """When it was last read."""
    updated_date: Moment | None = None
    """When it was last written."""


class Remote:
    """A server's files.

    Attributes:
        client: the connection.
    """

    def __init__(self, client: SFTPClient, login: Login, *, begins_at_home: bool) -> None:
        self.client = client
        self._login = login
        self._begins_at_home = begins_at_home

    def path(self, text: str) -> str:
        """Return a path as the server is asked for it."""
        bare = posixpath.normpath("/" + text.strip("/"))
        return (bare.lstrip("/") or ".") if self._begins_at_home else bare

    def uri(self, text: str) -> str:
        """Return the URI of a path, without who asks."""
        host = f"[{self._login.host}]" if ":" in self._login.host else self._login.host
        return f"sftp://{host}{quote('/' + text.lstrip('/'))}"

    async def files(
        self, folder: str, pattern: re.Pattern[str] | None, *, deep: bool
    ) -> list[RemoteFile]:
        """Return the files of a folder, by path, and with `deep` of those below it.

        Raises:
            TaskError: there is no such folder, or it cannot be read.
        """
        found: list[RemoteFile] = []
        waiting = ["/" + folder.strip("/")]
        while waiting:
            here = waiting.pop()
            with told(f"Cannot list {self.uri(here)}"):
                entries = [each async for each in self.client.scandir(self.path(here))]
            for entry in sorted(entries, key=lambda each: str(each.filename)):
                path = posixpath.join(here, str(entry.filename))
                if str(entry.filename) in (".", ".."):
                    continue
                described = await self._described(path, entry.attrs)
                if described.file_type == "FOLDER":
                    waiting += [path] if deep and not described.symbolic_link else []
                elif pattern is None or pattern.fullmatch(path):
                    found.append(described)
        return sorted(found, key=lambda each: each.path)

    async def _described(self, path: str, attrs: SFTPAttrs) -> RemoteFile:
        import asyncssh

        is_link = attrs.type == asyncssh.FILEXFER_TYPE_SYMLINK
        is_folder = attrs.type == asyncssh.FILEXFER_TYPE_DIRECTORY
        if is_link:
            with told(f"Cannot look at {self.uri(path)}"):
                is_folder = await self.client.isdir(self.path(path))
        return RemoteFile(
            path=path,
            name=posixpath.basename(path),
            file_type="FOLDER" if is_folder else "FILE",
            symbolic_link=is_link,
            size=attrs.size,
            user_id=attrs.uid,
            group_id=attrs.gid,
            permissions=attrs.permissions,
            access_date=_moment(attrs.atime),
            updated_date=_moment(attrs.mtime),
        )

    async def fetch(self, ctx: RunContext, path: str, *, is_one_of_many: bool = False) -> str:
        """Carry a file into internal storage; return its URI there.

        Args:
            ctx: what the task was given.
            path: the file on the server.
            is_one_of_many: whether others may have the same name.

        Raises:
            TaskError: there is no such file, or it cannot be read.
        """
        name = posixpath.basename(path.rstrip("/")) or "file"
        if is_one_of_many:
            name = f"{secrets.token_hex(8)}-{name}"
        with told(f"Cannot download {self.uri(path)}"):
            async with self.client.open(self.path(path), "rb") as source:
                with ctx.storage.create(name) as target:
                    while chunk := cast(bytes, await source.read(CHUNK)):
                        target.write(chunk)
        ctx.log("DEBUG", f"File '{self.uri(path)}' download to '{target.uri}'")
        return target.uri

    async def remove(self, path: str) -> None:
        """Delete a file.

        Raises:
            TaskError: it cannot be deleted.
        """
        with told(f"Cannot delete {self.uri(path)}"):
            await self.client.remove(self.path(path))

    async def rename(self, path: str, target: str) -> None:
        """Move a file, making the folder that it goes to; what is there is replaced.

        Raises:
            TaskError: it cannot be moved.
        """
        with told(f"Cannot move {self.uri(path)} to {self.uri(target)}"):
            await self.client.makedirs(posixpath.dirname(self.path(target)) or ".", exist_ok=True)
            if await self.client.isfile(self.path(target)):
                await self.client.remove(self.path(target))
            await self.client.rename(self.path(path), self.path(target))


def pattern_of(ctx: RunContext, given: Property[str] | None) -> re.Pattern[str] | None:
    """Return a property's regular expression.

    Raises:
        TaskError: it is none.
    """
    text = ctx.render(given)
    try:
        return re.compile(text) if text else None
    except re.error as error:
        raise TaskError(f"Invalid regExp {text!r}: {error}", retryable=False) from error


def limited(ctx: RunContext, files: list[Any], given: Property[int]) -> list[Any]:
    """Return no more files than a property allows, and say when there are more."""
    most = ctx.render(given)
    if len(files) > most:
        ctx.log("WARN", f"Too many files to process ({len(files)}), limiting to {most}")
    return files[:most]


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
