"""Tasks at the same time."""

from __future__ import annotations

from typing import ClassVar

from tiercel.plugin import (
    Decision,
    Example,
    FlowableTask,
    FlowableView,
    Lane,
    Property,
    TaskBase,
    TaskList,
    TaskOrder,
)
from tiercel_flow.lanes import limit_of, open_lanes, question

__all__ = ["Parallel"]


class Parallel(FlowableTask):
    """Run tasks at the same time; after a failure no further one begins."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Three tasks, two at a time",
            """
            id: parallel
            namespace: company.team

            tasks:
              - id: together
                type: io.kestra.plugin.core.flow.Parallel
                concurrent: 2
                tasks:
                  - id: a
                    type: io.kestra.plugin.core.debug.Return
                    format: a
                  - id: b
                    type: io.kestra.plugin.core.debug.Return
                    format: b
                  - id: c
                    type: io.kestra.plugin.core.debug.Return
                    format: c
            """,
        ),
    )

    task_order: ClassVar[TaskOrder | None] = "parallel"

    concurrent: Property[int] = Property.of(0)
    """How many run at once; 0 for all."""
    tasks: TaskList
    """What runs."""

    def next(self, view: FlowableView) -> Decision:
        """Open one lane a task."""
        asked = question(view, concurrent=self.concurrent)
        if asked is not None:
            return asked
        limit = limit_of(view, "concurrent", self.concurrent)
        waiting = self.tasks[view.opened :]
        return open_lanes(view, [Lane(task.id, (task,)) for task in waiting], limit)

    def children(self) -> tuple[TaskBase, ...]:
        """Return its tasks."""
        return tuple(self.tasks)
