"""One of several lists of tasks."""

from __future__ import annotations

from typing import ClassVar, Self

from pydantic import Field, model_validator

from tiercel.plugin import (
    AnyTask,
    Decision,
    Evaluate,
    Example,
    Finish,
    FlowableTask,
    FlowableView,
    Output,
    Property,
    State,
    TaskBase,
    TaskList,
    TaskOrder,
    is_true,
)
from tiercel_flow.lanes import one_lane

__all__ = ["If", "Switch"]


class IfOutput(Output):
    """What `If` gives to later tasks, and to its own."""

    evaluation_result: bool | None = None
    """Whether the condition held."""


class If(FlowableTask):
    """Run tasks when a condition holds, and others when it does not."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Greet a person by name, or else everybody",
            """
            id: if_else
            namespace: company.team

            inputs:
              - id: name
                type: STRING
                required: false

            tasks:
              - id: known
                type: io.kestra.plugin.core.flow.If
                condition: "{{ inputs.name ?? '' }}"
                then:
                  - id: person
                    type: io.kestra.plugin.core.log.Log
                    message: "Hello {{ inputs.name }}"
                else:
                  - id: everybody
                    type: io.kestra.plugin.core.log.Log
                    message: Hello everybody
            """,
        ),
    )

    output_type: ClassVar[type[Output]] = IfOutput
    task_order: ClassVar[TaskOrder | None] = "choice"

    condition: Property[str] | None = None
    """What must hold: false are nothing, blanks, `0`, `-0` and `false`."""
    then: TaskList
    """What runs when it holds."""
    else_: list[AnyTask] | None = Field(default=None, alias="else")
    """What runs when it does not."""

    def next(self, view: FlowableView) -> Decision:
        """Ask for the condition, then run the branch; a restart goes on with the same branch."""
        holds = (view.outputs or {}).get("evaluationResult")
        if holds is None and "" not in view.values:
            return Evaluate({"condition": self.condition.raw if self.condition else None})
        if holds is None:
            holds = is_true(view.values[""]["condition"])
        tasks = self.then if holds else self.else_
        return one_lane(view, tasks, {"evaluationResult": holds})

    def children(self) -> tuple[TaskBase, ...]:
        """Return the tasks of both branches."""
        return (*self.then, *(self.else_ or ()))


class SwitchOutput(Output):
    """What `Switch` gives to later tasks, and to its own."""

    value: str | None = None
    """The value, as text."""
    defaults: bool = False
    """Whether no case was named."""


class Switch(FlowableTask):
    """Run the tasks of the case that a value names."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Choose by an input",
            """
            id: switch
            namespace: company.team

            inputs:
              - id: color
                type: STRING
                defaults: red

            tasks:
              - id: choose
                type: io.kestra.plugin.core.flow.Switch
                value: "{{ inputs.color }}"
                cases:
                  red:
                    - id: stop
                      type: io.kestra.plugin.core.log.Log
                      message: Stop
                defaults:
                  - id: go
                    type: io.kestra.plugin.core.log.Log
                    message: Go
            """,
        ),
    )

    output_type: ClassVar[type[Output]] = SwitchOutput
    task_order: ClassVar[TaskOrder | None] = "choice"

    value: Property[str]
    """What is compared with the names of the cases, as text."""
    cases: dict[str, list[AnyTask]] | None = None
    """Tasks by the value they are for."""
    defaults: list[AnyTask] | None = None
    """What runs when no case is named; without it, such a value fails the task."""

    @model_validator(mode="after")
    def _has_tasks(self) -> Self:
        if not self.cases and not self.defaults:
            raise ValueError("No task defined, neither cases or default have any tasks")
        return self

    def next(self, view: FlowableView) -> Decision:
        """Ask for the value, then run its case; a restart goes on with the same case."""
        value = (view.outputs or {}).get("value")
        if value is None and "" not in view.values:
            return Evaluate({"value": self.value.raw})
        if value is None:
            value = _text(view.values[""]["value"])
        tasks = (self.cases or {}).get(value)
        outputs = {"value": value, "defaults": tasks is None}
        tasks = tasks if tasks is not None else self.defaults
        if not tasks:
            where = f"flow '{view.flow}', task '{self.id}', execution '{view.execution_id}'"
            error = f"No task found on {where}"
            return Finish(State.FAILED, outputs, error, level="WARN")
        return one_lane(view, tasks, outputs)

    def children(self) -> tuple[TaskBase, ...]:
        """Return the tasks of every case."""
        listed = [*(self.cases or {}).values(), self.defaults or []]
        return tuple(task for tasks in listed for task in tasks)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
