"""`OutputValues`: several values under one task's outputs."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from tiercel.plugin import Example, Mirrors, Output, Property, RunContext, Task

__all__ = ["OutputValues"]


class OutputValuesOutput(Output):
    """What `OutputValues` gives to later tasks."""

    values: Annotated[dict[str, Any] | None, Mirrors("values")] = None
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
        return OutputValuesOutput(values=_without_nulls(ctx.render(self.values)))


def _without_nulls(value: Any) -> Any:
    """Return a value without the null members of its mappings; lists keep theirs."""
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    return value
