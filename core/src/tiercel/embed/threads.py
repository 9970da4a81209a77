"""Between an event loop and threads: calls that may block, and wake-ups from elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cached_property, partial, wraps
from typing import Any, ParamSpec, TypeVar

__all__ = ["Bell", "Threads", "noted"]

P = ParamSpec("P")
T = TypeVar("T")

_THREADS = 8
_WAITING_THREADS = 128


class Threads:
    """A few threads for calls that ask the database, and more for the few that wait for longer."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(_THREADS, "tiercel-aio")

    @cached_property
    def _waiting(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(_WAITING_THREADS, "tiercel-aio-wait")

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

    def patient(self, method: Callable[P, T]) -> Callable[P, Coroutine[Any, Any, T]]:
        """Return a method that waits for executions as one to be awaited: it keeps nobody waiting.

        As `awaitable` does, but on a thread that no call to the database needs.
        """

        @wraps(method)
        async def call(*args: P.args, **kwargs: P.kwargs) -> T:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._waiting, partial(method, *args, **kwargs))

        return call

    def close(self) -> None:
        """End the threads, when their calls are done."""
        self._pool.shutdown(wait=False)
        if "_waiting" in self.__dict__:
            self._waiting.shutdown(wait=False)


def noted(future: asyncio.Future[Any]) -> None:
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
