"""What expressions see at a place of a flow: `inputs`, `outputs`, `taskrun`, `trigger`, …

The shapes are those of `engine.variables`, and of the engine's `beginning` and `starts` for inputs,
checks and triggers.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from tiercel._record import record
from tiercel.check.declared import INPUT_KINDS, data_type, has_tag, input_members, model_type
from tiercel.check.tree import Order, Task, Tree
from tiercel.check.types import (
    ANY,
    MOMENT,
    NUMBER,
    TEXT,
    ListOf,
    MapOf,
    Member,
    Origin,
    Path,
    Type,
    join,
)
from tiercel.check.upstream import FlowOutputs, foreign_outputs, upstream_outputs
from tiercel.plugin.task import ExecutionTask, Mirrors, output_class
from tiercel.plugin.trigger import ExecutionTrigger

__all__ = ["FlowScope", "Scope", "flow_outputs"]

_CALLED = ("executionId", "namespace", "flowId", "taskRunId", "taskId", "taskRunValue")
"""What `trigger` has when a task of another flow began the execution."""
_SHARED = {name: Member(MapOf({}, ANY), False) for name in ("envs", "globals", "kestra")}
_GLOB = frozenset("*?[")


@record
class Scope:
    """What expressions see at one place.

    Attributes:
        variables: the variables, as one map.
        tree: the flow's tasks.
        task: the task that the place belongs to, or None.
        ordered: whether it matters which tasks have run before.
        notes: texts that decide whether the place is reached at all, such as a `runIf`.
        templated: the flow's variables that hold expressions.
    """

    variables: MapOf
    tree: Tree
    task: Task | None = None
    ordered: bool = False
    notes: tuple[str, ...] = ()
    templated: frozenset[Path] = frozenset()

    @property
    def prefixes(self) -> tuple[str, ...]:
        """What the ids of tasks begin with that a flowable makes, where they are not known."""
        return self.tree.prefixes

    def order(self, task_id: str) -> tuple[Task | None, Order]:
        """Return a task by its id, and how it stands to this place."""
        other = self.tree.find(task_id)
        if other is None or not self.ordered:
            return other, Order.OPEN
        return other, self.tree.order(self.task, other)


class FlowScope:
    """The scopes of one flow.

    Args:
        data: the flow's data.
        tree: its tasks.
        flow_outputs: what is known of other flows.
    """

    def __init__(self, data: Any, tree: Tree, flow_outputs: FlowOutputs) -> None:
        self.data: dict[str, Any] = data if isinstance(data, dict) else {}
        self.tree = tree
        self._flow_outputs = flow_outputs

    # Scopes

    def of_task(self, task: Task) -> Scope:
        """Return what a task's own expressions see."""
        variables = dict(self._of_execution)
        variables["task"] = Member(_closed("The task", id=TEXT, type=TEXT))
        variables["taskrun"] = Member(self._task_run(task))
        around = list(task.ancestors())
        entries = [each for each in around if each.has_value or _may_give(each)]
        variables["parents"] = Member(ListOf(_parent(around) if around else ANY))
        if task.parent is not None and getattr(task.parent.cls, "shares_folder", False):
            variables["workerTaskrun"] = Member(self._task_run(task.parent))
        if entries:
            variables["parent"] = Member(_parent(entries), entries[0].has_value)
        variables |= _extra(task.cls)
        if task.cls is None or task.cls.runnable:
            variables.setdefault("workingDir", Member(TEXT, False))
        # A flowable of a type that is not known may have its tasks see anything.
        rest = ANY if any(each.cls is None for each in around) else None
        return self._scope(variables, task, rest, ordered=True, notes=tuple(_conditions(task)))

    def of_execution(self) -> Scope:
        """Return what the flow's own outputs and service levels see."""
        return self._scope(self._of_execution, ordered=True)

    def anywhere(self) -> Scope:
        """Return what may be seen somewhere: for `variables` and plugin defaults."""
        more = ("task", "taskrun", "parent", "parents", "workingDir", "outputDir", "outputFiles")
        variables = {**dict.fromkeys(more, Member(ANY, False)), **self._of_execution}
        return self._scope(variables)

    def of_inputs(self, entry: Any) -> Scope:
        """Return what an input's default and condition see: the inputs that it depends on."""
        wanted = entry.get("dependsOn") if isinstance(entry, dict) else None
        names = wanted.get("inputs") if isinstance(wanted, dict) else None
        names = {str(name) for name in names} if isinstance(names, list) else set()
        members = {
            name: member
            for name, member in self.inputs.items()
            if name in names or any(each.startswith(f"{name}.") for each in names)
        }
        inputs = MapOf(members, code="TC104", what="`dependsOn`", noun="input")
        flow = Member(_closed("The flow", id=TEXT, namespace=TEXT))
        return self._scope({**_SHARED, "flow": flow, "inputs": Member(inputs)})

    def of_checks(self) -> Scope:
        """Return what a check's condition sees."""
        variables = {
            **_SHARED,
            "flow": Member(_closed("The flow", id=TEXT, namespace=TEXT)),
            "inputs": Member(self._inputs_type()),
            "vars": Member(self._vars_type()),
            "labels": Member(MapOf({}, ANY)),
        }
        return self._scope(variables)

    def of_trigger(self, cls: Any, entry: Mapping[str, Any]) -> Scope:
        """Return what a trigger's own expressions see, and its conditions'.

        Args:
            cls: its class; None when it is not known.
            entry: the trigger, as it is written.
        """
        variables = {
            **_extra(cls),
            **_SHARED,
            "flow": Member(self._flow),
            "vars": Member(self._vars_type()),
            "trigger": Member(MapOf({}, ANY)),
            "schedule": Member(MapOf({}, ANY), False),
        }
        if cls is None or issubclass(cls, ExecutionTrigger):
            # Those of the execution that it is told of: another flow's.
            more = ("execution", "inputs", "outputs", "labels")
            variables |= dict.fromkeys(more, Member(MapOf({}, ANY), False))
            variables["vars"] = Member(MapOf({}, ANY), False)
        outputs = output_class(cls) if cls is not None else None
        if outputs is not None:
            told = self._told(cls, entry, outputs)
            variables["trigger"] = Member(MapOf(told, ANY, loose=True, what="The trigger"))
        return self._scope(variables)

    def _scope(
        self,
        variables: Mapping[str, Member],
        task: Task | None = None,
        rest: Type | None = None,
        *,
        ordered: bool = False,
        notes: tuple[str, ...] = (),
    ) -> Scope:
        seen = MapOf(variables, rest, code="TC101")
        return Scope(seen, self.tree, task, ordered, notes, self._templated)

    @cached_property
    def _templated(self) -> frozenset[Path]:
        return frozenset(_tagged(self.data.get("variables"), ("variables",)))

    # Variables

    @cached_property
    def _of_execution(self) -> dict[str, Member]:
        variables = {
            **_SHARED,
            "flow": Member(self._flow),
            "execution": Member(
                MapOf(
                    {
                        "id": Member(TEXT),
                        "startDate": Member(MOMENT),
                        "originalId": Member(TEXT),
                        "state": Member(TEXT),
                        "outputs": Member(self._own_outputs(), False),
                    },
                    what="The execution",
                )
            ),
            "outputs": Member(self.outputs),
            "labels": Member(self._labels()),
            "tasks": Member(MapOf({}, ANY, what="The states of tasks")),
            "trigger": Member(self._trigger(), False),
            "schedule": Member(MapOf({}, ANY), False),
        }
        if self.inputs:
            variables["inputs"] = Member(self._inputs_type())
        if self.data.get("variables") or self._sets_variables():
            variables["vars"] = Member(self._vars_type())
        return variables

    @cached_property
    def _flow(self) -> MapOf:
        return _closed("The flow", id=TEXT, namespace=TEXT, revision=NUMBER, tenantId=TEXT)

    @cached_property
    def inputs(self) -> dict[str, Member]:
        """The flow's inputs as members of `inputs`."""
        return input_members(self.data.get("inputs"), ("inputs",))

    def _inputs_type(self) -> MapOf:
        return MapOf(self.inputs, code="TC104", what="The flow", noun="input")

    def _vars_type(self) -> MapOf:
        written = self.data.get("variables")
        known = data_type(written, ("variables",), rendered=False)
        members = known.members if isinstance(known, MapOf) else {}
        return MapOf(
            members, ANY if self._sets_variables() else None, what="The flow", noun="variable"
        )

    def _sets_variables(self) -> bool:
        """Return whether a task changes the execution's variables."""
        return any(
            task.cls is not None
            and issubclass(task.cls, ExecutionTask)
            and "variables" in task.cls.model_fields
            for task in self.tree.tasks
        )

    def _labels(self) -> MapOf:
        written = self.data.get("labels")
        pairs = list(written.items()) if isinstance(written, dict) else []
        if isinstance(written, list):
            pairs = [(each.get("key"), each) for each in written if isinstance(each, dict)]
        names = {str(key).partition(".")[0]: "." in str(key) for key, _ in pairs}
        members = {name: Member(ANY if nested else TEXT) for name, nested in names.items()}
        return MapOf(
            {**members, "system": Member(MapOf({}, ANY))}, ANY, what="The execution", noun="label"
        )

    def _own_outputs(self) -> Type:
        members = flow_outputs(self.data)
        return MapOf(members, what="The flow", noun="output")

    def _trigger(self) -> MapOf:
        """Return the type of `trigger`: what any of the flow's triggers tells, or a caller."""
        called = {name: Member(TEXT, False) for name in _CALLED}
        called |= {name: Member(NUMBER, False) for name in ("flowRevision", "taskRunIteration")}
        triggers = self.data.get("triggers")
        known, complete = dict(called), False
        for index, entry in enumerate(triggers if isinstance(triggers, list) else ()):
            cls = None
            if isinstance(entry, dict):
                cls = self.tree.class_of(entry.get("type"), "trigger")
            outputs = output_class(cls) if cls is not None else None
            if outputs is None:
                return MapOf(known, ANY, what="The trigger")
            complete = True
            for name, member in self._told(cls, entry, outputs).items():
                found = member.type if name not in known else join([known[name].type, member.type])
                origin = Origin("trigger", ("triggers", index), outputs, _field(member))
                known[name] = Member(found, False, origin)
        # Without a trigger the execution may still have been begun by whatever an API call says.
        return MapOf(known, None if complete else ANY, loose=True, what="The trigger")

    def _told(self, cls: Any, entry: Mapping[str, Any], outputs: Any) -> dict[str, Member]:
        """Return what one trigger tells, by name."""
        members = dict(model_type(outputs).members)
        if "outputs" in members and issubclass(cls, ExecutionTrigger):
            found = upstream_outputs(entry, self._flow_outputs)
            members["outputs"] = Member(found, True, members["outputs"].origin)
        return members

    # Outputs

    @cached_property
    def outputs(self) -> MapOf:
        """The outputs of all tasks by id."""
        members = {
            task.id: Member(self._looped(task), True, Origin("task", task.path))
            for task in reversed(self.tree.tasks)
        }
        return MapOf(members, code="TC102", what="The flow", noun="task")

    def _looped(self, task: Task) -> Type:
        """Return what is found under a task's id: below loops, outputs by their values."""
        found = self._given(task)
        loops: list[Task] = []
        for each in (task, *task.ancestors()):
            if each.parent is not None and not each.rank and each.parent.order is None:
                return ANY
            if each.has_value and each.parent is not None:
                loops.append(each.parent)
        for loop in loops:
            names = _loop_values(loop)
            members = {name: Member(found) for name in names or ()}
            rest = found if names is None else None
            found = MapOf(
                members,
                rest,
                code="TC204",
                what=f"The loop {loop.id!r}",
                noun="value",
                loop=loop.id,
            )
        return found

    def _given(self, task: Task) -> Type:
        """Return the type of a task's outputs."""
        if task.cls is None:
            return ANY
        outputs = output_class(task.cls)
        known = model_type(outputs) if outputs is not None else MapOf({}, code="TC103")
        members = {
            name: self._refined(task, name, member, outputs)
            for name, member in known.members.items()
        }
        return MapOf(members, known.rest, code="TC103", what=f"The task {task.id!r}", noun="output")

    def _refined(self, task: Task, name: str, member: Member, outputs: Any) -> Member:
        """Return an output as the task's own properties tell it."""
        field = outputs.model_fields[_field(member)]
        marks = [each for each in field.metadata if isinstance(each, Mirrors)]
        if marks:
            written = task.data.get(marks[0].property)
            where = (*task.path, marks[0].property)
            return Member(_mirrored(written, where, member.type), member.sure, member.origin)
        if name == "outputs" and task.cls is not None and task.cls.runs_flow:
            found = self._flow_outputs(task.data.get("namespace"), task.data.get("flowId"))
            if found is not None and "outputs" not in task.data:
                flow_id = task.data["flowId"]
                shown = foreign_outputs(flow_id, found)
                what = f"The flow {flow_id!r}"
                given = MapOf(shown, code="TC103", what=what, noun="output")
                return Member(given, member.sure, member.origin)
        return member

    def _task_run(self, task: Task) -> MapOf:
        members = {
            "id": Member(TEXT),
            "startDate": Member(MOMENT),
            "attemptsCount": Member(NUMBER),
        }
        parent = task.parent
        if parent is not None:
            members["parentId"] = Member(TEXT)
        shares = parent is not None and getattr(parent.cls, "shares_folder", False)
        if task.has_value or (shares and parent is not None and parent.has_value):
            members["value"] = Member(TEXT)
        in_rounds = parent is not None and parent.order in ("values", "rounds") and not task.rank
        if in_rounds:
            members["iteration"] = Member(NUMBER)
        for name, doc in getattr(task.cls, "extra_variables", {}).items():
            if name.startswith("taskrun."):
                origin = Origin("variable", doc=doc)
                members[name.removeprefix("taskrun.")] = Member(ANY, False, origin)
        open_ended = task.cls is None or (parent is not None and parent.order is None)
        return MapOf(members, ANY if open_ended else None, what="The task run")


