"""A flow's text to a `Flow`, or to everything that is wrong with it.

The classes behind task types come from outside (`resolve`), so this room needs no plugin.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter, ValidationError

from tiercel._record import record
from tiercel.errors import FlowError, FlowSyntaxError, Problem, TiercelError
from tiercel.model import yaml
from tiercel.model.checks import check, notices
from tiercel.model.defaults import apply_defaults
from tiercel.model.flow import Flow
from tiercel.model.problems import Locator, constraint_lines, problems_of
from tiercel.model.task import AnyTask, TaskBase

__all__ = ["Report", "Resolve", "examine", "load", "load_task"]

Resolve = Callable[[str, str], Any]
"""From a type's name and kind (`task`, `trigger`, `condition`, `task runner`) to its class.

Raises:
    UnknownTypeError: no plugin brings it.
    PluginError: the plugin that brings it is broken.
"""

_KINDS = ("task", "trigger", "condition", "task runner")


@record
class Report:
    """What an examination of a flow's text found.

    Attributes:
        flow: the flow; None when there are problems.
        problems: what makes it unusable.
        warnings: what is accepted, but hardly meant.
        deprecations: paths of old properties and types that still work (`tasks[0]`).
        infos: what was read as something else (an old type's present name).
        id: the flow's id as far as it can be read, even of a bad flow.
        namespace: likewise.
        syntax: whether the problems are the YAML's.
    """

    flow: Flow | None
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    deprecations: tuple[str, ...] = ()
    infos: tuple[str, ...] = ()
    id: str | None = None
    namespace: str | None = None
    syntax: bool = False

    @property
    def constraints(self) -> list[str]:
        """The problems as the lines of Kestra's validation answer."""
        return constraint_lines(self.problems)


def load(
    text: str,
    *,
    resolve: Resolve,
    file: str = "",
    plugin_defaults: Sequence[Mapping[str, Any]] = (),
) -> Flow:
    """Return the flow that `text` means.

    Args:
        text: the YAML.
        resolve: finds the classes of tasks and triggers.
        file: the file's name, for messages.
        plugin_defaults: defaults from settings, as flows write them; the flow's own win.

    Raises:
        FlowSyntaxError: the text is no YAML.
        FlowError: something is wrong with the flow; lists all of it.
    """
    flow, problems, _ = _read(text, resolve, file, plugin_defaults)
    if flow is None or problems:
        raise FlowError(problems)
    return flow


def examine(
    text: str,
    *,
    resolve: Resolve,
    file: str = "",
    plugin_defaults: Sequence[Mapping[str, Any]] = (),
    flow_exists: Callable[[str, str], bool] | None = None,
) -> Report:
    """Return everything there is to say about a flow's text; never raises `FlowError`.

    Args:
        text: the YAML.
        resolve: finds the classes of tasks and triggers.
        file: the file's name, for messages.
        plugin_defaults: defaults from settings, as flows write them; the flow's own win.
        flow_exists: (namespace, id) → whether there is such a flow; without it, flows that tasks
            run are not looked for.
    """
    try:
        flow, problems, locator = _read(text, resolve, file, plugin_defaults)
    except FlowSyntaxError as error:
        return Report(None, error.problems, syntax=True)
    data = locator.data if isinstance(locator.data, dict) else {}
    identity = {key: data[key] for key in ("id", "namespace") if isinstance(data.get(key), str)}
    if flow is None or problems:
        return Report(None, tuple(problems), **identity)
    warnings, deprecations, infos = notices(flow, locator, flow_exists)
    return Report(flow, (), tuple(warnings), tuple(deprecations), tuple(infos), **identity)


def load_task(text: str, task_id: str, resolve: Resolve) -> TaskBase:
    """Return the task that a YAML text describes by itself, outside of a flow.

    Args:
        text: the YAML.
        task_id: its id, unless it has one.
        resolve: finds the class.

    Raises:
        FlowSyntaxError: the text is no YAML.
        ValueError: it is no task; the message lists everything that is wrong.
    """
    data = yaml.parse(text)
    if isinstance(data, dict):
        data = {"id": task_id, **data}
    task: TypeAdapter[TaskBase] = TypeAdapter(AnyTask)
    try:
        return task.validate_python(data, context={"resolve": resolve})
    except ValidationError as error:
        problems = (
            ": ".join(filter(None, (".".join(map(str, each["loc"])), each["msg"])))
            for each in error.errors(include_url=False)
        )
        raise ValueError("; ".join(problems)) from error


def _read(
    text: str, resolve: Resolve, file: str, plugin_defaults: Sequence[Mapping[str, Any]]
) -> tuple[Flow | None, list[Problem], Locator]:
    data = yaml.parse(text, file=file)
    if isinstance(data, dict) and "source" in data:
        data = {key: value for key, value in data.items() if key != "source"}
    if isinstance(data, dict):
        data = apply_defaults(data, lambda name: _canonical(name, resolve), plugin_defaults)
    locator = Locator(data, yaml.Places(text), resolve, Flow, file)
    if not isinstance(data, dict):
        return None, [locator.problem((), "A flow is a mapping of properties", "flow")], locator
    flow, problems = None, []
    try:
        flow = Flow.model_validate({**data, "source": text}, context={"resolve": resolve})
    except ValidationError as error:
        problems = problems_of(error.errors(include_url=False), locator)
    problems += check(locator)
    return flow, problems, locator


def _canonical(name: str, resolve: Resolve) -> str:
    for kind in _KINDS:
        try:
            return getattr(resolve(name, kind), "type_name", "") or name
        except TiercelError:
            continue
    return name
