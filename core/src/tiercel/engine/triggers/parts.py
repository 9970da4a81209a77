"""`SchedulerParts`: what whatever looks after triggers is made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tiercel._record import record

if TYPE_CHECKING:
    from tiercel._time import Clock
    from tiercel.engine.flows.flows import FlowBook
    from tiercel.engine.loop.driver import Driver
    from tiercel.engine.triggers.starts import Starter
    from tiercel.repository.spi import Repository

__all__ = ["SchedulerParts"]


@record
class SchedulerParts:
    """What a scheduler, and those who work for it, are made of.

    Attributes:
        owner: this engine's name in leases.
        flows: the flows whose triggers it looks after.
        starter: evaluates triggers.
        driver: runs executions; made when the first one starts.
    """

    repository: Repository
    clock: Clock
    owner: str
    tenant: str
    flows: FlowBook
    starter: Starter
    driver: Callable[[], Driver]
