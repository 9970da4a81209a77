"""`Ticket`: a request on its way to the driver's thread."""

from __future__ import annotations

import threading
from collections.abc import Callable

from tiercel.errors import EngineBug

__all__ = ["Ticket"]


class Ticket:
    """Say `wait` for the answer.

    Args:
        turn: does a part of the work that leads to the answer, and tells whether there was any;
            None when another thread does it.
    """

    def __init__(self, turn: Callable[[], bool] | None = None) -> None:
        self._turn = turn
        self._done = threading.Event()
        self._error: BaseException | None = None

    def resolve(self, error: BaseException | None = None) -> None:
        """Answer it; the first answer counts."""
        if not self._done.is_set():
            self._error = error
            self._done.set()

    def wait(self) -> None:
        """Return when it was done.

        Raises:
            TiercelError: it could not be done.
        """
        while self._turn is not None and not self._done.is_set():
            if not self._turn():
                raise EngineBug("Nobody answers")
        self._done.wait()
        if self._error is not None:
            raise self._error
