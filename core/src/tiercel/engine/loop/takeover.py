"""`Takeover`: goes on with what other engines left, once or for as long as this one works.

An engine of this machine that died is known to be dead at once, by its lock; of any other one it is
known when its leases have ended. Then whoever looks next takes its executions over.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence

from tiercel.engine.loop.commit import is_passing
from tiercel.errors import ConflictError, RepositoryError, TiercelError

__all__ = ["LOOK_EVERY", "Takeover"]

_log = logging.getLogger(__name__)

LOOK_EVERY = 10.0
"""Seconds after which to look for what others left."""


class Takeover:
    """Looks for executions that nobody runs any more, and goes on with them.

    Args:
        interrupted: returns the ids of those executions.
        adopt: goes on with one; raises TiercelError when it cannot.
        every: seconds between two looks, once it was started.
    """

    def __init__(
        self,
        interrupted: Callable[[], Sequence[str]],
        adopt: Callable[[str], object],
        every: float = LOOK_EVERY,
    ) -> None:
        self._interrupted = interrupted
        self._adopt = adopt
        self._every = every
        self._refused: set[str] = set()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def look(self) -> list[str]:
        """Go on with all there is, and return the ids.

        One that cannot go on, since its flow needs a plugin that is gone, say, is told in the
        program's log, and left alone from then on.

        Raises:
            RepositoryError: the database is out of reach.
        """
        adopted = []
        for execution_id in self._interrupted():
            if execution_id in self._refused:
                continue
            try:
                self._adopt(execution_id)
            except ConflictError:
                continue  # another engine was quicker
            except TiercelError as error:
                if is_passing(error):
                    raise
                self._refused.add(execution_id)
                _log.warning("Cannot go on with execution %s: %s", execution_id, error)
            else:
                adopted.append(execution_id)
        return adopted

    def start(self, told: Callable[[str], None]) -> None:
        """Look again and again, in a thread of its own, and tell each id; once is enough."""
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._run, args=(told,), name="tiercel-takeover", daemon=True
            )
            self._thread.start()

    def close(self) -> None:
        """Look no more."""
        self._closing.set()
        if self._thread is not None:
            self._thread.join(timeout=10)

    def _run(self, told: Callable[[str], None]) -> None:
        while not self._closing.wait(self._every):
            try:
                for execution_id in self.look():
                    told(execution_id)
            except RepositoryError as error:
                _log.warning("Cannot look for what other engines left: %s", error)
