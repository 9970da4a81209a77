"""Events in an event loop: `AsyncSubscription` yields them, `AsyncCallbacks` calls a function."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Self

from tiercel.embed.subscription import Reader, Scope
from tiercel.embed.threads import Bell, Threads
from tiercel.embed.wiring import LOOK_EVERY
from tiercel.errors import NotFoundError, RepositoryError

if TYPE_CHECKING:
    from tiercel.embed.events import Event
    from tiercel.embed.tiercel import Tiercel

__all__ = ["AsyncCallbacks", "AsyncSubscription"]

_log = logging.getLogger(__name__)


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
        while not self._ready and not self._reader.has_ended:
            is_last = self._reader.is_closed
            self._bell.rung.clear()
            await self._read(self._reader.read)
            if self._ready or self._reader.has_ended:
                break
            if is_last:
                return None
            try:
                await asyncio.wait_for(self._bell.rung.wait(), self._reader.looks_every)
            except TimeoutError:
                await self._read(self._reader.look)
        if self._ready:
            return self._ready.popleft()
        self.close()
        return None

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
        while True:
            try:
                event = await self._subscription.get()
            except NotFoundError:  # whoever joins is told
                raise
            except RepositoryError as error:  # it tells all the more the next time
                _log.warning("Cannot look for events: %s", error)
                await asyncio.sleep(LOOK_EVERY)
                continue
            if event is None:
                return
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
