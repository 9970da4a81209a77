"""Answers `Evaluate` commands: renders expressions, so that `reduce` gets plain decisions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from tiercel.engine.commands import Evaluate
from tiercel.engine.events import Evaluated
from tiercel.engine.masking import Masker
from tiercel.engine.plain import plain
from tiercel.errors import ExpressionError, TiercelError

if TYPE_CHECKING:
    from datetime import datetime

    from tiercel.engine.services import Services
    from tiercel.expression.environment import Environment
    from tiercel.model.flow import Flow

__all__ = ["Evaluator", "is_true"]

_FALSE = frozenset({"", "0", "-0", "false"})

OutputTyper = Callable[["Flow", Mapping[str, Any]], Mapping[str, Any]]


def is_true(text: str) -> bool:
    """Return whether a rendered condition holds.

    False are the empty text, blanks, `0`, `-0` and `false`; everything else is true, `FALSE` and
    `0.0` too (golden area `flows/if`).
    """
    return text.strip() not in _FALSE


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
        masker = Masker()
        environment = self._services.environment(flow.namespace, masker)
        try:
            values = self._values(command, flow, environment, variables)
        except TiercelError as error:
            message = masker.mask(_reason(command, variables, error))
            return Evaluated(at=at, command_id=command.id, error=message)
        return Evaluated(at=at, command_id=command.id, values=values)

    def _values(
        self,
        command: Evaluate,
        flow: Flow,
        environment: Environment,
        variables: Mapping[str, Any],
    ) -> Mapping[str, Any]:
        match command.purpose:
            case "runIf":
                text = environment.render(command.expressions["runIf"], variables)
                return {"runIf": is_true(text)}
            case "outputs":
                rendered = {
                    output.id: _render(environment, output.value, variables)
                    for output in flow.outputs or ()
                }
                return plain(self._type_outputs(flow, rendered))  # type: ignore[no-any-return]
            case _:
                return {
                    name: plain(_render(environment, raw, variables))
                    for name, raw in command.expressions.items()
                }


def _render(environment: Environment, raw: Any, variables: Mapping[str, Any]) -> Any:
    if isinstance(raw, str):
        return environment.evaluate(raw, variables)
    if isinstance(raw, list | dict):
        return environment.render_object(raw, variables)
    return raw


def _reason(command: Evaluate, variables: Mapping[str, Any], error: TiercelError) -> str:
    reason = error.reason if isinstance(error, ExpressionError) else str(error)
    if command.purpose == "runIf":
        task_id = variables["task"]["id"]
        return f"Failed to evaluate the runIf condition for task {task_id}. Cause: {reason}"
    return reason
