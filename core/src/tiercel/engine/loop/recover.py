"""Takes over an execution that another engine left: its log is replayed, its outbox done."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tiercel.engine.expressions.variables import Variables
from tiercel.engine.loop.live import Live
from tiercel.engine.machine import codec
from tiercel.engine.machine.commands import Command
from tiercel.engine.machine.events import ExecutionCreated
from tiercel.engine.machine.reduce import create, reduce
from tiercel.errors import ConflictError, EngineBug, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tiercel.engine.loop.parts import Parts
    from tiercel.repository.spi import StoredEvent

__all__ = ["rebuild", "replay"]


def replay(
    parts: Parts, execution_id: str, lease: timedelta, *, force: bool
) -> tuple[Live, list[Command]]:
    """Become the owner of an execution; return it as it stood, and what was still to be done.

    `force` when whoever owns it is known to be dead.

    Raises:
        NotFoundError: there is no such execution, or its flow is gone.
        ConflictError: another engine owns it.
    """
    repository, now = parts.repository, parts.clock.now()
    is_dead = _whoever if force else parts.is_dead
    with repository.transaction() as work:
        claim = work.claim(execution_id, parts.owner, now, lease, is_dead=is_dead)
    if claim is None:
        raise ConflictError(f"Execution {execution_id!r} runs in another engine")
    log = repository.events(execution_id)
    if not log:
        raise NotFoundError(f"No execution {execution_id!r}")
    live = rebuild(parts, log, claim.epoch)
    left = repository.commands(execution_id)
    return live, [codec.decode_command(each.kind, each.payload) for each in left]


def _whoever(_owner: str) -> bool:
    return True


def rebuild(parts: Parts, log: Sequence[StoredEvent], epoch: int) -> Live:
    """Return the execution that an event log leads to."""
    first = codec.decode_event(log[0].kind, log[0].payload)
    if not isinstance(first, ExecutionCreated):
        raise EngineBug(f"The event log begins with {log[0].kind}")
    flow = parts.flow(first.tenant, first.namespace, first.flow_id, first.flow_revision)
    variables = Variables(parts.shared, parts.services.reveal)
    reduction = create(first, flow)
    variables.follow(reduction)
    for stored in log[1:]:
        event = codec.decode_event(stored.kind, stored.payload)
        reduction = reduce(reduction.execution, event)
        variables.follow(reduction)
    return Live.resumed(reduction.execution, variables, epoch, len(log))
