"""Conditions on an expression, and those that combine others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, cast

from pydantic import Field

from tiercel.plugin import AnyCondition, Condition, ConditionContext, Example, Property
from tiercel_triggers.conditions.forecast import decided_by_date

__all__ = ["Expression", "Not", "Or", "is_true_text"]

Conditions = Annotated[list[AnyCondition], Field(min_length=1)]
"""At least one condition."""


def is_true_text(text: str) -> bool:
    """Return whether a rendered condition holds: all but blanks and `false` do, `0` too."""
    return text.strip() not in ("", "false")


class Expression(Condition):
    """Holds when an expression renders to something true: neither blank nor `false`."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Run while a value is low",
            """
            id: refill
            namespace: company.team

            tasks:
              - id: hello
                type: io.kestra.plugin.core.log.Log
                message: The stock is low

            triggers:
              - id: often
                type: io.kestra.plugin.core.trigger.Schedule
                cron: "*/5 * * * *"
                conditions:
                  - type: io.kestra.plugin.core.condition.Expression
                    expression: "{{ kv('stock') < 10 }}"
            """,
        ),
    )

    expression: Property[str]
    """What must be true."""

    def holds(self, context: ConditionContext) -> bool:
        """Render the expression."""
        return is_true_text(context.render(self.expression))

    def is_about_dates(self) -> bool:
        """Return whether it reads the trigger's date and nothing else."""
        return decided_by_date(self)


class Not(Condition):
    """Holds when none of its conditions does."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Run on every day but Sunday",
            """
            id: six_days
            namespace: company.team

            tasks:
              - id: hello
                type: io.kestra.plugin.core.log.Log
                message: Hello

            triggers:
              - id: daily
                type: io.kestra.plugin.core.trigger.Schedule
                cron: "0 11 * * *"
                conditions:
                  - type: io.kestra.plugin.core.condition.Not
                    conditions:
                      - type: io.kestra.plugin.core.condition.DayWeek
                        dayOfWeek: SUNDAY
            """,
        ),
    )

    conditions: Conditions
    """None of these may hold."""

    def holds(self, context: ConditionContext) -> bool:
        """Ask them until one holds."""
        return not _any_holds(self.conditions, context)

    def is_about_dates(self) -> bool:
        """Return whether all of them are about dates."""
        return all(each.is_about_dates() for each in _listed(self.conditions))


class Or(Condition):
    """Holds when at least one of its conditions does."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Run on Mondays and Thursdays",
            """
            id: twice_a_week
            namespace: company.team

            tasks:
              - id: hello
                type: io.kestra.plugin.core.log.Log
                message: Hello

            triggers:
              - id: daily
                type: io.kestra.plugin.core.trigger.Schedule
                cron: "0 11 * * *"
                conditions:
                  - type: io.kestra.plugin.core.condition.Or
                    conditions:
                      - type: io.kestra.plugin.core.condition.DayWeek
                        dayOfWeek: MONDAY
                      - type: io.kestra.plugin.core.condition.DayWeek
                        dayOfWeek: THURSDAY
            """,
        ),
    )

    conditions: Conditions
    """At least one of these must hold."""

    def holds(self, context: ConditionContext) -> bool:
        """Ask them until one holds."""
        return _any_holds(self.conditions, context)

    def is_about_dates(self) -> bool:
        """Return whether all of them are about dates."""
        return all(each.is_about_dates() for each in _listed(self.conditions))


def _any_holds(conditions: Sequence[AnyCondition], context: ConditionContext) -> bool:
    return any(each.holds(context) for each in _listed(conditions))


def _listed(conditions: Sequence[AnyCondition]) -> Sequence[Condition]:
    return cast("Sequence[Condition]", conditions)
