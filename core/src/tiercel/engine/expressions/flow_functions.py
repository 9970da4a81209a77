"""`subflow`: run another flow while an input is worked out, and use what it gives.

It waits for that flow's end, so it works only where an execution is begun by somebody who can wait
(`Tiercel.start`), and not in the properties of tasks and triggers. Bounds and words are Kestra's.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from tiercel import _duration
from tiercel.engine.expressions.functions import TABLE, services_of
from tiercel.errors import EvaluationError, TiercelError
from tiercel.expression.runtime import EvaluationContext

__all__ = ["subflow"]

_DEFAULT_TIMEOUT = timedelta(minutes=1)
_LONGEST_TIMEOUT = timedelta(minutes=5)
_CORRELATION_ID = "system.correlationId"


@TABLE.add(
    "subflow", "namespace", "id", "inputs", "revision", "labels", "timeout", needs_context=True
)
def subflow(  # noqa: PLR0913  # Kestra's arguments
    context: EvaluationContext,
    namespace: Any = None,
    id: Any = None,  # the author's word for it
    inputs: Any = None,
    revision: Any = None,
    labels: Any = None,
    timeout: Any = None,
) -> Mapping[str, Any]:
    """Run a flow, wait for its end, and return its execution's `id`, `state`, `outputs`, `labels`.

    Args:
        context: the rendering under way.
        namespace: the flow's namespace.
        id: the flow.
        inputs: values by input id.
        revision: the flow's revision; the newest one by default.
        labels: labels of its execution, a map.
        timeout: how long to wait, as an ISO-8601 duration: a minute by default, five at most.

    Raises:
        EvaluationError: there is no such flow, it ended in no success, or it cannot be run here.
    """
    if context.variables.get("taskrun") is not None or context.variables.get("trigger") is not None:
        raise EvaluationError(
            "The 'subflow' function can only be used at flow-input render time "
            "(e.g. an input's 'values'); it is not supported inside task or trigger properties."
        )
    if not isinstance(namespace, str) or not isinstance(id, str):
        raise EvaluationError("The 'subflow' function expects the arguments 'namespace' and 'id'.")
    if not isinstance(inputs, Mapping | None):
        raise EvaluationError("The 'subflow' function 'inputs' must be a map.")
    services = services_of(context, "subflow")
    try:
        return services.run_flow(
            namespace,
            id,
            inputs or {},
            revision=None if revision is None else int(revision),
            labels={**_labels(labels), "system.from": "subflow"},
            timeout=_timeout(timeout),
        )
    except EvaluationError:
        raise
    except TiercelError as error:
        raise EvaluationError(f"Failed to run subflow '{namespace}'.'{id}': {error}") from error


def _labels(given: Any) -> dict[str, str]:
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise EvaluationError(
            "The 'subflow' function 'labels' must be a map of string keys to values."
        )
    for key in given:
        if key.startswith("system.") and key != _CORRELATION_ID:
            raise EvaluationError(
                f"The 'subflow' function cannot set the system label '{key}'; system labels are "
                f"reserved (except '{_CORRELATION_ID}')."
            )
    return {key: str(value) for key, value in given.items() if value is not None}


def _timeout(given: Any) -> timedelta:
    if given is None:
        return _DEFAULT_TIMEOUT
    try:
        timeout = _duration.parse(given)
    except (ValueError, TypeError):
        raise EvaluationError(
            "The 'subflow' function 'timeout' must be an ISO-8601 duration (e.g. 'PT30S'), "
            f"got {given!r}."
        ) from None
    if timeout > _LONGEST_TIMEOUT:
        raise EvaluationError(
            f"The 'subflow' function 'timeout' ({given}) exceeds the maximum allowed "
            f"({_duration.format(_LONGEST_TIMEOUT)})."
        )
    return timeout