def flow_outputs(data: Any) -> dict[str, Member]:
    """Return the outputs that a flow's data declare, as members."""
    members = {}
    outputs = data.get("outputs") if isinstance(data, dict) else None
    for index, entry in enumerate(outputs if isinstance(outputs, list) else ()):
        if isinstance(entry, dict) and isinstance(entry.get("id"), str):
            kind = str(entry.get("type"))
            found = ListOf(ANY) if kind in ("ARRAY", "MULTISELECT") else INPUT_KINDS.get(kind, ANY)
            sure = entry.get("required", True) not in (False, "false")
            members[entry["id"]] = Member(found, sure, Origin("output", ("outputs", index)))
    return members


def _field(member: Member) -> str:
    return member.origin.field if member.origin is not None else ""


def _extra(cls: Any) -> dict[str, Member]:
    """Return the variables that only the expressions of a class see."""
    return {
        name: Member(ANY, False, Origin("variable", doc=doc))
        for name, doc in getattr(cls, "extra_variables", {}).items()
        if "." not in name
    }


def _closed(what: str, **members: Type) -> MapOf:
    return MapOf({name: Member(found) for name, found in members.items()}, what=what)


def _may_give(task: Task) -> bool:
    """Return whether a flowable's task run may have outputs while its tasks run."""
    return task.cls is None or output_class(task.cls) is not None or task.order is None


