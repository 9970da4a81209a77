"""`AsyncTiercel`: the orchestrator for programs with an event loop (asyncio).

    async with AsyncTiercel(home="data") as tiercel:
        execution = await tiercel.run("hello.yaml", {"name": "Ada"})

The methods are those of `Tiercel`, to be awaited. None of them blocks the loop: what asks the
database is done on a few threads of its own, and waiting for executions takes no thread at all.
Cancelling whoever awaits leaves executions alone, unless `kill_on_cancel` is given.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cached_property, partial, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, Self, TypedDict, TypeVar, Unpack

from tiercel.embed.events import Event, LogLine
from tiercel.embed.subscription import Reader, Scope
from tiercel.embed.tiercel import Tiercel, levels_from
from tiercel.embed.wiring import LOOK_EVERY
from tiercel.model.execution import Execution, LogEntry

if TYPE_CHECKING:
    from datetime import datetime
    from types import TracebackType

    from tiercel._ids import IdSource
    from tiercel._time import Clock
    from tiercel.engine.operations.operations import Operations
    from tiercel.engine.triggers.triggers import TriggerHandle, Triggers
    from tiercel.executor.spi import Executor
    from tiercel.model.flow import Flow
    from tiercel.plugin.registry import Registry
    from tiercel.repository.spi import Repository
    from tiercel.secrets.spi import SecretManager
    from tiercel.settings import Settings
    from tiercel.storage.spi import StorageBackend

__all__ = [
    "AsyncCallbacks",
    "AsyncOperations",
    "AsyncSubscription",
    "AsyncTiercel",
    "AsyncTriggers",
]

_log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

_THREADS = 8


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


class Threads:
    """A few threads for calls that may wait for the database."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(_THREADS, "tiercel-aio")

    def begin(
        self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> asyncio.Future[T]:
        """Have a function called; cancelling the future does not stop it once it began."""
        call = partial(function, *args, **kwargs)
        return asyncio.get_running_loop().run_in_executor(self._pool, call)

    def awaitable(self, method: Callable[P, T]) -> Callable[P, Coroutine[Any, Any, T]]:
        """Return a method as one to be awaited."""

        @wraps(method)
        async def call(*args: P.args, **kwargs: P.kwargs) -> T:
            return await self.begin(method, *args, **kwargs)

        return call

    def close(self) -> None:
        """End the threads, when their calls are done."""
        self._pool.shutdown(wait=False)


def _noted(future: asyncio.Future[Any]) -> None:
    """Take note of an error that concerns nobody any more, so that the loop does not warn of it."""
    if not future.cancelled():
        future.exception()


class Bell:
    """Wakes a coroutine from any thread."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.rung = asyncio.Event()

    def ring(self) -> None:
        """Wake it."""
        with suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self.rung.set)


class AsyncOperations:
    """`Tiercel.operations`, to be awaited."""

    def __init__(self, operations: Operations, threads: Threads) -> None:
        awaitable = threads.awaitable
        self.kill = awaitable(operations.kill)
        self.pause = awaitable(operations.pause)
        self.resume = awaitable(operations.resume)
        self.force_run = awaitable(operations.force_run)
        self.restart = awaitable(operations.restart)
        self.replay = awaitable(operations.replay)
        self.mark = awaitable(operations.mark)
        self.mark_task_run = awaitable(operations.mark_task_run)
        self.set_labels = awaitable(operations.set_labels)
        self.delete = awaitable(operations.delete)
        self.each = awaitable(operations.each)


class AsyncTriggers:
    """`Tiercel.triggers`, to be awaited; what `get` returns is for the caller's thread."""

    def __init__(self, triggers: Triggers, threads: Threads) -> None:
        awaitable = threads.awaitable
        self.start = awaitable(triggers.start)
        self.stop = awaitable(triggers.stop)
        self.list = awaitable(triggers.list)
        self.get: Callable[[str, str, str], Awaitable[TriggerHandle]] = awaitable(triggers.get)
        self.webhook = awaitable(triggers.webhook)


class AsyncTiercel:
    """An orchestrator for one event loop. Use it with `async with`, or await `open` and `close`.

    Args:
        home: folder for everything durable; without it, and without `settings`, all is in memory.
        tiercel: use this engine, and leave it open at the end; the other arguments are not given.
        options: the further arguments of `Tiercel`.

    Attributes:
        tiercel: the same engine for threads, once it is open.
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
        self._threads = Threads()

    async def open(self) -> Self:
        """Open the engine, and return this: what `async with` does first."""
        self.tiercel = await self._threads.begin(self._made)
        await self._threads.begin(self.tiercel.warm_up)
        self._bind(self.tiercel)
        return self

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
            if self._owns:
                await asyncio.shield(self._threads.begin(self.tiercel.close))
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

    # Begin executions, and wait for them

    async def run(
        self,
        flow: str | Path | Flow,
        inputs: Mapping[str, Any] | None = None,
        labels: Mapping[str, str] | None = None,
        *,
        timeout: float | None = None,
        kill_on_cancel: bool = False,
    ) -> Execution:
        """Run a flow to its end and return its execution; see `Tiercel.run`.

        Args:
            flow: a file's path, a flow's text, or a loaded flow.
            inputs: values by input id; a `Path` for a FILE input.
            labels: labels of the execution, beside the flow's own.
            timeout: seconds to wait at most; the execution goes on all the same.
            kill_on_cancel: kill the execution when whoever awaits this is cancelled.

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
                    execution = await self._waited(execution_id)
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
            self._threads.begin(self.tiercel.kill, execution_id).add_done_callback(_noted)

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
            execution, elsewhere = await self._threads.begin(self._look, execution_id)
            if not elsewhere:
                return execution
            await asyncio.sleep(LOOK_EVERY)

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
        return execution, not execution.done and engine.runs_elsewhere(execution_id)

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


class AsyncSubscription:
    """An asynchronous iterator of events; see `Tiercel.events`.

    What was read when whoever awaits the next event is cancelled is yielded the next time.
    """

    def __init__(self, engine: Tiercel, threads: Threads, scope: Scope, buffer: int) -> None:
        self._threads = threads
        self._bell = Bell()
        self._make = partial(Reader, engine, scope, buffer, self._bell.ring)
        # To begin with what is stored takes a look at it; the others begin at once.
        self._reader = self._make() if scope.execution_id is None else None
        self._reading: asyncio.Future[list[Event]] | None = None
        self._ready: deque[Event] = deque()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        event = await self.get()
        if event is None:
            raise StopAsyncIteration
        return event

    async def get(self) -> Event | None:
        """Return the next event; None when there will be none.

        Raises:
            NotFoundError: there is no such execution.
        """
        if self._reader is None:
            self._reader = await self._threads.begin(self._make)
        while not self._ready:
            if self._reader.has_ended:
                return None
            is_last = self._reader.is_closed
            self._bell.rung.clear()
            await self._read(self._reader.read)
            if self._ready or self._reader.has_ended:
                continue
            if is_last:
                return None
            try:
                await asyncio.wait_for(self._bell.rung.wait(), self._reader.looks_every)
            except TimeoutError:
                await self._read(self._reader.look)
        return self._ready.popleft()

    async def _read(self, read: Callable[[], list[Event]]) -> None:
        if self._reading is None:
            self._reading = self._threads.begin(read)
        try:
            self._ready += await asyncio.shield(self._reading)
        except asyncio.CancelledError:
            raise  # what is being read is for the next one who asks
        except BaseException:
            self._reading = None
            raise
        self._reading = None

    def close(self) -> None:
        """End it: whoever waits for the next event gets none. Harmless when repeated."""
        if self._reader is not None:
            self._reader.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self.close()


class AsyncCallbacks:
    """Calls a function with each event, in the event loop, until it is closed."""

    def __init__(
        self, subscription: AsyncSubscription, callback: Callable[[Event], object]
    ) -> None:
        self._subscription = subscription
        self._callback = callback
        self._task = asyncio.get_running_loop().create_task(self._run(), name="tiercel-events")

    async def _run(self) -> None:
        async for event in self._subscription:
            try:
                answer = self._callback(event)
                if inspect.isawaitable(answer):
                    await answer
            except Exception:  # somebody else's code; it only watches
                _log.exception("A callback failed")

    async def join(self) -> None:
        """Return when the last event was told."""
        await asyncio.shield(self._task)

    async def close(self) -> None:
        """Call it no more, and wait for a call under way, unless that is what closes it."""
        self._subscription.close()
        if asyncio.current_task() is not self._task:
            await asyncio.shield(self._task)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()
