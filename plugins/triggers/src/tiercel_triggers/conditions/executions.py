"""Conditions on the execution that changed its state, for triggers that react to executions.

Source: the classes of the same names in Kestra 1.3; golden case `condition/execution_conditions`.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from tiercel.plugin import (
    Condition,
    ConditionContext,
    Example,
    Execution,
    Labels,
    Property,
    State,
    TaskError,
)
from tiercel_triggers.conditions.logic import is_true_text

__all__ = [
    "ExecutionFlow",
    "ExecutionLabels",
    "ExecutionNamespace",
    "ExecutionOutputs",
    "ExecutionStatus",
    "HasRetryAttempt",
    "execution_of",
]


def execution_of(context: ConditionContext) -> Execution:
    """Return the execution that a condition is about.

    Raises:
        TaskError: there is none, as with a schedule.
    """
    if context.execution is None:
        raise TaskError(
            "Invalid condition with null execution: it is for triggers that react to executions",
            retryable=False,
        )
    return context.execution


class ExecutionFlow(Condition):
    """Holds when the execution is of a certain flow."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Run after another flow",
            """
            id: downstream
            namespace: company.team

            tasks:
              - id: hello
                type: io.kestra.plugin.core.log.Log
                message: Hello

            triggers:
              - id: upstream
                type: io.kestra.plugin.core.trigger.Flow
                conditions:
                  - type: io.kestra.plugin.core.condition.ExecutionFlow
                    namespace: company.team
                    flowId: upstream
            """,
        ),
    )

    namespace: Property[str]
    """The flow's namespace."""
    flow_id: Property[str]
    """The flow's id."""

    def holds(self, context: ConditionContext) -> bool:
        """Compare the execution's flow."""
        execution = execution_of(context)
        return (execution.namespace, execution.flow_id) == (
            context.render(self.namespace),
            context.render(self.flow_id),
        )


class ExecutionNamespace(Condition):
    """Holds when the execution's namespace is, begins with, or ends with a text."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Run after every flow of a namespace and those below it",
            """
            id: downstream
            namespace: company.team

            tasks:
              - id: hello
                type: io.kestra.plugin.core.log.Log
                message: Hello

            triggers:
              - id: upstream
                type: io.kestra.plugin.core.trigger.Flow
                conditions:
                  - type: io.kestra.plugin.core.condition.ExecutionNamespace
                    namespace: company.engineering
                    comparison: PREFIX
            """,
        ),
    )

    namespace: Property[str]
    """What the execution's namespace is compared with."""
    comparison: Property[Literal["EQUALS", "PREFIX", "SUFFIX"]] | None = None
    """How it is compared; EQUALS if not said otherwise."""
    prefix: Property[bool] = Property.of(False)
    """A short form of `comparison: PREFIX`."""

    def holds(self, context: ConditionContext) -> bool:
        """Compare the execution's namespace."""
        namespace = execution_of(context).namespace
        wanted = context.render(self.namespace)
        if self.comparison is not None:
            comparison = context.render(self.comparison)
        else:
            comparison = "PREFIX" if context.render(self.prefix) else "EQUALS"
        if comparison == "PREFIX":
            return namespace.startswith(wanted)
        return namespace.endswith(wanted) if comparison == "SUFFIX" else namespace == wanted


class ExecutionStatus(Condition):
    """Holds when the execution is in one of some states, or in none of others."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Run when an execution failed or was killed",
            """
            id: alert
            namespace: company.team

            tasks:
              - id: hello
                type: io.kestra.plugin.core.log.Log
                message: "{{ trigger.flowId }} is {{ trigger.state }}"

            triggers:
              - id: failures
                type: io.kestra.plugin.core.trigger.Flow
                conditions:
                  - type: io.kestra.plugin.core.condition.ExecutionStatus
                    in: [FAILED, KILLED]
            """,
        ),
    )

    in_: Property[list[State]] | None = Field(default=None, alias="in")
    """The state must be one of these."""
    not_in: Property[list[State]] | None = None
    """The state must be none of these."""

    def holds(self, context: ConditionContext) -> bool:
        """Look the execution's state up in both lists."""
        return _is_listed(execution_of(context).state, self.in_, self.not_in, context)


class HasRetryAttempt(Condition):
    """Holds when a task was tried more than once, and an attempt of it ended in some states."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Run when a task of an execution was retried",
            """
            id: flaky
            namespace: company.team

            tasks:
              - id: hello
                type: io.kestra.plugin.core.log.Log
                message: "{{ trigger.flowId }} needed another attempt"

            triggers:
              - id: retried
                type: io.kestra.plugin.core.trigger.Flow
                conditions:
                  - type: io.kestra.plugin.core.condition.HasRetryAttempt
                    in: [FAILED]
            """,
        ),
    )

    in_: Property[list[State]] | None = Field(default=None, alias="in")
    """The attempt's state must be one of these."""
    not_in: Property[list[State]] | None = None
    """The attempt's state must be none of these."""

    def holds(self, context: ConditionContext) -> bool:
        """Look through the attempts of task runs that have several."""
        return any(
            _is_listed(attempt.state, self.in_, self.not_in, context)
            for task_run in execution_of(context).task_runs.values()
            if len(task_run.attempts) > 1
            for attempt in task_run.attempts
        )


class ExecutionLabels(Condition):
    """Holds when the execution has certain labels."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Run after executions for production",
            """
            id: downstream
            namespace: company.team

            tasks:
              - id: hello
                type: io.kestra.plugin.core.log.Log
                message: Hello

            triggers:
              - id: upstream
                type: io.kestra.plugin.core.trigger.Flow
                conditions:
                  - type: io.kestra.plugin.core.condition.ExecutionLabels
                    labels:
                      env: prod
            """,
        ),
    )

    labels: Labels
    """The labels that the execution must have, all of them."""

    def holds(self, context: ConditionContext) -> bool:
        """Look the labels up."""
        labels = execution_of(context).labels
        return all((each.key, each.value) in labels for each in self.labels)


class ExecutionOutputs(Condition):
    """Holds when an expression on the outputs of the execution's flow renders to something true.

    It sees them as `trigger.outputs`. Without any outputs it does not hold.
    """

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Run after executions with a certain output",
            """
            id: downstream
            namespace: company.team

            tasks:
              - id: hello
                type: io.kestra.plugin.core.log.Log
                message: Hello

            triggers:
              - id: upstream
                type: io.kestra.plugin.core.trigger.Flow
                conditions:
                  - type: io.kestra.plugin.core.condition.ExecutionOutputs
                    expression: "{{ trigger.outputs.status == 'done' }}"
            """,
        ),
    )

    expression: Property[bool]
    """What must be true; false are blanks and `false`."""

    def holds(self, context: ConditionContext) -> bool:
        """Render the expression, if there are outputs."""
        if not execution_of(context).outputs:
            return False
        return is_true_text(context.evaluate(str(self.expression.raw), True))


def _is_listed(
    state: State,
    wanted: Property[list[State]] | None,
    unwanted: Property[list[State]] | None,
    context: ConditionContext,
) -> bool:
    return (wanted is None or state in context.render(wanted)) and (
        unwanted is None or state not in context.render(unwanted)
    )
