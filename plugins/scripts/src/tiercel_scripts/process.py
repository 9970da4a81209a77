"""`io.kestra.plugin.core.runner.Process`: runs a command as a process of this machine."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from tiercel.plugin import (
    Duration,
    Example,
    LineSplitter,
    RunnerCommand,
    RunnerResult,
    TaskError,
    TaskKilledError,
    TaskRunner,
    Text,
)
from tiercel_scripts.orphans import guarded
from tiercel_scripts.strays import MARK, Stray, new_mark, strays

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tiercel.plugin import RunContext

__all__ = ["PROCESS", "Process"]

PROCESS = "io.kestra.plugin.core.runner.Process"
"""The type of the runner that is always there."""

_CHUNK = 1 << 16
# How long a killed process's output is waited for; only one that could not be found holds it.
_LAST_WORDS = 1.0
# How often, and how many seconds apart, to look for processes that ran away from their group.
_HUNTS, _BETWEEN_HUNTS = 50, 0.01
# How long to wait for the end of a process where the system cannot tell it, before listening to
# `stop` again.
_BETWEEN_LOOKS = 0.05
# Variables that hold secrets of flows, or the key that keeps them.
_SECRETS = ("SECRET_", "TIERCEL_SECRET_", "TIERCEL_ENCRYPTION_KEY")


class Process(TaskRunner):
    """Run the command as a process of this machine, with the programs installed here.

    To stop it, everything that it started gets SIGTERM and, after `killGracePeriod`, SIGKILL:
    children, grandchildren and, on Linux, daemons. Should Tiercel itself die, they are killed at
    once. There is no other isolation: it runs as the same user, sees the same files, and inherits
    the environment but for secrets; those reach it by `env` and `{{ secret('NAME') }}`, and are
    masked in logs.
    """

    is_local: ClassVar[bool] = True

    kill_grace_period: Duration = timedelta(seconds=5)
    """How long a process that is to stop may take to clean up before it is killed."""
    version: Text | None = None
    """Accepted for compatibility; the plugin's installed version runs."""
    plugin_defaults_ref: Text | None = None
    """Which of the flow's named plugin defaults apply."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Run commands with the programs of this machine.",
            """\
id: process
namespace: company.team

tasks:
  - id: hello
    type: io.kestra.plugin.scripts.shell.Commands
    taskRunner:
      type: io.kestra.plugin.core.runner.Process
    commands:
      - echo "Hello from {{ workingDir }}"
