"""What one property alone cannot show: ids used twice, inputs that wait for each other, old names.

Checks look at the flow's plain data, so they find their problems even when others were found
before. A task class adds its own by a pydantic model validator. Golden areas: `flows/validation`,
`flows/inputs`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from tiercel.errors import Problem, TiercelError
from tiercel.model.base import Model
from tiercel.model.flow import Flow
from tiercel.model.problems import WHOLE, Locator, Path
from tiercel.model.task import TaskBase, TypedModel

__all__ = ["check", "models_in", "notices"]

# Words that stand in the place of a flow's id in addresses of the server.
_RESERVED = (
    "pause",
    "resume",
    "force-run",
    "change-status",
    "kill",
    "executions",
    "search",
    "source",
    "disable",
    "enable",
)
_TASK_LISTS = ("tasks", "errors", "finally", "afterExecution", "listeners")


def check(locator: Locator) -> list[Problem]:
    """Return the problems that show only in the flow as a whole."""
    tasks = list(_tasks(locator))
    return [
        *_duplicates(locator, tasks, "Duplicate task id with name"),
        *_duplicates(locator, _entries(locator, "triggers"), "Duplicate trigger id with name"),
        *_duplicates(locator, _entries(locator, "inputs"), "Duplicate input with name"),
        *_duplicates(locator, _entries(locator, "outputs"), "Duplicate output with name"),
        *_duplicates(locator, _preconditions(locator), "Duplicate preconditions with id"),
        *_flow_itself(locator),
        *_own_calls(locator, tasks),
        *_system_labels(locator, tasks),
        *_plugin_defaults(locator),
        *_conflicts(locator),
        *_dependencies(locator),
        *_dashed_references(locator, tasks),
    ]


def _flow_itself(locator: Locator) -> Iterator[Problem]:
    name = locator.data.get("id")
    if name in _RESERVED:
        message = (
            f"Flow id is a reserved keyword: {name}. "
            f"List of reserved keywords: {', '.join(_RESERVED)}"
        )
        yield _whole(locator, ("id",), message, "reserved-id")
    labels = locator.data.get("labels")
    pairs = list(labels.items()) if isinstance(labels, dict) else []
    if isinstance(labels, list):
        pairs = [(each.get("key"), each.get("value")) for each in labels if isinstance(each, dict)]
    for key, value in pairs:
        if str(key).startswith("system.") and key != "system.readOnly":
            message = _system_label(key, value)
            yield _whole(locator, ("labels",), message, "system-label")


def _system_label(key: Any, value: Any) -> str:
    return f"System labels can only be set by Kestra itself, offending label: {key}={value}"


def _system_labels(
    locator: Locator, tasks: Iterable[tuple[Path, dict[str, Any]]]
) -> Iterator[Problem]:
    """Find system labels among those that triggers, service levels and subflows give."""
    calls = ((path, task) for path, task in tasks if "flowId" in task)
    for path, entry in (*_entries(locator, "triggers"), *_entries(locator, "sla"), *calls):
        labels = entry.get("labels")
        if isinstance(labels, dict):
            pairs = [(key, key, value) for key, value in labels.items()]
        else:
            pairs = [
                (index, label.get("key"), label.get("value"))
                for index, label in enumerate(labels if isinstance(labels, list) else ())
                if isinstance(label, dict)
            ]
        for index, (part, key, value) in enumerate(pairs):
            if str(key).startswith("system."):
                line, column = locator.places.value((*path, "labels", part))
                where = f"{locator.name((*path, 'labels'))}[{index}]"
                message = _system_label(key, value) + "."
                yield Problem(message, where, locator.file, line, column, "system-label")


def _plugin_defaults(locator: Locator) -> Iterator[Problem]:
    """Find defaults without values, and those of properties that their type does not have."""
    for name in ("pluginDefaults", "taskDefaults"):
        for path, entry in _entries(locator, name):
            values = entry.get("values")
            if values is None:
                wrong = ["No 'values' provided"]
            elif isinstance(values, dict):
                wrong = [
                    f"No value provided for key '{key}'"
                    for key, value in values.items()
                    if value is None
                ]
                wrong += _unknown_defaults(locator, entry.get("type"), values)
            else:
                continue
            if wrong:
                message = f"Invalid Plugin Default: {', '.join(wrong)}"
                yield locator.problem(path, message, "plugin-default")


def _unknown_defaults(locator: Locator, kind: Any, values: dict[Any, Any]) -> Iterator[str]:
    cls = locator.typed(kind)
    if cls is None:  # what a type begins with, or a type that is not installed
        return
    for key in values:
        if not locator.has_property(cls, str(key)):
            yield f"No property '{key}' exists in plugin '{kind}'"


def _own_calls(locator: Locator, tasks: Iterable[tuple[Path, dict[str, Any]]]) -> Iterator[Problem]:
    """Find tasks that run the very flow they stand in."""
    own = (locator.data.get("namespace"), locator.data.get("id"))
    for path, task in tasks:
        if (task.get("namespace"), task.get("flowId")) == own and locator.resolve(
            task["type"], "task"
        ).runs_flow:
            message = f"Recursive call to flow [{own[0]}.{own[1]}]"
            yield _whole(locator, (*path, "flowId"), message, "recursive-call")


def _tasks(locator: Locator) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield every mapping that is a task, outer ones first, with its path."""
    known: dict[str, bool] = {}
    for name in _TASK_LISTS:
        for path, mapping in _mappings((name,), locator.data.get(name)):
            kind = mapping.get("type")
            if not isinstance(kind, str) or "id" not in mapping:
                continue
            if kind not in known:
                known[kind] = _is_task(locator, kind)
            if known[kind]:
                yield path, mapping


