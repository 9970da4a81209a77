"""The tasks of a flow as they are nested, and which of them can have run before another."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from typing import Any

from pydantic import ValidationError

from tiercel.check.layout import layout
from tiercel.check.types import Path
from tiercel.errors import TiercelError
from tiercel.model.problems import nearest
from tiercel.model.task import TaskBase
from tiercel.plugin.task import FlowableTask, TaskOrder

__all__ = ["LISTS", "Order", "Task", "Tree"]

LISTS = ("tasks", "errors", "finally", "afterExecution")
"""The flow's own lists, in the order in which they run."""
_RANKS = {"errors": 1, "finally": 2, "afterExecution": 3}

Resolve = Callable[[str, str], Any]


class Order(Enum):
    """How a task stands to one that reads its outputs."""

    BEFORE = "before"
    """It has run."""
    UNCERTAIN = "uncertain"
    """It may have been left out: it is in a branch, or has a `runIf`."""
    PARALLEL = "parallel"
    """It may still be running."""
    NEVER = "never"
    """It cannot have run."""
    DISABLED = "disabled"
    """It is never run at all."""
    OPEN = "open"
    """Nothing can be said."""


class Task:
    """A task as it is written.

    Attributes:
        id: its id.
        path: where it is in the flow; that of the flowable when that makes it by itself.
        cls: the class of its type; None when that is unknown.
        data: its properties.
        parent: the flowable around it; None in the flow's own lists.
        list: the property of the parent, or of the flow, that it is in.
        lane: which of the property's lists: the name of a case, say.
        index: its number in that list.
        after: ids of tasks that it waits for, in a Dag.
        made: whether the flowable makes it, and nobody writes it.
    """

    __slots__ = (
        "after",
        "cls",
        "data",
        "id",
        "index",
        "lane",
        "list",
        "made",
        "parent",
        "path",
    )

    def __init__(
        self,
        task_id: str,
        path: Path,
        cls: type[TaskBase] | None,
        data: dict[str, Any],
        parent: Task | None,
    ) -> None:
        self.id = task_id
        self.path = path
        self.cls = cls
        self.data = data
        self.parent = parent
        self.list = ""
        self.lane: str | int = ""
        self.index = 0
        self.after: tuple[str, ...] = ()
        self.made = False

    def ancestors(self) -> Iterator[Task]:
        """Yield the flowables around it, the nearest first."""
        task = self.parent
        while task is not None:
            yield task
            task = task.parent

    def chain(self) -> list[Task]:
        """Return the way to it: the outermost flowable first, itself last."""
        return [*reversed(list(self.ancestors())), self]

    @property
    def order(self) -> TaskOrder | None:
        """How its own tasks run; None when that is not known."""
        return getattr(self.cls, "task_order", None)

    @property
    def rank(self) -> int:
        """0 in a main list, 1 in `errors`, 2 in `finally`, 3 in `afterExecution`."""
        return _RANKS.get(self.list, 0)

    @property
    def has_value(self) -> bool:
        """Whether its task runs have a value: that of the loop right around it."""
        return self.parent is not None and self.parent.order == "values" and not self.rank

    @property
    def is_flowable(self) -> bool:
        """Whether it runs other tasks."""
        return self.cls is not None and issubclass(self.cls, FlowableTask)

    def condition(self) -> str:
        """Return its `runIf`, or an empty text."""
        written = self.data.get("runIf", True)
        return "" if written in (True, "true", None) else str(written)

    def is_disabled(self) -> bool:
        """Return whether it, or a flowable around it, is switched off."""
        return any(each.data.get("disabled") in (True, "true") for each in self.chain())


