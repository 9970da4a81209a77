"""What belongs together of an engine's methods, each to be awaited.

Those that are named here are typed; further ones of the same objects can be awaited all the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tiercel.embed.threads import Threads
    from tiercel.engine.operations.operations import Operations
    from tiercel.engine.services.files import FileStore
    from tiercel.engine.services.kv import NamespaceKv
    from tiercel.engine.triggers.triggers import TriggerHandle, Triggers, TriggerState

__all__ = ["AsyncFiles", "AsyncKv", "AsyncOperations", "AsyncTriggerHandle", "AsyncTriggers"]


class _Group:
    def __init__(self, target: object, threads: Threads) -> None:
        self._target = target
        self._threads = threads

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            if name.startswith("_"):
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
            return self._threads.awaitable(getattr(self._target, name))


class AsyncOperations(_Group):
    """`Tiercel.operations`; the `action` of `each` is a method of that one."""

    def __init__(self, operations: Operations, threads: Threads) -> None:
        super().__init__(operations, threads)
        awaitable = threads.awaitable
        self.kill = awaitable(operations.kill)
        self.pause = awaitable(operations.pause)
        self.resume = awaitable(operations.resume)
        self.force_run = awaitable(operations.force_run)
        self.unqueue = awaitable(operations.unqueue)
        self.unqueue = awaitable(operations.unqueue)
        self.restart = awaitable(operations.restart)
        self.replay = awaitable(operations.replay)
        self.mark = awaitable(operations.mark)
        self.mark_task_run = awaitable(operations.mark_task_run)
        self.set_labels = awaitable(operations.set_labels)
        self.delete = awaitable(operations.delete)
        self.each = awaitable(operations.each)


class AsyncTriggers(_Group):
    """`Tiercel.triggers`."""

    def __init__(self, triggers: Triggers, threads: Threads) -> None:
        super().__init__(triggers, threads)
        self._triggers = triggers
        self.start = threads.awaitable(triggers.start)
        self.stop = threads.awaitable(triggers.stop)
        self.list = threads.awaitable(triggers.list)
        self.webhook = threads.patient(triggers.webhook)

    async def get(self, namespace: str, flow_id: str, trigger_id: str) -> AsyncTriggerHandle:
        """Return a trigger of a deployed flow.

        Raises:
            NotFoundError: there is no such trigger.
        """
        handle = await self._threads.begin(self._triggers.get, namespace, flow_id, trigger_id)
        return AsyncTriggerHandle(handle, self._threads)


class AsyncTriggerHandle(_Group):
    """One trigger of a deployed flow."""

    def __init__(self, handle: TriggerHandle, threads: Threads) -> None:
        super().__init__(handle, threads)
        self._handle = handle
        self.enable = threads.awaitable(handle.enable)
        self.disable = threads.awaitable(handle.disable)
        self.backfill = threads.awaitable(handle.backfill)
        self.pause_backfill = threads.awaitable(handle.pause_backfill)
        self.resume_backfill = threads.awaitable(handle.resume_backfill)
        self.cancel_backfill = threads.awaitable(handle.cancel_backfill)

    async def state(self) -> TriggerState:
        """Return what is known of it now; raises NotFoundError when it is gone."""
        return await self._threads.begin(lambda: self._handle.state)


class AsyncKv(_Group):
    """The key-value pairs of a namespace."""

    def __init__(self, kv: NamespaceKv, threads: Threads) -> None:
        super().__init__(kv, threads)
        self._kv = kv
        self.get = threads.awaitable(kv.get)
        self.set = threads.awaitable(kv.set)
        self.delete = threads.awaitable(kv.delete)

    async def keys(self, prefix: str = "", *, expired: bool = False) -> list[str]:
        """Return the keys that begin with `prefix`, sorted: the living or the expired ones."""
        return await self._threads.begin(lambda: list(self._kv.keys(prefix, expired=expired)))


class AsyncFiles(_Group):
    """Internal storage, by URI."""

    def __init__(self, files: FileStore, threads: Threads) -> None:
        super().__init__(files, threads)
        self._files = files
        self.size = threads.awaitable(files.size)
        self.put = threads.awaitable(files.put)
        self.delete = threads.awaitable(files.delete)

    async def read(self, uri: str, start: int = 0, length: int | None = None) -> bytes:
        """Return a file's content: all of it, or `length` bytes from byte `start` on.

        Raises:
            StoredFileNotFoundError: there is no such file.
        """

        def content() -> bytes:
            with self._files.open(uri, start, length) as file:
                return file.read()

        return await self._threads.begin(content)
