"""Older conditions on the flow that a trigger stands in.

Source: the classes of the same names in Kestra 1.3, deprecated there.
"""

from __future__ import annotations

from typing import ClassVar

from tiercel.plugin import Condition, ConditionContext, Flag, Text

__all__ = ["FlowCondition", "FlowNamespaceCondition"]


class FlowCondition(Condition):
    """Holds when the trigger's own flow is a certain one."""

    deprecated: ClassVar[str | None] = "Use io.kestra.plugin.core.condition.ExecutionFlow"

    namespace: Text
    """The flow's namespace."""
    flow_id: Text
    """The flow's id."""

    def holds(self, context: ConditionContext) -> bool:
        """Compare the flow."""
        return (context.flow.namespace, context.flow.id) == (self.namespace, self.flow_id)


class FlowNamespaceCondition(Condition):
    """Holds when the namespace of the trigger's own flow is, or begins with, a text."""

    deprecated: ClassVar[str | None] = "Use io.kestra.plugin.core.condition.ExecutionNamespace"

    namespace: Text
    """The namespace, or what it begins with."""
    prefix: Flag = False
    """Whether it is enough that the namespace begins so."""

    def holds(self, context: ConditionContext) -> bool:
        """Compare the flow's namespace."""
        own = context.flow.namespace
        return own.startswith(self.namespace) if self.prefix else own == self.namespace