class Tree:
    """The tasks of a flow.

    Args:
        data: the flow's data.
        resolve: from a type's name and kind to its class.
    """

    def __init__(self, data: Any, resolve: Resolve) -> None:
        self._resolve = resolve
        self.tasks: list[Task] = []
        self.by_id: dict[str, Task] = {}
        self.prefixes: tuple[str, ...] = ()
        for name in LISTS:
            value = data.get(name) if isinstance(data, dict) else None
            if value is not None:
                self._collect(value, (name,), None, name)

    def class_of(self, name: Any, kind: str) -> Any:
        """Return the class of a type, or None when there is none."""
        if not isinstance(name, str):
            return None
        try:
            return self._resolve(name, kind)
        except TiercelError:
            return None

    def _collect(
        self, value: Any, path: Path, parent: Task | None, name: str, lane: str | int = ""
    ) -> None:
        """Find the tasks in what a property holds."""
        if isinstance(value, list):
            for index, item in enumerate(value):
                self._item(item, (*path, index), parent, name, lane, index)
        elif isinstance(value, dict):
            if "type" in value:
                self._task(value, path, parent, name, lane, 0)
                return
            for key, item in value.items():
                self._collect(item, (*path, key), parent, name, key)

    def _item(
        self,
        item: Any,
        path: Path,
        parent: Task | None,
        name: str,
        lane: str | int,
        index: int,
    ) -> None:
        if not isinstance(item, dict):
            return
        if "type" in item or "id" in item:
            self._task(item, path, parent, name, lane, index)
            return
        # A Dag's entry: the task, and what it waits for.
        for key, inner in item.items():
            if isinstance(inner, dict):
                task = self._task(inner, (*path, key), parent, name, lane, index)
                waits = item.get("dependsOn")
                task.after = tuple(map(str, waits)) if isinstance(waits, list) else ()

    def _task(
        self,
        data: dict[str, Any],
        path: Path,
        parent: Task | None,
        name: str,
        lane: str | int,
        index: int,
    ) -> Task:
        cls = self.class_of(data.get("type"), "task")
        task = Task(str(data.get("id", "")), path, cls, data, parent)
        task.list, task.lane, task.index = name, lane, index
        self._add(task)
        slots: Mapping[str, Any] = layout(cls) if cls is not None else {}
        for key, value in data.items():
            slot = slots.get(key)
            holds = slot.kind == "task" if slot else cls is None and _looks_like_tasks(value)
            if holds:
                self._collect(value, (*path, key), task, key)
        self._made(task)
        return task

    def _add(self, task: Task) -> None:
        self.tasks.append(task)
        self.by_id.setdefault(task.id, task)

    def _made(self, task: Task) -> None:
        """Find the tasks that a flowable makes by itself: it has no property for any."""
        cls = task.cls
        if cls is None or not issubclass(cls, FlowableTask):
            return
        own = {key for key, slot in layout(cls).items() if slot.kind == "task"}
        if own - {"errors", "finally", "finally_"}:
            return
        try:
            model = cls.model_validate(task.data, context={"resolve": self._resolve})
        except (ValidationError, TypeError):
            self.prefixes += (f"{task.id}_",)
            return
        for index, child in enumerate(model.children()):
            made = Task(child.id, task.path, type(child), {}, task)
            made.index, made.made = index, True
            self._add(made)

    def find(self, task_id: str) -> Task | None:
        """Return a task by its id."""
        return self.by_id.get(task_id)

    def nearest(self, word: str) -> str | None:
        """Return the id that a mistyped one most likely means."""
        return nearest(word, self.by_id)

    # Which task runs before which

    def order(self, reader: Task | None, other: Task) -> Order:
        """Return how `other` stands to the task whose expression reads its outputs.

        `reader` is None for the flow's own outputs, which are read once all its tasks have run.
        """
        if other.is_disabled():
            return Order.DISABLED
        if reader is None:
            outer = other.chain()[0]
            return Order.NEVER if outer.rank == 3 else _certainty(other, None)
        reading, giving = reader.chain(), other.chain()
        depth = 0
        while depth < min(len(reading), len(giving)) and reading[depth] is giving[depth]:
            depth += 1
        common = reading[: min(depth, len(reading) - 1)]
        looped = any(each.order in ("values", "rounds", None) for each in common)
        if other is reader:
            again = looped or reader.is_flowable
            return Order.OPEN if again else Order.NEVER
        if depth in (len(reading), len(giving)):
            return Order.OPEN
        found = self._siblings(reading[depth], giving[depth])
        if found is Order.NEVER and looped:
            return Order.OPEN
        return _certainty(other, giving[depth].parent) if found is Order.BEFORE else found

    def _siblings(self, reader: Task, other: Task) -> Order:
        """Return how two tasks of one flowable, or of the flow, stand to each other."""
        if reader.rank != other.rank:
            return Order.OPEN if other.rank < reader.rank else Order.NEVER
        parent = reader.parent
        together = (reader.list, reader.lane) == (other.list, other.lane)
        order = parent.order if parent is not None and not reader.rank else "sequence"
        if order == "parallel":
            return self._in_parallel(reader, other)
        if order == "choice" and not together:
            return Order.NEVER
        if order is None or not together:
            return Order.OPEN
        return Order.BEFORE if other.index < reader.index else Order.NEVER

    def _in_parallel(self, reader: Task, other: Task) -> Order:
        in_turn = reader.parent is not None and reader.parent.data.get("concurrent") == 1
        if self._waits_for(reader, other) or (in_turn and other.index < reader.index):
            return Order.BEFORE
        return Order.NEVER if self._waits_for(other, reader) else Order.PARALLEL

    def _waits_for(self, reader: Task, other: Task) -> bool:
        seen: set[str] = set()
        waiting = list(reader.after)
        while waiting:
            name = waiting.pop()
            if name == other.id:
                return True
            if name not in seen and name in self.by_id:
                seen.add(name)
                waiting += self.by_id[name].after
        return False


def _certainty(other: Task, common: Task | None) -> Order:
    """Return whether a task surely ran, given that what it is in below `common` has ended."""
    task: Task | None = other
    while task is not None and task is not common:
        if task.condition() or task.rank == 1:
            return Order.UNCERTAIN
        parent = task.parent
        if parent is not None and parent is not common and parent.order == "choice":
            return Order.UNCERTAIN
        task = parent
    return Order.BEFORE


def _looks_like_tasks(value: Any) -> bool:
    items = value if isinstance(value, list) else [value]
    return any(isinstance(item, dict) and {"id", "type"} <= item.keys() for item in items)
