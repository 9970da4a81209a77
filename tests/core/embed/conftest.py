"""What the tests of embedding share: flows, and a task that waits for the test."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import pytest

from tiercel import AsyncTiercel, Tiercel
from tiercel.plugin import Output, RunContext, Task

PATIENCE = 20.0
HELLO = """
id: hello
namespace: company.team
labels: {team: data}
inputs:
  - {id: name, type: STRING}
tasks:
  - {id: greet, type: io.kestra.plugin.core.debug.Return, format: "Hello, {{ inputs.name }}"}
outputs:
  - {id: greeting, type: STRING, value: "{{ outputs.greet.value }}"}
"""
PAUSE = """
id: asking
namespace: company.team
tasks:
  - {id: ask, type: io.kestra.plugin.core.flow.Pause, onResume: [{id: why, type: STRING}]}
  - {id: say, type: io.kestra.plugin.core.debug.Return, format: "{{ outputs.ask.onResume.why }}"}
"""
GATED = """
id: gated
namespace: company.team
tasks:
  - {id: first, type: io.kestra.plugin.core.log.Log, message: one}
  - {id: gate, type: test.Gate}
  - {id: last, type: io.kestra.plugin.core.log.Log, message: three}
"""


class Gate(Task[Output]):
    """Logs a line, and waits until the gate of the test is opened, or it is killed.

    The class is made anew for each test, so that gates are not shared.
    """

    opened: ClassVar[threading.Event]
    entered: ClassVar[threading.Semaphore]

    def run(self, ctx: RunContext) -> None:
        """Wait."""
        ctx.log("INFO", "two")
        ctx.on_kill(self.opened.set)
        self.entered.release()
        assert self.opened.wait(PATIENCE)


@pytest.fixture
def gate() -> Iterator[type[Gate]]:
    """A task that waits until `opened` is set; `entered` counts the runs that wait."""

    class Own(Gate):
        opened = threading.Event()
        entered = threading.Semaphore(0)

    yield Own
    Own.opened.set()


@pytest.fixture
def flows() -> dict[str, str]:
    """Texts of flows by id."""
    return {"hello": HELLO, "asking": PAUSE, "gated": GATED}


@pytest.fixture
def make(gate: type[Gate]) -> Iterator[Callable[..., Tiercel]]:
    """Makes engines that know the gate, and closes them."""
    made: list[Tiercel] = []

    def new(*args: Any, **parts: Any) -> Tiercel:
        tiercel = Tiercel(*args, **{"environ": {}, **parts})
        made.append(tiercel)
        tiercel.register("task", "test.Gate", gate)
        return tiercel

    yield new
    gate.opened.set()
    for each in made:
        each.close()


@pytest.fixture
def tiercel(make: Callable[..., Tiercel]) -> Tiercel:
    """An engine in memory that knows the gate."""
    return make()


@pytest.fixture
def arun(tiercel: Tiercel) -> Callable[[Callable[[AsyncTiercel], Any]], Any]:
    """Runs a coroutine function with an asynchronous engine over `tiercel`."""
    import asyncio

    def run(main: Callable[[AsyncTiercel], Any]) -> Any:
        async def opened() -> Any:
            async with AsyncTiercel(tiercel=tiercel) as engine:
                return await asyncio.wait_for(main(engine), PATIENCE)

        return asyncio.run(opened())

    return run
