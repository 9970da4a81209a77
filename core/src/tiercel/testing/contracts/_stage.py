"""What the suites for types need around a type: a registry, a checker, a flow that holds it.

A plugin may be installed with the core alone, so the task and the trigger that such a flow needs
beside the type are here: `tiercel.testing.Step` and `tiercel.testing.Tick`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from tiercel.plugin.hookspecs import hookimpl
from tiercel.plugin.registry import Plugin, Registry, installed
from tiercel.plugin.runner import AnyTaskRunner
from tiercel.plugin.task import Output, Task
from tiercel.plugin.trigger import PollingTrigger

if TYPE_CHECKING:
    from collections.abc import Callable

    from tiercel.check.checker import Checker
    from tiercel.plugin.context import RunContext

__all__ = [
    "NAMESPACE",
    "STEP",
    "TICK",
    "Step",
    "Tick",
    "checker_for",
    "default_registry",
    "flow_with",
    "with_stage",
]

STEP = "tiercel.testing.Step"
TICK = "tiercel.testing.Tick"
NAMESPACE = "company.team"


class Step(Task[Output]):
    """Do nothing; the task of flows that need one."""

    task_runner: AnyTaskRunner | None = None
    """A task runner to be checked."""

    def run(self, ctx: RunContext) -> None:
        """Do nothing."""


class Tick(PollingTrigger):
    """Find nothing; the trigger of flows whose conditions are checked."""

    def poll(self, ctx: RunContext) -> None:
        """Find nothing."""


@hookimpl
def register_tasks() -> dict[str, str]:
    """Name the task above."""
    return {STEP: f"{__name__}:Step"}


@hookimpl
def register_triggers() -> dict[str, str]:
    """Name the trigger above."""
    return {TICK: f"{__name__}:Tick"}


def with_stage(*plugins: tuple[Plugin, Callable[[], Any]]) -> Registry:
    """Return the installed plugins, these, and what is in this module."""
    own = Plugin("tiercel-testing", __name__, "tiercel-core", "0")
    return Registry([*installed(), (own, lambda: sys.modules[__name__]), *plugins])


@lru_cache(maxsize=1)
def default_registry() -> Registry:
    """Return the plugins of this environment; finding them takes longer than most tests."""
    return with_stage()


@lru_cache(maxsize=8)
def checker_for(registry: Registry) -> Checker:
    """Return what `tiercel check` checks flows with."""
    from tiercel.check.checker import Checker
    from tiercel.parts import language

    return Checker(registry, language(registry).tables)


def flow_with(
    kind: str, properties: Mapping[str, Any], inputs: Sequence[Mapping[str, Any]] = ()
) -> str:
    """Return the text of a flow that holds a type.

    Args:
        kind: `task`, `trigger`, `condition` or `task runner`.
        properties: its `type` and properties; tasks and triggers get an `id` unless they have one.
        inputs: the flow's inputs.
    """
    step: dict[str, Any] = {"id": "step", "type": STEP}
    flow: dict[str, Any] = {"id": "contract", "namespace": NAMESPACE, "tasks": [step]}
    if inputs:
        flow["inputs"] = list(inputs)
    if kind == "task":
        flow["tasks"] = [{"id": "contract", **properties}]
    elif kind == "task runner":
        step["taskRunner"] = dict(properties)
    elif kind == "trigger":
        flow["triggers"] = [{"id": "contract", **properties}]
    else:
        flow["triggers"] = [{"id": "contract", "type": TICK, "conditions": [dict(properties)]}]
    return json.dumps(flow, indent=1, default=str)
