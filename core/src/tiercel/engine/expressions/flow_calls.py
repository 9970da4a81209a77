"""`FlowCaller`: runs a flow for an expression that waits for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tiercel.errors import EvaluationError
from tiercel.model.execution import State

if TYPE_CHECKING:
    from tiercel.model.execution import Execution
    from tiercel.model.flow import Flow

__all__ = ["FlowCaller"]

_DEEPEST = 3
_depth: ContextVar[int] = ContextVar("tiercel_subflow_depth", default=0)


class FlowCaller:
    """Begins executions and waits for them.

    Args:
        flow: (namespace, id, revision or None) → a stored flow; raises NotFoundError.
        begin: (flow, inputs, labels) → the new execution's id; raises InputError.
        wait: (execution id, seconds) → the execution, ended; raises TimeoutError.
        reveal: plain data → the same with what is sealed in it in clear.
    """

    def __init__(
        self,
        flow: Callable[[str, str, int | None], Flow],
        begin: Callable[[Flow, Mapping[str, Any], Mapping[str, str]], str],
        wait: Callable[[str, float], Execution],
        reveal: Callable[[Any], Any],
    ) -> None:
        self._flow = flow
        self._begin = begin
        self._wait = wait
        self._reveal = reveal

    def run(  # what the function's author can say
        self,
        namespace: str,
        flow_id: str,
        inputs: Mapping[str, Any],
        *,
        revision: int | None,
        labels: Mapping[str, str],
        timeout: timedelta,
    ) -> dict[str, Any]:
        """Return what became of an execution: `id`, `state`, `outputs`, `labels`.

        Raises:
            EvaluationError: it did not end well, or not in time, or flows call each other.
            NotFoundError: there is no such flow.
            InputError: an input is missing or invalid.
        """
        depth = _depth.get()
        if depth >= _DEEPEST:
            raise EvaluationError(
                f"The 'subflow' function exceeded the maximum nesting depth of {_DEEPEST} "
                "(a subflow's inputs likely call subflow() recursively)."
            )
        flow = self._flow(namespace, flow_id, revision)
        name = f"'{namespace}'.'{flow_id}'"
        if flow.disabled:
            raise EvaluationError(f"Cannot run the disabled flow {name}.")
        token = _depth.set(depth + 1)
        try:
            execution = self._ended(self._begin(flow, inputs, labels), name, timeout)
        finally:
            _depth.reset(token)
        if execution.state not in (State.SUCCESS, State.WARNING):
            raise EvaluationError(
                f"Subflow {name} ended in state {execution.state} (execution {execution.id})."
            )
        return {
            "id": execution.id,
            "state": str(execution.state),
            "outputs": self._reveal(dict(execution.outputs or {})),
            "labels": dict(execution.labels),
        }

    def _ended(self, execution_id: str, name: str, timeout: timedelta) -> Execution:
        try:
            return self._wait(execution_id, timeout.total_seconds())
        except TimeoutError as error:
            raise EvaluationError(f"Failed to run subflow {name}: {error}") from error
