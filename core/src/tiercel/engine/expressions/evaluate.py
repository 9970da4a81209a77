"""Answers `Evaluate` commands: renders expressions, so that `reduce` gets plain decisions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from tiercel.engine.machine.commands import Evaluate
from tiercel.engine.machine.events import Evaluated
from tiercel.engine.plain import plain
from tiercel.engine.services.spilling import spill
from tiercel.engine.wording import OUTPUT_IGNORED, OUTPUTS_FAILED, error_text
from tiercel.errors import TiercelError
from tiercel.plugin.truth import is_true
from tiercel.storage import uri as uris

if TYPE_CHECKING:
    from datetime import datetime

    from tiercel.engine.services.services import Services
    from tiercel.model.flow import Flow

__all__ = ["Evaluator"]

OutputTyper = Callable[["Flow", Mapping[str, Any]], Mapping[str, Any]]


class Evaluator:
    """Renders what the engine asks for.

    Args:
        services: for the expression language of a namespace.
        type_outputs: (flow, rendered values) → typed outputs; raises InputError.
    """

    def __init__(self, services: Services, type_outputs: OutputTyper) -> None:
        self._services = services
        self._type_outputs = type_outputs

    def answer(
        self, command: Evaluate, flow: Flow, variables: Mapping[str, Any], at: datetime
    ) -> Evaluated:
        """Return the answer to a command; an expression's error is part of it."""
        masker = self._services.masker
        host = self._services.host()
        environment = self._services.environment()

        def render(raw: Any) -> Any:
            if isinstance(raw, str):
                return environment.evaluate(raw, variables, host)
            if isinstance(raw, list | dict):
                return environment.render_object(raw, variables, host)
            return raw

        def render_text(raw: Any) -> Any:
            return environment.render_object(raw, variables, host)

        remarks: list[str] = []
        try:
            if command.purpose == "outputs":
                values = self._stored(flow, variables, self._outputs(flow, render_text, remarks))
            else:
                values = self._values(command, render)
        except TiercelError as error:
            message = masker.mask(_reason(command, variables, error))
            return Evaluated(at=at, command_id=command.id, error=message)
        return Evaluated(at=at, command_id=command.id, values=values, remarks=remarks)

    def _outputs(
        self, flow: Flow, render: Callable[[Any], Any], remarks: list[str]
    ) -> Mapping[str, Any]:
        """Return a flow's outputs; one that need not be there is left out when it has an error.

        They are rendered as text before their type makes something else of them: a map is JSON.
        """
        rendered = {}
        for output in flow.outputs or ():
            try:
                rendered[output.id] = render(output.value)
            except TiercelError:
                if output.required:
                    raise
                remarks.append(OUTPUT_IGNORED.format(output.id))
        return plain(self._type_outputs(flow, rendered))  # type: ignore[no-any-return]

    def _stored(
        self, flow: Flow, variables: Mapping[str, Any], outputs: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        """Return outputs as they go to the database."""
        execution = uris.execution_folder(flow.namespace, flow.id, variables["execution"]["id"])
        path = f"{uris.outputs_folder(execution)}/flow.json"
        files, limit = self._services.files, self._services.inline_limit
        return spill(outputs, limit, lambda: files.create(path)) or {}

    def _values(self, command: Evaluate, render: Callable[[Any], Any]) -> Mapping[str, Any]:
        values = {name: plain(render(raw)) for name, raw in command.expressions.items()}
        for name in command.passed:
            values[name] = self._services.sealed(values[name])
        if command.purpose == "runIf":
            return {"runIf": is_true(values["runIf"])}
        if command.purpose == "sla":
            return {"holds": is_true(values["holds"])}
        return values


def _reason(command: Evaluate, variables: Mapping[str, Any], error: TiercelError) -> str:
    reason = error_text(error)
    if command.purpose == "runIf":
        task_id = variables["task"]["id"]
        return f"Failed to evaluate the runIf condition for task {task_id}. Cause: {reason}"
    if command.purpose == "outputs":
        return OUTPUTS_FAILED + reason
    return reason
