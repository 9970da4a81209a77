"""`Beginner`: from what someone asks for to the event that begins an execution.

Inputs are typed and their files stored, labels are put together, `checks` are asked. Golden areas:
`flows/inputs`, `flows/checks`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tiercel._record import replace
from tiercel.engine.expressions.variables import child_trigger, nested_labels
from tiercel.engine.loop.checks import failed_checks, verdict
from tiercel.engine.machine.events import ExecutionCreated
from tiercel.engine.plain import plain
from tiercel.errors import CheckError
from tiercel.model.execution import LogEntry, State
from tiercel.model.flow import CheckBehavior
from tiercel.model.input_values import ResolvedInput, input_values, unknown_inputs
from tiercel.plugin.tree import find_task
from tiercel.storage import uri as uris

if TYPE_CHECKING:
    from tiercel.engine.expressions.flow_calls import FlowCaller
    from tiercel.engine.machine.commands import StartChild
    from tiercel.engine.services.services import Services
    from tiercel.model.execution import Execution
    from tiercel.model.flow import Check, Flow
    from tiercel.model.input_base import InputBase

__all__ = ["CORRELATION_ID", "Beginner", "unknown_to_child"]

Renderer = Callable[[Any, Mapping[str, Any]], Any]
"""From a template, and what it sees beside what every template does, to its value."""

CORRELATION_ID = "system.correlationId"
"""The label that an execution shares with those that it begins: the first one's id."""


def unknown_to_child(parent: Execution, command: StartChild, flow: Flow) -> list[str]:
    """Return what there is to say about inputs that a task gives and the flow does not declare."""
    given = command.request.get("inputs", {})
    return [
        f"Input {name} was provided by parent execution {parent.id} "
        f"for subflow {flow.namespace}.{flow.id} but isn't declared at the subflow inputs"
        for name in unknown_inputs(flow.inputs, given)
    ]


