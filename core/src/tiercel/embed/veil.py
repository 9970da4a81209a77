"""`Veil`: lets an execution show its values where it is displayed, without any secret."""

from __future__ import annotations

import weakref
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tiercel._time import SystemClock

if TYPE_CHECKING:
    from tiercel.embed.wiring import Wiring
    from tiercel.model.execution import Execution

__all__ = ["Veil"]


class Veil:
    """Asks the engine that an execution comes from; does not keep that engine alive.

    Args:
        engine: knows the secrets; None shows nothing, which is what becomes of one that is copied
            to another process.
    """

    def __init__(self, engine: Wiring | None = None) -> None:
        self._engine = None if engine is None else weakref.ref(engine)
        self._clock = SystemClock() if engine is None else engine.clock

    def __call__(self, execution: Execution, value: Any) -> Any:
        """Return JSON-like data of an execution as people may read it.

        Raises:
            LookupError: the engine is gone, so nobody can tell what is secret.
        """
        engine = self._engine() if self._engine is not None else None
        if engine is None:
            raise LookupError("The engine is gone")
        return engine.hide(execution, value)

    def now(self) -> datetime:
        """Return the time by the engine's clock."""
        return self._clock.now()

    def __reduce__(self) -> tuple[type[Veil], tuple[()]]:
        return Veil, ()