def _is_task(locator: Locator, kind: str) -> bool:
    try:
        locator.resolve(kind, "task")
    except TiercelError:
        return False
    return True


def _mappings(path: Path, value: Any) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield every mapping in `value`, outer ones first, with its path."""
    items: Iterable[tuple[str | int, Any]] = ()
    if isinstance(value, list):
        items = enumerate(value)
    elif isinstance(value, dict):
        yield path, value
        items = value.items()
    for key, item in items:
        if isinstance(item, dict | list):
            yield from _mappings((*path, key), item)


def _entries(locator: Locator, name: str) -> Iterator[tuple[Path, dict[str, Any]]]:
    entries = locator.data.get(name)
    for index, entry in enumerate(entries if isinstance(entries, list) else []):
        if isinstance(entry, dict):
            yield (name, index), entry


def _preconditions(locator: Locator) -> Iterator[tuple[Path, dict[str, Any]]]:
    for path, trigger in _entries(locator, "triggers"):
        if isinstance(trigger.get("preconditions"), dict):
            yield (*path, "preconditions"), trigger["preconditions"]


def _duplicates(
    locator: Locator, entries: Iterable[tuple[Path, dict[str, Any]]], message: str
) -> Iterator[Problem]:
    seen: dict[str, list[Path]] = {}
    for path, entry in entries:
        identity = entry.get("id", entry.get("name"))
        if identity is not None and not isinstance(identity, dict | list):
            seen.setdefault(str(identity), []).append(path)
    repeated = {identity: paths for identity, paths in seen.items() if len(paths) > 1}
    if repeated:
        second = next(iter(repeated.values()))[1]
        yield _whole(locator, (*second, "id"), f"{message} [{', '.join(repeated)}]", "duplicate-id")


def _whole(locator: Locator, path: Path, message: str, code: str) -> Problem:
    line, column = locator.places.value(path)
    return Problem(WHOLE + message, "", locator.file, line, column, code)


def _inputs(
    locator: Locator, path: Path = ("inputs",), prefix: str = ""
) -> Iterator[tuple[str, Path, dict[str, Any]]]:
    """Yield inputs with their full ids; those of a form instead of the form itself."""
    entries = locator.at(locator.walk(path)) if path[-1] in locator.at(path[:-1]) else None
    for index, entry in enumerate(entries if isinstance(entries, list) else ()):
        if not isinstance(entry, dict):
            continue
        identity = f"{prefix}{entry.get('id', entry.get('name'))}"
        if entry.get("type") == "FORM":
            yield from _inputs(locator, (*path, index, "inputs"), f"{identity}.")
        else:
            yield identity, (*path, index), entry


def _conflicts(locator: Locator) -> Iterator[Problem]:
    """Find inputs that stand in the same place of `inputs`, or one inside of another."""
    paths: dict[str, Path] = {}
    twice: dict[str, Path] = {}
    for identity, path, _ in _inputs(locator):
        if identity in paths and "." in identity:
            twice[identity] = path
        paths[identity] = path
    if twice:
        where = (*next(iter(twice.values())), "id")
        yield _whole(locator, where, f"Duplicate input path [{', '.join(twice)}]", "duplicate-id")
    for identity in paths:
        parts = identity.split(".")
        for count in range(1, len(parts)):
            above = ".".join(parts[:count])
            if above in paths:
                message = (
                    f"Input path '{above}' conflicts with '{identity}'; "
                    "one cannot be nested under the other."
                )
                yield _whole(locator, (*paths[identity], "id"), message, "nested-input")


def _dependencies(locator: Locator) -> Iterator[Problem]:
    graph: dict[str, list[str]] = {}
    paths: dict[str, Path] = {}
    for identity, path, entry in _inputs(locator):
        wanted = entry.get("dependsOn")
        names = wanted.get("inputs") if isinstance(wanted, dict) else None
        graph[identity] = [str(name) for name in names] if isinstance(names, list) else []
        paths[identity] = path
    for identity, names in graph.items():
        where = (*paths[identity], "dependsOn")
        for name in names:
            if name not in graph:
                message = f"Input with id '{identity}' depends on a non-existent input '{name}'."
                yield _whole(locator, where, message, "unknown-input")
        cycle = _cycle(identity, graph)
        if cycle:
            message = (
                f"Cycle dependency detected for input with id '{identity}': [{', '.join(cycle)}]"
            )
            yield _whole(locator, where, message, "cycle")


def _cycle(start: str, graph: dict[str, list[str]]) -> list[str]:
    """Return the way from `start` back to itself, or nothing."""
    came_from: dict[str, str] = {}
    queue = [start]
    for here in queue:
        for name in graph.get(here, ()):
            if name == start:
                way = [here]
                while way[-1] != start:
                    way.append(came_from[way[-1]])
                return way[::-1]
            if name not in came_from:
                came_from[name] = here
                queue.append(name)
    return []


def _dashed_references(
    locator: Locator, tasks: list[tuple[Path, dict[str, Any]]]
) -> Iterator[Problem]:
    """Find `outputs.my-task.value`, which means a subtraction."""
    inputs = [str(entry.get("id")) for _, entry in _entries(locator, "inputs")]
    ids = [str(task["id"]) for _, task in tasks]
    outputs = list(_entries(locator, "outputs"))
    for what, names, where, entries in (
        ("input", inputs, "tasks", tasks),
        ("output", ids, "tasks", tasks),
        ("output", ids, "outputs", outputs),
    ):
        dashed = "|".join(re.escape(name) for name in names if "-" in name)
        if not dashed:
            continue
        end = r"\s*\}\}" if what == "input" else r"\.[^}]+\}\}"
        reference = re.compile(rf"\{{\{{\s*{what}s\.(?:{dashed}){end}")
        wrong = [(path, entry) for path, entry in entries if _mentions(entry, reference)]
        if wrong:
            message = (
                f"Invalid {what} reference: use {what}s[key-name] instead of {what}s.key-name — "
                f"keys with dashes require bracket notation, offending {where}: "
                f"[{', '.join(str(entry.get('id')) for _, entry in wrong)}]"
            )
            yield _whole(locator, wrong[0][0], message, "dashed-reference")


_COMMON = frozenset(field.alias or name for name, field in TaskBase.model_fields.items())


def _mentions(task: dict[str, Any], reference: re.Pattern[str]) -> bool:
    return any(
        reference.search(text)
        for key, value in task.items()
        if key not in _COMMON
        for text in _texts(value)
    )


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, dict) and not ("id" in value and "type" in value):
        for item in value.values():
            yield from _texts(item)


def notices(
    flow: Flow, locator: Locator, flow_exists: Callable[[str, str], bool] | None = None
) -> tuple[list[Problem], list[str], list[str]]:
    """Return warnings, paths of deprecated things, and what was read under another name."""
    warnings: list[Problem] = []
    deprecated = [name for name in ("listeners", "taskDefaults") if name in locator.data]
    infos: list[str] = []
    for path, model in models_in((), flow):
        written = locator.at(locator.walk(path))
        where = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in path).lstrip(".")
        if getattr(model, "deprecated", None):
            deprecated.append(where)
        deprecated += [f"{where}.{name}" for name in _old_properties(model, written)]
        if isinstance(model, TypedModel):
            present = type(model).type_name
            if present and present != model.type:
                infos.append(f"{model.type} is replaced by {present}")
        warnings += _warnings(path, model, written, locator)
        if flow_exists is not None and isinstance(model, TaskBase) and model.runs_flow:
            warnings += _missing_flow(path, written, locator, flow_exists)
    return warnings, deprecated, infos


_OF_RUNNABLE = ("timeout", "taskCache", "workerGroup")


def _warnings(path: Path, model: Model, written: Any, locator: Locator) -> Iterator[Problem]:
    if isinstance(model, TaskBase) and not model.runnable:
        unused = [name for name in _OF_RUNNABLE if not (name == "timeout" and model.uses_timeout)]
        for name in unused:
            if name in written and written[name] is not None:
                message = (
                    f"The task '{model.id}' cannot use the '{name}' property "
                    "as it's only relevant for runnable tasks."
                )
                yield locator.problem((*path, name), message, "runnable-only", on_key=True)
    if isinstance(model, TypedModel):
        for message in model.advice():
            yield locator.problem(path, message, "advice")
    for name, field in type(model).model_fields.items():
        # A `plugin.Property`, which this room does not know: a literal it cannot use.
        find_error = getattr(model.__dict__.get(name), "literal_error", None)
        error = find_error() if find_error else None
        if error:
            where = locator.walk((*path, field.alias or name))
            yield locator.problem(where, f"This value will fail the task: {error}", "literal")


def _missing_flow(
    path: Path, written: Any, locator: Locator, flow_exists: Callable[[str, str], bool]
) -> Iterator[Problem]:
    """Find out whether the flow that a task runs exists; an expression may name any."""
    namespace, name = written.get("namespace"), written.get("flowId")
    if not isinstance(namespace, str) or not isinstance(name, str) or "{{" in namespace + name:
        return
    known = (namespace, name) == (locator.data.get("namespace"), locator.data.get("id"))
    if not known and not flow_exists(namespace, name):
        message = f"The subflow '{name}' not found in namespace '{namespace}'."
        yield locator.problem((*locator.walk(path), "flowId"), message, "unknown-flow")


def _old_properties(model: Model, written: Any) -> Iterator[str]:
    if not isinstance(written, dict):
        return
    for name, field in type(model).model_fields.items():
        if field.deprecated and (field.alias or name) in written:
            yield field.alias or name


def models_in(path: Path, value: Any) -> Iterator[tuple[Path, Model]]:
    """Yield every model in `value` but the outermost flow, outer ones first, with its path."""
    if isinstance(value, Model):
        if path:
            yield path, value
        for name, field in type(value).model_fields.items():
            inner = value.__dict__.get(name)
            if isinstance(inner, Model | list | dict):
                yield from models_in((*path, field.alias or name), inner)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from models_in((*path, index), item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from models_in((*path, key), item)
