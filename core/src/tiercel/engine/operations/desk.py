"""`Desk`: what operations on executions work with."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tiercel._record import record

if TYPE_CHECKING:
    from tiercel._ids import IdSource
    from tiercel._time import Clock
    from tiercel.engine.flows.flows import FlowBook
    from tiercel.engine.loop.beginning import Beginner
    from tiercel.engine.loop.driver import Driver
    from tiercel.engine.machine import events
    from tiercel.engine.services.files import FileStore
    from tiercel.repository.spi import Repository

__all__ = ["Desk"]


@record
class Desk:
    """What operations work with.

    Attributes:
        repository: where executions are.
        flows: their flows.
        files: their files.
        beginner: reads inputs.
        clock: dates the events.
        ids: names new executions.
        driver: returns the engine's loop.
        deliver: has an event reach an execution, wherever that runs.
        tenant: whose executions they are.
    """

    repository: Repository
    flows: FlowBook
    files: FileStore
    beginner: Beginner
    clock: Clock
    ids: IdSource
    driver: Callable[[], Driver]
    deliver: Callable[[str, events.Request], None]
    tenant: str
