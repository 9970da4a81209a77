"""Values that are given to inputs: of a subflow, of the own flow by a trigger, as a default."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from tiercel._record import record
from tiercel.check.declared import has_tag
from tiercel.check.findings import Severity
from tiercel.check.interfaces import Declared, Interface, Interfaces, declared_inputs
from tiercel.check.scope import FlowScope
from tiercel.check.types import KINDS, Path, Type, could_be, described
from tiercel.model.input_base import input_class
from tiercel.model.input_values import resolve_inputs
from tiercel.model.problems import nearest

__all__ = ["Link", "default_links", "flow_links", "takes"]

Types = Mapping[Path, Type]
"""The types of the values that are single expressions, by their places."""

_NO_TREE = frozenset({"text", "number", "boolean", "moment", "null"})
_TAKEN = {
    **dict.fromkeys(("INT", "FLOAT"), frozenset({"text", "number", "null"})),
    **dict.fromkeys(("ARRAY", "MULTISELECT"), frozenset({"text", "list", "null"})),
    **dict.fromkeys(("DATE", "DATETIME", "TIME", "DURATION", "FILE", "URI"), _NO_TREE),
}


def takes(kind: Any) -> frozenset[str]:
    """Return the kinds of value that a type of input does not always refuse."""
    return _TAKEN.get(str(kind), KINDS)


@record
class Link:
    """Something wrong with what an input is given: a finding whose place is a path.

    Attributes:
        code: which rule it is of.
        path: where it is.
        message: what is wrong.
        on_key: whether it is the key at that path, and not the value.
        suggestion: what would be right in its place.
        severity: how bad it is, where the rule does not say.
    """

    code: str
    path: Path
    message: str
    on_key: bool = False
    suggestion: str | None = None
    severity: Severity | None = None


def default_links(flow: FlowScope) -> Iterator[Link]:
    """Yield the defaults that their own inputs refuse."""
    for declared in declared_inputs(flow.data.get("inputs"), ("inputs",)):
        value = declared.entry.get("defaults")
        if value is not None and not _has_tag(value):
            error = _refusal(declared, value)
            if error:
                message = f"The input {declared.id!r} refuses its default: {error}"
                yield Link("TC306", (*declared.path, "defaults"), message)


def flow_links(flow: FlowScope, known: Interfaces, types: Types) -> Iterator[Link]:
    """Yield what is wrong with the inputs of subflows, and with those that triggers give."""
    for task in flow.tree.tasks:
        if task.cls is not None and task.cls.runs_flow and not task.made:
            yield from _of_call(task.data, task.path, flow, known, types)
    own = Interface.of(flow.data)
    triggers = flow.data.get("triggers")
    for index, entry in enumerate(triggers if isinstance(triggers, list) else ()):
        cls = flow.tree.class_of(entry.get("type"), "trigger") if isinstance(entry, dict) else None
        if own is not None and cls is not None and "inputs" in cls.model_fields:
            path = ("triggers", index)
            yield from _given(entry, path, own, types, "id", Severity.WARNING)


def _of_call(
    data: dict[str, Any], path: Path, flow: FlowScope, known: Interfaces, types: Types
) -> Iterator[Link]:
    namespace, name = data.get("namespace"), data.get("flowId")
    if not isinstance(namespace, str) or not isinstance(name, str) or has_tag(namespace + name):
        return
    other = known.find(namespace, name)
    if other is not None:
        yield from _given(data, path, other, types, "flowId", None)
        return
    siblings = known.of_namespace(namespace)
    if set(siblings) - {flow.data.get("id")}:
        message = f"No flow {name!r} is known in the namespace {namespace!r}"
        yield Link("TC401", (*path, "flowId"), message, suggestion=nearest(name, siblings))


def _given(  # a call, its place, and what it calls
    data: dict[str, Any],
    path: Path,
    other: Interface,
    types: Types,
    named_by: str,
    severity: Severity | None,
) -> Iterator[Link]:
    """Compare the `inputs` of a task or trigger with what a flow declares."""
    inputs = data.get("inputs")
    if isinstance(inputs, str) or any(map(_has_tag, inputs or ())):
        return
    given = dict(_flat(inputs if isinstance(inputs, dict) else {}, (*path, "inputs"), other))
    declared = {each.id: each for each in other.inputs}
    label = f"The flow '{other.namespace}.{other.id}'"
    for name, (where, value) in given.items():
        if name not in declared:
            message = f"{label} has no input {name!r}; the value is ignored"
            hint = nearest(name, declared)
            yield Link("TC402", where, message, on_key=True, suggestion=hint)
        elif (error := _misfit(declared[name], value, types.get(where))) is not None:
            yield Link("TC404", where, f"The input {name!r} of {other.id!r} refuses this: {error}")
    for name, each in declared.items():
        if each.is_needed and name not in given:
            where = (*path, "inputs") if "inputs" in data else (*path, named_by)
            message = f"{label} needs the input {name!r}"
            yield Link("TC403", where, message, "inputs" in data, severity=severity)


def _flat(
    inputs: dict[str, Any], path: Path, other: Interface, prefix: str = ""
) -> Iterator[tuple[str, tuple[Path, Any]]]:
    """Yield what is given by full id; a map may stand for a group of inputs."""
    groups = {each.id.rpartition(".")[0] for each in other.inputs}
    for key, value in inputs.items():
        name = f"{prefix}{key}"
        if value is None:
            continue
        if isinstance(value, dict) and any(f"{each}.".startswith(f"{name}.") for each in groups):
            yield from _flat(value, (*path, key), other, f"{name}.")
        else:
            yield name, ((*path, key), value)


def _misfit(declared: Declared, value: Any, found: Type | None) -> str | None:
    if found is not None:
        kind = declared.entry.get("type")
        return None if could_be(found, takes(kind)) else f"{described(found)} is no {kind}"
    return None if _has_tag(value) else _refusal(declared, value)


def _refusal(declared: Declared, value: Any) -> str | None:
    """Return why an input refuses a value that is written out, or None."""
    cls = input_class(declared.entry.get("type"))
    # A file is given by a path or a URI; what is there shows when it is read.
    if cls is None or declared.entry.get("type") == "FILE" or "expression" in declared.entry:
        return None
    entry = {key: each for key, each in declared.entry.items() if key != "dependsOn"}
    try:
        model = cls.model_validate(entry)
    except ValidationError:
        return None
    found = resolve_inputs([model], {model.id: value}, lambda text, _inputs: text)
    error = found[0].error if found else None
    return str(error).partition("Cause: ")[2] or str(error) if error is not None else None


def _has_tag(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_has_tag(each) for pair in value.items() for each in pair)
    if isinstance(value, list):
        return any(map(_has_tag, value))
    return has_tag(value)
