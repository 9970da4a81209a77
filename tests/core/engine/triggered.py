"""An engine whose triggers follow a clock that the test moves; nothing happens by itself."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from tiercel import Execution, Tiercel
from tiercel.engine.triggers.triggers import TriggerHandle
from tiercel.plugin import Condition, ConditionContext, Output, PollingTrigger, RunContext, hookimpl
from tiercel.plugin.registry import Plugin, Registry, installed
from tiercel.repository.spi import ExecutionQuery
from tiercel.testing import FakeClock

__all__ = ["START", "Asked", "Look", "World", "registry"]

START = datetime(2026, 1, 1, 8, 30, tzinfo=UTC)
SCHEDULE = "io.kestra.plugin.core.trigger.Schedule"
HOURLY = f'{{id: t, type: {SCHEDULE}, cron: "0 * * * *"'


@hookimpl
def register_triggers() -> dict[str, str]:
    """Name the trigger below."""
    return {"test.Look": "triggered:Look"}


@hookimpl
def register_conditions() -> dict[str, str]:
    """Name the condition below."""
    return {"test.Asked": "triggered:Asked"}


class Look(PollingTrigger):
    """Asks a function of the test."""

    answer: ClassVar[Callable[[RunContext], Any]]

    class Output(Output):
        """What it found."""

        found: Any = None

    def poll(self, ctx: RunContext) -> Any:
        """Return what the function finds, if anything."""
        found = type(self).answer(ctx)
        return None if found is None else self.Output(found=found)


class Asked(Condition):
    """Asks a function of the test."""

    answer: ClassVar[Callable[[ConditionContext], bool]]

    def holds(self, context: ConditionContext) -> bool:
        """Return what the function says."""
        return type(self).answer(context)


def registry() -> Registry:
    """Return the installed plugins and this one."""
    own = (Plugin("triggered", "triggered", "triggered", "1"), lambda: sys.modules[__name__])
    return Registry([*installed(), own])


def flow(triggers: str, flow_id: str = "f", tasks: str = "", more: str = "") -> str:
    """Return a flow's text; `triggers` and `tasks` are the insides of lists."""
    tasks = tasks or '{id: a, type: io.kestra.plugin.core.debug.Return, format: "x"}'
    listed = f"triggers: [{triggers}]\n" if triggers else ""
    return f"id: {flow_id}\nnamespace: company.team\ntasks: [{tasks}]\n{more}\n{listed}"


class World:
    """An engine on a clock that stands still, at `START` first."""

    def __init__(self, clock: FakeClock | None = None, **parts: Any) -> None:
        self.clock = clock or FakeClock(START)
        self.tiercel = Tiercel(clock=self.clock, registry=registry(), **{"environ": {}, **parts})

    def deploy(self, triggers: str, flow_id: str = "f", **parts: str) -> None:
        """Store a flow with these triggers, and have them wait for what comes."""
        text = flow(triggers, flow_id, **parts)
        self.tiercel.save_flow(self.tiercel.load_flow(text))
        self.run_due()

    def trigger(self, trigger_id: str = "t", flow_id: str = "f") -> TriggerHandle:
        """Return a deployed trigger."""
        return self.tiercel.triggers.get("company.team", flow_id, trigger_id)

    def run_due(self) -> None:
        """Have everything done that is due by now."""
        self.tiercel.triggers.scheduler.run_due()

    def move(self, **length: float) -> None:
        """Let time pass, and have done what is due then."""
        self.clock.move(timedelta(**length))
        self.settle()

    def settle(self) -> None:
        """Have everything done that is due, and all that follows from it."""
        known, quiet = -1, False
        while not quiet:
            self.run_due()
            found = self.executions("")
            quiet = known == len(found) and all(each.done for each in found)
            known = len(found)
            for each in found:
                self.tiercel.wait(each.id, 20)

    def executions(self, flow_id: str = "f") -> list[Execution]:
        """Return the executions of a flow, or of all flows, the first one first."""
        query = ExecutionQuery(flow_id=flow_id or None, limit=10_000)
        return list(reversed(self.tiercel.executions(query)))

    def dates(self, flow_id: str = "f") -> list[str]:
        """Return the dates of a flow's executions, in the order in which they were started."""
        return [
            each.trigger["variables"]["date"] for each in self.executions(flow_id) if each.trigger
        ]

    def hours(self) -> list[int]:
        """Return the hours of these dates."""
        return [datetime.fromisoformat(date).hour for date in self.dates()]
