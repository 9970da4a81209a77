"""`Command`: commands on another machine."""

from __future__ import annotations

import asyncio
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from tiercel.plugin import (
    Example,
    LineSplitter,
    Output,
    Property,
    RunContext,
    Task,
    TaskError,
    Text,
)
from tiercel_fs.connection import SHA_1, Login, connected, key_of, told
from tiercel_scripts.protocol import Transcript

if TYPE_CHECKING:
    from asyncssh import SSHReader

__all__ = ["Command"]

_CHUNK = 64 << 10


class AuthMethod(StrEnum):
    """How the user is known."""

    PASSWORD = "PASSWORD"
    PUBLIC_KEY = "PUBLIC_KEY"
    OPEN_SSH = "OPEN_SSH"


class CommandOutput(Output):
    """What commands leave behind."""

    exit_code: int
    """The exit code of the last command."""
    vars: dict[str, Any] = Field(default_factory=dict)
    """Outputs that the commands printed as `::{"outputs": {…}}::`, by name."""


class Command(Task[CommandOutput]):
    """Run commands on another machine, by SSH."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Look what is there",
            """\
id: remote
namespace: company.team

tasks:
  - id: look
    type: io.kestra.plugin.fs.ssh.Command
    host: files.company.example
    username: robot
    authMethod: PUBLIC_KEY
    privateKey: "{{ secret('SSH_KEY') }}"
    commands:
      - ls -l
""",
        ),
    )

    host: Property[str]
    """The machine: a name or an address; with OPEN_SSH, perhaps an alias."""
    port: Property[str] = Property.of("22")
    """Its port."""
    username: Property[str] | None = None
    """The user name."""
    auth_method: Property[AuthMethod] = Property.of(AuthMethod.PASSWORD)
    """PASSWORD, PUBLIC_KEY, or OPEN_SSH for what OpenSSH's settings on this machine say."""
    password: Property[str] | None = None
    """The password."""
    private_key: Property[str] | None = None
    """The private key, as text."""
    private_key_passphrase: Property[str] | None = None
    """The private key's passphrase."""
    open_ssh_config_path: Property[str] | None = Field(default=None, alias="openSSHConfigPath")
    """The file of OpenSSH's settings; `~/.ssh/config` by default."""
    open_ssh_config_dir: Property[str] | None = Field(
        default=None, alias="openSSHConfigDir", deprecated="use openSSHConfigPath"
    )
    """The same."""
    proxy_command: Property[str] | None = None
    """A command of this machine that makes the connection, as OpenSSH's `ProxyCommand`."""
    commands: Property[list[Text]]
    """The commands, one after the other, in one shell."""
    env: Property[dict[str, Text]] | None = None
    """Environment variables; the server decides which it takes."""
    strict_host_key_checking: Property[Literal["yes", "no", "ask"]] = Property.of("no")
    """Whether the server must be in `~/.ssh/known_hosts`; with `ask` too, since nobody is asked."""
    enable_ssh_rsa1: Property[bool] = Property.of(False)
    """Allow signatures by RSA with SHA-1, for old servers."""
    warning_on_std_err: Property[bool] | None = Field(default=None, deprecated=True)
    """Accepted for compatibility; it means nothing."""

    async def run(self, ctx: RunContext) -> CommandOutput:
        """Run the commands.

        Raises:
            TaskError: there is no connection, or the last command failed.
        """
        commands: list[str] = ctx.render(self.commands)
        text = "\n".join(commands)
        transcript = Transcript(ctx)
        async with connected(ctx, self._login(ctx)) as connection:
            with told("Cannot run the commands"):
                process = await connection.create_process(
                    text, env=ctx.render(self.env) or {}, encoding=None
                )
                async with process:
                    await asyncio.gather(
                        _listen(process.stdout, transcript, is_stderr=False),
                        _listen(process.stderr, transcript, is_stderr=True),
                    )
                    await process.wait_closed()
        code = process.exit_status
        output = CommandOutput(exit_code=-1 if code is None else code, vars=transcript.variables)
        if output.exit_code:
            raise TaskError(
                f"SSH command fails with exit status {output.exit_code}",
                outputs=output.model_dump(by_alias=True),
            )
        return output

    def _login(self, ctx: RunContext) -> Login:
        username, proxy = ctx.render(self.username), ctx.render(self.proxy_command)
        method = ctx.render(self.auth_method)
        options = self._credentials(ctx, method)
        if username:
            options["username"] = username
        if ctx.render(self.strict_host_key_checking) != "no":
            options["known_hosts"] = ()  # those that asyncssh finds by itself
        if ctx.render(self.enable_ssh_rsa1):
            options |= SHA_1
        if proxy:
            options["proxy_command"] = proxy.strip()
        port = ctx.render(self.port)
        if not port.strip().isdecimal():
            raise TaskError(f"Invalid `port` {port!r}: expected a number", retryable=False)
        itself = bool(proxy) or method is AuthMethod.OPEN_SSH
        return Login(ctx.render(self.host), int(port), options, connects_itself=itself)

    def _credentials(self, ctx: RunContext, method: AuthMethod) -> dict[str, Any]:
        password, key = ctx.render(self.password), ctx.render(self.private_key)
        match method:
            case AuthMethod.PASSWORD:
                if password is None:
                    raise _missing("Password", method)
                return {"password": password, "preferred_auth": "password"}
            case AuthMethod.PUBLIC_KEY:
                if key is None:
                    raise _missing("Private key", method)
                opened = key_of(key, ctx.render(self.private_key_passphrase))
                return {"client_keys": [opened], "preferred_auth": "publickey"}
        path = ctx.render(self.open_ssh_config_path or self.__dict__["open_ssh_config_dir"])
        known = {"password": password, "passphrase": ctx.render(self.private_key_passphrase)}
        given = {name: value for name, value in known.items() if value is not None}
        return {"config": [path] if path else (), "client_keys": (), "agent_path": (), **given}


def _missing(what: str, method: AuthMethod) -> TaskError:
    return TaskError(f"{what} is necessary for given SSH auth method: {method}", retryable=False)


async def _listen(stream: SSHReader[bytes], transcript: Transcript, *, is_stderr: bool) -> None:
    splitter = LineSplitter()
    while chunk := await stream.read(_CHUNK):
        for line in splitter.feed(chunk):
            transcript.accept(is_stderr, line)
    for line in splitter.end():
        transcript.accept(is_stderr, line)
