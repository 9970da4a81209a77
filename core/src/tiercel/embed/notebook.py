"""An execution in a notebook's cell, drawn anew while it runs.

Works where IPython runs, and does nothing elsewhere; IPython is no dependency.
"""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any

from tiercel.embed.subscription import Reader, Scope

if TYPE_CHECKING:
    from tiercel.embed.wiring import Wiring
    from tiercel.model.execution import Execution

__all__ = ["DRAW_EVERY", "Cell", "wait_and_show"]

DRAW_EVERY = 0.2
"""Seconds between two drawings, at least."""


class Cell:
    """The output of a cell that shows one execution; nothing where there are no cells.

    Args:
        engine: the engine.
        execution_id: the execution.
    """

    def __init__(self, engine: Wiring, execution_id: str) -> None:
        ipython = sys.modules.get("IPython")
        self._shell = ipython if ipython is not None and ipython.get_ipython() else None
        self._engine = engine
        self._execution_id = execution_id
        self._changed = threading.Event()
        self._reader: Reader | None = None
        self._handle: Any = None

    def open(self) -> Execution:
        """Begin to note changes, and return the execution as it is now. Asks the database."""
        if self._shell is not None:
            scope = Scope(self._execution_id)
            self._reader = Reader(self._engine, scope, 1, self._changed.set)
        return self.look()

    def look(self) -> Execution:
        """Return the execution as it is now. Asks the database."""
        self._changed.clear()
        return self._engine.execution(self._execution_id)

    @property
    def is_outdated(self) -> bool:
        """Whether the execution has changed since somebody looked."""
        return self._changed.is_set()

    def draw(self, execution: Execution) -> None:
        """Draw it. To be called on the thread that the notebook knows to belong to the cell."""
        if self._handle is not None:
            self._handle.update(execution)
        elif self._shell is not None:
            self._handle = self._shell.display.display(execution, display_id=True)

    def close(self) -> None:
        """Note no more changes."""
        if self._reader is not None:
            self._reader.close()


def wait_and_show(engine: Wiring, execution_id: str, timeout: float | None) -> Execution:
    """Return an execution once nothing more happens in it, and show it until then.

    Raises:
        TimeoutError: it took longer than `timeout` seconds.
    """
    clock, cell = engine.clock, Cell(engine, execution_id)
    deadline = None if timeout is None else clock.monotonic() + timeout
    try:
        cell.draw(cell.open())
        while (left := None if deadline is None else deadline - clock.monotonic()) is None or (
            left > DRAW_EVERY
        ):
            try:
                execution = engine.wait(execution_id, DRAW_EVERY)
            except TimeoutError:
                if cell.is_outdated:
                    cell.draw(cell.look())
            else:
                cell.draw(execution)
                return execution
        execution = engine.wait(execution_id, max(left, 0))
        cell.draw(execution)
        return execution
    finally:
        cell.close()