def _parent(entries: list[Task]) -> Type:
    run = MapOf({"value": Member(TEXT, False), "iteration": Member(NUMBER, False)})
    members = {"outputs": Member(MapOf({}, ANY), False)}
    if any(each.has_value or each.order is None or each.cls is None for each in entries):
        members["taskrun"] = Member(run, False)
    return MapOf(members, what="The parent")


def _conditions(task: Task) -> Iterator[str]:
    """Yield the texts that decide whether a task runs."""
    for each in task.chain():
        if each.condition():
            yield each.condition()
        if each is not task and each.order == "choice":
            for name in ("condition", "value"):
                if isinstance(each.data.get(name), str):
                    yield each.data[name]


def _loop_values(loop: Task) -> list[str] | None:
    """Return the values of a loop where they are written out, as its rounds see them."""
    values = loop.data.get("values", loop.data.get("value"))
    if isinstance(values, str) and not has_tag(values):
        try:
            values = json.loads(values)
        except ValueError:
            return None
    if not isinstance(values, list) or any(map(_has_expression, values)):
        return None
    return [
        value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
        for value in values
    ]


def _has_expression(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_has_expression(each) for pair in value.items() for each in pair)
    if isinstance(value, list):
        return any(map(_has_expression, value))
    # How a decimal number is written as text is its own matter.
    return has_tag(value) or isinstance(value, float)


def _mirrored(written: Any, path: Path, declared: Type) -> Type:
    """Return the type of an output that has what the author wrote in a property."""
    rest = declared.rest if isinstance(declared, MapOf) else ANY
    if isinstance(written, dict):
        return data_type(written, path, rendered=True, kind="output")
    if isinstance(written, list) and all(isinstance(each, dict) for each in written):
        return MapOf(input_members(written, path), code="TC103", what="The pause", noun="input")
    if isinstance(written, list) and all(isinstance(each, str) for each in written):
        members = {
            name: Member(TEXT if rest is None else rest, False, Origin("output", (*path, index)))
            for index, name in enumerate(written)
            if not has_tag(name) and not _GLOB & set(name)
        }
        complete = len(members) == len(written)
        return MapOf(
            members, rest, loose=complete, code="TC103", what="The task", noun="output file"
        )
    return declared


def _tagged(value: Any, path: Path) -> Iterator[Path]:
    """Yield the paths of texts that hold a template's tag."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _tagged(item, (*path, key))
    elif has_tag(value):
        yield path
