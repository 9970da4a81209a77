"""Tells triggers what became of an execution, in the transaction that writes it.

So no crash can come between an execution's end and the news of it: triggers that listen to changes
of state find them in the repository (`StateChange`), and are told once each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tiercel.model.execution import Execution
    from tiercel.model.trigger import TriggerBase
    from tiercel.repository.spi import UnitOfWork

__all__ = ["announce", "trigger_of"]


def announce(work: UnitOfWork, before: Execution | None, now: Execution) -> None:
    """Keep the changes of an execution's state for the triggers that listen to them.

    An end is told of when nothing more happens in the execution, `afterExecution` included. It
    makes the trigger that started it free to start the next one, or turns it off (`stopAfter`).

    Args:
        work: what the execution is written in.
        before: the execution as it was written last; None for a new one.
        now: the execution as it is written now.
    """
    entries = now.history.entries
    known = 1 if before is None else len(before.history.entries)  # CREATED is no change
    for step in range(known, len(entries)):
        if not entries[step][0].is_terminal:
            work.announce(now, step)
    was_done = before is not None and before.done
    if now.done and (not was_done or len(entries) > known):
        work.announce(now, len(entries) - 1)
        trigger = trigger_of(now)
        if trigger is not None:
            stop = now.state in (trigger.stop_after or ())
            work.free_trigger(now, trigger.id, stop=stop)


def trigger_of(execution: Execution) -> TriggerBase | None:
    """Return the trigger of its own flow that started an execution, or None."""
    if execution.trigger is None or execution.parent_id is not None or execution.flow is None:
        return None
    for trigger in execution.flow.triggers or ():
        if trigger.id == execution.trigger.get("id"):
            return trigger
    return None
