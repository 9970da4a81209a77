"""Task runners that each break one promise; all run a process of this machine."""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import subprocess
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

from tiercel.plugin import RunContext, RunnerCommand, RunnerResult, TaskError, TaskKilledError
from tiercel.plugin import TaskRunner as Base

STARTED: list[subprocess.Popen[bytes]] = []
ORPHANED: list[int] = []


@atexit.register
def _leave_nothing() -> None:
    """Kill what the broken ones leave."""
    left = [process.pid for process in STARTED if process.poll() is None]
    for group in (*left, *ORPHANED):
        with suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)


class GoodRunner(Base):
    """Run the command."""

    is_local: ClassVar[bool] = True

    def run(self, ctx: RunContext, command: RunnerCommand) -> RunnerResult:
        try:
            process = self.start(command, self.folder(command))
        except OSError as error:
            raise TaskError(str(error), retryable=False) from error
        killed = threading.Event()

        def stop() -> None:
            killed.set()
            self.stop(process)

        ctx.on_kill(stop)
        readers = [
            threading.Thread(target=self.read, args=(stream, is_error, command), daemon=True)
            for stream, is_error in ((process.stdout, False), (process.stderr, True))
            if stream is not None
        ]
        for each in readers:
            each.start()
        code = process.wait()
        for each in readers:
            each.join(5)
        if killed.is_set():
            raise TaskKilledError("Killed")
        self.back(command, code)
        return RunnerResult(self.code(code))

    def start(self, command: RunnerCommand, folder: Path) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(**self.how(command, folder))
        STARTED.append(process)
        return process

    def how(self, command: RunnerCommand, folder: Path) -> dict[str, Any]:
        return {
            "args": list(command.argv),
            "cwd": folder,
            "env": {**os.environ, **command.env},
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
            "start_new_session": True,
        }

    def read(self, stream: Any, is_error: bool, command: RunnerCommand) -> None:
        with stream:
            for line in stream:
                self.say(command, is_error, line)

    def say(self, command: RunnerCommand, is_error: bool, line: bytes) -> None:
        command.on_line(is_error, line.decode(errors="replace").removesuffix("\n"))

    def stop(self, process: subprocess.Popen[bytes]) -> None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)

    def code(self, code: int) -> int:
        return code if code >= 0 else 128 - code

    def folder(self, command: RunnerCommand) -> Path:
        return command.cwd

    def back(self, command: RunnerCommand, code: int) -> None: ...


class Zero(GoodRunner):
    """Have no exit codes."""

    def code(self, code: int) -> int:
        return 0


class Negative(GoodRunner):
    """Give Python's own codes."""

    def code(self, code: int) -> int:
        return code


class Joined(GoodRunner):
    """Take errors for output."""

    def say(self, command: RunnerCommand, is_error: bool, line: bytes) -> None:
        super().say(command, False, line)


class Buffered(GoodRunner):
    """Say everything at the end."""

    def read(self, stream: Any, is_error: bool, command: RunnerCommand) -> None:
        with stream:
            lines = stream.readlines()
        for line in lines:
            self.say(command, is_error, line)


class Blankless(GoodRunner):
    """Leave blanks out."""

    def say(self, command: RunnerCommand, is_error: bool, line: bytes) -> None:
        if line.strip():
            super().say(command, is_error, line.strip())


class Strict(GoodRunner):
    """Insist on UTF-8."""

    def say(self, command: RunnerCommand, is_error: bool, line: bytes) -> None:
        with suppress(UnicodeDecodeError):
            command.on_line(is_error, line.decode().removesuffix("\n"))


class Clipped(GoodRunner):
    """Cut long lines."""

    def say(self, command: RunnerCommand, is_error: bool, line: bytes) -> None:
        super().say(command, is_error, line[:1000])


class Shell(GoodRunner):
    """Read arguments once more."""

    def how(self, command: RunnerCommand, folder: Path) -> dict[str, Any]:
        return {
            **super().how(command, folder),
            "args": [*command.argv[:3], *" ".join(command.argv[3:]).split()],
        }


class NoEnv(GoodRunner):
    """Forget the environment."""

    def how(self, command: RunnerCommand, folder: Path) -> dict[str, Any]:
        return {**super().how(command, folder), "env": dict(os.environ)}


class Elsewhere(GoodRunner):
    """Run in an empty folder."""

    def folder(self, command: RunnerCommand) -> Path:
        return Path(tempfile.mkdtemp())


class Copying(GoodRunner):
    """Run in a copy of the folder."""

    def folder(self, command: RunnerCommand) -> Path:
        return shutil.copytree(command.cwd, Path(tempfile.mkdtemp()) / "copy")


class OnlyOnSuccess(Copying):
    """Copy back what a command made that went well."""

    def folder(self, command: RunnerCommand) -> Path:
        self.__dict__["_copy"] = super().folder(command)
        copy: Path = self.__dict__["_copy"]
        return copy

    def back(self, command: RunnerCommand, code: int) -> None:
        if code == 0:
            shutil.copytree(self.__dict__["_copy"], command.cwd, dirs_exist_ok=True)


class OpenInput(GoodRunner):
    """Leave the standard input open."""

    def how(self, command: RunnerCommand, folder: Path) -> dict[str, Any]:
        return {**super().how(command, folder), "stdin": subprocess.PIPE}


class Shared(GoodRunner):
    """Run everything in one folder."""

    def folder(self, command: RunnerCommand) -> Path:
        shared = Path(tempfile.gettempdir()) / f"shared-{os.getpid()}"
        return shutil.copytree(command.cwd, shared, dirs_exist_ok=True)

    def back(self, command: RunnerCommand, code: int) -> None:
        shared = Path(tempfile.gettempdir()) / f"shared-{os.getpid()}"
        shutil.copytree(shared, command.cwd, dirs_exist_ok=True)


class Immortal(GoodRunner):
    """Do not listen to kills."""

    def stop(self, process: subprocess.Popen[bytes]) -> None: ...


class Orphaning(GoodRunner):
    """Kill the first process alone."""

    def stop(self, process: subprocess.Popen[bytes]) -> None:
        process.kill()
        ORPHANED.append(process.pid)


class Polite(GoodRunner):
    """Ask once."""

    def stop(self, process: subprocess.Popen[bytes]) -> None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)


class Absent(GoodRunner):
    """Take a program that is not there for one that went well."""

    def run(self, ctx: RunContext, command: RunnerCommand) -> RunnerResult:
        try:
            return super().run(ctx, command)
        except TaskError:
            return RunnerResult(0)
