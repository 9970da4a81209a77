"""An execution of another flow, as a task."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, ClassVar

from pydantic import Field

from tiercel.plugin import (
    Child,
    Decision,
    Evaluate,
    Example,
    Finish,
    FlowableTask,
    FlowableView,
    Property,
    RunFlow,
    State,
    TaskBase,
    Text,
    Wait,
    is_true,
)

__all__ = ["RestartBehavior", "Subflow", "labels_of"]


class RestartBehavior(StrEnum):
    """What a restart of the flow does about an execution that failed."""

    NEW_EXECUTION = "NEW_EXECUTION"
    RETRY_FAILED = "RETRY_FAILED"


class Subflow(FlowableTask):
    """Run another flow, and wait for its end.

    Its outputs are `outputs.task_id.outputs`, its execution's id `outputs.task_id.executionId`.
    """

    runs_flow: ClassVar[bool] = True
    begins_with_child: ClassVar[bool] = True
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Run a flow with an input",
            """
            id: subflow
            namespace: company.team

            tasks:
              - id: child
                type: io.kestra.plugin.core.flow.Subflow
                namespace: company.team
                flowId: hello
                inputs:
                  name: Ada
            """,
        ),
    )

    namespace: Property[str]
    """The flow's namespace."""
    flow_id: Property[str]
    """The flow."""
    revision: Property[int] | None = None
    """Its revision; the newest one by default."""
    inputs: dict[str, Any] | None = None
    """Values for its inputs; text in them may hold expressions."""
    labels: Any = None
    """Labels of the new execution, as a map or as a list of `key` and `value`."""
    inherit_labels: Property[bool] = Property.of(False)
    """Whether it gets this execution's labels, too."""
    wait: bool = True
    """Whether to wait for its end."""
    transmit_failed: bool = True
    """Whether its failure is the task's."""
    outputs: dict[str, Any] | None = Field(default=None, deprecated=True)
    """Expressions on the other execution's outputs; let that flow declare `outputs` instead."""
    restart_behavior: RestartBehavior = RestartBehavior.RETRY_FAILED
    """What a restart of this flow does about an execution that failed."""
    schedule_date: Text | None = None
    """When it begins; at once by default."""

    def next(self, view: FlowableView) -> Decision:
        """Begin the other execution, and wait for its end."""
        if "" not in view.values:
            return Evaluate(self._questions())
        child = view.children.get("flow")
        if child is None:
            return self._begin(view.values[""])
        if child.state is None or (self.wait and not child.state.is_terminal):
            return Wait()
        if child.error is not None:
            return Finish(State.FAILED)
        return self._end(child, _link(child, view.values[""]))

    def _questions(self) -> dict[str, Any]:
        return {
            "namespace": self.namespace.raw,
            "flowId": self.flow_id.raw,
            "revision": self.revision.raw if self.revision else None,
            "inputs": self.inputs or {},
            "labels": self.labels or {},
            "inheritLabels": self.inherit_labels.raw,
        }

    def _begin(self, values: Any) -> RunFlow:
        return RunFlow(
            "flow",
            str(values["namespace"]),
            str(values["flowId"]),
            int(values["revision"]) if values["revision"] is not None else None,
            values["inputs"],
            labels_of(values["labels"]),
            is_true(values["inheritLabels"]),
        )

    def _end(self, child: Child, link: str) -> Finish:
        assert child.state is not None
        outputs: dict[str, Any] = {"executionId": child.execution_id, "state": str(child.state)}
        if child.outputs:
            outputs["outputs"] = child.outputs
        if not child.state.is_failed or not self.wait:
            state = State.WARNING if child.state is State.WARNING else State.SUCCESS
            return Finish(state, outputs)
        if not self.transmit_failed:
            return Finish(State.SUCCESS, outputs, through=State.FAILED)
        shown, level = ("WARNING", "WARN") if self.allow_failure else (str(child.state), "ERROR")
        error = f"Subflow execution {link} ends in {shown} state"
        return Finish(State.FAILED, outputs, error, level, through=State.FAILED)

    def children(self) -> tuple[TaskBase, ...]:
        """Return nothing: what it runs are another flow's tasks."""
        return ()


def _link(child: Child, values: Any) -> str:
    return (
        f'[[link execution="{child.execution_id}" flowId="{values["flowId"]}" '
        f'namespace="{values["namespace"]}"]]'
    )


def labels_of(given: Any) -> dict[str, str]:
    """Return labels as a mapping, whichever way they were written."""
    if isinstance(given, list):
        return {str(each["key"]): str(each["value"]) for each in given}
    return {str(key): str(value) for key, value in given.items()}
