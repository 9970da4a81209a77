"""Tasks in the order of what they depend on."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from typing import ClassVar, Self

from pydantic import Field, model_validator

from tiercel.plugin import (
    AnyTask,
    Decision,
    Example,
    FlowableTask,
    FlowableView,
    Lane,
    Model,
    Property,
    TaskBase,
    TaskOrder,
    Text,
)
from tiercel_flow.lanes import limit_of, open_lanes, question

__all__ = ["Dag", "DagTask"]


class DagTask(Model):
    """A task, and what must have ended well before it begins."""

    task: AnyTask
    """The task."""
    depends_on: list[Text] | None = None
    """Ids of tasks of the same Dag."""


class Dag(FlowableTask):
    """Run tasks in the order of what they depend on, and at the same time where they can."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Join what two tasks made",
            """
            id: dag
            namespace: company.team

            tasks:
              - id: graph
                type: io.kestra.plugin.core.flow.Dag
                tasks:
                  - task:
                      id: left
                      type: io.kestra.plugin.core.debug.Return
                      format: left
                  - task:
                      id: right
                      type: io.kestra.plugin.core.debug.Return
                      format: right
                  - task:
                      id: both
                      type: io.kestra.plugin.core.debug.Return
                      format: "{{ outputs.left.value }} and {{ outputs.right.value }}"
                    dependsOn:
                      - left
                      - right
            """,
        ),
    )

    task_order: ClassVar[TaskOrder | None] = "parallel"

    concurrent: Property[int] = Property.of(0)
    """How many run at once; 0 for all that can."""
    tasks: list[DagTask] = Field(min_length=1)
    """The tasks with what they depend on, in any order."""

    @model_validator(mode="after")
    def _dependencies_make_an_order(self) -> Self:
        graph = {each.task.id: each.depends_on or [] for each in self.tasks}
        missing = [name for names in graph.values() for name in names if name not in graph]
        if missing:
            raise ValueError(f"Not existing task id in dependency: {', '.join(missing)}")
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            cycle = sorted(set(error.args[1]), key=list(graph).index)
            raise ValueError(f"Cyclic dependency detected: {', '.join(cycle)}") from error
        return self

    def next(self, view: FlowableView) -> Decision:
        """Open a lane for each task whose dependencies have ended and that was not opened yet."""
        asked = question(view, concurrent=self.concurrent)
        if asked is not None:
            return asked
        limit = limit_of(view, "concurrent", self.concurrent)
        ready = [
            Lane(each.task.id, (each.task,)) for each in self.tasks if self._can_begin(each, view)
        ]
        return open_lanes(view, ready, limit)

    def _can_begin(self, each: DagTask, view: FlowableView) -> bool:
        begun = each.task.id in view.lanes or each.task.id in view.open_lanes
        return not begun and all(name in view.lanes for name in each.depends_on or ())

    def children(self) -> tuple[TaskBase, ...]:
        """Return its tasks."""
        return tuple(each.task for each in self.tasks)
