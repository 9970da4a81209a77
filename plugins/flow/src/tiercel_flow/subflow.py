"""An execution of another flow, as a task."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, ClassVar

from pydantic import Field, TypeAdapter

from tiercel.plugin import (
    Child,
    Decision,
    Dynamic,
    Evaluate,
    Example,
    Finish,
    FlowableTask,
    FlowableView,
    Output,
    Property,
    RunFlow,
    State,
    TaskBase,
    Text,
    Wait,
    is_true,
    old_value,
)

__all__ = ["RestartBehavior", "Subflow", "date_of", "labels_of"]


_TRANSMITTED = (State.WARNING, State.FAILED, State.KILLED)
"""The states of the other execution that `transmitFailed` makes the task's own."""


class RestartBehavior(StrEnum):
    """What a restart of the flow does about an execution that failed."""

    NEW_EXECUTION = "NEW_EXECUTION"
    RETRY_FAILED = "RETRY_FAILED"


class SubflowOutput(Output):
    """What `Subflow` gives to later tasks."""

    execution_id: str | None = None
    """The other execution."""
    ended_in: State | None = Field(default=None, alias="state")
    """The state it ended in; CREATED when it was not waited for."""
    outputs: dict[str, Any] | None = None
    """The flow's outputs."""


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

    output_type: ClassVar[type[Output]] = SubflowOutput

    namespace: Annotated[Text, Field(min_length=1), Dynamic]
    """The flow's namespace."""
    flow_id: Annotated[Text, Dynamic]
    """The flow."""
    revision: Property[Annotated[int, Field(ge=1)]] | None = None
    """Its revision; the newest one by default."""
    inputs: Annotated[dict[str, Any], Dynamic] | None = None
    """Values for its inputs; text in them may hold expressions."""
    labels: Annotated[list[Any] | dict[str, Any], Dynamic] | None = None
    """Labels of the new execution, as a map or as a list of `key` and `value`."""
    inherit_labels: Property[bool] = Property.of(False)
    """Whether it gets this execution's labels, too."""
    wait: bool = True
    """Whether to wait for its end."""
    transmit_failed: bool = True
    """Whether its failure is the task's."""
    outputs: Annotated[dict[str, Any], Dynamic] | None = Field(
        default=None, deprecated="let the other flow declare `outputs`"
    )
    """Expressions on the other execution's outputs; let that flow declare `outputs` instead."""
    restart_behavior: RestartBehavior = RestartBehavior.RETRY_FAILED
    """What a restart of this flow does about an execution that failed."""
    schedule_date: Property[datetime] | None = None
    """When it begins; at once by default."""

    def next(self, view: FlowableView) -> Decision:
        """Begin the other execution, and wait for its end."""
        if "" not in view.values:
            return Evaluate(self._questions(), passed=("inputs",))
        child = view.children.get("flow")
        if child is None:
            return self._begin(view.values[""])
        if child.state is None or (self.wait and not child.state.is_terminal):
            return Wait()
        if child.error is not None:
            return Finish(State.FAILED)
        wanted = old_value(self, "outputs") if self.wait and not child.state.is_failed else None
        if wanted and not child.outputs and "outputs" not in view.values:
            return Evaluate(wanted, "outputs", child="flow")
        outputs = child.outputs or view.values.get("outputs")
        return self._end(child, outputs, _link(child, view.values[""]))

    def _questions(self) -> dict[str, Any]:
        return {
            "namespace": self.namespace,
            "flowId": self.flow_id,
            "revision": self.revision.raw if self.revision else None,
            "inputs": self.inputs or {},
            "labels": self.labels or {},
            "inheritLabels": self.inherit_labels.raw,
            "scheduleDate": self.schedule_date.raw if self.schedule_date else None,
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
            retry_failed=self.restart_behavior is RestartBehavior.RETRY_FAILED,
            schedule_date=date_of(values.get("scheduleDate")),
        )

    def _end(self, child: Child, given: Mapping[str, Any] | None, link: str) -> Finish:
        assert child.state is not None
        outputs: dict[str, Any] = {"executionId": child.execution_id, "state": str(child.state)}
        if given:
            outputs["outputs"] = given
        if not self.wait:
            return Finish(State.SUCCESS, outputs)
        if child.outputs_error is not None:
            error = f"Failed to extract outputs with the error: '{child.outputs_error}'"
            return Finish(State.FAILED, outputs, error)
        if not self.transmit_failed or child.state not in _TRANSMITTED:
            return Finish(State.SUCCESS, outputs, through=_passed(child))
        ends = child.state
        if ends is State.FAILED and self.allow_failure:
            ends = State.WARNING
        if ends is State.KILLED or (ends is State.WARNING and self.allow_warning):
            return Finish(child.state, outputs, through=_passed(child))
        level = "WARN" if ends is State.WARNING else "ERROR"
        error = f"Subflow execution {link} ends in {ends} state"
        return Finish(child.state, outputs, error, level, through=_passed(child))

    def children(self) -> tuple[TaskBase, ...]:
        """Return nothing: what it runs are another flow's tasks."""
        return ()


def _passed(child: Child) -> State | None:
    """Return the state that the task run passes through on the way to its own."""
    return child.state if child.state is not State.SUCCESS else None


def _link(child: Child, values: Any) -> str:
    return (
        f'[[link execution="{child.execution_id}" flowId="{values["flowId"]}" '
        f'namespace="{values["namespace"]}"]]'
    )


_DATE: TypeAdapter[datetime | None] = TypeAdapter(datetime | None)


def date_of(given: Any) -> datetime | None:
    """Return a `scheduleDate` as a moment, in UTC unless it says its zone."""
    date = _DATE.validate_python(given)
    return date.replace(tzinfo=UTC) if date is not None and date.tzinfo is None else date


def labels_of(given: Any) -> dict[str, str]:
    """Return labels as a mapping, whichever way they were written."""
    if isinstance(given, list):
        return {str(each["key"]): str(each["value"]) for each in given}
    return {str(key): str(value) for key, value in given.items()}
