"""`io.kestra.plugin.scripts.runner.docker.Docker`: runs a command in a container.

The container belongs to one attempt of one task run and says so by its labels: when Tiercel crashed
and runs the attempt again, it finds the container and goes on with it. Behaviour: Kestra's class of
that name.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import IO, TYPE_CHECKING, Any, ClassVar, Literal

from tiercel.plugin import (
    ContainerOptions,
    Duration,
    Example,
    LineSplitter,
    Property,
    RunnerCommand,
    RunnerResult,
    TaskError,
    TaskKilledError,
    TaskRunner,
    Text,
)
from tiercel_docker.engine import PAUSES, address, asked, connected, is_dropped, pull, told
from tiercel_docker.files import pack, remove_stray_links, unpack
from tiercel_docker.settings import container_settings, labels_of

if TYPE_CHECKING:
    from docker import APIClient

    from tiercel.plugin import RunContext

__all__ = ["Docker"]

# What a shell makes of SIGKILL.
_KILLED = 137
_GONE = (404, 409)


class Docker(TaskRunner, ContainerOptions):
    """Run the command in a container, by any engine that speaks Docker's API.

    The working folder is copied into the container under its own path, and back afterwards, so that
    `{{ workingDir }}`, input and output files work as they do on this machine. The container sees
    nothing else of this machine: of the environment, only what `env` gives.
    """

    entry_point: Property[list[Text]] = Property.of([""])
    """The image's entry point is replaced by this one; by default by none."""
    port_bindings: Property[list[Text]] | None = None
    """Ports of the engine's machine that lead to those of the container: `8080:80`,
    `127.0.0.1:8080:80/tcp`."""
    file_handling_strategy: Property[Literal["VOLUME", "MOUNT"]] = Property.of("VOLUME")
    """How the working folder gets into the container: VOLUME copies it; MOUNT mounts it, which
    needs an engine on this machine."""
    delete: Property[bool] = Property.of(True)
    """Remove the container at the end."""
    wait: Property[bool] = Property.of(True)
    """Wait for the end; otherwise the container is started, and left to itself."""
    resume: Property[bool] = Property.of(True)
    """Go on with the container of the same attempt, when there is one: after a crash of Tiercel."""
    kill_grace_period: Duration = timedelta(0)
    """How long a container that is to stop may take to clean up before it is killed."""
    version: Text | None = None
    """Accepted for compatibility; the plugin's installed version runs."""
    plugin_defaults_ref: Text | None = None
    """Which of the flow's named plugin defaults apply."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Run a script in a container with limits.",
            """\
id: contained
namespace: company.team

tasks:
  - id: hello
    type: io.kestra.plugin.scripts.python.Script
    taskRunner:
      type: io.kestra.plugin.scripts.runner.docker.Docker
      cpu:
        cpus: 1
      memory:
        memory: 512MB
    containerImage: python:3.13-slim
    script: print("Hello from a container")
