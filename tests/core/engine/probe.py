"""A plugin of tasks that misbehave on purpose, and an engine that knows no other."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, ClassVar

from tiercel import Tiercel
from tiercel.plugin import FlowableTask, Output, Property, RunContext, Task, TaskError, hookimpl
from tiercel.plugin.registry import Plugin, Registry

TYPES = ("Call", "Coroutine", "Impure")


@hookimpl
def register_tasks() -> dict[str, str]:
    """Name the tasks below."""
    return {f"test.{name}": f"probe:{name}" for name in TYPES}


class Call(Task[Output]):
    """Calls a function of the test by its name."""

    functions: ClassVar[dict[str, Callable[[RunContext], Any]]] = {}
    call: str
    text: Property[str] = Property.of("")

    class Output(Output):
        """Whatever the function gives."""

        value: Any = None

    def run(self, ctx: RunContext) -> Any:
        """Return the function's answer as the output."""
        answer = self.functions[self.call](ctx)
        return answer if isinstance(answer, Output) or answer is None else self.Output(value=answer)


class Coroutine(Task[Output]):
    """Sleeps asynchronously until it is cancelled."""

    async def run(self, ctx: RunContext) -> None:
        """Sleep."""
        ctx.log("INFO", "asleep")
        await asyncio.sleep(60)


class Impure(FlowableTask):
    """A flowable that cannot decide anything."""

    def children(self) -> tuple[()]:
        """Return nothing."""
        return ()

    def next(self, _view: Any) -> Any:
        """Leave."""
        sys.exit(3)


def registry() -> Registry:
    """Return a registry with nothing but these tasks."""
    return Registry([(Plugin("probe", "probe", "probe", "1"), lambda: sys.modules[__name__])])


def flow(*tasks: str, flow_id: str = "probe", more: str = "") -> str:
    """Return a flow's text; each task is the inside of a mapping, `id` first."""
    lines = "".join(f"  - {{{task}}}\n" for task in tasks)
    return f"id: {flow_id}\nnamespace: company.team\n{more}\ntasks:\n{lines}"


class Engine:
    """An engine in memory with these tasks; `on` names a function of the test."""

    def __init__(self, **parts: Any) -> None:
        Call.functions = {}
        self.tiercel = Tiercel(registry=registry(), **{"environ": {}, **parts})

    def on(self, function: Callable[[RunContext], Any]) -> Callable[[RunContext], Any]:
        """Have tasks with `call: NAME` call this function."""
        Call.functions[function.__name__] = function
        return function

    def start(self, *calls: str, options: str = "") -> str:
        """Begin an execution that calls functions one after the other; return its id."""
        tasks = [f"id: {call}, type: test.Call, call: {call}{options}" for call in calls]
        return self.tiercel.start(flow(*tasks))

    def run(self, *calls: str, options: str = "") -> Any:
        """Run them to the end and return the execution."""
        return self.tiercel.wait(self.start(*calls, options=options), 20)

    def messages(self, execution: Any, *levels: str) -> list[str]:
        """Return what was logged, at these levels if any are given."""
        entries = self.tiercel.logs(execution.id)
        return [each.message for each in entries if not levels or each.level in levels]


def wait_for(condition: Callable[[], Any]) -> None:
    """Return when a condition holds that another thread brings about."""
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "It did not happen"
        threading.Event().wait(0.005)


__all__ = ["Call", "Engine", "TaskError", "flow", "registry", "wait_for"]
