"""`AsyncTiercel`: the orchestrator for programs with an event loop (asyncio).

    async with AsyncTiercel(home="data") as tiercel:
        execution = await tiercel.run("hello.yaml", {"name": "Ada"})

The methods are those of `Tiercel`, to be awaited. None of them blocks the loop: what asks the
database is done on a few threads of its own, and waiting for executions takes no thread at all.
Cancelling whoever awaits leaves executions alone, unless `kill_on_cancel` is given.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypedDict, Unpack

from tiercel.embed.aio_events import AsyncCallbacks, AsyncSubscription
from tiercel.embed.aio_groups import AsyncFiles, AsyncKv, AsyncOperations, AsyncTriggers
from tiercel.embed.events import Event, LogLine
from tiercel.embed.notebook import DRAW_EVERY, Cell
from tiercel.embed.subscription import Scope
from tiercel.embed.threads import Bell, Threads, noted
from tiercel.embed.tiercel import Tiercel
from tiercel.embed.wiring import LOOK_EVERY
from tiercel.engine.services.executions import levels_from
from tiercel.errors import RepositoryError
from tiercel.model.execution import Execution, LogEntry

if TYPE_CHECKING:
    from datetime import datetime
    from types import TracebackType

    from tiercel._ids import IdSource
    from tiercel._time import Clock
    from tiercel.executor.spi import Executor
    from tiercel.model.flow import Flow
    from tiercel.plugin.registry import Registry
    from tiercel.repository.spi import Repository
    from tiercel.secrets.spi import SecretManager
    from tiercel.settings import Settings
    from tiercel.storage.spi import StorageBackend

__all__ = ["AsyncTiercel"]


class Options(TypedDict, total=False):
    """The arguments of `Tiercel` by keyword, but for those that only a caller's thread needs."""

    settings: Settings | None
    repository: Repository | None
    storage: StorageBackend | None
    executor: Executor | None
    registry: Registry | None
    secrets: SecretManager | None
    clock: Clock | None
    ids: IdSource | None
    environ: Mapping[str, str] | None


