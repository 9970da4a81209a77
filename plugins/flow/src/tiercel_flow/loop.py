"""The same tasks once for each value of a list."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any, ClassVar

from pydantic import Field

from tiercel.plugin import (
    Decision,
    Evaluate,
    Example,
    FlowableTask,
    FlowableView,
    Lane,
    Property,
    TaskBase,
    TaskList,
    TaskOrder,
)
from tiercel_flow.lanes import limit_of, open_lanes, question

__all__ = ["EachParallel", "EachSequential", "ForEach"]


class _Loop(FlowableTask):
    """What the loops share: one lane a value."""

    task_order: ClassVar[TaskOrder | None] = "values"

    tasks: TaskList
    """What runs for each value, in order; it sees `taskrun.value` and `taskrun.iteration`."""

    def children(self) -> tuple[TaskBase, ...]:
        """Return the tasks of one round."""
        return tuple(self.tasks)

    def _rounds(
        self, view: FlowableView, written: Property[Any], values: Any, limit: int
    ) -> Decision:
        """Open a lane for each value that has none yet."""
        items = _items(values)
        if not view.opened:
            _check(items, written)
        tasks = tuple(self.tasks)
        first = view.opened
        last = len(items) if not limit else min(len(items), first + max(0, limit - view.active))
        ready = [
            Lane(index, tasks, value=_text(items[index]), iteration=index)
            for index in range(first, last)
        ]
        return open_lanes(view, ready, limit)


class ForEach(_Loop):
    """Run tasks once for each value of a list, one value after the other or several at once.

    The outputs of a round are under its value: `outputs.task_id['value']`.
    """

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "A few cities, two at a time",
            """
            id: for_each
            namespace: company.team

            tasks:
              - id: cities
                type: io.kestra.plugin.core.flow.ForEach
                values: ["Bern", "Oslo", "Rome"]
                concurrencyLimit: 2
                tasks:
                  - id: greet
                    type: io.kestra.plugin.core.debug.Return
                    format: "{{ taskrun.iteration }}: {{ taskrun.value }}"
            """,
        ),
    )

    values: Property[str | list[Any]]
    """The list, or an expression or JSON text that gives one."""
    concurrency_limit: int = Field(default=1, ge=0)
    """How many values are worked on at once; 0 for all."""

    def next(self, view: FlowableView) -> Decision:
        """Ask for the values, then run the rounds."""
        if "" not in view.values:
            return Evaluate({"values": self.values.raw})
        return self._rounds(view, self.values, view.values[""]["values"], self.concurrency_limit)


class EachSequential(_Loop):
    """Run tasks once for each value of a list, one value after the other; now `ForEach`."""

    deprecated: ClassVar[str | None] = "Use io.kestra.plugin.core.flow.ForEach"

    value: Property[str | list[Any]]
    """The list, or an expression or JSON text that gives one."""

    def next(self, view: FlowableView) -> Decision:
        """Ask for the values, then run the rounds."""
        if "" not in view.values:
            return Evaluate({"value": self.value.raw})
        return self._rounds(view, self.value, view.values[""]["value"], limit=1)


class EachParallel(_Loop):
    """Run tasks once for each value of a list, at the same time; now `ForEach`."""

    deprecated: ClassVar[str | None] = (
        "Use io.kestra.plugin.core.flow.ForEach with concurrencyLimit: 0"
    )

    value: Property[str | list[Any]]
    """The list, or an expression or JSON text that gives one."""
    concurrent: Property[int] = Property.of(0)
    """How many values are worked on at once; 0 for all."""

    def next(self, view: FlowableView) -> Decision:
        """Ask for the values, then run the rounds."""
        if "" not in view.values:
            asked = question(view, concurrent=self.concurrent)
            also = asked.expressions if asked else {}
            return Evaluate({"value": self.value.raw, **also})
        limit = limit_of(view, "concurrent", self.concurrent)
        return self._rounds(view, self.value, view.values[""]["value"], limit)


def _check(items: list[Any], written: Property[Any]) -> None:
    """Refuse what Kestra refuses: a null, and a fraction in a list that the flow itself spells out.

    Raises:
        ValueError: there is one. Source: `FlowableUtils.resolveEachTasks`.
    """
    if None in items:
        raise ValueError("The values hold a null; leave it out, or write a text for it")
    for item in items if isinstance(written.raw, list) else ():
        if isinstance(item, float):
            raise ValueError(
                f"Unknown value element type: {item} is a fraction; write it in quotes"
            )


def _items(values: Any) -> list[Any]:
    """Return the list that an answer stands for.

    Raises:
        ValueError: it is none.
    """
    if isinstance(values, str):
        return _parsed(values)
    if not isinstance(values, list):
        raise ValueError(f"The values must be a list, not {values!r:.100}")
    return values


@lru_cache(maxsize=8)
def _parsed(text: str) -> list[Any]:
    """Return the list in a JSON text; each round asks for it again."""
    try:
        values = json.loads(text)
    except ValueError as error:
        raise ValueError(f"{text[:100]!r} is not a list: {error}") from error
    if not isinstance(values, list):
        raise ValueError(f"The values must be a list, not {values!r:.100}")
    return values


def _text(value: Any) -> str:
    """Return a value as the rounds see it: text, and JSON text of a list or mapping."""
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return repr(value)
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