""",
        ),
    )

    def run(self, ctx: RunContext, command: RunnerCommand) -> RunnerResult:
        """Run the command to its end; its exit code is 128 + n for signal n.

        Raises:
            TaskError: the program cannot be started.
            TaskKilledError: it was stopped.
        """
        mark = new_mark()
        with guarded(mark) as guard, _start(command, mark) as process:
            guard(process.pid)
            ctx.log("DEBUG", f"Starting command with pid {process.pid} {list(command.argv)}")
            supervision = _Supervision(ctx, process, mark, command.on_line, self.kill_grace_period)
            ctx.on_kill(supervision.stop)
            try:
                code = supervision.wait()
            finally:
                supervision.close()
        return RunnerResult(code if code >= 0 else 128 - code)


def _start(command: RunnerCommand, mark: str) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            list(command.argv),
            cwd=command.cwd,
            env=_inherited() | dict(command.env) | {MARK: mark},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise TaskError(f"Cannot run {command.argv[0]!r}: {reason}", retryable=False) from error


def _inherited() -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if not k.upper().startswith(_SECRETS)}


class _Family:
    """A process and everything that it started."""

    def __init__(self, leader: int, mark: str) -> None:
        self._leader = leader
        self._mark = mark
        self._away: set[Stray] = set()

    def signal(self, number: int) -> bool:
        """Signal all of them; return whether any had left the group."""
        # Before their parents are gone, which may be all that tells whose they are.
        self._away = strays(self._leader, self._mark, self._away)
        # On macOS a group of which only zombies are left answers EPERM.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._leader, number)
        for stray in self._away:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(stray.pid, number)
        return bool(self._away)

    def kill(self) -> None:
        """Kill all of them, and what they start meanwhile."""
        for _ in range(_HUNTS):
            if not self.signal(signal.SIGKILL):
                return
            time.sleep(_BETWEEN_HUNTS)


class _Pipe(NamedTuple):
    is_stderr: bool
    lines: LineSplitter


class _Supervision:
    """Reads a process's output and waits for its end, in one thread; `stop` may come from any."""

    def __init__(
        self,
        ctx: RunContext,
        process: subprocess.Popen[bytes],
        mark: str,
        on_line: Callable[[bool, str], None],
        grace: timedelta,
    ) -> None:
        assert process.stdout is not None
        assert process.stderr is not None
        self._ctx = ctx
        self._process = process
        self._family = _Family(process.pid, mark)
        self._on_line = on_line
        self._grace = grace.total_seconds()
        self._deadline: float | None = None
        self._stopping = self._killing = False
        self._lock = threading.Lock()
        self._closed = False
        self._wake_reader, self._waker = os.pipe()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._wake_reader, selectors.EVENT_READ, self._begin_stop)
        self._open = 0
        for stream, is_stderr in ((process.stdout, False), (process.stderr, True)):
            read = partial(self._read, stream.fileno(), _Pipe(is_stderr, LineSplitter()))
            self._selector.register(stream, selectors.EVENT_READ, read)
            self._open += 1

    def stop(self) -> None:
        """Ask for the end of the process; harmless when it has ended."""
        with self._lock:
            if not self._closed:
                os.write(self._waker, b"!")

    def wait(self) -> int:
        """Wait for the process, and for everything that holds its output; return its exit code.

        Raises:
            TaskKilledError: `stop` was called.
        """
        while self._open:
            self._step(self._patience())
        code = self._reap()
        if self._stopping:
            # Whoever is left holds no output and has had its warning.
            self._family.kill()
            raise TaskKilledError(f"Process {self._process.pid} was killed")
        return code

    def close(self) -> None:
        """Kill what still runs, if an error came in between, and give the handles back."""
        with self._lock:
            self._closed = True
            os.close(self._waker)
            os.close(self._wake_reader)
        self._selector.close()
        if self._process.returncode is None:
            self._family.kill()

    def _step(self, timeout: float | None) -> None:
        for key, _ in self._selector.select(timeout):
            key.data()
        if self._deadline is not None and time.monotonic() >= self._deadline:
            self._lose_patience()

    def _read(self, fd: int, pipe: _Pipe) -> None:
        chunk = os.read(fd, _CHUNK)
        for line in pipe.lines.feed(chunk) if chunk else pipe.lines.end():
            self._on_line(pipe.is_stderr, line)
        if not chunk:
            self._selector.unregister(fd)
            self._open -= 1

    def _begin_stop(self) -> None:
        self._selector.unregister(self._wake_reader)
        self._stopping = True
        # Kestra's words; golden cases `script/killed`, `script/timeout`.
        self._ctx.log("WARN", f"Killing process {self._process.pid} for InterruptedException")
        self._family.signal(signal.SIGTERM)
        self._deadline = time.monotonic() + self._grace

    def _lose_patience(self) -> None:
        if self._killing:
            self._open = 0
        self._killing = True
        self._family.kill()
        self._deadline = time.monotonic() + _LAST_WORDS

    def _patience(self) -> float | None:
        return None if self._deadline is None else max(0.0, self._deadline - time.monotonic())

    def _reap(self) -> int:
        """Return the exit code as soon as there is one; `stop` is heard meanwhile."""
        with _handle(self._process.pid) as handle:
            if handle is not None:
                self._selector.register(handle, selectors.EVENT_READ, self._process.poll)
            while (code := self._process.poll()) is None:
                if handle is not None:
                    self._step(self._patience())
                    continue
                with suppress(subprocess.TimeoutExpired):
                    self._process.wait(timeout=_BETWEEN_LOOKS)
                self._step(0)
            if handle is not None:
                self._selector.unregister(handle)
        return code


@contextmanager
def _handle(pid: int) -> Iterator[int | None]:
    """Yield a descriptor that can be read when a child has ended; None where there are none."""
    handle = None
    if sys.platform == "linux":
        # Containers may forbid it.
        with suppress(OSError):
            handle = os.pidfd_open(pid)
    try:
        yield handle
    finally:
        if handle is not None:
            os.close(handle)
