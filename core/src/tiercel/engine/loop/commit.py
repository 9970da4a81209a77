"""The one transaction: what is pending of several executions, written together or not at all."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tiercel.engine.machine.reduce import reduce
from tiercel.errors import (
    ConflictError,
    EngineBug,
    NotFoundError,
    RepositoryError,
    SchemaVersionError,
    TiercelError,
)

if TYPE_CHECKING:
    from tiercel.engine.loop.live import Live
    from tiercel.engine.loop.parts import Parts
    from tiercel.engine.loop.queue import Queue
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
    limits = queue.limits() if queue is not None else {}
    let_in: set[str] = set()
    try:
        with parts.repository.transaction() as work:
            if queue is not None:
                for live, answer in queue.answers(work, limits):
                    live.apply(answer, reduce(live.execution, answer))
                    let_in.add(live.execution.id)
                    dirty[live.execution.id] = live
            failed = {key: _write(parts, work, live) for key, live in dirty.items()}
    except ConflictError as error:  # somebody else was faster: with one of them, not with all
        return _one_by_one(parts, dirty, let_in, error)
    except RepositoryError as error:
        return dict.fromkeys(dirty, error)
    except Exception as error:  # something that cannot be written: only its execution suffers
        bug = EngineBug(f"Cannot write: {type(error).__name__}: {error}")
        if len(dirty) == 1:
            _log.exception("Cannot write")
        return _one_by_one(parts, dirty, let_in, bug)
    return {key: error for key, error in failed.items() if error is not None}


def _write(parts: Parts, work: UnitOfWork, live: Live) -> TiercelError | None:
    """Write one execution; return why not, when another engine has taken it over."""
    execution_id = live.execution.id
    if not live.is_new and not work.holds(execution_id, live.epoch):
        return ConflictError(f"Execution {execution_id!r} belongs to another engine now")
    if live.execution.done and not live.is_new:
        _heed_last_messages(work, live)
    live.write(work)
    if live.is_new:
        live.epoch = _claim(parts, work, execution_id, parts.clock.now())
    if live.execution.done:
        work.release(execution_id, parts.owner)
    return None


def _heed_last_messages(work: UnitOfWork, live: Live) -> None:
    """Apply what others have sent meanwhile: after the end nobody would look for it."""
    for message in work.messages(live.execution.id):
        event = live.received(*message)
        if event is not None:
            reduction = reduce(live.execution, event)
            if reduction.execution is not live.execution or reduction.done:
                live.apply(event, reduction)


def _one_by_one(
    parts: Parts, dirty: dict[str, Live], let_in: set[str], error: TiercelError
) -> dict[str, TiercelError]:
    """Write each execution by itself, so that only the one that cannot be written suffers."""
    if len(dirty) == 1 and not let_in:
        return dict.fromkeys(dirty, error)
    # Those that were let in asked for places that may be gone: they go back, and ask again.
    failed: dict[str, TiercelError] = dict.fromkeys(let_in, RepositoryError(str(error)))
    for key, live in dirty.items():
        if key not in let_in:
            failed |= write(parts, {key: live})
    return failed


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