class Beginner:
    """Makes the events that begin executions.

    Args:
        services: storage, clock, expressions and encryption.
        shared: variables that every execution sees (`envs`, `globals`, `kestra`).
        tenant: whose executions they are.
        caller: runs flows for the inputs of executions that somebody asks for, and waits.
    """

    def __init__(
        self,
        services: Services,
        shared: Mapping[str, Any],
        tenant: str,
        caller: FlowCaller | None = None,
    ) -> None:
        self._services = services
        self._shared = shared
        self._tenant = tenant
        self._caller = caller

    def asked_for(
        self, flow: Flow, execution_id: str, inputs: Mapping[str, Any], labels: Mapping[str, str]
    ) -> tuple[ExecutionCreated, list[LogEntry]]:
        """Return what begins an execution for somebody who waits, and what its log begins with.

        Raises:
            InputError: an input is missing or invalid.
            CheckError: one of the flow's `checks` blocks it.
        """
        render = self._renderer(flow, self._caller)
        left_out: list[ResolvedInput] = []
        created = self.created(flow, execution_id, inputs, labels, render, left_out)
        event = self.checked(created, flow)
        return event, self.remarks(event, flow, inputs, left_out)

    def created(
        self,
        flow: Flow,
        execution_id: str,
        inputs: Mapping[str, Any],
        labels: Mapping[str, str],
        render: Renderer | None = None,
        left_out: list[ResolvedInput] | None = None,
    ) -> ExecutionCreated:
        """Return what begins an execution of a stored flow.

        Args:
            flow: the flow.
            execution_id: the new execution's id.
            inputs: values by id.
            labels: labels beside the flow's own.
            render: another way to render than the usual one.
            left_out: takes the inputs that `dependsOn` leaves out.

        Raises:
            InputError: an input is missing or invalid.
        """
        assert flow.revision is not None
        at = self._services.clock.now()
        # Kestra: `Label.deduplicate` leaves out what is empty.
        given = {key: value for key, value in labels.items() if key and value}
        own = {CORRELATION_ID: execution_id} | dict(flow.label_pairs()) | given
        beginning = {"id": execution_id, "originalId": execution_id, "startDate": at}
        seen = {
            "execution": {**beginning, "state": str(State.CREATED)},
            "labels": nested_labels(own.items()),
            "vars": flow.variables or {},
        }
        plainly = render or self._renderer(flow)

        def rendered(template: Any, variables: Mapping[str, Any]) -> Any:
            return plainly(template, {**seen, **variables})

        typed = self.inputs(
            flow, execution_id, flow.inputs or (), inputs, rendered, left_out=left_out
        )
        return ExecutionCreated(
            at=at,
            execution_id=execution_id,
            tenant=self._tenant,
            namespace=flow.namespace,
            flow_id=flow.id,
            flow_revision=flow.revision,
            labels=tuple(own.items()),
            inputs=plain(typed),
            variables=plain(flow.variables or {}),
        )

    def child(self, parent: Execution, command: StartChild, flow: Flow) -> ExecutionCreated:
        """Return what begins the execution that a task of `parent` asks for.

        Raises:
            InputError: an input is missing or invalid.
        """
        asked = command.request
        task_run = parent.task_runs[command.task_run_id]
        assert parent.flow is not None
        task = find_task(parent.flow, task_run.task_id)
        inputs = self._services.reveal(asked["inputs"])
        event = self.created(flow, command.execution_id, inputs, asked["labels"])
        trigger = {
            "id": task.id,
            "type": task.type_name or task.type,
            "variables": child_trigger(parent, task_run, asked.get("iteration")),
        }
        date = asked.get("schedule_date")
        return replace(
            event,
            parent_id=parent.id,
            parent_command=command.id,
            trigger=trigger,
            schedule_date=datetime.fromisoformat(date) if date else None,
        )

    def inputs(
        self,
        flow: Flow,
        execution_id: str,
        declared: Sequence[InputBase],
        given: Mapping[str, Any],
        render: Renderer | None = None,
        *,
        left_out: list[ResolvedInput] | None = None,
    ) -> dict[str, Any]:
        """Return typed inputs; the files among them are stored first.

        Args:
            flow: whose execution it is.
            execution_id: the execution's id.
            declared: the inputs.
            given: values by id.
            render: another way to render than the usual one.
            left_out: takes the inputs that `dependsOn` leaves out.

        Raises:
            InputError: an input is missing or invalid.
        """
        folder = uris.execution_folder(flow.namespace, flow.id, execution_id)
        stored = dict(given)
        for name, value in given.items():
            if isinstance(value, Path):
                with value.open("rb") as source:
                    path = uris.input_path(folder, name, value.name)
                    stored[name] = self._services.files.put(path, source)
        rendered = render or self._renderer(flow)
        return input_values(
            declared,
            stored,
            lambda template, inputs: rendered(template, {"inputs": inputs}),
            self._services.seal,
            left_out,
        )

    def failed_checks(self, flow: Flow, inputs: Mapping[str, Any]) -> list[Check]:
        """Return the `checks` of a flow that do not hold for typed inputs."""
        render = self._renderer(flow)
        variables = {
            "inputs": self._services.reveal(inputs),
            "vars": flow.variables or {},
            "labels": nested_labels(flow.label_pairs()),
        }
        return failed_checks(flow, lambda text: render(text, variables))

    def checked(self, event: ExecutionCreated, flow: Flow) -> ExecutionCreated:
        """Return an execution's beginning as the flow's `checks` have it.

        Raises:
            CheckError: one of them blocks it.
        """
        if not flow.checks:
            return event
        failed = self.failed_checks(flow, event.inputs)
        behavior = verdict(failed)
        reason = "; ".join(check.message for check in failed if check.behavior is behavior)
        if behavior is CheckBehavior.BLOCK_EXECUTION:
            message = f"Flow {flow.namespace}.{flow.id} refuses this execution: {reason}"
            raise CheckError(message, tuple(failed))
        failing = behavior is CheckBehavior.FAIL_EXECUTION
        return replace(event, refusal=reason) if failing else event

    def remarks(
        self,
        event: ExecutionCreated,
        flow: Flow,
        given: Mapping[str, Any],
        left_out: Sequence[ResolvedInput] = (),
    ) -> list[LogEntry]:
        """Return what an execution's log begins with: golden case `unknown_input_ignored`."""
        name = f"{flow.namespace}.{flow.id}"
        unused = [*unknown_inputs(flow.inputs, given)]
        unused += [each.id for each in left_out if each.id in given]
        messages = [
            f"Input {each} was provided for workflow {name} "
            "but isn't declared in the workflow inputs"
            for each in unused
        ]
        messages += [f"{each.error}" for each in left_out if each.error is not None]
        return [
            LogEntry(execution_id=event.execution_id, at=event.at, level="WARN", message=message)
            for message in messages
        ]

    def _renderer(self, flow: Flow, caller: FlowCaller | None = None) -> Renderer:
        environment, host = self._services.environment(), self._services.host(caller)
        own = {"id": flow.id, "namespace": flow.namespace, "revision": flow.revision}
        known = {**self._shared, "flow": {**own, "tenantId": self._tenant}}

        def render(template: Any, variables: Mapping[str, Any]) -> Any:
            seen = {**known, **variables}
            if isinstance(template, str):
                return environment.evaluate(template, seen, host)
            return environment.render_object(template, seen, host)

        return render
