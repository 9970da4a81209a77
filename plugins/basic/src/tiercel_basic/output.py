"""`OutputValues`: several values under one task's outputs."""

from __future__ import annotations

from typing import Any, ClassVar

from tiercel.plugin import Example, Output, Property, RunContext, Task

__all__ = ["OutputValues"]


class OutputValuesOutput(Output):
    """What `OutputValues` gives to later tasks."""

    values: dict[str, Any] | None = None
    """The rendered values, by the names given to them."""


class OutputValues(Task[OutputValuesOutput]):
    """Make outputs of any values, rendered.

    Texts inside lists and mappings, and the mappings' keys, are rendered too; a rendered text
    stays text, so `"{{ 40 + 2 }}"` gives `"42"`. Null values are left out.
    """

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Name a few values for later tasks",
            """\
id: output_values
namespace: company.team

tasks:
  - id: prepare
    type: io.kestra.plugin.core.output.OutputValues
    values:
      greeting: "Hello {{ flow.id }}"
      limits: {rows: 100, retries: 3}

  - id: show
    type: io.kestra.plugin.core.log.Log
    message: "{{ outputs.prepare.values.greeting }}: {{ outputs.prepare.values.limits.rows }}"
""",
        ),
    )

    values: Property[dict[str, Any]] | None = None
    """The values, by name."""

    def run(self, ctx: RunContext) -> OutputValuesOutput:
        """Render the values and return them."""
        values = ctx.render(self.values)
        if values is not None:
            values = {name: value for name, value in values.items() if value is not None}
        return OutputValuesOutput(values=values)
