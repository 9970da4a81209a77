"""A real SSH server on loopback, with a folder of files and a shell."""

from __future__ import annotations

import asyncio
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from tiercel.testing import TaskResult, run_task

KEY = asyncssh.generate_private_key("ssh-ed25519")
PASSPHRASE = "open sesame"


class _Server(asyncssh.SSHServer):
    """Lets `robot` in, with the password `hidden` or the key."""

    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == ("robot", "hidden")

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        return username == "robot" and key == KEY.convert_to_public()


class SshServer:
    """A running server.

    Attributes:
        folder: what SFTP shows as the root.
        port: its port, on 127.0.0.1.
        key: the private key that opens it, as text; `locked_key` needs the `passphrase`.
        hanging: set when a command hangs.
    """

    key = KEY.export_private_key().decode()
    passphrase = PASSPHRASE
    locked_key = KEY.export_private_key(passphrase=PASSPHRASE).decode()

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = 0
        self.hanging = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._run(),))

    def __enter__(self) -> SshServer:
        self._thread.start()
        assert self._ready.wait(20)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(20)
        self._loop.close()

    async def _run(self) -> None:
        self._end = asyncio.Event()
        server = await asyncssh.listen(
            "127.0.0.1",
            0,
            server_factory=_Server,
            server_host_keys=[asyncssh.generate_private_key("ssh-ed25519")],
            process_factory=self._execute,
            sftp_factory=lambda channel: asyncssh.SFTPServer(
                channel, chroot=os.fsencode(self.folder)
            ),
            encoding=None,
            keepalive_interval=0,
        )
        self.port = server.get_port()
        self._ready.set()
        await self._end.wait()
        server.close()
        await server.wait_closed()
        await asyncio.sleep(0)

    async def _execute(self, process: asyncssh.SSHServerProcess[bytes]) -> None:
        command = process.command or ""
        if command == "hang":
            self.hanging.set()
            await process.stdin.read()
            process.exit(1)
            return
        done = await asyncio.to_thread(
            subprocess.run,
            ["sh", "-c", command],
            capture_output=True,
            cwd=self.folder,
            env={**os.environ, **process.env},
        )
        process.stdout.write(done.stdout)
        process.stderr.write(done.stderr)
        process.exit(done.returncode)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SshServer]:
    folder = tmp_path / "served"
    folder.mkdir()
    with SshServer(folder) as server:
        yield server


@pytest.fixture
def properties(server: SshServer) -> Callable[..., dict[str, Any]]:
    """Return a task's properties, as `robot` with a password."""

    def make(kind: str, **more: Any) -> dict[str, Any]:
        known = {"host": "127.0.0.1", "port": str(server.port), "username": "robot"}
        return {"type": f"io.kestra.plugin.fs.{kind}", **known, "password": "hidden", **more}

    return make


@pytest.fixture
def task(properties: Callable[..., dict[str, Any]]) -> Callable[..., TaskResult]:
    """Run a task; `files` and `secrets` are the test's own."""

    def run(kind: str, **more: Any) -> TaskResult:
        given = {k: more.pop(k) for k in ("files", "secrets") if k in more}
        return run_task(properties(kind, **more), **given)

    return run
