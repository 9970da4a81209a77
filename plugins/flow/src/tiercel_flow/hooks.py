"""Which types this package brings."""

from __future__ import annotations

from tiercel.plugin import Registration, hookimpl

__all__ = ["register_tasks"]

_NEW = "io.kestra.plugin.core.flow."
_OLD = "io.kestra.core.tasks.flows."


@hookimpl
def register_tasks() -> Registration:
    """Return the flowable tasks, with the names they had before."""
    return {
        (f"{_NEW}Sequential", f"{_OLD}Sequential"): "tiercel_flow.sequential:Sequential",
        (f"{_NEW}AllowFailure", f"{_OLD}AllowFailure"): "tiercel_flow.sequential:AllowFailure",
        (f"{_NEW}Parallel", f"{_OLD}Parallel"): "tiercel_flow.parallel:Parallel",
        (f"{_NEW}Dag", f"{_OLD}Dag"): "tiercel_flow.dag:Dag",
        (f"{_NEW}If", f"{_OLD}If"): "tiercel_flow.branch:If",
        (f"{_NEW}Switch", f"{_OLD}Switch"): "tiercel_flow.branch:Switch",
        f"{_NEW}ForEach": "tiercel_flow.loop:ForEach",
        (f"{_NEW}EachSequential", f"{_OLD}EachSequential"): "tiercel_flow.loop:EachSequential",
        (f"{_NEW}EachParallel", f"{_OLD}EachParallel"): "tiercel_flow.loop:EachParallel",
        (f"{_NEW}Pause", f"{_OLD}Pause"): "tiercel_flow.pause:Pause",
        (f"{_NEW}LoopUntil", f"{_NEW}WaitFor"): "tiercel_flow.until:LoopUntil",
        (
            f"{_NEW}Subflow",
            f"{_OLD}Subflow",
            f"{_OLD}Flow",
        ): "tiercel_flow.subflow:Subflow",
        (
            f"{_NEW}ForEachItem",
            f"{_OLD}ForEachItem",
        ): "tiercel_flow.for_each_item:ForEachItem",
        (
            f"{_NEW}WorkingDirectory",
            f"{_OLD}WorkingDirectory",
            f"{_OLD}Worker",
        ): "tiercel_flow.working_directory:WorkingDirectory",
        f"{_NEW}Sleep": "tiercel_flow.sleep:Sleep",
    }
