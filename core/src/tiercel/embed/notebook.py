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
    """The output of a cell that shows one execution; use it as a block.

    Draws on the caller's thread, which the notebook knows to belong to the cell.

    Args:
        engine: the engine.
        execution_id: the execution.
    """

    def __init__(self, engine: Wiring, execution_id: str) -> None:
        self._engine = engine
        self._execution_id = execution_id
        self._changed = threading.Event()
        self._reader: Reader | None = None
        self._handle: Any = None

    def __enter__(self) -> Cell:
        ipython = sys.modules.get("IPython")
        if ipython is not None and ipython.get_ipython() is not None:
            scope = Scope(self._execution_id)
            self._reader = Reader(self._engine, scope, 1, self._changed.set)
            self._handle = ipython.display.display(self._execution(), display_id=True)
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._changed.set()
        self.draw()
        if self._reader is not None:
            self._reader.close()

    def draw(self) -> None:
        """Draw the execution as it is now, if it has changed since the last time."""
        if self._handle is not None and self._changed.is_set():
            self._changed.clear()
            self._handle.update(self._execution())

    def _execution(self) -> Execution:
        return self._engine.execution(self._execution_id)


def wait_and_show(engine: Wiring, execution_id: str, timeout: float | None) -> Execution:
    """Return an execution once nothing more happens in it, and show it until then.

    Raises:
        TimeoutError: it took longer than `timeout` seconds.
    """
    deadline = None if timeout is None else engine.clock.monotonic() + timeout
    with Cell(engine, execution_id) as cell:
        while True:
            left = None if deadline is None else max(deadline - engine.clock.monotonic(), 0)
            try:
                return engine.wait(
                    execution_id, DRAW_EVERY if left is None else min(left, DRAW_EVERY)
                )
            except TimeoutError:
                if left is not None and left <= DRAW_EVERY:
                    raise TimeoutError(
                        f"Execution {execution_id} still runs after {timeout} s"
                    ) from None
            cell.draw()
