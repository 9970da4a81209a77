"""`Delivery`: brings what people ask for to an execution, wherever that runs."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from tiercel.engine.machine import events
from tiercel.engine.machine.codec import encode
from tiercel.errors import NotFoundError

if TYPE_CHECKING:
    from tiercel._time import Clock
    from tiercel.engine.loop.driver import Driver
    from tiercel.repository.spi import Repository

__all__ = ["Delivery"]

_TO_GO_ON = events.KillRequested | events.Resumed | events.RunForced | events.Unqueued
"""What has an execution go on here that a dead engine left; the rest waits until it does."""


class Delivery:
    """Hands events over.

    Args:
        repository: says who runs what, and has the inboxes of the other engines.
        clock: says whether a lease has ended.
        driver: returns this engine's loop.
        is_dead: whether the owner of a lease is known to be dead.
        before_adopting: called before an execution is taken over.
    """

    def __init__(
        self,
        repository: Repository,
        clock: Clock,
        driver: Callable[[], Driver],
        is_dead: Callable[[str], bool],
        before_adopting: Callable[[], None],
    ) -> None:
        self._repository = repository
        self._clock = clock
        self._driver = driver
        self._is_dead = is_dead
        self._before_adopting = before_adopting

    def __call__(self, execution_id: str, event: events.Request) -> None:
        """Hand an event over; it is durable then, and applied if the execution runs here.

        Raises:
            NotFoundError: there is no such execution.
            ConflictError: another engine has just taken it over.
        """
        with suppress(NotFoundError):
            self._driver().send(execution_id, event).wait()
            return
        done = self._repository.execution(execution_id).done
        goes_on_here = done or (isinstance(event, _TO_GO_ON) and not self._is_owned(execution_id))
        if goes_on_here or not self._send(execution_id, event):
            self._before_adopting()
            self._driver().adopt(execution_id, event).wait()

    def _send(self, execution_id: str, event: events.Request) -> bool:
        """Put an event into an inbox; return False when the execution has ended meanwhile."""
        with self._repository.transaction() as work:
            return work.send(execution_id, *encode(event))

    def _is_owned(self, execution_id: str) -> bool:
        """Return whether an engine runs an execution that, for all that is known, is alive."""
        now = self._clock.now()
        return any(
            claim.execution_id == execution_id
            and claim.until > now
            and not self._is_dead(claim.owner)
            for claim in self._repository.claims()
        )
