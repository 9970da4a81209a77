"""Which flows a trigger waits for, and so what `trigger.outputs` holds.

What is read is what the Flow trigger has: `preconditions.flows`, or `conditions` that name a flow,
one by itself or several that must come together. Anything else may let any flow through.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tiercel.check.declared import has_tag
from tiercel.check.types import ANY, MapOf, Member, Origin

__all__ = ["FlowOutputs", "foreign_outputs", "upstream_outputs"]

FlowOutputs = Callable[[Any, Any], "Mapping[str, Member] | None"]
"""(namespace, flow) → the outputs that the flow declares; None when the flow is not known."""

Named = tuple[str, str]
"""A flow's namespace and id."""


def upstream_outputs(entry: Mapping[str, Any], flow_outputs: FlowOutputs) -> MapOf:
    """Return the type of the outputs that a trigger tells of.

    Args:
        entry: the trigger, as it is written.
        flow_outputs: what is known of other flows.
    """
    named = _awaited(entry)
    known = [flow_outputs(*each) for each in named or ()]
    members: dict[str, Member] = {}
    for flow, outputs in zip(named or (), known, strict=True):
        members |= foreign_outputs(flow[1], outputs or {})
    complete = named is not None and None not in known
    what = f"The flow {named[0][1]!r}" if named and len(named) == 1 else "The trigger"
    return MapOf(members, None if complete else ANY, code="TC103", what=what, noun="output")


def foreign_outputs(flow_id: str, outputs: Mapping[str, Member]) -> dict[str, Member]:
    """Return outputs of another flow, whose places are none of this one."""
    doc = f"An output of the flow `{flow_id}`."
    origin = Origin("output", doc=doc)
    return {name: Member(each.type, each.sure, origin) for name, each in outputs.items()}


def _awaited(entry: Mapping[str, Any]) -> list[Named] | None:
    """Return the flows whose outputs are told, all of them; None when it may be any."""
    conditions = entry.get("conditions")
    listed = [each for each in conditions or () if isinstance(each, dict)]
    together = [each["conditions"].values() for each in listed if _is_many(each)]
    preconditions = entry.get("preconditions")
    if isinstance(preconditions, dict):
        if preconditions.get("where"):
            return None
        together.append(preconditions.get("flows") or ())
    # Where executions come together, other conditions only say which of them count.
    parts = [each for many in together for each in many] if together else listed
    return _named(parts, all_of_them=bool(together))


def _is_many(condition: Mapping[str, Any]) -> bool:
    return isinstance(condition.get("conditions"), dict)


def _named(parts: Iterable[Any], *, all_of_them: bool) -> list[Named] | None:
    """Return the flows that parts name; None when there is none, or one that has to does not."""
    found = [_flow_of(part) for part in parts]
    named = [each for each in found if each is not None]
    return named if named and not (all_of_them and None in found) else None


def _flow_of(part: Any) -> Named | None:
    if not isinstance(part, dict):
        return None
    namespace, name = part.get("namespace"), part.get("flowId")
    if isinstance(namespace, str) and isinstance(name, str) and not has_tag(namespace + name):
        return namespace, name
    return None
