"""The trigger that reacts to executions of other flows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, ClassVar

from pydantic import Field

from tiercel.plugin import (
    ConditionContext,
    Example,
    ExecutionTrigger,
    Ignore,
    Output,
    Remember,
    Start,
    State,
)
from tiercel_triggers.preconditions import Gathering, MultipleCondition, Preconditions, gather

__all__ = ["Flow"]

_STATES = (
    State.SUCCESS,
    State.WARNING,
    State.FAILED,
    State.KILLED,
    State.CANCELLED,
    State.RETRIED,
    State.SKIPPED,
    State.RESUBMITTED,
    State.PAUSED,
)


class FlowOutput(Output):
    """What expressions find under `trigger`: the execution that changed its state."""

    execution_id: str | None = None
    """Its id."""
    execution_labels: dict[str, Any] | None = None
    """Its labels."""
    ended_in: State | None = Field(default=None, alias="state")
    """The state that it is in."""
    namespace: str | None = None
    """The namespace of its flow."""
    flow_id: str | None = None
    """Its flow."""
    flow_revision: int | None = None
    """The flow's revision."""
    outputs: dict[str, Any] | None = None
    """Its outputs."""


class Flow(ExecutionTrigger):
    """Start an execution when an execution of another flow ends, or changes its state.

    The execution sees that other one as `trigger.executionId`, `trigger.state`,
    `trigger.namespace`, `trigger.flowId`, `trigger.flowRevision`, `trigger.executionLabels` and,
    if the flow has any, `trigger.outputs`. Without conditions and preconditions every execution of
    every other flow starts one.
    """

    output_type: ClassVar[type[Output] | None] = FlowOutput
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Run after a flow has succeeded, with its output as an input",
            """
            id: transform
            namespace: company.team

            inputs:
              - id: date
                type: STRING

            tasks:
              - id: hello
                type: io.kestra.plugin.core.log.Log
                message: "Transforming data up to {{ inputs.date }}"

            triggers:
              - id: after_extract
                type: io.kestra.plugin.core.trigger.Flow
                inputs:
                  date: "{{ trigger.outputs.date }}"
                preconditions:
                  id: extract
                  flows:
                    - namespace: company.team
                      flowId: extract
                      states: [SUCCESS]
            """,
        ),
        Example(
            "Run when two flows have succeeded before nine",
            """
            id: report
            namespace: company.team

            tasks:
              - id: hello
                type: io.kestra.plugin.core.log.Log
                message: All data are here

            triggers:
              - id: all_data
                type: io.kestra.plugin.core.trigger.Flow
                preconditions:
                  id: sources
                  timeWindow:
                    type: DAILY_TIME_DEADLINE
                    deadline: "09:00:00"
                  flows:
                    - namespace: company.team
                      flowId: orders
                      states: [SUCCESS]
                    - namespace: company.team
                      flowId: customers
                      states: [SUCCESS]
            """,
        ),
        Example(
            "Run when anything fails in a namespace or below it",
            """
            id: alert
            namespace: system

            tasks:
              - id: hello
                type: io.kestra.plugin.core.log.Log
                message: "{{ trigger.flowId }} is {{ trigger.state }}"

            triggers:
              - id: failures
                type: io.kestra.plugin.core.trigger.Flow
                states: [FAILED, WARNING]
                preconditions:
                  id: company
                  where:
                    - id: company
                      filters:
                        - field: NAMESPACE
                          type: STARTS_WITH
                          value: company
            """,
        ),
    )

    states: list[State] = Field(default=list(_STATES))
    """The states that count when an execution enters them; CREATED never does."""
    preconditions: Preconditions | None = None
    """Executions that must come together within a time window."""

    def advice(self) -> Iterable[str]:
        """Warn of a trigger that every execution pulls."""
        if not self.conditions and self.preconditions is None:
            yield (
                "This flow will be triggered for EVERY execution of EVERY flow on your instance. "
                f"We recommend adding the preconditions property to the Flow trigger '{self.id}'."
            )

    def awaited_states(self) -> frozenset[State]:
        """Return `states`."""
        return frozenset(self.states)

    def consider(
        self, context: ConditionContext, memory: Mapping[str, Any] | None, at: datetime
    ) -> Start | Remember | Ignore:
        """Start when the conditions hold and the preconditions have come together."""
        conditions = self.all_conditions()
        plain = [each for each in conditions if not isinstance(each, MultipleCondition)]
        if not all(each.holds(context) for each in plain):
            return Ignore()
        gatherings: list[Gathering] = [
            each for each in conditions if isinstance(each, MultipleCondition)
        ]
        if self.preconditions is not None:
            gatherings.append(self.preconditions)
        told: Mapping[str, Any] = context.variables["trigger"]
        if not gatherings:
            return Start(told)
        before, kept, complete, news = memory or {}, {}, True, False
        for each in gatherings:
            met, all_met, met_now = gather(each, context, before.get(each.id, {}), at)
            complete &= all_met
            news |= met_now
            if met:
                kept[each.id] = met
        if not (complete and news):
            return Ignore() if kept == before else Remember(kept or None)
        again = {each.id for each in gatherings if each.reset_on_success}
        left = {name: met for name, met in kept.items() if name not in again}
        return Start({**told, **_outputs(kept)}, left or None)


def _outputs(kept: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> dict[str, Any]:
    """Return the outputs of all executions that came together, those of the last one on top."""
    seen = [each for parts in kept.values() for each in parts.values()]
    merged: dict[str, Any] = {}
    for each in sorted(seen, key=lambda each: datetime.fromisoformat(each["at"])):
        merged = _over(merged, each["outputs"])
    return {"outputs": merged} if merged else {}


def _over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Return two mappings as one, and so the mappings inside them."""
    merged = dict(below)
    for key, value in above.items():
        if isinstance(value, Mapping) and isinstance(merged.get(key), Mapping):
            merged[key] = _over(merged[key], value)
        else:
            merged[key] = value
    return merged
