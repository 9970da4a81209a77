"""Tasks one after the other."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import field_validator

from tiercel.plugin import (
    Decision,
    Example,
    FlowableTask,
    FlowableView,
    TaskBase,
    TaskList,
    TaskOrder,
)
from tiercel_flow.lanes import one_lane

__all__ = ["AllowFailure", "Sequential"]


class Sequential(FlowableTask):
    """Run tasks one after the other, as one task: with errors and retries of its own."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Two tasks that belong together",
            """
            id: sequential
            namespace: company.team

            tasks:
              - id: together
                type: io.kestra.plugin.core.flow.Sequential
                tasks:
                  - id: first
                    type: io.kestra.plugin.core.debug.Return
                    format: "{{ task.id }} at {{ taskrun.startDate }}"
                  - id: second
                    type: io.kestra.plugin.core.debug.Return
                    format: "{{ outputs.first.value }}"
            """,
        ),
    )

    task_order: ClassVar[TaskOrder | None] = "sequence"

    tasks: TaskList
    """What runs, in order."""

    @field_validator("tasks", mode="before")
    @classmethod
    def _refuse_none(cls, tasks: Any) -> Any:
        # Golden case `validation/empty_sequential_tasks`: words of its own, unlike other lists.
        if tasks is None or tasks == []:
            raise ValueError("The 'tasks' property cannot be empty")
        return tasks

    def next(self, view: FlowableView) -> Decision:
        """Run the one lane there is."""
        return one_lane(view, self.tasks)

    def children(self) -> tuple[TaskBase, ...]:
        """Return its tasks."""
        return tuple(self.tasks)


class AllowFailure(Sequential):
    """Run tasks one after the other; when one fails, end in WARNING and let the flow go on."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Go on without a report that could not be made",
            """
            id: allow_failure
            namespace: company.team

            tasks:
              - id: optional
                type: io.kestra.plugin.core.flow.AllowFailure
                tasks:
                  - id: report
                    type: io.kestra.plugin.core.execution.Fail
              - id: after
                type: io.kestra.plugin.core.log.Log
                message: The flow goes on
            """,
        ),
    )

    allow_failure: bool = True
    """A failure ends the task in WARNING, and the flow goes on."""
