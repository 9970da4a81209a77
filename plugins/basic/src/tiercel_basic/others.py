"""Tasks about other executions: `Count` and `Resume`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar

from tiercel.plugin import (
    Dynamic,
    Example,
    Model,
    Output,
    Property,
    RunContext,
    State,
    Task,
    TaskError,
    Text,
    moment_of,
)

__all__ = ["Count", "Resume"]


class CountedFlow(Model):
    """A flow whose executions are counted."""

    namespace: Text
    """The flow's namespace."""
    flow_id: Text
    """The flow's id."""


class CountResult(Output):
    """How many executions a flow has."""

    namespace: str
    """The flow's namespace."""
    flow_id: str
    """The flow's id."""
    count: int
    """How many of its executions were found."""


class CountOutput(Output):
    """What `Count` gives to later tasks."""

    results: list[CountResult]
    """The flows for which the expression holds."""
    total: int
    """The sum of their counts."""


class Count(Task[CountOutput]):
    """Count executions of flows, and keep the flows for which a condition on the count holds."""

    deprecated: ClassVar[str | None] = "Ask the API instead"
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Find flows that did nothing for a day",
            """\
id: find_idle_flows
namespace: company.team

tasks:
  - id: idle
    type: io.kestra.plugin.core.execution.Count
    flows:
      - namespace: company.team
        flowId: nightly_load
    startDate: "{{ now() | dateAdd(-1, 'DAYS') }}"
    expression: "{{ count == 0 }}"

  - id: show
    type: io.kestra.plugin.core.log.Log
    message: "{{ outputs.idle.results | length }} idle"
""",
        ),
    )

    extra_variables: ClassVar[Mapping[str, str]] = {"count": "How many executions of a flow."}

    flows: list[CountedFlow] | None = None
    """The flows; needed unless there are `namespaces`."""
    namespaces: Property[list[str]] | None = None
    """All flows of these namespaces that have executions."""
    states: Property[list[State]] | None = None
    """Count only executions in one of these states."""
    start_date: Property[str]
    """Count only executions that began then or later: ISO-8601 with a zone, UTC without one."""
    end_date: Property[str] | None = None
    """Count only executions that began earlier."""
    expression: Annotated[Text, Dynamic]
    """The condition, an expression that sees `count`; it holds when it renders to `true`."""

    def run(self, ctx: RunContext) -> CountOutput:
        """Return the flows with their counts.

        Raises:
            TaskError: neither flows nor namespaces are given, or a state or date is none.
        """
        if self.flows is None and self.namespaces is None:
            raise TaskError("You must provide a list of flows or namespaces.", retryable=False)
        results = [
            result
            for result in self._counted(ctx)
            if ctx.render_text(self.expression, {"count": result.count}) == "true"
        ]
        return CountOutput(results=results, total=sum(each.count for each in results))

    def _counted(self, ctx: RunContext) -> Iterator[CountResult]:
        start = moment_of(ctx.render(self.start_date))
        end = ctx.render(self.end_date)
        limits: dict[str, Any] = {
            "states": ctx.render(self.states) or [],
            "since": start,
            "until": None if end is None else moment_of(end),
        }
        for flow in self.flows or ():
            counts = ctx.executions.count(flow.namespace, flow.flow_id, **limits)
            count = counts.get(flow.flow_id, 0)
            yield CountResult(namespace=flow.namespace, flow_id=flow.flow_id, count=count)
        for namespace in ctx.render(self.namespaces) or ():
            counts = ctx.executions.count(namespace, **limits)
            for flow_id, count in sorted(counts.items()):
                yield CountResult(namespace=namespace, flow_id=flow_id, count=count)


class Resume(Task[Output]):
    """Resume a paused execution."""

    deprecated: ClassVar[str | None] = "Ask the API instead"
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Let an execution go on that another one names",
            """\
id: resume
type: io.kestra.plugin.core.execution.Resume
executionId: "{{ trigger.executionId }}"
inputs:
  approved: true
""",
            full=False,
        ),
    )

    namespace: Property[str] | None = None
    """Accepted for compatibility: an execution's id is enough to find it."""
    flow_id: Property[str] | None = None
    """Accepted for compatibility."""
    execution_id: Property[str] | None = None
    """The execution; this one by default."""
    inputs: Property[dict[str, Any]] | None = None
    """Values for the `onResume` inputs of the task that paused it."""

    def run(self, ctx: RunContext) -> None:
        """Resume it.

        Raises:
            NotFoundError: there is no such execution.
            ConflictError: it is not paused.
            InputError: an input is missing or invalid.
        """
        execution_id = ctx.render(self.execution_id) or ctx.variables["execution"]["id"]
        ctx.executions.resume(execution_id, ctx.render(self.inputs))
