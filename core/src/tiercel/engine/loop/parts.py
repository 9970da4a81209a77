"""`Parts`: what a driver is made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from typing import TYPE_CHECKING, Any

from tiercel._record import record
from tiercel.model.execution import Execution, LogEntry

if TYPE_CHECKING:
    from tiercel._time import Clock
    from tiercel.engine.expressions.evaluate import Evaluator
    from tiercel.engine.machine import commands, events
    from tiercel.engine.services.services import Services
    from tiercel.executor.spi import Executor
    from tiercel.model.flow import Flow
    from tiercel.repository.spi import Repository

__all__ = ["Listener", "Parts"]

Listener = Callable[[Execution | None, Execution, tuple[str, ...], tuple[LogEntry, ...]], None]


@record
class Parts:
    """What a driver is made of.

    Attributes:
        owner: this engine's name in leases; nobody else's.
        flow: (tenant, namespace, id, revision) → the flow; raises NotFoundError.
        newest: (namespace, id) → a flow's newest revision; raises NotFoundError.
        child: (execution, `StartChild`) → what creates the execution that it asks for, or None when
            it exists already; raises TiercelError when it cannot be.
        is_dead: whether the engine of a name in a lease is known to be dead.
        shared: variables that every execution sees (`envs`, `globals`, `kestra`).
        listener: told of every committed change: the execution as it was committed before (None for
            a new one) and as it is now, ids of changed task runs, new log lines.
    """

    repository: Repository
    executor: Executor
    services: Services
    evaluator: Evaluator
    clock: Clock
    owner: str
    flow: Callable[[str, str, str, int], Flow]
    newest: Callable[[str, str], Flow]
    child: Callable[[Execution, commands.StartChild], tuple[events.ExecutionCreated, Flow] | None]
    is_dead: Callable[[str], bool] | None = None
    shared: dict[str, Any] = field(default_factory=dict)
    listener: Listener | None = None