class AsyncTiercel:
    """An orchestrator for one event loop. Use it with `async with`, or await `open` and `close`.

    Args:
        home: folder for everything durable; without it, and without `settings`, all is in memory.
        tiercel: use this engine, and leave it open at the end; the other arguments are not given.
        options: the further arguments of `Tiercel`.

    """

    def __init__(
        self,
        home: str | Path | None = None,
        *,
        tiercel: Tiercel | None = None,
        **options: Unpack[Options],
    ) -> None:
        self._owns = tiercel is None
        self._made: Callable[[], Tiercel] = (
            partial(Tiercel, home, **options) if tiercel is None else lambda: tiercel
        )
        self._engine: Tiercel | None = None
        self._threads = Threads()

    async def open(self) -> Self:
        """Open the engine, and return this: what `async with` does first."""
        engine = await self._threads.begin(self._made)
        await self._threads.begin(engine.warm_up)
        self._engine = engine
        self._bind(engine)
        return self

    @property
    def tiercel(self) -> Tiercel:
        """The same engine for threads.

        Raises:
            RepositoryError: it is not open.
        """
        if self._engine is None:
            raise RepositoryError("The engine is not open: use `async with`, or await its `open`")
        return self._engine

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            # What `_bind` makes is not there before; what it does not name is awaited as well.
            if name.startswith("_"):
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
            return self._threads.awaitable(getattr(self.tiercel, name))

    def _bind(self, engine: Tiercel) -> None:
        awaitable = self._threads.awaitable
        self.load_flow = awaitable(engine.load_flow)
        self.examine = awaitable(engine.examine)
        self.save_flow = awaitable(engine.save_flow)
        self.flow = awaitable(engine.flow)
        self.list_flows = awaitable(engine.list_flows)
        self.delete_flow = awaitable(engine.delete_flow)
        self.failed_checks = awaitable(engine.failed_checks)
        self.schema = awaitable(engine.schema)
        self.execution = awaitable(engine.execution)
        self.executions = awaitable(engine.executions)
        self.successor = awaitable(engine.successor)
        self.outputs = awaitable(engine.outputs)
        self.logs = awaitable(engine.logs)
        self.metrics = awaitable(engine.metrics)
        self.kill = awaitable(engine.kill)
        self.pause = awaitable(engine.pause)
        self.resume = awaitable(engine.resume)
        self.restart = awaitable(engine.restart)
        self.replay = awaitable(engine.replay)
        self.set_labels = awaitable(engine.set_labels)
        self.delete = awaitable(engine.delete)
        self.interrupted = awaitable(engine.interrupted)
        self.recover = awaitable(engine.recover)
        self.evaluate = awaitable(engine.evaluate)
        self.value = awaitable(engine.value)
        self.mask = engine.mask
        self.hide = awaitable(engine.hide)
        self.register = engine.register

    async def __aenter__(self) -> Self:
        return await self.open()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Stop working. What is not finished stays durable, and can be recovered.

        It is closed even when whoever awaits this is cancelled.
        """
        try:
            if self._owns and self._engine is not None:
                await asyncio.shield(self._threads.begin(self._engine.close))
        finally:
            self._threads.close()

    @cached_property
    def operations(self) -> AsyncOperations:
        """What can be done to executions, one or many."""
        return AsyncOperations(self.tiercel.operations, self._threads)

    @cached_property
    def triggers(self) -> AsyncTriggers:
        """The triggers of deployed flows."""
        return AsyncTriggers(self.tiercel.triggers, self._threads)

    @cached_property
    def files(self) -> AsyncFiles:
        """Internal storage, by URI."""
        return AsyncFiles(self.tiercel.files, self._threads)

    def kv(self, namespace: str) -> AsyncKv:
        """Return the key-value pairs of a namespace."""
        return AsyncKv(self.tiercel.kv(namespace), self._threads)

    # Begin executions, and wait for them

    async def run(
        self,
        flow: str | Path | Flow,
        inputs: Mapping[str, Any] | None = None,
        labels: Mapping[str, str] | None = None,
        *,
        timeout: float | None = None,
        kill_on_cancel: bool = False,
        display: bool = False,
    ) -> Execution:
        """Run a flow to its end and return its execution; see `Tiercel.run`.

        Args:
            flow: a file's path, a flow's text, or a loaded flow.
            inputs: values by input id; a `Path` for a FILE input.
            labels: labels of the execution, beside the flow's own.
            timeout: seconds to wait at most; the execution goes on all the same.
            kill_on_cancel: kill the execution when whoever awaits this is cancelled.
            display: show it while it runs, where a notebook can; nothing elsewhere.

        Raises:
            FlowError: the flow is wrong.
            InputError: an input is missing or invalid.
            CheckError: one of the flow's `checks` blocks the execution.
            TimeoutError: it took longer than `timeout`.
        """
        execution_id: str | None = None
        begun = self._threads.begin(self.tiercel.start, flow, inputs, labels)
        try:
            async with asyncio.timeout(timeout) as limit:
                execution_id = await asyncio.shield(begun)
                while execution_id is not None:
                    wait = self._watched if display else self._waited
                    execution = await wait(execution_id)
                    execution_id = await self.successor(execution)
        except asyncio.CancelledError:
            if kill_on_cancel:
                self._kill_once(begun, execution_id)
            raise
        except TimeoutError as error:
            if not limit.expired():
                raise
            raise TimeoutError(f"The execution still runs after {timeout} s") from error
        return execution

    async def start(
        self,
        flow: str | Path | Flow,
        inputs: Mapping[str, Any] | None = None,
        labels: Mapping[str, str] | None = None,
        *,
        schedule_date: datetime | None = None,
        kill_on_cancel: bool = False,
    ) -> str:
        """Begin an execution and return its id; see `Tiercel.start`.

        Whoever is cancelled meanwhile does not learn whether it began: it does, unless
        `kill_on_cancel` has it killed at once.
        """
        start = partial(self.tiercel.start, schedule_date=schedule_date)
        begun = self._threads.begin(start, flow, inputs, labels)
        try:
            return await asyncio.shield(begun)
        except asyncio.CancelledError:
            if kill_on_cancel:
                self._kill_once(begun, None)
            raise

    def _kill_once(self, begun: asyncio.Future[str], execution_id: str | None) -> None:
        """Kill an execution, or what is about to become one as soon as it is."""

        def kill(done: asyncio.Future[str]) -> None:
            if not done.cancelled() and done.exception() is None:
                self._kill(execution_id or done.result())

        begun.add_done_callback(kill)

    def _kill(self, execution_id: str) -> None:
        with suppress(RuntimeError):  # it is closed, and nothing runs any more
            self._threads.begin(self.tiercel.kill, execution_id).add_done_callback(noted)

    async def wait(
        self, execution_id: str, timeout: float | None = None, *, kill_on_cancel: bool = False
    ) -> Execution:
        """Return an execution once nothing more happens in it; see `Tiercel.wait`.

        Any number of these may wait at once: they take no threads.

        Args:
            execution_id: the execution.
            timeout: seconds to wait at most; the execution goes on all the same.
            kill_on_cancel: kill the execution when whoever awaits this is cancelled.

        Raises:
            NotFoundError: there is no such execution.
            TimeoutError: it took longer than `timeout` seconds.
            EngineBug: it cannot go on.
        """
        try:
            async with asyncio.timeout(timeout) as limit:
                return await self._waited(execution_id)
        except asyncio.CancelledError:
            if kill_on_cancel:
                self._kill(execution_id)
            raise
        except TimeoutError as error:
            if not limit.expired():
                raise
            raise TimeoutError(f"Execution {execution_id} still runs after {timeout} s") from error

    async def _waited(self, execution_id: str) -> Execution:
        while True:
            await self._ended_here(execution_id)
            execution, goes_on = await self._threads.begin(self._look, execution_id)
            if not goes_on:
                return execution
            await asyncio.sleep(LOOK_EVERY)

    async def _watched(self, execution_id: str) -> Execution:
        cell = Cell(self.tiercel, execution_id)
        waiting = asyncio.ensure_future(self._waited(execution_id))
        try:
            cell.draw(await self._threads.begin(cell.open))
            while not (await asyncio.wait({waiting}, timeout=DRAW_EVERY))[0]:
                if cell.is_outdated:
                    cell.draw(await self._threads.begin(cell.look))
            cell.draw(waiting.result())
            return waiting.result()
        finally:
            waiting.cancel()
            cell.close()

    async def _ended_here(self, execution_id: str) -> None:
        """Return when this engine has nothing more to do with an execution."""
        driver, bell = self.tiercel.driver, Bell()
        if driver.watch(execution_id, bell.ring):
            try:
                await bell.rung.wait()
            finally:
                driver.forget(execution_id, bell.ring)

    def _look(self, execution_id: str) -> tuple[Execution, bool]:
        engine = self.tiercel
        engine.driver.wait(execution_id, 0)  # raises what keeps it from going on
        execution = engine.execution(execution_id)
        elsewhere = not execution.done and engine.runs_elsewhere(execution_id)
        return execution, elsewhere or engine.runs_here(execution_id)

    # Be told of changes

    def events(
        self,
        *,
        execution_id: str | None = None,
        namespace: str | None = None,
        flow_id: str | None = None,
        until_end: bool = True,
        buffer: int = 10_000,
    ) -> AsyncSubscription:
        """Return an asynchronous iterator of what happens; see `Tiercel.events`.

        Use it as a block (`async with`) when it may be left before its end. That there is no
        such execution is raised when it is first asked for an event.
        """
        scope = Scope(execution_id, namespace, flow_id, until_end)
        return AsyncSubscription(self.tiercel, self._threads, scope, buffer)

    def on_change(
        self,
        callback: Callable[[Event], object],
        *,
        execution_id: str | None = None,
        namespace: str | None = None,
        flow_id: str | None = None,
        buffer: int = 10_000,
    ) -> AsyncCallbacks:
        """Have a function or coroutine function called with every event, in this event loop.

        Returns what ends that when it is closed; see `Tiercel.on_change`.
        """
        subscription = self.events(
            execution_id=execution_id, namespace=namespace, flow_id=flow_id, buffer=buffer
        )
        return AsyncCallbacks(subscription, callback)

    async def follow_logs(
        self, execution_id: str, *, level: str = "TRACE"
    ) -> AsyncIterator[LogEntry]:
        """Yield an execution's log lines, and further ones as they come, until it has ended."""
        wanted = levels_from(level)
        async with self.events(execution_id=execution_id) as events:
            async for event in events:
                if isinstance(event, LogLine) and event.entry.level in wanted:
                    yield event.entry
