"""`Firing`: an execution begins and its trigger's record moves on, in one transaction.

The execution's id is derived from the occasion, and the record is written only as it was read:
so of two schedulers that see the same occasion one starts the execution, and one that crashed
before or after the transaction finds the occasion as it was, or done.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from tiercel._ids import derive
from tiercel.errors import ConflictError, NotFoundError

if TYPE_CHECKING:
    from tiercel.engine.loop.driver import Driver
    from tiercel.engine.machine.events import ExecutionCreated
    from tiercel.model.execution import LogEntry
    from tiercel.model.flow import Flow
    from tiercel.repository.spi import Repository, TriggerRecord, UnitOfWork

__all__ = ["Firing", "Write", "occasion_id"]

_log = logging.getLogger(__name__)

Write = Callable[["UnitOfWork"], object]
"""What else is written in the same transaction."""


def occasion_id(record: TriggerRecord, *occasion: str | int) -> str:
    """Return the id of the execution that a trigger starts on an occasion, whoever starts it."""
    key = (record.tenant, record.namespace, record.flow_id, record.id)
    return derive("trigger", *key, *occasion)


class Firing:
    """Starts executions for triggers.

    Args:
        repository: where the triggers' records are.
        driver: runs executions; made when the first one starts.
    """

    def __init__(self, repository: Repository, driver: Callable[[], Driver]) -> None:
        self._repository = repository
        self._driver = driver

    def start(
        self,
        event: ExecutionCreated,
        flow: Flow,
        writes: Sequence[Write],
        lines: Sequence[LogEntry] = (),
    ) -> bool:
        """Begin an execution together with `writes`; return False when somebody else did.

        Raises:
            RepositoryError: it could not be written.
        """
        try:
            self._driver().create(event, flow, lines, writes).wait()
        except ConflictError:
            if self._exists(event.execution_id):
                # An earlier record of the same trigger knew of this occasion.
                self.write(*writes)
            return False
        _log.info(
            "Trigger %s started execution %s of %s.%s",
            (event.trigger or {}).get("id"),
            event.execution_id,
            event.namespace,
            event.flow_id,
        )
        return True

    def write(self, *writes: Write) -> bool:
        """Write in one transaction; return False when somebody else was faster."""
        with suppress(ConflictError):
            with self._repository.transaction() as work:
                for write in writes:
                    write(work)
            return True
        return False

    def _exists(self, execution_id: str) -> bool:
        try:
            self._repository.execution(execution_id)
        except NotFoundError:
            return False
        return True
