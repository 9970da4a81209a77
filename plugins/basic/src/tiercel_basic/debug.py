"""Tasks that show what an expression renders to: `Return` and the older `Echo`."""

from __future__ import annotations

from datetime import timedelta
from time import perf_counter
from typing import ClassVar, Literal

from tiercel.plugin import Example, Metric, MetricInfo, Output, Property, RunContext, Task

__all__ = ["Echo", "Return"]


class ReturnOutput(Output):
    """What `Return` gives to later tasks."""

    value: str | None = None
    """The rendered text; absent when there was no `format`."""


class Return(Task[ReturnOutput]):
    """Render a text and make it an output: to look at it, or to use it in later tasks."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Compute a value once and use it afterwards",
            """\
id: return_a_value
namespace: company.team

tasks:
  - id: file_name
    type: io.kestra.plugin.core.debug.Return
    format: "report-{{ execution.startDate | date('yyyy-MM-dd') }}.csv"

  - id: show
    type: io.kestra.plugin.core.log.Log
    message: "Writing to {{ outputs.file_name.value }}"
""",
        ),
    )
    metrics: ClassVar[tuple[MetricInfo, ...]] = (
        MetricInfo("length", "counter", "Characters in the rendered text"),
        MetricInfo("duration", "timer", "Time that rendering took"),
    )

    format: Property[str] | None = None
    """The text to render."""

    def run(self, ctx: RunContext) -> ReturnOutput:
        """Render `format`, log it at DEBUG and return it."""
        started = perf_counter()
        value = ctx.render(self.format)
        if value is not None:
            ctx.log("DEBUG", value)
        ctx.metric(Metric.counter("length", len(value or "")))
        ctx.metric(Metric.timer("duration", timedelta(seconds=perf_counter() - started)))
        return ReturnOutput(value=value)


class Echo(Task[Output]):
    """Render a text and log it."""

    deprecated: ClassVar[str | None] = "Use io.kestra.plugin.core.log.Log"
    logged: ClassVar[tuple[str, ...]] = ("format",)
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            "Log a text",
            """\
id: echo
type: io.kestra.plugin.core.debug.Echo
format: "{{ task.id }} of {{ flow.id }}"
level: WARN
""",
            full=False,
        ),
    )

    format: Property[str] | None = None
    """The text to render."""
    level: Property[Literal["ERROR", "WARN", "INFO", "DEBUG", "TRACE"]] = Property.of("INFO")
    """How serious the log line is."""

    def run(self, ctx: RunContext) -> None:
        """Render `format` and log it at `level`."""
        ctx.log(ctx.render(self.level), ctx.render(self.format) or "")
