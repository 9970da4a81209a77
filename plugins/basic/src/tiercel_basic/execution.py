"""Tasks that judge their execution: `Fail` and `Assert`."""

from __future__ import annotations

from typing import Annotated, ClassVar

from tiercel.plugin import (
    Dynamic,
    Example,
    Metric,
    MetricInfo,
    Output,
    Property,
    RunContext,
    Task,
    TaskError,
    Text,
    TiercelError,
    is_true,
)

__all__ = ["Assert", "Fail"]


class Fail(Task[Output]):
    """Fail the execution: always, or when a condition holds."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Fail when an input has a certain value",
            """\
id: fail_on_a_condition
namespace: company.team

inputs:
  - id: rows
    type: INT
    defaults: 12

tasks:
  - id: guard
    type: io.kestra.plugin.core.execution.Fail
    condition: "{{ inputs.rows == 0 }}"
    errorMessage: There is nothing to work on
""",
        ),
    )

    logged: ClassVar[tuple[str, ...]] = ("errorMessage",)

    condition: Property[str] | None = None
    """Fail only when this holds; nothing, blanks, `0`, `-0` and `false` do not hold."""
    error_message: Property[str] = Property.of("Task failure")
    """What the failure is called in the log."""

    def run(self, ctx: RunContext) -> None:
        """Fail, unless there is a condition that does not hold.

        Raises:
            TaskError: that is the purpose.
        """
        message = ctx.render(self.error_message)
        if self.condition is None:
            raise TaskError(message)
        if is_true(ctx.render(self.condition)):
            ctx.log("ERROR", message)
            raise TaskError("Fail on a condition")


class Assert(Task[Output]):
    """Check conditions, and fail with the list of those that do not hold."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Check an input before using it",
            """\
id: assert_inputs
namespace: company.team

inputs:
  - id: discount
    type: INT
    defaults: 15

tasks:
  - id: plausible
    type: io.kestra.plugin.core.execution.Assert
    errorMessage: "A discount of {{ inputs.discount }} percent is not plausible"
    conditions:
      - "{{ inputs.discount >= 0 }}"
      - "{{ inputs.discount < 60 }}"
""",
        ),
    )
    metrics: ClassVar[tuple[MetricInfo, ...]] = (
        MetricInfo("success", "counter", "Conditions that hold"),
        MetricInfo("failed", "counter", "Conditions that do not hold"),
    )

    logged: ClassVar[tuple[str, ...]] = ("errorMessage",)

    conditions: Annotated[list[Text], Dynamic]
    """The conditions; one that renders to nothing, `0`, `-0` or `false` does not hold."""
    error_message: Property[str] | None = None
    """What to say about the failure, beside the number of conditions that failed."""

    def run(self, ctx: RunContext) -> None:
        """Evaluate every condition and log those that do not hold.

        Raises:
            TaskError: at least one condition does not hold.
        """
        failed = sum(not _holds(ctx, condition) for condition in self.conditions)
        ctx.metric(Metric.counter("success", len(self.conditions) - failed))
        ctx.metric(Metric.counter("failed", failed))
        if failed:
            more = ctx.render(self.error_message)
            plural = "s" if failed > 1 else ""
            raise TaskError(f"{failed} assertion{plural} failed!" + (f"\n{more}" if more else ""))


def _holds(ctx: RunContext, condition: str) -> bool:
    try:
        rendered = ctx.render_text(condition)
    except TiercelError as error:
        # An expression that cannot be rendered is one more failed condition, not the end.
        ctx.log("ERROR", f"Assertion `{condition}` failed, failed to render `{error}`")
        return False
    if is_true(rendered):
        return True
    ctx.log("ERROR", f"Assertion `{condition}` failed!")
    return False
