"""The one transaction: what is pending of several executions, written together or not at all."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tiercel.engine.reduce import reduce
from tiercel.errors import (
    ConflictError,
    EngineBug,
    NotFoundError,
    RepositoryError,
    SchemaVersionError,
    TiercelError,
)

if TYPE_CHECKING:
    from tiercel.engine.live import Live
    from tiercel.engine.parts import Parts
    from tiercel.engine.queue import Queue
    from tiercel.repository.spi import UnitOfWork

__all__ = ["LEASE", "is_passing", "write"]

_log = logging.getLogger(__name__)

LEASE = timedelta(seconds=30)
"""How long an engine owns an execution without renewing its claim."""


def write(
    parts: Parts, dirty: dict[str, Live], queue: Queue | None = None
) -> dict[str, TiercelError]:
    """Commit what is pending; return what could not be written, and why, by execution id.

    With a `queue` the executions that may begin now do so; they are added to `dirty`.
    """
    now = parts.clock.now()
    limits = queue.limits() if queue is not None else {}
    try:
        with parts.repository.transaction() as work:
            if queue is not None:
                for live, answer in queue.answers(work, limits):
                    live.apply(answer, reduce(live.execution, answer))
                    dirty[live.execution.id] = live
            for live in dirty.values():
                live.write(work)
                if live.is_new:
                    live.epoch = _claim(parts, work, live.execution.id, now)
                if live.execution.done:
                    work.release(live.execution.id, parts.owner)
    except ConflictError as error:  # somebody else was faster: with one of them, not with all
        return _one_by_one(parts, dirty) if len(dirty) > 1 else dict.fromkeys(dirty, error)
    except RepositoryError as error:
        return dict.fromkeys(dirty, error)
    except Exception as error:  # something that cannot be written: only its execution suffers
        if len(dirty) > 1:
            return _one_by_one(parts, dirty)
        _log.exception("Cannot write")
        bug = EngineBug(f"Cannot write: {type(error).__name__}: {error}")
        return dict.fromkeys(dirty, bug)
    return {}


def _one_by_one(parts: Parts, dirty: dict[str, Live]) -> dict[str, TiercelError]:
    failed = [write(parts, {key: live}) for key, live in dirty.items()]
    return {key: each for part in failed for key, each in part.items()}


def is_passing(error: BaseException) -> bool:
    """Return whether another try may help."""
    lasting = NotFoundError | ConflictError | SchemaVersionError
    return isinstance(error, RepositoryError) and not isinstance(error, lasting)


def _claim(parts: Parts, work: UnitOfWork, execution_id: str, now: datetime) -> int:
    """Become the owner of a new execution; return the epoch of its attempts."""
    claim = work.claim(execution_id, parts.owner, now, LEASE)
    if claim is None:
        raise ConflictError(f"Execution {execution_id!r} belongs to another engine")
    return claim.epoch
