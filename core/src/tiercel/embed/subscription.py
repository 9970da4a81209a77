"""`Subscription`: reads the events of one execution, or of many; `Callbacks` calls a function.

Of one execution, a subscription begins with what is stored of it, and goes on with what the hub
tells; where another engine runs it, it looks at what is stored now and then. Its log is read by the
numbers that the lines have in the repository. So nothing is lost or told twice in between.
"""

from __future__ import annotations

import logging
import threading
import weakref
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Self

from tiercel._record import record
from tiercel.embed.events import Event, ExecutionEnded, Mailbox, News, events_of, is_older
from tiercel.embed.wiring import LOOK_EVERY
from tiercel.errors import NotFoundError, RepositoryError

if TYPE_CHECKING:
    from tiercel.embed.wiring import Wiring
    from tiercel.model.execution import Execution

__all__ = ["Callbacks", "Reader", "Scope", "Subscription"]

_log = logging.getLogger(__name__)


@record
class Scope:
    """What a subscription is about.

    Attributes:
        execution_id: one execution; None for all.
        namespace: executions in this namespace, or below it; None for all.
        flow_id: executions of flows of this id; None for all.
        until_end: whether it ends when the one execution has ended.
    """

    execution_id: str | None = None
    namespace: str | None = None
    flow_id: str | None = None
    until_end: bool = True

    def holds(self, execution: Execution) -> bool:
        """Return whether an execution is among those that it is about."""
        return (
            self.execution_id in (None, execution.id)
            and self.flow_id in (None, execution.flow_id)
            and (
                self.namespace is None or f"{execution.namespace}.".startswith(f"{self.namespace}.")
            )
        )


class Reader:
    """Makes events of what is in a mailbox, and of what is stored.

    For one thread at a time. `read` may wait for the database, never for news.

    Args:
        engine: whose changes they are.
        scope: what they are about.
        room: see `Mailbox`.
        tell: called when there may be something to read; must be quick.

    Raises:
        NotFoundError: there is no such execution.
    """

    def __init__(self, engine: Wiring, scope: Scope, room: int, tell: Callable[[], None]) -> None:
        self._engine = engine
        self._scope = scope
        self._known: Execution | None = None
        self._told_last: Execution | None = None
        self._last_line = 0
        self._begins = scope.execution_id is not None
        self._mailbox = Mailbox(scope, room, not self._begins, tell)
        self.has_ended = False
        if scope.execution_id is not None:
            _ = engine.repository.execution(scope.execution_id)
        engine.hub.add(self._mailbox)
        weakref.finalize(self, engine.hub.forsaken.put, self._mailbox).atexit = False

    @property
    def is_closed(self) -> bool:
        """Whether nothing more will come by itself, but for what `read` returns now."""
        return self._mailbox.is_closed or self._engine.is_stepped

    @property
    def looks_every(self) -> float | None:
        """After how many seconds without news to `look`; None for never."""
        return None if self._scope.execution_id is None else LOOK_EVERY

    def read(self) -> list[Event]:
        """Return what has happened since the last time; empty when nothing has.

        Raises:
            RepositoryError: the database is out of reach; the next call tells all the more.
        """
        self._engine.work_off()
        news, missed = self._mailbox.take()
        events: list[Event] = [] if missed is None else [missed]
        try:
            if self._begins:
                events += self._stored()
                self._begins = False
                return events
            for each in news:
                events += self._told(each)
        except NotFoundError:
            self.has_ended = True  # it was deleted
        except RepositoryError:
            self._begins = self._scope.execution_id is not None
            if not self._engine.is_closed:
                raise
            self.has_ended = True
        return events

    def look(self) -> list[Event]:
        """Return what another engine has done to the one execution since the last time."""
        execution_id = self._scope.execution_id
        if execution_id is None or self._engine.runs_here(execution_id):
            return []
        with suppress(NotFoundError):
            return self._stored()
        self.has_ended = True  # it was deleted
        return []

    def close(self) -> None:
        """Get no more news."""
        self._engine.hub.remove(self._mailbox)
        self._mailbox.close()

    def _stored(self) -> list[Event]:
        assert self._scope.execution_id is not None
        now = self._engine.repository.execution(self._scope.execution_id)
        return self._told(News(self._known, now, None))

    def _told(self, news: News) -> list[Event]:
        if self._scope.execution_id is None:
            news.now = self._engine.shown(news.now)
            return events_of(news)
        # The same object again: nobody else has changed it since the last news of it. Otherwise
        # more may have changed than the engine says that it did.
        if news.before is not self._told_last:
            news.changed = None
        self._told_last = news.now
        stored = self._engine.repository.logs(news.now.id, after=self._last_line)
        # What is in the mailbox may be older than what was read from the repository.
        if self._known is not None and is_older(news, self._known):
            news.now = self._known
        news.before, self._known = self._known, news.now
        news.lines = list(stored)
        if stored:
            self._last_line = stored[-1][0]
        news.now = self._engine.shown(news.now)
        events = events_of(news)
        if self._scope.until_end and any(isinstance(each, ExecutionEnded) for each in events):
            self.has_ended = True
        return events


class Subscription:
    """An iterator of events. Close it, or use it as a block; it ends by itself with the engine.

    Args:
        engine: whose changes they are.
        scope: what they are about.
        buffer: how much is kept for a slow reader.

    Raises:
        NotFoundError: there is no such execution.
    """

    def __init__(self, engine: Wiring, scope: Scope, buffer: int) -> None:
        self._woken = threading.Event()
        self._reader = Reader(engine, scope, buffer, self._woken.set)
        self._ready: deque[Event] = deque()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Event:
        event = self.get()
        if event is None:
            raise StopIteration
        return event

    def get(self, timeout: float | None = None) -> Event | None:
        """Return the next event; None when there will be none, or after `timeout` seconds."""
        left = timeout
        while not self._ready and not self._reader.has_ended:
            is_last = self._reader.is_closed
            self._woken.clear()
            self._ready += self._reader.read()
            if self._ready or self._reader.has_ended:
                break
            if is_last or (left is not None and left <= 0):
                return None
            looks_every = self._reader.looks_every
            patience = min((each for each in (left, looks_every) if each is not None), default=None)
            if not self._woken.wait(patience):
                self._ready += self._reader.look()
                left = None if left is None or patience is None else left - patience
        if self._ready:
            return self._ready.popleft()
        self.close()
        return None

    def close(self) -> None:
        """End it: whoever waits for the next event gets none. Harmless when repeated."""
        self._reader.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()


class Callbacks:
    """Calls a function with each event, on a thread of its own, until it is closed.

    Args:
        subscription: yields the events.
        callback: is called with them, one after the other.
    """

    def __init__(self, subscription: Subscription, callback: Callable[[Event], object]) -> None:
        self._subscription = subscription
        self._callback = callback
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tiercel-events", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while True:
            try:
                event = self._subscription.get()
            except RepositoryError as error:  # it tells all the more the next time
                _log.warning("Cannot look for events: %s", error)
                self._closed.wait(LOOK_EVERY)
                continue
            if event is None:
                return
            try:
                self._callback(event)
            except Exception:  # somebody else's code; it only watches
                _log.exception("A callback failed")

    def join(self, timeout: float | None = None) -> bool:
        """Wait for the last call; return whether it was made within `timeout` seconds."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def close(self) -> None:
        """Call it no more, and wait for a call under way, unless that is what closes it."""
        self._closed.set()
        self._subscription.close()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()
