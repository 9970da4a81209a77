"""A wait."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import ClassVar

from tiercel.plugin import Duration, Example, Output, Property, RunContext, Task, TaskKilledError

__all__ = ["Sleep"]


class Sleep(Task[Output]):
    """Wait for a while."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Wait for half a second",
            """
            id: sleep
            namespace: company.team

            tasks:
              - id: wait
                type: io.kestra.plugin.core.flow.Sleep
                duration: PT0.5S
            """,
        ),
    )

    duration: Property[Duration]
    """How long, as an ISO-8601 duration."""

    def run(self, ctx: RunContext) -> None:
        """Wait, unless the task is killed meanwhile."""
        duration: timedelta = ctx.render(self.duration)
        ctx.log("INFO", f"Waiting for {ctx.render_text(str(self.duration.raw))}")
        stopped = threading.Event()
        ctx.on_kill(stopped.set)
        if stopped.wait(duration.total_seconds()):
            raise TaskKilledError("The wait was cut short")
