"""Triggers and conditions by themselves: what they decide, without an engine that runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tiercel.embed import Tiercel
from tiercel.plugin.trigger import Condition, ConditionContext, FlowRef, Trigger
from tiercel.storage.memory import MemoryStorage

if TYPE_CHECKING:
    from datetime import datetime

    from tiercel.model.execution import Execution

__all__ = ["load_condition", "load_trigger", "trigger_context"]

NAMESPACE = "company.team"
FLOW_ID = "test_flow"


def load_condition(properties: Mapping[str, Any]) -> Condition:
    """Return a condition as a flow would have it.

    Args:
        properties: its `type` and properties, as written in YAML.

    Raises:
        ValidationError: a property is wrong (pydantic's own error).
        UnknownTypeError: no installed plugin brings the type.
    """
    loaded = _load(properties, "condition")
    if not isinstance(loaded, Condition):
        raise TypeError(f"{properties['type']} is no condition of the plugin door")
    return loaded


def load_trigger(properties: Mapping[str, Any]) -> Trigger:
    """Return a trigger as a flow would have it; its id is `trigger` if not given.

    The arguments and errors are those of `load_condition`.
    """
    loaded = _load({"id": "trigger", **properties}, "trigger")
    if not isinstance(loaded, Trigger):
        raise TypeError(f"{properties['type']} is no trigger of the plugin door")
    return loaded


def _load(properties: Mapping[str, Any], kind: str) -> Any:
    resolve = Tiercel(storage=MemoryStorage()).registry.resolve
    return resolve(properties["type"], kind).model_validate(
        dict(properties), context={"resolve": resolve}
    )


def trigger_context(
    variables: Mapping[str, Any] | None = None,
    *,
    date: datetime | None = None,
    execution: Execution | None = None,
    kv: Mapping[str, Any] | None = None,
) -> ConditionContext:
    """Return what a trigger or a condition is given to look at.

    Args:
        variables: what expressions see, such as `{"trigger": {"date": "2024-01-31T08:00:00Z"}}`.
        date: the moment that a trigger is asked about.
        execution: the execution that changed its state.
        kv: key-value pairs of the flow's namespace, `company.team`.
    """
    tiercel = Tiercel(storage=MemoryStorage())
    for key, value in (kv or {}).items():
        tiercel.services.kv_store(NAMESPACE).set(key, value)
    flow = {"id": FLOW_ID, "namespace": NAMESPACE, "revision": 1, "tenantId": "main"}
    seen = {"flow": flow, **(variables or {})}
    environment, host = tiercel.services.environment(), tiercel.services.host()

    def evaluate(template: str, as_text: bool) -> Any:
        render = environment.render if as_text else environment.evaluate
        return render(template, seen, host)

    return ConditionContext(
        flow=FlowRef(NAMESPACE, FLOW_ID),
        variables=seen,
        evaluate=evaluate,
        date=date,
        execution=execution,
    )