""",
        ),
    )

    def run(self, ctx: RunContext, command: RunnerCommand) -> RunnerResult:
        """Run the command in a container to its end.

        Raises:
            TaskError: there is no engine, no image, or no container to be had.
            TaskKilledError: it was stopped.
        """
        if not command.container_image:
            raise TaskError("The Docker task runner needs `containerImage`", retryable=False)
        host = address(ctx, self)
        with connected(host) as engine:
            return _Run(ctx, self, command, engine, host).run(command.container_image)


class _Run:
    """One command in one container; `_stop` may come from any thread."""

    def __init__(
        self,
        ctx: RunContext,
        runner: Docker,
        command: RunnerCommand,
        engine: APIClient,
        host: str,
    ) -> None:
        self._ctx = ctx
        self._runner = runner
        self._command = command
        self._engine = engine
        self._host = host
        self._lock = threading.Lock()
        self._stopped = False
        self._running: str | None = None

    def run(self, image: str) -> RunnerResult:
        self._ctx.on_kill(self._stop)
        found = self._found() if self._ctx.render(self._runner.resume) else None
        container = found or self._created(image)
        waits = self._ctx.render(self._runner.wait)
        details = {"containerId": container}
        try:
            with ExitStack() as stack:
                if found:
                    self._ctx.log("INFO", f"Going on with container {container}")
                    output = self._past_and_future(container)
                else:
                    # Before it starts, or the first lines could be missed.
                    output = self._attached(container, stack) if waits else iter(())
                self._start(container, is_new=not found)
                if not waits:
                    return RunnerResult(0, details)
                self._listen(container, output)
            waited = asked(f"wait for container {container}", lambda: self._engine.wait(container))
            code = waited["StatusCode"]
            if self._stopped:
                raise TaskKilledError(f"Container {container} was killed")
            self._take_back(container)
            self._explain(container, code)
            return RunnerResult(code, details)
        finally:
            self._end(container, keeps_running=not waits)

    # Before

    def _found(self) -> str | None:
        """Return the container that this attempt has already, started by a Tiercel that crashed."""
        return asked("look for a container to go on with", self._look_for_one)

    def _look_for_one(self) -> str | None:
        wanted = [f"{name}={value}" for name, value in labels_of(self._ctx).items()]
        for container in self._engine.containers(all=True, filters={"label": wanted}):
            if container["State"] != "created":
                return str(container["Id"])
            # It crashed before the start: whether its files are whole is not known.
            self._engine.remove_container(container["Id"], v=True, force=True)
        return None

    def _created(self, image: str) -> str:
        ctx, engine = self._ctx, self._engine
        pull(ctx, engine, self._host, image, self._runner)
        settings = container_settings(ctx, self._runner, self._command, engine)
        # Not asked twice: there would be two.
        with told(f"create a container of {image!r}"):
            container = str(engine.create_container(image, **settings)["Id"])
        try:
            if self._copies():
                with pack(self._command.cwd) as archive:
                    asked("copy files into the container", lambda: self._put(container, archive))
        except BaseException:
            self._end(container, keeps_running=False)
            raise
        return container

    def _put(self, container: str, archive: IO[bytes]) -> None:
        archive.seek(0)
        self._engine.put_archive(container, "/", archive)

    def _start(self, container: str, *, is_new: bool) -> None:
        with self._lock:
            if self._stopped:
                raise TaskKilledError(f"Killed before container {container} started")
            if is_new:
                # One that is running already stays as it is.
                asked("start the container", lambda: self._engine.start(container))
                self._ctx.log(
                    "DEBUG",
                    f"Starting command with container id {container} {list(self._command.argv)}",
                )
            self._running = container

    def _copies(self) -> bool:
        return self._ctx.render(self._runner.file_handling_strategy) == "VOLUME"

    # Meanwhile

    def _attached(self, container: str, stack: ExitStack) -> Iterator[tuple[bool, bytes]]:
        stream = asked(
            "attach to the container",
            lambda: self._engine.attach(container, stream=True, demux=True),
        )
        # The library's own `close` leaves the connection to the garbage collector.
        stack.callback(stream._response.close)  # type: ignore[attr-defined]  # a private part
        return (
            (is_stderr, chunk)
            for chunks in stream
            for is_stderr, chunk in zip((False, True), chunks, strict=True)
            if chunk
        )

    def _past_and_future(self, container: str) -> Iterator[tuple[bool, bytes]]:
        """Yield all that a container has said so far, and what it says from now on."""
        said: queue.Queue[tuple[bool, bytes] | None] = queue.Queue(maxsize=64)

        def read(is_stderr: bool) -> None:
            try:
                with connected(self._host) as engine, told("read the container's logs"):
                    for chunk in engine.logs(
                        container, stdout=not is_stderr, stderr=is_stderr, stream=True, follow=True
                    ):
                        said.put((is_stderr, chunk))
            except TaskError as error:
                self._ctx.log("WARN", str(error))
            finally:
                said.put(None)

        for is_stderr in (False, True):
            threading.Thread(target=read, args=(is_stderr,), daemon=True).start()
        for _ in (False, True):
            yield from iter(said.get, None)

    def _unbroken(
        self, container: str, output: Iterator[tuple[bool, bytes]]
    ) -> Iterator[tuple[bool, bytes]]:
        """Yield what a container says; when the connection breaks off, go on by its logs."""
        heard = [0, 0]
        try:
            for is_stderr, chunk in output:
                heard[is_stderr] += len(chunk)
                yield is_stderr, chunk
            return
        except Exception as error:  # one of several libraries below
            if not is_dropped(error):
                raise
            self._ctx.log("DEBUG", f"The engine broke off, so its logs are read: {error}")
        for is_stderr, chunk in self._past_and_future(container):
            known = min(heard[is_stderr], len(chunk))
            heard[is_stderr] -= known
            if chunk[known:]:
                yield is_stderr, chunk[known:]

    def _listen(self, container: str, output: Iterator[tuple[bool, bytes]]) -> None:
        splitters = (LineSplitter(), LineSplitter())
        for is_stderr, chunk in self._unbroken(container, output):
            for line in splitters[is_stderr].feed(chunk):
                self._command.on_line(is_stderr, line)
        for is_stderr in (False, True):
            for line in splitters[is_stderr].end():
                self._command.on_line(is_stderr, line)

    def _stop(self) -> None:
        """Have the container killed; what it said last is read, and the task ends."""
        # Stopping takes as long as the grace period: whoever asks has others to kill.
        threading.Thread(target=self._kill, daemon=True).start()

    def _kill(self) -> None:
        with self._lock:
            self._stopped = True
            container = self._running
        if container is None:
            return
        grace = int(self._runner.kill_grace_period.total_seconds())
        self._ctx.log("WARN", f"Killing container {container}")
        try:
            # The task's own connection is busy reading.
            with connected(self._host) as engine, told(f"kill container {container}"):
                engine.stop(container, timeout=grace) if grace else engine.kill(container)
        except TaskError as error:
            # When it has ended meanwhile, that is what was wanted.
            if not _is_gone(error):
                self._ctx.log("WARN", str(error))

    # Afterwards

    def _take_back(self, container: str) -> None:
        """Bring the files that the command left into the working folder."""
        folder = self._command.cwd
        what = "copy files out of the container"
        # One that was begun before a crash has the folder of that time.
        inspected = asked(what, lambda: self._inspect(container))
        there = inspected["Config"]["WorkingDir"] or str(folder)
        if self._copies() or there != str(folder):
            asked(what, lambda: unpack(self._engine.get_archive(container, there)[0], folder))
        else:
            with told(what):
                remove_stray_links(folder)

    def _explain(self, container: str, code: int) -> None:
        """Say when a container had to end because its memory ran out."""
        if code == _KILLED:
            found = asked(f"look at container {container}", lambda: self._inspect(container))
            if found["State"].get("OOMKilled"):
                self._ctx.log("ERROR", "The container ran out of memory")

    def _inspect(self, container: str) -> dict[str, Any]:
        found: dict[str, Any] = self._engine.inspect_container(container)
        return found

    def _end(self, container: str, *, keeps_running: bool) -> None:
        """Leave nothing running, and nothing at all unless the author wants it kept."""
        if keeps_running and not self._stopped:
            return
        with self._lock:
            self._running = None
        delete = self._ctx.render(self._runner.delete)
        for pause in (*PAUSES, None):
            try:
                with told(f"{'remove' if delete else 'stop'} container {container}"):
                    if delete:
                        self._engine.remove_container(container, v=True, force=True)
                    else:
                        self._engine.kill(container)
                return
            except TaskError as error:
                if _is_gone(error):
                    return
                if pause is None:
                    self._ctx.log("WARN", str(error))
                else:
                    time.sleep(pause)


def _is_gone(error: TaskError) -> bool:
    """Return whether the engine says that a container is not there, or does not run."""
    return getattr(error.__cause__, "status_code", None) in _GONE
