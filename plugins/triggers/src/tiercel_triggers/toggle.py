"""The task that turns a trigger on or off."""

from __future__ import annotations

from typing import ClassVar

from tiercel.plugin import Example, Flag, Output, Property, RunContext, Task

__all__ = ["Toggle"]


class Toggle(Task[Output]):
    """Turn a trigger of a deployed flow on or off, this flow's by default."""

    deprecated: ClassVar[str | None] = "Ask the API instead"
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Run once by a schedule, then never again",
            """
            id: once
            namespace: company.team

            tasks:
              - id: hello
                type: io.kestra.plugin.core.log.Log
                message: Only once
              - id: stop
                type: io.kestra.plugin.core.trigger.Toggle
                trigger: every_minute
                enabled: false

            triggers:
              - id: every_minute
                type: io.kestra.plugin.core.trigger.Schedule
                cron: "* * * * *"
            """,
        ),
    )

    trigger: Property[str]
    """The trigger's id."""
    enabled: Flag = False
    """Whether it is to be on."""
    flow_id: Property[str] | None = None
    """The flow that it stands in."""
    namespace: Property[str] | None = None
    """That flow's namespace."""

    def run(self, ctx: RunContext) -> Output:
        """Have the trigger switched."""
        ctx.switch_trigger(
            ctx.render(self.trigger),
            enabled=self.enabled,
            namespace=ctx.render(self.namespace),
            flow_id=ctx.render(self.flow_id),
        )
        return Output()
