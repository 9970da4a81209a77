"""`Ticket`: a request on its way to the driver's thread."""

from __future__ import annotations

import threading

__all__ = ["Ticket"]


class Ticket:
    """Say `wait` for the answer."""

    def __init__(self) -> None:
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
        self._done.wait()
        if self._error is not None:
            raise self._error
