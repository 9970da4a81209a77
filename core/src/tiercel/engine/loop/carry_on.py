"""What becomes of executions that a task had begun, when the task's own execution is restarted."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from tiercel.engine.loop.ticket import Ticket
from tiercel.engine.machine import events
from tiercel.engine.machine.restart import refusal
from tiercel.errors import NotFoundError

if TYPE_CHECKING:
    from tiercel.engine.loop.parts import Parts
    from tiercel.engine.machine.commands import StartChild
    from tiercel.model.execution import Execution

__all__ = ["carry_on"]


def carry_on(
    parts: Parts, parent_id: str, command: StartChild, post: Callable[[tuple[Any, ...]], None]
) -> bool:
    """Go on with an execution that was begun before, and return True; False when there is none.

    One that failed is restarted, one that runs is waited for, and one that did well stands as it
    is. One that was killed cannot go on. Source: Kestra's `ExecutableUtils`, `restartBehavior`.

    Args:
        parts: the repository and the clock.
        parent_id: the execution that asks.
        command: what it asks; `request` lists the earlier executions, the newest first.
        post: puts a message into the driver's inbox.
    """
    child = _newest(parts, command.request.get("earlier") or ())
    if child is None or (child.done and child.state.is_failed and refusal(child) is not None):
        return False
    at = parts.clock.now()
    news = events.ChildCreated(
        at=at,
        command_id=command.id,
        execution_id=child.id,
        flow_id=child.flow_id,
        namespace=child.namespace,
    )
    post(("event", parent_id, news, Ticket()))
    if child.done and child.state.is_failed:
        post(("adopt", child.id, False, events.Restarted(at=at), Ticket()))
    elif child.done:
        ended = events.ChildEnded(
            at=at,
            command_id=command.id,
            execution_id=child.id,
            state=child.state,
            outputs=child.outputs,
        )
        post(("event", parent_id, ended, Ticket()))
    return True


def _newest(parts: Parts, ids: tuple[str, ...]) -> Execution | None:
    for execution_id in ids:
        with suppress(NotFoundError):
            return parts.repository.execution(execution_id)
    return None
